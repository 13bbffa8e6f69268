"""The program that draws a session's board in a terminal."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar

from msgspec import structs
from rich.console import RenderableType
from textual import events
from textual.actions import ActionParseResult, parse
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from ..errors import CollabDashError
from ..event import unix_ms
from ..people import colour_for
from ..wire import person_id
from .alerting import Alerting
from .clipboard import clipboard_command, copy_by
from .frames import Frames
from .live import Connect, Live
from .screens.board import BoardScreen
from .screens.modal import put_over
from .screens.together import Together
from .state import State
from .terminal import Terminal
from .theme import CALM, PALETTE, PAPER, default_theme, person_colours
from .widgets.keys import is_command

if TYPE_CHECKING:
    from ..identity import Identity


class BoardApp(App[None]):
    """
    A session's board.

    Args:
        connect: Gives a context that joins the session and leaves it.
        you: Who sits here.
        page: The title of the page to open first.
        first: What to call the session before the hub has said.
        clock: The time now, Unix milliseconds.
        ask: Whether to ask for name and colour.

    Attributes:
        failure: Why the session ended, if it did not end because somebody left.

    """

    CSS_PATH = "styles.tcss"
    TITLE = "collab-dash"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("colon,ctrl+p", "command_palette", "Commands", key_display=":"),
        Binding("question_mark,f1", "help", "Help", key_display="?"),
        Binding("q,ctrl+q", "quit", "Quit", key_display="q"),
    ]
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        connect: Connect,
        you: Identity,
        *,
        page: str | None = None,
        first: str | None = None,
        clock: Callable[[], int] = unix_ms,
        ask: bool = False,
    ) -> None:
        look = default_theme(os.environ)
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        for theme in (CALM, PAPER, PALETTE):
            self.register_theme(theme)
        self.theme = look
        self._connect = connect
        self._page = page
        self._ask = ask
        self.you = you
        self.live = Live(State(first or "", clock), Frames(self.set_timer))
        self.failure: CollabDashError | None = None
        self._alerting = Alerting(self)
        self._tidied = 0

    def get_default_screen(self) -> Screen[None]:
        """Open with the board."""
        return BoardScreen(self.live, self._page)

    def get_driver_class(self) -> type[Driver]:
        """Draw on a terminal that may go."""
        driver = super().get_driver_class()
        return Terminal if driver is LinuxDriver else driver

    def on_mount(self) -> None:
        """Join once the chrome is on screen."""
        self.call_after_refresh(self.run_worker, self._follow(), exit_on_error=True)
        if self._ask:
            self.call_after_refresh(self.action_introduce)

    async def _follow(self) -> None:
        gc.freeze()
        self.set_interval(1.0, self._tidy)
        try:
            await self.live.follow(self._connect)
        except CollabDashError as error:
            self.failure = error
            self.exit(return_code=1)
        else:
            self.exit()

    def _tidy(self) -> None:
        """Collect cycles: young ones every second, all of them every minute, where Python would far more often."""
        self._tidied += 1
        gc.collect(2 if self._tidied % 60 == 0 else 1)

    async def on_event(self, event: events.Event) -> None:
        """Take note that somebody is here."""
        if isinstance(event, events.InputEvent):
            self.live.company.touched()
            if isinstance(event, events.MouseDown | events.MouseScrollDown | events.MouseScrollUp):
                self._moved_by_mouse()
        await super().on_event(event)

    def _moved_by_mouse(self) -> None:
        if isinstance(self.screen, Together):
            self.screen.moved_by_mouse()

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Do what a key asks for; whoever moves follows nobody any longer."""
        board, parsed = self.screen, parse(action) if isinstance(action, str) else action
        done = await super().run_action(parsed, default_namespace, namespaces)
        if done and isinstance(board, Together):
            board.moved(parsed[1])
        return done

    async def action_quit(self) -> None:
        """Leave the session."""
        self.exit()

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """End the program; a board that is on its way to the screen would find that gone."""
        self.live.rest()
        super().exit(result, return_code, message)

    def leave(self, code: int) -> None:
        """Leave the session, and end the program with an exit code."""
        self.exit(return_code=code)

    def action_help(self) -> None:
        """Show every key that works here and now."""
        from .screens.help import HelpDialog

        keys = [(type(item.node).__name__, item.binding) for item in self.screen.active_bindings.values()]
        put_over(self.screen, HelpDialog(self.live, keys))

    def action_introduce(self) -> None:
        """Ask for a name and a colour."""
        from .screens.introduce import IntroduceDialog

        you, first, self._ask = self.you, self._ask, False
        color = colour_for(you.color, person_id(you.secret))
        put_over(self.screen, IntroduceDialog(self.live, you.name, color, self._introduce, first=first))

    def _introduce(self, name: str, color: str) -> None:
        self.you = structs.replace(self.you, name=name, color=color)
        self.live.introduce(name, color)
        self.run_worker(self._remember(self.you), group="remember")

    async def _remember(self, you: Identity) -> None:
        from ..identity import remember

        try:
            await asyncio.to_thread(remember, you)
        except CollabDashError as error:
            self.notify(f"not remembered: {error}", severity="warning", markup=False)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give the colours of people, such as suit the theme's ground."""
        return person_colours(self.current_theme)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy by the desktop's clipboard program where there is one, otherwise ask the terminal to (OSC 52)."""
        self.run_worker(self._copy(text), group="copy")

    async def _copy(self, text: str) -> None:
        command = clipboard_command(os.environ)
        if command is None or not await copy_by(command, text):
            super().copy_to_clipboard(text)

    def notice(self, title: str, text: str) -> None:
        """Show a notice on the desktop."""
        self.run_worker(self._notice(title, text), group="notice")

    async def _notice(self, title: str, text: str) -> None:
        from .desktop import notice_command, notice_sequence, show_notice

        command = notice_command(os.environ, title, text)
        if (command is None or not await show_notice(command)) and self._driver is not None:
            self._driver.write(notice_sequence(os.environ, title, text))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every key's action by name, the pages, and the themes."""
        seen: set[str] = set()
        for item in screen.active_bindings.values():
            binding = item.binding
            if item.enabled and is_command(binding) and binding.description not in seen:
                seen.add(binding.description)
                yield SystemCommand(
                    binding.description,
                    f"key {binding.key_display or binding.key}",
                    lambda node=item.node, action=binding.action: self.run_action(action, node),
                )
        if self.live.state.others() and self.live.state.may("editor"):
            yield SystemCommand("Bring everyone here", "ask all to look where you look", self.live.company.bring)
        yield SystemCommand("Name and colour", "what others see of you", self.action_introduce)
        yield SystemCommand("Theme", "choose other colours", self.action_change_theme)
