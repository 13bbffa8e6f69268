"""Somebody else who marks, comments and chats."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from collab_dash.board import Page, Pane
from collab_dash.doc import edits
from collab_dash.doc.entries import Author, ChatLine, Mark, Note, Resolution
from collab_dash.peer.updates import Firing, People
from collab_dash.tui.panes.rows import RowsPane
from collab_dash.wire import Alert, Person
from tui.fake_session import NOON, FakeSession, board, tick
from tui.opened import Seat, opened
from tui.sample import TITLES, sample_events

ANA = Author(id="a1", name="ana", color="teal")
BO = Author(id="b2", name="bo", color="pink")


LOG = Pane(feeds=("btc",), view="log", title="Log")
TABLE = Pane(feeds=("btc",), view="table", title="Table")
LINE = Pane(feeds=("btc",), view="line", field="price", title="Line")
JSON = Pane(feeds=("btc",), view="json", title="Whole")
MARKS = Pane(view="marks")
CHAT = Pane(view="chat")


def people(*more: Person, role: str = "editor") -> People:
    """Give ana, who sits at this screen, bo, and others."""
    ana = Person(client="c1", name="ana", role=role, person=ANA.id, color=ANA.color, since=NOON)
    bo = Person(client="c2", name="bo", role="editor", person=BO.id, color=BO.color, since=NOON)
    return People([ana, bo, *more])


class Bo:
    """
    Bo, at another screen of the session.

    Args:
        session: Which.

    """

    def __init__(self, session: FakeSession) -> None:
        self.session = session

    def mark(self, offset: int | None = None, *, by: Author = BO, text: str = "", **where: Any) -> str:
        """Mark an event, or a moment."""
        event = next((event for event in self.session.past if offset is not None and event.offset == offset), None)
        if event is not None:
            where = {"offset": offset, "feed": event.feed, "key": event.key, "time": event.time, **where}
        mark = Mark(**{"time": NOON, "text": text, "by": by, "at": NOON, **where})
        id_: str = self.session.shared.edit(lambda document: edits.add_mark(document, mark))
        return id_

    def comment(self, mark: str, text: str, *, by: Author = BO, at: int = NOON) -> str:
        """Comment on a mark."""
        note = Note(mark=mark, text=text, by=by, at=at)
        id_: str = self.session.shared.edit(lambda document: edits.add_note(document, note))
        return id_

    def resolve(self, mark: str) -> None:
        """Settle a thread."""
        self.session.shared.edit(lambda document: edits.resolve(document, mark, Resolution(by=BO, at=NOON)))

    def say(self, text: str, *, by: Author = BO, at: int = NOON) -> str:
        """Say something to all."""
        line = ChatLine(text=text, by=by, at=at)
        id_: str = self.session.shared.edit(lambda document: edits.say(document, line))
        return id_


def talking_session(titles: Sequence[str] = TITLES, word: str = "東京 too?") -> FakeSession:
    """Give a session in which ana and bo have marked and said a few things, `word` among them."""
    panes = (
        Pane(feeds=("edits",), view="log", title="Edits", columns=("time", "wiki", "user", "delta", "title"), height=3),
        Pane(feeds=("market",), view="line", title="BTC-USD", key="BTC-USD", field="price", height=3),
        Pane(view="marks", width=8, height=2),
        Pane(view="chat", width=4),
    )
    events = sample_events(titles=titles)
    session = FakeSession(
        board(*panes, feeds=("edits", "market")), events, offset=len(events), role="editor", person=ANA.id
    )
    bo = Bo(session)
    edits_ = [event for event in events if event.feed == "edits"]
    prices = [event for event in events if event.key == "BTC-USD"]
    peak = bo.mark(prices[-120].offset, text="BTC-USD 84,990", at=NOON - 300_000)
    bo.comment(peak, "spike = listing?", at=NOON - 290_000)
    bo.comment(peak, "yes, see\nthe announcement", by=ANA, at=NOON - 280_000)
    bo.comment(peak, "thanks", at=NOON - 270_000)
    burst = bo.mark(edits_[-4].offset, by=ANA, text="enwiki burst", at=NOON - 5000)
    settled = bo.mark(edits_[-9].offset, text="a bot, again", at=NOON - 4000)
    bo.comment(settled, "known", at=NOON - 3000)
    bo.resolve(settled)
    bo.comment(burst, word, by=ANA, at=NOON - 2000)
    bo.mark(time=NOON - 500_000, text="deploy")
    bo.say("@ana look at #4021, it began at 13:51", at=NOON - 240_000)
    bo.say("on it; the load follows a minute later, so that it is not the cache", by=ANA, at=NOON - 230_000)
    alert = Alert(
        alert="a", rule="r", name="mag>=4.5", when="quakes: mag >= 4.5", feed="quakes", time=NOON - 40_000,
        text="mag=4.8  37km NW Taron, PNG", fired=NOON - 40_000,
    )  # fmt: skip
    session.push(people(), Firing([alert]))
    return session


def session(*panes: Pane, pages: tuple[Page, ...] = (), count: int = 60, **changes: str) -> FakeSession:
    """Give a session of ana's, an editor's unless told otherwise."""
    past = [tick(n, 100.0 + n % 7) for n in range(1, count + 1)]
    facts = {"role": "editor", "person": ANA.id, **changes}
    return FakeSession(board(*panes, pages=pages), past, **facts)


@asynccontextmanager
async def at_board(session: FakeSession, size: tuple[int, int] = (120, 32)) -> AsyncIterator[tuple[Seat, Bo]]:
    """Sit at a board that has the document, with bo elsewhere."""
    async with opened(session, size=size) as seat:
        await seat.push(people(role=session.welcome.role))
        await seat.until(lambda: seat.app.live.sharing.document is not None)
        await seat.settle()
        yield seat, Bo(session)


def toasts(seat: Seat) -> list[str]:
    return [f"{toast.title}: {toast.message}" if toast.title else toast.message for toast in seat.app._notifications]


def rows(pane: object) -> RowsPane:
    assert isinstance(pane, RowsPane)
    return pane
