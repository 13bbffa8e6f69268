"""The chat: what people say to all."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from ...doc.entries import ChatLine
from ..drawing.numbers import clock, moment
from ..drawing.row import Row
from ..drawing.text import clean, fit
from ..drawing.text import width as cells_of
from ..talk.authors import called, ink_of
from ..talk.references import DAY, links
from .spoken import SpokenPane

LONGEST_NAME = 12
MOST_LINES, MOST_ROWS = 500, 60


class ChatPane(SpokenPane):
    """Everything said to all; of a long chat, the latest lines."""

    class Say(Message):
        """Somebody wants to say something."""

    class Open(Message):
        """Somebody wants to see what a line refers to."""

        def __init__(self, line: ChatLine) -> None:
            super().__init__()
            self.line = line

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open_or_say", "Open or say", key_display="enter"),
        Binding("o", "open", "Open link", show=False),
        Binding("C,shift+c", "say", "Say", key_display="C"),
    ]

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._drawn: tuple[object, ...] = ()

    @property
    def name_on_screen(self) -> str:
        """What this pane is called."""
        return self.spec.title or "Chat"

    @property
    def news(self) -> str:
        """How much is not read yet."""
        unread = self.live.talk.chat.unread
        return f"{unread:,} new" if unread else ""

    def notify_style_update(self) -> None:
        """Draw anew in other colours."""
        super().notify_style_update()
        self._drawn = ()

    def body(self, width: int, height: int) -> list[Row]:
        """Draw the latest, which whoever has the focus here has read by that."""
        if self.has_focus:
            self.live.talk.read()
        rows = super().body(width, height)
        return rows or [Row("Nothing said yet. ", self.ink("dim")).extend(self._invitation())]

    def _invitation(self) -> Row:
        if not self.live.talk.may_speak:
            return Row()
        return Row("C", self.ink("accent")).add(" says something", self.ink("dim"))

    def spoken(self, width: int) -> list[tuple[str, Row]]:
        """Give every line; made anew only when something changed."""
        chat, talk = self.live.talk.chat, self.live.talk
        day = self.live.state.clock() // DAY
        waiting = tuple(id_ for id_ in chat.order[-MOST_LINES:] if talk.unshared(id_))
        facts = (width, chat.changes, waiting, day, tuple(talk.names))
        if facts != self._drawn:
            self._drawn = facts
            shown = chat.order[-MOST_LINES:]
            names = [cells_of(called(chat.lines[id_].by)) for id_ in shown]
            name = min(max(names, default=0), LONGEST_NAME)
            self._lines = [(id_, row) for id_ in shown for row in self._said(id_, width, name, day)]
        return self._lines

    def _said(self, id_: str, width: int, name: int, day: int) -> list[Row]:
        """Draw a line of the chat: when, who in `name` cells, what."""
        line = self.live.talk.chat.lines[id_]
        when = clock(line.at, seconds=False) if line.at // DAY == day else moment(line.at)[5:16]
        head = Row(f"{when}  ", self.ink("dim"))
        head.add(fit(called(line.by), name) + "  ", self.ink(ink_of(line.by)))
        indent = min(head.cells, width // 2)
        rows = list(self.told(line.text, width - indent)) or [Row()]
        if (more := len(rows) - MOST_ROWS) > 0:
            rows[MOST_ROWS:] = [Row(f"and {more:,} more lines", self.ink("dim"))]
        rows = [head.extend(rows[0]), *(Row(" " * indent, None).extend(row) for row in rows[1:])]
        if self.live.talk.unshared(id_):
            rows.append(Row(" " * indent + "not yet shared", self.ink("warn")))
        return rows

    def digest(self) -> str:
        """Say the latest."""
        order = self.live.talk.chat.order
        if not order:
            return ""
        line = self.live.talk.chat.lines[order[-1]]
        return f"{called(line.by)}: {clean(line.text)}"

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something here and now."""
        match action:
            case "say":
                return self.live.talk.may_speak
            case "open":
                return self._linking() is not None
            case "open_or_say":
                return self._linking() is not None or self.live.talk.may_speak
        return super().check_action(action, parameters)

    def _linking(self) -> ChatLine | None:
        line = self.live.talk.chat.lines.get(self.under_cursor())
        return line if line is not None and links(line.text) else None

    def action_open_or_say(self) -> None:
        """Go to what the line under the cursor refers to; where it refers to nothing, say something."""
        if self._linking() is not None:
            self.action_open()
        else:
            self.action_say()

    def action_open(self) -> None:
        """Go to what the line under the cursor refers to."""
        if (line := self._linking()) is not None:
            self.post_message(self.Open(line))

    def action_say(self) -> None:
        """Say something."""
        self.post_message(self.Say())
