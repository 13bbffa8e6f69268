"""The board written back into a workspace file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from ..board import Board, Page, Pane, as_written
from ..config import WrittenPage, read_pages
from ..duration import write_duration
from .plan import Fields, Kind, Node, Plan, plans
from .tables import rewrite

_PANE_ORDER = (
    *("feed", "feeds", "title", "view", "types", "key", "field", "by", "unit", "columns", "filter", "span"),
    *("width", "height"),
)


def write_board(text: str, was: Board, board: Board) -> str:
    """
    Give a workspace file that has another board.

    Tables that stay the same stay byte for byte, comments and all; of one that changed the lines of the keys that
    changed are others. What a pane leaves to its plugin stays left out. The same board gives the same text.

    Args:
        text: The workspace file; valid TOML.
        was: The board it gives.
        board: The board it is to give, not completed by plugins.

    """
    if as_written(board.pages) == as_written(was.pages):
        return text
    tables = tomllib.loads(text).get("pages", [])
    before = [_page_was(page, table) for page, table in zip(read_pages(text), tables, strict=True)]
    after = [_page_now(page) for page in as_written(board.pages)]
    made = [_with_title(plan, number, before) for number, plan in enumerate(plans(PAGES, before, after))]
    return rewrite(text, PAGES, made)


def _page_was(page: WrittenPage, table: Any) -> Node:
    table = table if isinstance(table, dict) else {}
    tables = table.get("panes", [])
    tables = tables if isinstance(tables, list) else [tables]
    inner = (
        Node(None if pane is None else _fields(pane), table=pane_table if isinstance(pane_table, dict) else {})
        for pane, pane_table in zip(page.panes, tables, strict=True)
    )
    return Node({"title": page.title}, tuple(inner), table)


def _page_now(page: Page) -> Node:
    return Node({"title": page.title}, tuple(Node(_fields(pane)) for pane in page.panes))


def _with_title(plan: Plan, number: int, before: list[Node]) -> Plan:
    """Write the title of a page that has none in the file only if it is not what such a page is called there."""
    if plan.old is None or "title" in before[plan.old[0]].table:
        return plan
    title = plan.fields["title"]
    return plan._replace(changes={} if title == f"Page {number + 1}" else {"title": title})


def _fields(pane: Pane) -> Fields:
    """Give what of a pane is not at its default, as a file would say it."""
    unset = Pane()
    fields = {name: getattr(pane, name) for name in Pane.__struct_fields__ if name != "id"}
    chosen = {name: value for name, value in fields.items() if value != getattr(unset, name)}
    return chosen | {"span": write_duration(pane.span)} if pane.span else chosen


def _spell(fields: Fields, table: Mapping[str, Any]) -> Fields:
    """Name the feeds of a pane as the file does: one as ``feed``, unless ``feeds`` is there already."""
    feeds = fields.get("feeds", ())
    if len(feeds) != 1 or "feeds" in table:
        return fields
    return {"feed": feeds[0]} | {name: value for name, value in fields.items() if name != "feeds"}


PAGES = Kind(
    "pages",
    ("title",),
    inner=Kind("panes", _PANE_ORDER, said={"width": 6, "height": 1}, instead=("feed", "feeds"), spell=_spell),
)
