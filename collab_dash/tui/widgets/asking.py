"""The line that asks for one thing: a filter, or a page's title."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from textual.content import Content
from textual.widgets import Input, Static

from ...filter import FilterError, compile_filter
from ..drawing.text import clean
from .prompt import PromptLine

LONGEST_TITLE = 200


class Question(NamedTuple):
    """
    What is asked.

    Args:
        sign: What stands before the line.
        placeholder: What stands in it while nothing is typed.
        text: What stands in it at first.
        judge: Says something about what is typed, and raises ValueError if it cannot be used.
        done: Takes what was typed.

    """

    sign: str
    placeholder: str
    text: str
    judge: Callable[[str], str]
    done: Callable[[str], None]


class Asking(PromptLine):
    """
    A line that asks.

    Args:
        closed: Called when it wants the keys no more.

    """

    def __init__(self, closed: Callable[[], None]) -> None:
        super().__init__()
        self._give_back = closed
        self._question: Question | None = None

    def ask(self, question: Question) -> None:
        """Take the keys at once."""
        self._question = question
        self.query_one(".prompt-sign", Static).update(Content(question.sign))
        self.query_one(Input).placeholder = question.placeholder
        self.begin(question.text)

    def judge(self, text: str) -> str:
        """Let whoever asks judge it."""
        return self._question.judge(text) if self._question is not None else ""

    def done(self, text: str | None) -> None:
        """Give the keys back, and the answer, if that is another one than stood there."""
        self._give_back()
        if text is not None and self._question is not None and text != clean(self._question.text):
            self._question.done(text)


def judge_filter(text: str) -> str:
    """
    Judge a filter.

    Raises:
        ValueError: If it is none.

    """
    try:
        compile_filter(text)
    except FilterError as error:
        raise ValueError(error.brief) from None
    return "" if text.strip() else "nothing typed shows everything"


def judge_title(text: str) -> str:
    """
    Judge a page's title.

    Raises:
        ValueError: If it is none.

    """
    if not text.strip():
        raise ValueError("a page has a title")
    if len(text) > LONGEST_TITLE:
        raise ValueError(f"at most {LONGEST_TITLE} characters")
    return ""
