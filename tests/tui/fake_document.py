"""What the screen's replica gets instead of a hub's shared document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from collab_dash.board import Board
from collab_dash.doc.document import Document
from collab_dash.doc.seed import plant
from collab_dash.doc.sync import Kind, read, write
from collab_dash.peer.replica import Replica
from collab_dash.wire import Fault, Saved, Welcome


class FakeDocument:
    """
    The hub's document, without a hub: it takes every edit.

    Args:
        board: What it shows at first.

    Attributes:
        document: What is in it.
        keeps: Whether it says that it keeps what it takes.

    """

    def __init__(self, board: Board) -> None:
        self.document = Document()
        self.keeps = True
        plant(self.document, board, now=0)
        self._replica: Replica | None = None

    @property
    def epoch(self) -> str:
        return self.document.meta.epoch

    def share(self, replica: Replica, welcome: Welcome) -> None:
        """Have a replica."""
        self._replica = replica
        replica.joined(welcome)

    def take(self, frame: bytes) -> None:
        """Take what the replica sends."""
        message = read(frame)
        if message.kind is Kind.STEP1:
            self._send(Kind.STEP2, self.document.since(message.payload))
            self._send(Kind.STEP1, self.document.state)
            return
        self.document.apply(message.payload)
        self.document.settle()
        if self._replica is not None and self.keeps:
            self._replica.saved(Saved(updates=1))

    def edit(self, change: Callable[[Document], Any]) -> Any:
        """Let somebody else edit it."""
        with self.document.edit("somebody"):
            result = change(self.document)
        update = self.document.news()
        self.document.settle()
        self._send(Kind.UPDATE, update)
        return result

    def refuse(self, fault: Fault) -> None:
        """Refuse an edit."""
        assert self._replica is not None
        self._replica.refused(fault)

    def _send(self, kind: Kind, payload: bytes) -> None:
        if self._replica is not None:
            self._replica.take(read(write(kind, payload)))
