"""Tells a host, whatever they look at, that somebody wants to come in."""

from __future__ import annotations

from collections.abc import Callable

from ..wire import Knock
from .drawing.text import clean
from .state import State


def called(knock: Knock) -> str:
    """Give what to call somebody who waits."""
    return clean(knock.name) or "a program"


class Doorbell:
    """
    Rings once for everybody who knocks.

    Args:
        state: What is known of the session.
        ring: Says a sentence to whoever sits here.

    """

    def __init__(self, state: State, ring: Callable[[str], None]) -> None:
        self._state = state
        self._ring = ring
        self._heard: set[str] = set()

    def listen(self) -> None:
        """Ring for those who came since this was last called."""
        for knock in self._state.knocks:
            if knock.client not in self._heard:
                self._ring(f"{called(knock)} wants to come in as {clean(knock.role)}: P, then y or n")
        self._heard = {knock.client for knock in self._state.knocks}
