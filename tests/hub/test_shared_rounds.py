"""
Several peers edit at random while lines break, updates come twice and the hub is killed: all end equal, none is lost.

Each round is told by its number, which seeds what happens; how far the hub's writing has come when it does is up to the
machine. `FUZZ_ROUNDS` says how many rounds there are, `FUZZ_FIRST` where they begin.
"""

from __future__ import annotations

import os
import random
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from collab_dash.board import Pane
from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.entries import Author, ChatLine, Note, Resolution
from collab_dash.doc.sync import Kind, write
from collab_dash.event import unix_ms
from collab_dash.hub import history, shared
from doc.replicas import NOON, mark
from memory import BOARD, Line, Member, MemoryHub, hub_at, raw

ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "50"))
FIRST = int(os.environ.get("FUZZ_FIRST", "0"))
STEPS = 250


class Walker(Member):
    """A peer that edits at random, and knows which of its edits the hub has kept."""

    def __init__(self, name: str, lots: random.Random) -> None:
        super().__init__(name)
        self.kept: set[str] = set()
        self._lots = lots
        self._outstanding: deque[str] = deque()
        self.replica.watchers.append(lambda changed: self._count())

    def _count(self) -> None:
        while len(self._outstanding) > self.replica.unshared:
            self.kept.add(self._outstanding.popleft())

    @property
    def author(self) -> Author:
        return Author(id=self.name, name=self.name)

    def edit(self) -> None:
        """Do something, and say so in the chat: the line tells later whether the edit is there."""
        if not self.replica.may_edit:
            return
        with self.replica.edit() as document:
            self._do(document)
            line = edits.say(document, ChatLine(text="did it", by=self.author, at=NOON))
            self._outstanding.append(line)
        self._count()

    def _do(self, document: Document) -> None:
        if self._lots.random() < 0.5:
            self._lay_out(document)
        else:
            self._talk(document)

    def _lay_out(self, document: Document) -> None:
        lots = self._lots
        pages, panes = list(document.entries["pages"]), list(document.entries["panes"])
        page, pane = lots.choice(pages or [""]), lots.choice(panes or [""])
        match lots.randrange(7):
            case 0:
                edits.add_page(document, "New", after=lots.choice(["", page]))
            case 1:
                edits.add_pane(document, page, Pane(title="New", columns=("a", "b")), after=lots.choice(["", pane]))
            case 2 | 3:
                edits.change(document, "panes", pane, title=str(lots.random()), width=lots.randint(1, 12))
            case 4:
                edits.move_pane(document, pane, after=lots.choice(["", *panes]), page=page)
            case 5:
                edits.close(document, "panes", pane, now=lots.choice([NOON, unix_ms()]))
            case 6:
                edits.set_room_filter(document, f"price > {lots.randrange(9)}")

    def _talk(self, document: Document) -> None:
        lots = self._lots
        marks = list(document.marks) or [edits.add_mark(document, mark(0, self.author))]
        on = lots.choice(marks)
        match lots.randrange(4):
            case 0:
                edits.add_mark(document, mark(lots.randrange(99), self.author))
            case 1:
                edits.add_note(document, Note(mark=on, text="look", by=self.author, at=NOON))
            case 2:
                settled = None if on in document.resolved else Resolution(by=self.author, at=NOON)
                edits.resolve(document, on, settled)
            case 3 if on in document.marks and document.marks[on].by.id == self.name:
                edits.remove_mark(document, on)

    def undo(self) -> None:
        """Take back, or do again."""
        if self.replica.may_edit and self._lots.choice([self.replica.undo, self.replica.redo])():
            self._outstanding.append("")  # what was undone is no line in the chat
            self._count()

    def repeat(self) -> None:
        """Send everything of one's own that the hub may have twice."""
        if self.line is not None and self.replica.ready.is_set() and not self.line.up:
            self.line.up.append(write(Kind.STEP2, self.replica.document.since()))
            self.replica._outgoing._sent.append(0)


async def step(lots: random.Random, walkers: list[Walker], hub: MemoryHub) -> None:
    """Let one thing happen."""
    walker = lots.choice(walkers)
    match lots.choices(("edit", "undo", "line", "again", "restart"), (20, 5, 71, 3, 1))[0]:
        case "edit":
            walker.edit()
        case "undo":
            walker.undo()
        case "again":
            walker.repeat()
        case "restart":
            await restart(hub, walkers, in_order=lots.random() < 0.3)
        case "line" if walker.line is None:
            if lots.random() < 0.3:
                walker.join(hub)
        case "line":
            if lots.random() < 0.4:
                await hub.shared.passed_on()
            await use_line(lots, walker, walker.line)


async def use_line(lots: random.Random, walker: Walker, line: Line) -> None:
    """Carry some of what is on a walker's line, or let it back up, flow again, or break."""
    match lots.choices(("up", "down", "flow", "break"), (44, 50, 4, 3))[0]:
        case "up":
            await walker.sent()
            while line.up and line.flowing.is_set() and lots.random() < 0.9:
                await line.carry_up()
        case "down":
            while line.down and walker.line is line and lots.random() < 0.95:
                line.carry_down(walker.replica)
        case "flow":
            (line.flowing.clear if line.flowing.is_set() else line.flowing.set)()
        case "break":
            await walker.lose()


async def restart(hub: MemoryHub, walkers: list[Walker], *, in_order: bool) -> None:
    """Kill the hub, or end it in order; everybody loses their line."""
    if in_order:
        await hub.shared.passed_on()
    for walker in walkers:
        await walker.lose()
    await hub.kill()
    await hub.start()


def shown(document: Document) -> list[Any]:
    """Give all but what is gone, and what was on marks that are gone: a hub that starts deletes it when it is old."""
    notes = {id_: note for id_, note in document.notes.items() if note.mark in document.marks}
    resolved = {id_: entry for id_, entry in document.resolved.items() if id_ in document.marks}
    return [document.board(BOARD), document.room, document.marks, notes, resolved, document.chat]


@pytest.mark.parametrize("number", range(FIRST, FIRST + ROUNDS))
async def test_all_end_equal_and_nothing_kept_is_lost(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lots = random.Random(number)
    monkeypatch.setattr(shared, "HOLD", 0.0)
    monkeypatch.setattr(history, "FOLD_AFTER", lots.choice([3, 30, 500]))
    walkers = [Walker(name, lots) for name in ("ana", "bo", "cy", "di")[: lots.randint(2, 4)]]
    async with hub_at(tmp_path / "x.db") as hub:
        for walker in walkers:
            walker.join(hub)
        await hub.settled(walkers)
        for _ in range(STEPS):
            await step(lots, walkers, hub)
        for walker in walkers:
            if walker.line is None:
                walker.join(hub)
            walker.line.flowing.set()  # type: ignore[union-attr]  # it has just joined
        await hub.settled(walkers)
        truth = raw(hub.shared.document)
        for walker in walkers:
            assert walker.refused == []
            assert walker.replica.unshared == 0
            assert walker.raw == truth
            assert walker.replica.document.entries == hub.shared.document.entries
            assert walker.kept - {""} <= hub.shared.document.chat.keys()
        there = shown(hub.shared.document)
        await hub.kill()
        await hub.start()
        assert shown(hub.shared.document) == there
