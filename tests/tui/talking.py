"""Somebody else who marks, comments and chats."""

from __future__ import annotations

from typing import Any

from collab_dash.doc import edits
from collab_dash.doc.entries import Author, ChatLine, Mark, Note, Resolution
from collab_dash.peer.updates import People
from collab_dash.wire import Person
from tui.fake_session import NOON, FakeSession

ANA = Author(id="a1", name="ana", color="teal")
BO = Author(id="b2", name="bo", color="pink")


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
