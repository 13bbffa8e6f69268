"""The board as peers see it: pages of panes. Plain structs, so that a screen can open without importing pydantic."""

from __future__ import annotations

import msgspec

VIEWS = ("table", "log", "line", "stat", "bars", "json", "feeds", "people")


class Pane(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One window on one or more feeds.

    Args:
        feeds: Names of the feeds it shows; empty for views that show none (``feeds``, ``people``).
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
    width: int = 6
    height: int = 1


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A titled screenful of panes."""

    title: str
    panes: tuple[Pane, ...] = ()


class Board(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    All pages of a session.

    Args:
        session: The session's name.
        pages: In the order of their tabs.
        label: A word shown in the top line at all times, such as ``DEMO``.
        feeds: Names of the configured feeds, in the order of the workspace file.

    """

    session: str
    pages: tuple[Page, ...] = ()
    label: str = ""
    feeds: tuple[str, ...] = ()
