"""The hub put together: feeds in, one log, subscribers out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..board import Board, completed
from ..doc.document import Changed
from ..errors import LogError, RequestRefused
from ..event import Record
from ..store.docs import Updates
from ..store.log import Log, open_log
from ..wire import Close
from .admission import Links
from .alerts import Alerts
from .attendance import Attendance
from .configure import Configured
from .fanout import Fanout
from .loading import load_shared
from .peers import Peers
from .recorder import Recorder
from .replies import Replies
from .rules import Rules
from .shared import Shared
from .status import Status
from .subscriber import Subscriber
from .talk import Talk
from .targets import Targets
from .upstreams import make_runners

TICK = 1.0

_log = logging.getLogger("collab_dash.hub")


class Hub:
    """
    Owns the feeds, the log and the session's state.

    Args:
        log: The open log; the hub closes it.
        shared: The session's document, kept in that log's database.
        configured: The feeds to run and the board to show.
        folder: The workspace's folder.
        exposed: The address if other machines can reach it, else empty.
        passing: Whether the hub ends by itself soon after its last peer has left.
        approve: Whether newcomers wait until a host lets them in.

    Attributes:
        over: Whether the session ends with the hub; otherwise peers may come back when it is started again.

    """

    def __init__(
        self,
        log: Log,
        shared: Shared,
        configured: Configured,
        *,
        folder: Path,
        exposed: str = "",
        passing: bool = False,
        approve: bool = False,
    ) -> None:
        self.log = log
        self.shared = shared
        self.talk = Talk(shared)
        self.fanout = Fanout(log.last)
        self.recorder = Recorder(log, self._deliver)
        self.presence = Attendance()
        self.replies = Replies()
        self.links: Links | None = None
        self.peers = Peers(approve=approve)
        self.status = Status(
            self.recorder,
            self.peers,
            lambda: self.fanout.last,
            feeds=list(configured.feeds),
            problems=configured.problems,
            exposed=exposed,
        )
        self.passing = passing
        self.over = False
        self.stopping = asyncio.Event()
        self._configured = configured
        self._folder = folder
        self.alerts = Alerts(self.recorder, self.peers.joined, Targets(configured.targets, folder))
        self.rules = Rules(self.alerts, shared.rules(configured.rules))
        shared.watchers.append(self._on_edit)

    @property
    def session(self) -> str:
        """Give the session's name."""
        return self._configured.board.session

    @property
    def board(self) -> Board:
        """Give the board as people have it now, every pane complete."""
        return completed(self.shared.board(self._configured.board))

    def stop(self) -> None:
        """Ask the hub to end in order; `run` does."""
        self.stopping.set()
        self.peers.wake()

    async def run(self) -> None:
        """Run until `stop`; then stop the feeds and drain the writer. Peers and the log are the caller's to close."""
        await self.rules.load(self.log)
        runners = await make_runners(
            self._configured.feeds, self.recorder, folder=self._folder, changed=self.status.changed
        )
        self.status.runners = {intake.feed: runner for runner in runners for intake in runner.intakes}
        async with asyncio.TaskGroup() as writing:
            writer = writing.create_task(self.recorder.run(), name="writer")
            async with asyncio.TaskGroup() as running:
                intakes = [intake for runner in runners for intake in runner.intakes]
                work = {
                    "tick": self._tick(),
                    "shared document": self._share(),
                    "presence": self.presence.run(),
                    "rules": self.rules.run(),
                    "targets": self.alerts.targets.run(),
                    **{f"feed {runner.name}": runner.run() for runner in runners},
                    **{f"intake {intake.feed}": intake.run() for intake in intakes},
                }
                tasks = [running.create_task(each, name=name) for name, each in work.items()]
                await self.stopping.wait()
                with suppress(RequestRefused):
                    await self.shared.passed_on()
                for task in tasks:
                    task.cancel()
            await self.recorder.drained()
            writer.cancel()

    async def close(self) -> None:
        """Close the log; idempotent."""
        await self.log.close()

    def enter(self, subscriber: Subscriber) -> None:
        """Count a welcomed peer in, and tell it how things are."""
        self.peers.add(subscriber)
        self.status.enter(subscriber)
        self.alerts.enter(subscriber)
        self.presence.enter(subscriber)
        if self.peers.admission.asking:
            self.peers.admission.tell(subscriber)

    def leave(self, subscriber: Subscriber) -> None:
        """Count a peer out; one that did not say so is still shown for a moment, since it may come back."""
        self.peers.discard(subscriber)
        self.presence.leave(subscriber)

    def _deliver(self, first: int | None, records: Sequence[Record]) -> None:
        self.status.count(len(records))
        self.fanout.deliver(first, records)
        self.rules.evaluate(first, records)

    def _on_edit(self, changed: Changed) -> None:
        if any(root == "rules" for root, _ in changed):
            self.rules.set_rules(self.shared.rules(self._configured.rules))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            if self.log.replaced():
                await self._reopen()
            if self.peers.joined:
                self.alerts.tell_again()
                if self.peers.admission.knocks:
                    self.peers.admission.tell()  # a host that was behind has not heard of them
                self.status.tell()

    async def _share(self) -> None:
        """Save and relay edits of the document; when the database is replaced, of the one that is there then."""
        while True:
            shared = self.shared
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(shared.run())
                await shared.ended.wait()
                running.cancel()

    async def _reopen(self) -> None:
        """The database was replaced or deleted: go on in what is there now, under its epoch."""
        old = self.log
        _log.warning("the database %s was replaced; opening it anew", old.path)
        try:
            log = await open_log(old.path)
        except LogError as error:
            _log.error("the database cannot be opened: %s", error)
            return
        try:
            await self._go_on_in(log)
        finally:
            await (old if self.log is log else log).close()

    async def _go_on_in(self, log: Log) -> None:
        configured, old_shared = self._configured, self.shared
        shared = await load_shared(Updates(log), configured.board, configured.rules, edit_rate=configured.edit_rate)
        talk = Talk(shared)
        shared.watchers.append(self._on_edit)

        def switched() -> None:
            self.log, self.shared, self.talk = log, shared, talk
            old_shared.ended.set()
            self.rules.set_rules(shared.rules(self._configured.rules))
            self.fanout = Fanout(log.last)  # nobody joined to the old log receives from the new one

        await self.recorder.switch(log, switched)
        await self.rules.load(log)
        await self.peers.close(Close.GOING_DOWN, "the database was replaced")
