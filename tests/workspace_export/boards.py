"""Workspace files with comments, boards that people made of them, and what a file gives."""

from __future__ import annotations

from pathlib import Path

import msgspec
from hypothesis import strategies as st

from collab_dash.board import VIEWS, Board, Page, Pane, as_written
from collab_dash.config import load_workspace
from collab_dash.workspace_export import write_board

TABLES = """\
# The wall of the night shift.

[session]
name = "wall"   # in the top line

# ==== First page ====

# seen by everybody
[[pages]]
title = "One"   # its tab

# the prices
[[pages.panes]]
feed = "a"    # the market
title = "Prices"
view = "table"
columns = [
  "key",  # which
  "price",
]
width = 8     # two thirds
# as the others

# ---- below it

[[pages.panes]]
feeds = ["b"]
span = "900s" # a quarter
[[pages.panes]]
view = "people"

[feeds.a]     # not to be moved
use = "system"
[feeds.b]
use = "system"
limit = "off"

[[pages]]
# without a title
[[pages.panes]]
view = 'people'   # who
[[pages.panes]]
view = "tabel"    # a mistake, and no feed

[[pages]]
title = '''Three
'''
# panes = [] some day
"""

INLINE = """\
pages = [   # all of them
  # the first
  { title = "One", panes = [{ feed = "a", title = "Prices", width = 8 }, { feeds = ["b"], span = "900s" }] },
  { panes = [ { view = "people" }, { view = "tabel" } ] },  # the second
  { title = "Three" }
]

[session]
name = "wall"   # in the top line

[feeds]
a.use = "system"   # short
b.use = "system"
"""

MIXED = """\
[[pages]]
title = "One"
panes = [
  { feed = "a", title = "Prices" },   # the prices
  # and then
  { feeds = ["b"] },
]
[feeds.a]
use = "system"
[feeds.b]
use = "system"
  [[pages]]
  title = "Two"
    [[pages.panes]]
    feed = "b"
    [[pages.panes]]
    feed = "a"   # again"""

IMPLICIT = """\
# Nothing but feeds.
[feeds.a]
use = "system"  # this machine

[feeds.b]
use = "system"

# to be continued
"""

FILES = {
    "tables": TABLES,
    "inline": INLINE,
    "mixed": MIXED,
    "implicit": IMPLICIT,
    "none": "pages = []\n" + IMPLICIT,
    "crlf": TABLES.replace("\n", "\r\n"),
}


def board_of(folder: Path, text: str) -> Board:
    """Give the board of a workspace file."""
    file = folder / "collab.toml"
    file.write_bytes(text.encode())
    return load_workspace(file, environ={"COLLAB_DASH_CONFIG": str(folder / "none.toml")}).board


def export(folder: Path, text: str, pages: tuple[Page, ...]) -> str:
    """Write pages into a file, and see that it then gives them, and that they need not be written again."""
    was = board_of(folder, text)
    wanted = msgspec.structs.replace(was, pages=pages)
    written = write_board(text, was, wanted)
    now = board_of(folder, written)
    assert as_written(now.pages) == as_written(pages), written
    assert write_board(written, now, wanted) == written
    return written


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["Prices", "it's", '"', "\\", "[x] # y", "\x1b[2J", "'''", '"""', "\u202e"]
)
_SOME = st.lists(_TEXT, max_size=3).map(tuple)

PANES = st.builds(
    Pane,
    feeds=st.sampled_from([("a",), ("b",), ("a", "b"), ("new",)]),
    view=st.sampled_from(["", *VIEWS]),
    title=_TEXT,
    columns=_SOME,
    types=st.sampled_from([(), ("cpu:*",), ("cpu:update", "*")]),
    filter=st.sampled_from(["", 'key != "x"', "mag >= 4.5 and place ~ 'it'"]),
    field=_TEXT,
    by=_TEXT,
    key=_TEXT,
    unit=_TEXT,
    span=st.sampled_from([0, 1, 59, 60, 900, 3600, 5400]),
    width=st.integers(1, 12),
    height=st.integers(1, 100),
) | st.builds(Pane, view=st.sampled_from(["feeds", "people"]), title=_TEXT)

_CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "feeds": st.sampled_from([("a",), ("b",), ("b", "a")]),
        "title": _TEXT,
        "columns": _SOME,
        "span": st.sampled_from([0, 90, 900]),
        "width": st.integers(1, 12),
        "view": st.sampled_from(["", "log"]),
    },
)


@st.composite
def edited(draw: st.DrawFn, pages: tuple[Page, ...]) -> tuple[Page, ...]:
    """Draw what people may make of pages: move, change, close, add."""
    panes = [(draw(st.integers(0, len(pages))), pane) for page in pages for pane in page.panes]
    panes = [panes[at] for at in draw(st.permutations(range(len(panes)))) if draw(st.integers(0, 3))]
    panes = [(at, _changed(pane, draw(_CHANGES) if draw(st.booleans()) else {})) for at, pane in panes]
    panes += [(draw(st.integers(0, len(pages))), pane) for pane in draw(st.lists(PANES, max_size=2))]
    titles = [page.title if draw(st.integers(0, 2)) else draw(_TEXT) for page in pages] + ["Another"]
    order = draw(st.permutations(range(len(titles))))
    kept = order[: draw(st.integers(1, len(order)))]
    return tuple(Page(title=titles[at], panes=tuple(pane for on, pane in panes if on == at)) for at in kept)


def _changed(pane: Pane, changes: dict[str, object]) -> Pane:
    changed = msgspec.structs.replace(pane, **changes)
    return changed if changed.feeds or changed.view in ("feeds", "people") else pane
