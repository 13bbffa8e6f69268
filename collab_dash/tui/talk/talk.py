"""Our part in what people say: who we are, what we may, and what we hear."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ...event import Event
from ..travel import Flag
from .chat import Chat
from .hearing import Heard, Hearing
from .marks import ALL, Marks

if TYPE_CHECKING:
    from ...doc.document import Changed
    from ...doc.entries import Author, Mark
    from ...wire import Person
    from ..live import Live

MOST_FLAGS = 300
LATEST = 1 << 52


class Talk:
    """
    Marks, notes and chat, as this screen has them.

    Args:
        live: The screen's hold on the session.

    Attributes:
        marks: Every mark, with its thread.
        chat: Everything said to all.
        on_heard: Told what is said to us, what came at once together; not what was said before we came.
        on_change: Called upon every change.

    """

    def __init__(self, live: Live) -> None:
        self.marks = Marks()
        self.chat = Chat()
        self.on_heard: Callable[[Sequence[Heard]], None] = lambda told: None
        self.on_change: Callable[[], None] = lambda: None
        self._live = live
        self._epoch = ""
        self._sent: dict[str, int] = {}
        self._hearing = Hearing(self)
        live.sharing.watchers.append(self._follow)
        live.travel.flags = self.flags

    # Following the document

    def _follow(self, changed: Changed | None) -> None:
        document = self._live.sharing.document
        if changed is None or document is None:
            self.marks.clear()
            self.chat.clear()
        if document is not None:
            found = document.meta.epoch != self._epoch
            self._epoch = document.meta.epoch
            now = self._live.state.clock()
            notes = self.marks.follow(document, changed or set(), now)
            lines = self.chat.follow(document, changed or set(), now)
            if not found and (told := self._hearing.heard(lines, notes)):
                self.on_heard(told)
        self.on_change()

    # Who we are

    @property
    def me(self) -> Author:
        """How we sign."""
        from ...doc.entries import Author

        welcome, here = self._live.state.welcome, self._myself()
        id_ = "" if welcome is None else welcome.person or welcome.client
        return Author(id=id_) if here is None else Author(id=id_, name=here.name, color=here.color)

    @property
    def my_name(self) -> str:
        """What we are called here, unlike anybody else."""
        here = self._myself()
        return "" if here is None else self._live.state.name_of(here)

    def _myself(self) -> Person | None:
        """Find ourselves among the people, who may still be those of before a break of the link."""
        state = self._live.state
        id_ = state.welcome.person if state.welcome else ""
        before = next((person for person in state.people if id_ and person.person == id_), None)
        return next((person for person in state.people if state.is_me(person)), before)

    @property
    def names(self) -> list[str]:
        """What everybody here is called."""
        state = self._live.state
        return list(dict.fromkeys(state.name_of(person) for person in state.people))

    @property
    def may_speak(self) -> bool:
        """Whether we may mark, comment and chat."""
        return self._live.sharing.may_edit

    def may_change(self, by: Author) -> bool:
        """Tell whether we may change or delete what somebody wrote."""
        return self.may_speak and (by.id == self.me.id or self._live.state.may("host"))

    # Marks and notes

    def mark(self, event: Event | None, text: str) -> str | None:
        """
        Pin an event, or the moment that is shown; give the mark's id, None if that may not be.

        Args:
            event: What to pin; None for the moment.
            text: The event in one line.

        """
        from ...doc.edits import add_mark
        from ...doc.entries import Mark

        now = self._live.state.clock()
        pinned = Mark(time=self._live.clock(), by=self.me, at=now, text=text[:500])
        if event is not None:
            pinned = _on(event, pinned)
        return self._live.sharing.edit(lambda document: add_mark(document, pinned))

    def own_mark(self, event: Event) -> str:
        """Give our own mark of an event, empty for none."""
        ids = self.marks.on_event(event.offset)
        return next((id_ for id_ in ids if self.marks.marks[id_].by.id == self.me.id), "")

    def unmark(self, id_: str) -> str:
        """Take a mark away; give why not, where others have had their say on it."""
        me = self.me.id
        if any(note.by.id != me for _, note in self.marks.thread(id_)):
            return "others have commented on this mark; resolve it instead: c, then r"
        from ...doc.edits import remove_mark

        self._live.sharing.edit(lambda document: remove_mark(document, id_))
        return ""

    def comment(self, mark: str, text: str) -> None:
        """Comment on a mark."""
        from ...doc.edits import add_note
        from ...doc.entries import Note

        note = Note(mark=mark, text=text, by=self.me, at=self._live.state.clock())
        self._live.sharing.edit(lambda document: add_note(document, note))

    def edit_note(self, id_: str, text: str) -> None:
        """Say it otherwise."""
        from ...doc.edits import edit_note

        now = self._live.state.clock()
        self._live.sharing.edit(lambda document: edit_note(document, id_, text, now=now))

    def remove_note(self, id_: str) -> None:
        """Take it back."""
        from ...doc.edits import remove

        self._live.sharing.edit(lambda document: remove(document, "notes", id_))

    def resolve(self, mark: str) -> None:
        """Settle a mark's thread, or open it again."""
        from ...doc.edits import resolve
        from ...doc.entries import Resolution

        settled = mark in self.marks.resolved
        resolution = None if settled else Resolution(by=self.me, at=self._live.state.clock())
        self._live.sharing.edit(lambda document: resolve(document, mark, resolution))

    def flags(self, since: int, until: int) -> Iterable[Flag]:
        """Flag every mark between two moments, Unix milliseconds; of very many, the latest."""
        return [self.marks.sign(id_) for id_ in self.marks.between((ALL,), since, until, MOST_FLAGS)]

    # Chat

    def say(self, text: str) -> bool:
        """Say something to all; tell whether that may be."""
        from ...doc.edits import say
        from ...doc.entries import ChatLine

        line = ChatLine(text=text, by=self.me, at=self._live.state.clock())
        id_ = self._live.sharing.edit(lambda document: say(document, line))
        if id_ is None:
            return False
        sharing = self._live.sharing
        self._sent = {id_: sharing.made} | {
            sent: number for sent, number in self._sent.items() if number > sharing.kept
        }
        return True

    def unshared(self, id_: str) -> bool:
        """Tell whether a line of ours waits for the hub."""
        sharing = self._live.sharing
        return self._sent.get(id_, 0) > sharing.kept and sharing.unshared > 0

    def read(self) -> None:
        """Take note that all of the chat is read."""
        if self.chat.read():
            self.on_change()


def _on(event: Event, mark: Mark) -> Mark:
    time = min(max(event.received if event.time is None else event.time, 0), LATEST)
    key = None if event.key is None else event.key[:1000]
    return replace(mark, offset=event.offset, feed=event.feed[:200], key=key, time=time)
