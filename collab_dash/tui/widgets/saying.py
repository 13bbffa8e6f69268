"""Lines to say something in, with names completed."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

from ..drawing.text import clean
from ..talk.references import completion
from ..talk.talk import Talk
from .line_input import LineInput
from .prompt import PromptLine

LONGEST = 4000
NEW_LINE = "↵"


class Names(Suggester):
    """
    Suggests the name that ``@`` begins.

    Args:
        talk: Knows who is here.

    """

    def __init__(self, talk: Talk) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._talk = talk

    async def get_suggestion(self, value: str) -> str | None:
        """Give the text with the name complete."""
        return completion(value, self._talk.names) or None


class Saying(LineInput):
    """
    A line to say something in; ``↵`` in it stands for a new line.

    Args:
        talk: Knows who is here.
        placeholder: What stands there while nothing is typed.

    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+j", "new_line", "New line", show=False),
        Binding("tab", "complete", "Complete a name", show=False),
    ]

    def __init__(self, talk: Talk, placeholder: str = "") -> None:
        super().__init__(
            placeholder=placeholder,
            compact=True,
            max_length=LONGEST,
            suggester=Names(talk),
            select_on_focus=False,
        )
        self._talk = talk

    @property
    def said(self) -> str:
        """What is typed."""
        return self.value.replace(NEW_LINE, "\n").strip()

    def fill(self, text: str) -> None:
        """Put a text there to be changed."""
        self.value = clean(text)
        self.cursor_position = len(self.value)

    def action_new_line(self) -> None:
        """Begin a new line."""
        self.insert_text_at_cursor(NEW_LINE)

    def action_complete(self) -> None:
        """Complete the name that the line ends in the beginning of."""
        if whole := completion(self.value, self._talk.names):
            self.value = whole + " "
            self.cursor_position = len(self.value)

    async def action_submit(self) -> None:
        """Be done; a backslash at the end begins a new line instead."""
        if self.value.endswith("\\"):
            self.value = self.value[:-1] + NEW_LINE
            self.cursor_position = len(self.value)
            return
        await super().action_submit()

    def pasted(self, text: str) -> str:
        """Take all lines of what is pasted."""
        return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")


class SayPrompt(PromptLine):
    """
    The line at the bottom of the board to say something to all in.

    Args:
        talk: Who is here, and where it goes.

    """

    sign = "C"

    class Done(Message):
        """The line is closed."""

    def __init__(self, talk: Talk) -> None:
        super().__init__()
        self._talk = talk
        self._draft = ""

    def begin(self, text: str = "") -> None:
        """Take the keys at once, with what was being typed when somebody went elsewhere."""
        super().begin(text or self._draft)
        self._draft = ""

    def put_aside(self) -> None:
        """Give the keys back, and keep what is typed for another time."""
        self._draft = self.query_one(Saying).value
        super().put_aside()

    def line(self) -> Input:
        """Make the line to type in."""
        return Saying(self._talk, "say something to all; @name calls, #123 is an event, 14:18 a moment")

    def judge(self, text: str) -> str:
        """Find nothing wrong."""
        return ""

    def done(self, text: str | None) -> None:
        """Say it, and give the keys back."""
        if text is not None and (said := self.query_one(Saying).said):
            self._talk.say(said)
        self.post_message(self.Done())
