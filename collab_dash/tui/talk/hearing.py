"""What of all that is said is said to us."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..drawing.text import clean, cut
from .authors import called
from .references import mentions

if TYPE_CHECKING:
    from ...doc.entries import Author
    from .talk import Talk

ABOUT, TOLD = 40, 200


class Heard(NamedTuple):
    """Something that was said to us: who says it, what, and whether it calls us by name."""

    who: str
    text: str
    calls: bool


class Hearing:
    """
    Listens for our name, and for notes where we had a say.

    Args:
        talk: What people say.

    """

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    def heard(self, lines: list[str], notes: list[str]) -> list[Heard]:
        """Give what of these new lines and notes, by their ids, is said to us; lines count as unread from now on."""
        told = [heard for id_ in lines if (heard := self._hear_line(id_)) is not None]
        told += [heard for id_ in notes if (heard := self._hear_note(id_)) is not None]
        return told

    def _hear_line(self, id_: str) -> Heard | None:
        line = self._talk.chat.lines[id_]
        if line.by.id == self._talk.me.id:
            return None
        self._talk.chat.came(id_)
        return _heard(line.by, line.text, calls=True) if self._calls(line.text) else None

    def _hear_note(self, id_: str) -> Heard | None:
        note = self._talk.marks.note(id_)
        if note.by.id == self._talk.me.id or note.mark not in self._talk.marks.marks:
            return None
        calls = self._calls(note.text)
        if not calls and not self._concerns(note.mark):
            return None
        return _heard(note.by, f"on {cut(self._talk.marks.about(note.mark), ABOUT)}: {note.text}", calls=calls)

    def _calls(self, text: str) -> bool:
        mine = {self._talk.my_name.casefold(), clean(self._talk.me.name).casefold()} - {""}
        found = mentions(clean(text), {*self._talk.names, *mine})
        return any(reference.target.casefold() in mine for reference in found)

    def _concerns(self, mark: str) -> bool:
        """Tell whether we marked it, or had a say on it."""
        me, marks = self._talk.me.id, self._talk.marks
        return marks.marks[mark].by.id == me or any(note.by.id == me for _, note in marks.thread(mark))


def _heard(by: Author, text: str, *, calls: bool) -> Heard:
    return Heard(called(by), cut(clean(text), TOLD), calls)
