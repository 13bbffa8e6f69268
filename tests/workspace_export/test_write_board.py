"""What is written back gives the board, and leaves the rest of the file alone."""

from __future__ import annotations

import difflib
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collab_dash.board import Page, Pane
from collab_dash.doc.document import Document
from collab_dash.doc.seed import plant

from .boards import FILES, INLINE, MIXED, TABLES, board_of, edited, export

relaxed = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
replace = msgspec.structs.replace


def diff(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


@pytest.mark.parametrize("name", FILES)
@relaxed
@given(data=st.data())
def test_whatever_people_make_of_a_board_a_file_can_give(name: str, tmp_path: Path, data: st.DataObject) -> None:
    text = FILES[name]
    written = export(tmp_path, text, data.draw(edited(board_of(tmp_path, text).pages)))
    kept = [
        line for line in text.splitlines() if line.startswith(("[session]", "name", "[feeds", "use", "a.use", "# ="))
    ]
    assert [line for line in written.splitlines() if line in kept] == kept
    if "\r\n" in text:
        assert "\n" not in written.replace("\r\n", "")


@pytest.mark.parametrize("name", FILES)
def test_an_unchanged_board_leaves_a_file_as_it_is(name: str, tmp_path: Path) -> None:
    text = FILES[name]
    document = Document()
    plant(document, board := board_of(tmp_path, text), now=1)
    assert export(tmp_path, text, document.board(board).pages) == text


def test_of_a_changed_pane_the_lines_that_changed_are_others(tmp_path: Path) -> None:
    one, *rest = board_of(tmp_path, TABLES).pages
    prices, b, people = one.panes
    prices = replace(prices, feeds=("a", "b"), width=6, filter='key != "x"')
    pages = (replace(one, panes=(prices, replace(b, span=60), people)), *rest)
    assert diff(TABLES, export(tmp_path, TABLES, pages)) == [
        '-feed = "a"    # the market',
        '+feeds = ["a", "b"]    # the market',
        "-width = 8     # two thirds",
        """+filter = 'key != "x"'""",
        "+width = 6     # two thirds",
        '-span = "900s" # a quarter',
        '+span = "1m" # a quarter',
    ]


def test_what_goes_takes_its_comments_along(tmp_path: Path) -> None:
    one, *rest = board_of(tmp_path, TABLES).pages
    written = export(tmp_path, TABLES, (replace(one, panes=one.panes[1:]), *rest))
    lines = TABLES.splitlines()
    start, end = lines.index("# the prices"), lines.index("# as the others") + 1
    assert diff(TABLES, written) == [f"-{line}" for line in lines[start - 1 : end]]


def test_what_moves_takes_its_comments_along(tmp_path: Path) -> None:
    one, two, three = board_of(tmp_path, TABLES).pages
    written = export(tmp_path, TABLES, (two, replace(one, panes=one.panes[::-1]), three))
    lines = written.splitlines()
    for line in TABLES.splitlines():
        assert line in lines
    assert lines.index("# the prices") + 2 == lines.index('feed = "a"    # the market')
    assert lines[lines.index("# without a title") - 2 : lines.index("# without a title")] == [
        "[[pages]]",
        'title = "Page 2"',
    ]
    assert lines.index("[feeds.a]     # not to be moved") < lines.index("title = '''Three")


def test_what_is_new_is_written_as_the_house_writes_it(tmp_path: Path) -> None:
    one, *rest = board_of(tmp_path, TABLES).pages
    pane = Pane(feeds=("b",), view="line", title="It's \x1b[2J", columns=("key", 'x("y")'), span=5400, height=2)
    written = export(tmp_path, TABLES, (replace(one, panes=(*one.panes, pane)), *rest, Page(title="New")))
    assert (
        """\
[[pages.panes]]
view = "people"

[[pages.panes]]
feed = "b"
title = "It's \\u001b[2J"
view = "line"
columns = ["key", 'x("y")']
span = "90m"
height = 2

[feeds.a]     # not to be moved
"""
        in written
    )
    assert written.endswith('# panes = [] some day\n\n[[pages]]\ntitle = "New"\n')


def test_a_file_without_pages_gains_them_when_the_board_is_another(tmp_path: Path) -> None:
    text = FILES["implicit"]
    (page,) = board_of(tmp_path, text).pages
    written = export(tmp_path, text, (replace(page, panes=page.panes[:1]),))
    assert written == text + '\n[[pages]]\ntitle = "Overview"\n\n[[pages.panes]]\nfeed = "a"\n'


def test_inline_tables_stay_inline(tmp_path: Path) -> None:
    one, two, three = board_of(tmp_path, INLINE).pages
    pages = (replace(one, panes=(replace(one.panes[0], title="P"), one.panes[1])), two, three)
    assert diff(INLINE, export(tmp_path, INLINE, pages)) == [
        f"-{INLINE.splitlines()[2]}",
        f"+{INLINE.splitlines()[2].replace('Prices', 'P')}",
    ]
    first, second = board_of(tmp_path, MIXED).pages
    fewer = (replace(first, panes=first.panes[:1]), replace(second, panes=second.panes[:1]))
    assert '  { feed = "a", title = "Prices" },   # the prices\n' in export(tmp_path, MIXED, fewer)


def test_a_mistake_stays_for_its_author_to_mend(tmp_path: Path) -> None:
    one, two, three = board_of(tmp_path, TABLES).pages
    written = export(tmp_path, TABLES, (one, replace(two, panes=(Pane(view="feeds"), *two.panes)), three))
    assert (
        written.index('view = "feeds"') < written.index("view = 'people'") < written.index('view = "tabel"    # a mis')
    )
    assert "tabel" not in export(tmp_path, TABLES, (one, three))
