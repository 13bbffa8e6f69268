"""The board as peers see it: pages of panes. Plain structs, so that a screen can open without importing pydantic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

VIEWS = ("table", "log", "line", "stat", "bars", "json", "feeds", "people", "marks", "chat")
FEEDLESS = ("feeds", "people", "marks", "chat")


class Pane(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One window on one or more feeds.

    Args:
        feeds: Names of the feeds it shows; empty for views that show none (``feeds``, ``people``, ``marks``, ``chat``).
        view: One of `VIEWS`; empty in a workspace for the feed plugin's own choice, never empty for a peer.
        title: On the border; the feed's name by default.
        columns: Expressions for table and log columns, such as ``price``, ``spark(price)``, ``bar(percent)``
            (of a hundred) or ``bytes(used)``.
        types: Event types to show, globs such as ``ticker:*`` allowed; empty for all.
        filter: A filter expression, or an empty string.
        field: What ``line``, ``stat`` and ``bars`` draw: a path into the payload.
        by: What ``bars`` counts or groups by; what ``line`` and ``stat`` split series by; the column a ``table`` is
            sorted by at first, largest on top.
        key: Show only this event key.
        unit: Written after numbers; ``bytes`` and ``%`` are understood.
        span: Seconds that ``line`` and ``stat`` show and ``bars`` counts; 0 for what is usual.
        width: Columns of the page's twelve that it takes.
        height: Rows of the page's grid that it takes, relative to its neighbours.
        id: Its id in the shared document.

    """

    feeds: tuple[str, ...] = ()
    view: str = ""
    title: str = ""
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    filter: str = ""
    field: str = ""
    by: str = ""
    key: str = ""
    unit: str = ""
    span: int = 0
    width: Annotated[int, Meta(ge=1, le=12)] = 6
    height: Annotated[int, Meta(ge=1, le=100)] = 1
    id: str = ""


def name_of(pane: Pane) -> str:
    """Give what a pane is called: its title, or its feeds, or its view."""
    return pane.title or ", ".join(pane.feeds) or pane.view.capitalize()


class Page(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A titled screenful of panes; `id` is its id in the shared document."""

    title: str
    panes: tuple[Pane, ...] = ()
    id: str = ""


class Board(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    All pages of a session.

    Args:
        session: The session's name.
        pages: In the order of their tabs.
        label: A word shown in the top line at all times, such as ``DEMO``.
        feeds: Names of the configured feeds, in the order of the workspace file.
        tastes: How each feed's plugin would have its panes, by the feed's name.

    """

    session: str
    pages: tuple[Page, ...] = ()
    label: str = ""
    feeds: tuple[str, ...] = ()
    tastes: dict[str, Pane] = msgspec.field(default_factory=dict)


def as_written(pages: Sequence[Page]) -> tuple[Page, ...]:
    """Give pages as a workspace file gives them: without ids, none without a title."""
    return tuple(
        Page(
            title=page.title or f"Page {number}",
            panes=tuple(msgspec.structs.replace(pane, id="") for pane in page.panes),
        )
        for number, page in enumerate(pages, 1)
    )


_TASTE = ("columns", "types", "field", "by", "key", "unit", "span")


def complete(pane: Pane, tastes: Mapping[str, Pane]) -> Pane:
    """Fill what nobody chose from the taste of the pane's first feed, if the view is the same."""
    taste = tastes.get(pane.feeds[0], Pane()) if pane.feeds else Pane()
    view = pane.view or taste.view or "log"
    if view != taste.view:
        return msgspec.structs.replace(pane, view=view)
    unset = Pane()
    chosen = {name: getattr(taste, name) for name in _TASTE if getattr(pane, name) == getattr(unset, name)}
    return msgspec.structs.replace(pane, view=view, **chosen)


def completed(board: Board) -> Board:
    """Give the board with every pane complete, ready to be drawn."""
    pages = tuple(
        msgspec.structs.replace(page, panes=tuple(complete(pane, board.tastes) for pane in page.panes))
        for page in board.pages
    )
    return msgspec.structs.replace(board, pages=pages)
