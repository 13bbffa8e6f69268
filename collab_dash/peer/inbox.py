"""What the hub says, given to those whom it concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doc.sync import Kind, Message, read
from ..wire import (
    DOC_REFUSED,
    DOC_SAVED,
    EVENTS,
    TOKEN,
    Fault,
    Frame,
    Saved,
    Skipped,
    Welcome,
    decode_events,
    decode_frame,
)
from .answers import Answers
from .door import Door
from .pushes import News, decoded, update_of
from .updates import Events, Joined, People

if TYPE_CHECKING:
    from .awareness import Awareness
    from .replica import Replica


class Inbox:
    """
    Takes the frames of a link, one after another.

    Args:
        door: Told how far the log was read, and of new tokens.
        answers: Given the replies.
        news: Given all that a reader of the session is to hear.

    Attributes:
        replica: Given what is about the document; None while nobody shares it.
        awareness: Given what is about who looks where; None while nobody wants to know.

    """

    def __init__(self, door: Door, answers: Answers, news: News) -> None:
        self.replica: Replica | None = None
        self.awareness: Awareness | None = None
        self._door = door
        self._answers = answers
        self._news = news
        self._epoch = ""
        self._offset = 0

    async def joined(self, welcome: Welcome) -> None:
        """Take note that a link is up."""
        self._epoch, self._offset = welcome.epoch, welcome.offset
        if self.replica is not None:
            self.replica.joined(welcome)
        if self.awareness is not None:
            self.awareness.joined()
        await self._news.put(Joined(welcome), last=True)

    def lost(self) -> None:
        """Take note that it is down."""
        self._door.reached(self._epoch, self._offset)
        self._answers.fail()
        if self.replica is not None:
            self.replica.lost()

    async def take(self, frame: bytes) -> None:
        """
        Take a frame; waits where the reader of the session is slow.

        Raises:
            BadFrame: If it cannot be read.

        """
        if frame[:1] < b" ":  # no JSON begins like this; a message about the document does
            await self._take_message(read(frame))
        else:
            await self._take_frame(decode_frame(frame))

    async def _take_message(self, message: Message) -> None:
        if message.kind is not Kind.AWARENESS:
            if self.replica is not None:
                self.replica.take(message)
        elif self.awareness is not None and self.awareness.take(message):
            await self._news.put(People(self.awareness.people))

    async def _take_frame(self, frame: Frame) -> None:
        if frame.event == EVENTS:
            await self._take_events(frame)
        elif frame.id is not None:
            self._answers.take(frame.id, frame)
        elif frame.event == TOKEN:
            if token := decoded(frame, dict[str, str]).get("token"):
                self._door.renew(token)
        elif frame.event in (DOC_SAVED, DOC_REFUSED):
            self._take_verdict(frame)
        elif (update := update_of(frame)) is not None:
            if isinstance(update, Skipped):
                self._offset = max(self._offset, update.last)
            await self._news.put(update)

    async def _take_events(self, frame: Frame) -> None:
        events = decode_events(frame.data)
        for event in reversed(events):
            if event.offset is not None:
                self._offset = event.offset
                break
        await self._news.put(Events(events))

    def _take_verdict(self, frame: Frame) -> None:
        """Take what became of an edit."""
        if self.replica is None:
            return
        if frame.event == DOC_SAVED:
            self.replica.saved(decoded(frame, Saved))
        else:
            self.replica.refused(decoded(frame, Fault))
