"""What stands over the board: one at a time for each wish, and gone when it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen, ScreenResultType


class Modal(ModalScreen[ScreenResultType]):
    """Something over the board that ends with a result."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "app.quit", "Quit", show=False, priority=True)]

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Go away; once, as a second key may have come before the first was answered, and would end what is beneath."""
        return super().dismiss(result) if self.is_active else AwaitComplete()


def put_over(screen: Screen[Any], modal: Modal[Any], done: Callable[[Any], Any] | None = None) -> None:
    """
    Put something over a screen, unless something is there by now: keys come fast, and answers of the hub slowly.

    Nor is there ever a second of the same kind: what asks for it may itself stand over the first.

    Args:
        screen: Over which.
        modal: What.
        done: Called with its result.

    """
    if screen.is_active and not any(type(under) is type(modal) for under in screen.app.screen_stack):
        screen.app.push_screen(modal, done)
