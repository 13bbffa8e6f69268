"""The screen's part in the shared document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from ..errors import RequestRefused

if TYPE_CHECKING:
    from ..doc.document import Changed, Document
    from ..peer.replica import Replica
    from ..peer.session import Session
    from ..wire import Fault

SLOW = 1.0

T = TypeVar("T")


class Sharing:
    """
    What is shared on this screen; nothing is until the document has come.

    Attributes:
        watchers: Told which entries changed, None when everything may have; also when more or fewer edits wait.
        on_trouble: Told what could not be done, for a person.

    """

    def __init__(self) -> None:
        self.watchers: list[Callable[[Changed | None], None]] = []
        self.on_trouble: Callable[[str], None] = lambda trouble: None
        self._replica: Replica | None = None
        self._waiting_since: float | None = None

    async def run(self, session: Session) -> None:
        """Keep a replica for as long as the session lasts; its library is loaded only now, after the first paint."""
        module = await asyncio.to_thread(import_module, "collab_dash.peer.replica")
        replica: Replica = module.Replica(session)
        replica.watchers.append(self._on_change)
        replica.on_refused = self._on_refused
        self._replica = replica
        session.share(replica)
        await replica.run()

    @property
    def document(self) -> Document | None:
        """The document; None before it has come."""
        if self._replica is None or not self._replica.document.meta.epoch:
            return None
        return self._replica.document

    @property
    def may_edit(self) -> bool:
        """Whether we may change it."""
        return self.document is not None and self._replica is not None and self._replica.may_edit

    @property
    def unshared(self) -> int:
        """How many of our edits the hub has not said it keeps, once that takes longer than it should."""
        count = 0 if self._replica is None else self._replica.unshared
        if not count:
            self._waiting_since = None
            return 0
        if self._waiting_since is None:
            self._waiting_since = monotonic()
        return count if monotonic() - self._waiting_since > SLOW else 0

    @property
    def kept(self) -> int:
        """How many of our edits the hub has said it keeps, all in all."""
        return 0 if self._replica is None else self._replica.kept

    @property
    def made(self) -> int:
        """How many edits we made, all in all, those that were refused left out."""
        return 0 if self._replica is None else self._replica.kept + self._replica.unshared

    def granted(self) -> bool:
        """Tell whether we may change it; if not, say why."""
        if not self.may_edit:
            self.edit(lambda document: None)
        return self.may_edit

    def edit(self, change: Callable[[Document], T]) -> T | None:
        """Let `change` edit the document; if that may not be, say so and give None."""
        if self._replica is None:
            self.on_trouble("there is no shared document here")
            return None
        try:
            with self._replica.edit() as document:
                return change(document)
        except RequestRefused as error:
            self.on_trouble(str(error))
            return None

    def undo(self) -> None:
        """Take back our own latest edit."""
        self._step("undo", "nothing of yours to undo")

    def redo(self) -> None:
        """Do it again."""
        self._step("redo", "nothing of yours to do again")

    def _step(self, way: str, otherwise: str) -> None:
        try:
            if self._replica is None or not getattr(self._replica, way)():
                self.on_trouble(otherwise)
        except RequestRefused as error:
            self.on_trouble(str(error))

    def _on_change(self, changed: Changed | None) -> None:
        for watcher in tuple(self.watchers):
            watcher(changed)

    def _on_refused(self, fault: Fault, lost: int) -> None:
        edits = "1 edit was" if lost == 1 else f"{lost} edits were"
        self.on_trouble(f"{edits} not taken: {fault.message}")
