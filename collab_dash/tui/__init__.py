"""The board in a terminal."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..identity import Identity
    from .live import Connect


def run_board(
    connect: Connect, you: Identity, *, page: str | None = None, first: str | None = None, ask: bool = False
) -> None:
    """
    Draw a session's board until somebody leaves.

    Args:
        connect: Gives a context that joins the session and leaves it; called once the screen is there.
        you: Who sits here.
        page: The title of the page to open first.
        first: What to call the session before the hub has said.
        ask: Whether to ask for name and colour.

    Raises:
        JoinRefused: If the hub refused us, at first or later.
        HubError: If no hub answered.
        SystemExit: If the program broke; Textual has then said where.

    """
    gc.disable()  # the board tidies up itself, at moments of its choosing: a key waits for no collection
    from .app import BoardApp

    app = BoardApp(connect, you, page=page, first=first, ask=ask)
    app.run()
    if app.failure is not None:
        raise app.failure
    if app.return_code:
        raise SystemExit(app.return_code)
