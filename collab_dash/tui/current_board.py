"""The board as people have it at present."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ..board import Board, completed

if TYPE_CHECKING:
    from ..doc.document import Changed
    from .sharing import Sharing
    from .state import State

_ROOTS = ("pages", "panes", "meta")


class CurrentBoard:
    """
    Keeps the screen's board, and the room's filter, in step with the shared document.

    Args:
        state: Where they are noted.
        sharing: Where they come from.

    Attributes:
        on_board: Called with the board once it is known, and when people change it.

    """

    def __init__(self, state: State, sharing: Sharing) -> None:
        self.on_board: Callable[[Board], Awaitable[None]] = _ignore
        self._state = state
        self._sharing = sharing
        self._changed = asyncio.Event()
        self._first = Board(session="")
        sharing.watchers.append(self._on_change)

    async def show(self, board: Board) -> None:
        """Show a board from now on."""
        self._state.board = board
        self._state.changed()
        await self.on_board(board)

    def found(self, board: Board) -> None:
        """Take note of what the hub says by now, which may be another one: it has what the document has not."""
        self._first = board
        self._changed.set()

    async def keep(self, first: Board) -> None:
        """Show the board as people change it, one change after another; `first` has what the document has not."""
        self._first = first
        while True:
            await self._changed.wait()
            self._changed.clear()
            document = self._sharing.document
            board = self._first if document is None else completed(document.board(self._first))
            if board != self._state.board:
                await self.show(board)

    def _on_change(self, changed: Changed | None) -> None:
        document = self._sharing.document
        if document is not None:
            self._state.room_filter = document.room.filter
            if changed is None or any(root in _ROOTS for root, _ in changed):
                self._changed.set()
        self._state.changed()


async def _ignore(board: Board) -> None:
    """Show the board to nobody."""
