"""Waiting until the screen shows what it was asked for."""

from __future__ import annotations

from textual.pilot import Pilot

from collab_dash.tui.app import BoardApp
from collab_dash.tui.screens.board import BoardScreen
from collab_dash.tui.widgets.preview import Preview


async def ready(pilot: Pilot[None]) -> None:
    """Wait until the board has its past, and may be changed."""
    app = pilot.app
    assert isinstance(app, BoardApp)
    while not (app.live.streams.settled and app.live.sharing.may_edit):
        await pilot.pause()


async def drawn(pilot: Pilot[None]) -> None:
    """Wait until what keys asked for has come."""
    app = pilot.app
    assert isinstance(app, BoardApp)
    board = app.screen_stack[0]
    assert isinstance(board, BoardScreen)
    while not app.live.travel.settled or (board.timeline and not board.timeline.window.settled):
        await pilot.pause()
    while _awaited(app):
        await pilot.pause()


def _awaited(app: BoardApp) -> bool:
    """Tell whether a preview, or the past of its stream, is still to come."""
    previews = app.screen.query(Preview)
    return any(preview.display and preview.pane is None for preview in previews) or not app.live.streams.settled
