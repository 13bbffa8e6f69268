from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.event import REJECTED
from collab_dash_feeds._lines import MAX_LINE_BYTES, Line, LineOptions, LineReader, LineSplitter, level_of


@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200), max_size=8))
def test_lines_are_the_same_however_the_bytes_arrive(data: bytes, cuts: list[int]) -> None:
    splitter, lines, start = LineSplitter(), [], 0
    for cut in [*sorted(cuts), len(data)]:
        lines += splitter.feed(data[start:cut])
        start = max(start, cut)
    lines += splitter.finish()
    assert sum(line.size for line in lines) == len(data)
    expected = data.split(b"\n") if not data.endswith(b"\n") else data[:-1].split(b"\n")
    assert [line.raw for line in lines] == ([part.removesuffix(b"\r") for part in expected] if data else [])


def test_a_line_over_the_limit_is_skipped_in_bounded_memory() -> None:
    splitter = LineSplitter(limit=5000)
    for _ in range(100):
        assert splitter.feed(b"x" * 1000) == []
    assert len(splitter._kept) <= 5000
    long, short = splitter.feed(b"\nnext\n")
    assert (len(long.raw), long.size, long.whole) == (2048, 100_001, False)
    assert short == Line(b"next", 5)


def test_a_line_of_just_the_limit_is_whole() -> None:
    [line] = LineSplitter(limit=4).feed(b"abcd\n")
    assert line == Line(b"abcd", 5)


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026-01-01 ERROR boom", "error"),
        ("[warn] disk", "warn"),
        ('time=1 level=info msg="x"', "info"),
        ("CRITICAL: on fire", "fatal"),
        ("DEBUG x", "debug"),
        ("no information about errors", None),
        ("", None),
    ],
)
def test_levels_are_found(line: str, level: str | None) -> None:
    assert level_of(line) == level


def read(text: str, **options: str) -> list[tuple[str, object]]:
    reader = LineReader("log:line", LineOptions.model_validate(options))
    return [(event.type, event.data) for event in reader.events(Line(text.encode(), len(text) + 1))]


def test_auto_takes_objects_and_arrays_as_json_and_all_else_as_text() -> None:
    assert read('{"a":1}') == [("log:line", {"a": 1})]
    assert read("[1]") == [("log:line", {"value": [1]})]
    assert read("[warn] x") == [("log:line", {"line": "[warn] x", "level": "warn"})]
    assert read("17") == [("log:line", {"line": "17"})]
    assert read("  ") == []


def test_lines_are_never_json_unless_wanted_and_always_if_demanded() -> None:
    assert read('{"a":1}', format="lines") == [("log:line", {"line": '{"a":1}'})]
    assert read("17", format="json") == [("log:line", {"value": 17})]
    [(kind, _)] = read("oops", format="json")
    assert kind == REJECTED


def test_options_map_json_lines() -> None:
    reader = LineReader(
        "exec:line",
        LineOptions(items="rows", type="order:{status}", key="id", time="at"),
    )
    raw = b'{"rows":[{"id":1,"status":"paid","at":1700000000},{"id":2,"status":"new"}]}'
    first, second = reader.events(Line(raw, len(raw)))
    assert (first.type, first.key, first.time) == ("order:paid", "1", 1_700_000_000_000)
    assert (second.type, second.key, second.time) == ("order:new", "2", None)


def test_a_line_over_the_limit_is_rejected() -> None:
    [event] = LineReader("log:line", LineOptions()).events(Line(b"xx", MAX_LINE_BYTES + 2, whole=False))
    assert event.type == REJECTED
    assert "over the limit" in event.data["reason"]
