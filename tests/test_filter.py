from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.errors import ConfigError
from collab_dash.event import Event
from collab_dash.filter import MAX_DEPTH, MAX_LENGTH, FilterError, compile_expression, compile_filter

QUAKE = Event(
    offset=41,
    feed="quakes",
    type="quake:create",
    key="us7000",
    time=1000,
    received=2000,
    data={
        "mag": 5.2,
        "place": "South of ALASKA, \u0130",
        "felt": 3,
        "tsunami": False,
        "price": "12.5",
        "none": None,
        "time": "upstream's",
        "depth": {"value": 10, "list": [1, {"two": 2}]},
        "huge": 10**400,
    },
)

TRUE = [
    "",
    "  ",
    "mag >= 4.5",
    "mag >= 4.5 and place ~ 'alaska'",
    'place ~ "ALASKA"',
    'place !~ "japan"',
    "felt = 3 and felt == 3.0 and felt != 4",
    "3 < mag and mag < 6e0",
    "depth.value * 2 - 10 / 4 = 17.5",
    "2 + 3 * 4 = 14 and (2 + 3) * 4 = 20 and 7 - 2 - 1 = 4",
    "-mag < -5 and --felt = 3 and 1 - -1 = 2",
    "depth.list.0 = 1 and depth.list.1.two = 2",
    "len(depth.list) = 2 and len(key) = 6 and abs(-2) = 2 and lower('AB') = 'ab'",
    "key = 'us7000' and feed = 'quakes' and type = 'quake:create' and offset = 41",
    'time = 1000 and received = 2000 and data.time = "upstream\'s"',
    "not tsunami and tsunami = false and tsunami != true",
    "key in ('a', 'us7000') and felt in (1, 3) and key not in ('b')",
    "felt in (1, felt) and mag in (5.2, 'x')",
    "nowhere = null and none = null and key != null and null = none",
    "not (nowhere > 1) and not nowhere",
    "false or false or felt = 3",
    "NOT false AND true",
    r'"say \"hi\"" ~ "\"HI"',
    "mag",
    "'\u00dcber' ~ '\u00fcBER'",
]
FALSE = [
    "mag < 4.5",
    "nowhere > 1",
    "nowhere != 1",
    "not_there.deep.down = 1",
    "place > 3",
    "price > 3",
    "price != 12.5",
    "tsunami = 0",
    "tsunami < true and false",
    "depth = depth",
    "felt ~ '3'",
    "felt !~ '4'",
    "place ~ nowhere",
    "1 / 0 > 0",
    "1 / 0 <= 0",
    "huge * 1.5 > 0",
    "place + 1 = 1",
    "-place < 1",
    "abs(place) = 1",
    "len(felt) = 1",
    "lower(felt) = 1",
    "key = null",
    "felt in ('3', true)",
    "depth.list.7 = 1",
    "true and false",
]


@pytest.mark.parametrize("text", TRUE)
def test_true_for_the_quake(text: str) -> None:
    assert compile_filter(text)(QUAKE) is True


@pytest.mark.parametrize("text", FALSE)
def test_false_for_the_quake(text: str) -> None:
    assert compile_filter(text)(QUAKE) is False


def test_values_for_table_columns() -> None:
    event = Event(type="a:b", data={"bid": 2.5, "ask": 3.0, "name": "x"})
    values = [compile_expression(text)(event) for text in ("bid", "ask - bid", "data", "nope", "name - 1")]
    assert values == [2.5, 0.5, event.data, None, None]


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("mag >>= 4", 5, "expected a value, found '>='"),
        ("mag >", 5, "expected a value, found the end"),
        ("mag > 'a", 6, "a closing quote"),
        ("(mag > 1", 8, "expected '\\)'"),
        ("mag > 1)", 7, "found '\\)'"),
        ("mag 4", 4, "expected and, or"),
        ("a ? b", 2, "did not expect '\\?'"),
        ("spark(price)", 0, "no function 'spark'; there are abs, len, lower"),
        ("1 < mag < 3", 8, "found '<'"),
        ("mag in 3", 7, "expected '\\('"),
        ("mag not 3", 8, "expected in"),
        ("3abc", 0, "did not expect"),
        ("and", 0, "expected a value"),
        ("a = \x1b[2J", 4, r"'\\x1b'"),
        ("(" * (MAX_DEPTH + 5), MAX_DEPTH + 1, "levels of nesting"),
        ("x" * (MAX_LENGTH + 1), MAX_LENGTH, "characters"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, position: int, words: str) -> None:
    with pytest.raises(FilterError, match=words) as caught:
        compile_filter(text)
    assert caught.value.position == position
    assert f"character {position + 1}" in str(caught.value)
    assert isinstance(caught.value, ConfigError)
    assert caught.value.hint
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("link", [" or ", " and ", "+", "*", " - "])
def test_long_chains_are_fine(link: str) -> None:
    text = link.join(["1"] * (MAX_LENGTH // (len(link) + 1)))
    assert compile_expression(text)(QUAKE) is not None


words = st.sampled_from(
    ["mag", "place", "depth.list.0", "huge", "(", ")", "not", "and", "or", "in", ",", "-", "+", "/", "*", "=",
     "!=", "<", ">=", "~", "!~", "1", "1e308", "'a'", '"', "null", "true", "abs(", "len(", "lower(", "data", "\\"]
)  # fmt: skip


@given(st.text() | st.lists(words, max_size=20).map(" ".join), st.dictionaries(st.text(), st.integers()))
def test_no_text_and_no_event_raises_anything_else(text: str, data: dict[str, Any]) -> None:
    try:
        condition = compile_filter(text)
    except FilterError:
        return
    assert condition(QUAKE) in (True, False)
    assert condition(Event(type="a:b", data=data)) in (True, False)


def test_the_screen_can_import_it_lightly() -> None:
    code = (
        "import sys, collab_dash.filter\n"
        "heavy = {'pydantic', 'asyncio', 'textual', 'rich', 'httpx'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=15)
