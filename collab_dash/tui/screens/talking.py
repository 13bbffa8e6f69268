"""The side of the main screen that people talk on: what is said to us, and the chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from ..talk.hearing import Heard
from ..talk.references import links, moment_before
from .marking import Marking
from .modal import put_over

if TYPE_CHECKING:
    from ..panes.chat import ChatPane

STAYS = 10.0
MOST_TOASTS = 3


class Talking(Marking):
    """A screen with a chat, where we are told what others say."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("C,shift+c", "chat", "Chat", key_display="C"),
    ]

    def on_mount(self) -> None:
        """Hear what is said."""
        self.live.talk.on_heard = self._hear
        self.live.talk.on_change = self.talk_changed

    def talk_changed(self) -> None:
        """Show that something was said."""

    def _hear(self, told: Sequence[Heard]) -> None:
        """Ring where we are called by name, and show what is said; of very much at once, the latest."""
        if any(heard.calls for heard in told):
            self.app.bell()
        for heard in told[-MOST_TOASTS:]:
            self.app.notify(heard.text, title=heard.who, timeout=STAYS, markup=False)
        if (more := len(told) - MOST_TOASTS) > 0:
            self.app.notify(f"and {more} more like these", timeout=STAYS, markup=False)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something here and now."""
        if action == "chat":
            return self.live.talk.may_speak and self.stage.current is not None
        return super().check_action(action, parameters)

    async def action_chat(self) -> None:
        """Say something in the chat pane that has the focus, or open the chat over the board."""
        from ..panes.chat import ChatPane

        if isinstance(self.stage.current, ChatPane):
            await self.on_chat_pane_say()
            return
        from .speaking import ChatDialog

        put_over(self, ChatDialog(self.live), self._open_links)

    async def on_chat_pane_say(self) -> None:
        """Let something be typed."""
        from ..widgets.saying import SayPrompt

        line = await self.line(SayPrompt, lambda: SayPrompt(self.live.talk))
        line.begin()
        self.refresh_bindings()

    def on_say_prompt_done(self) -> None:
        """Give the keys back to the pane."""
        self.stage.focus_current()

    def on_chat_pane_open(self, message: ChatPane.Open) -> None:
        """Go to what a line refers to."""
        self._open_links(message.line)

    def _open_links(self, line: object) -> None:
        from ...doc.entries import ChatLine

        if not isinstance(line, ChatLine):
            return
        for reference in links(line.text)[:1]:
            if reference.kind == "event":
                self.visit_event(int(reference.target))
            else:
                self.visit_moment(moment_before(reference.target, line.at))
