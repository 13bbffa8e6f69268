"""The base of everything that draws its own lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from ..drawing.row import Row
from ..live import Live
from ..state import ink_of

if TYPE_CHECKING:
    from ...wire import Person

BOLD = Style(bold=True)


class Drawn(Widget):
    """
    A widget that draws whole lines, edge to edge, and repaints only those that changed.

    Args:
        live: The screen's hold on the session.

    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "ink-text", "ink-strong", "ink-dim", "ink-frame", "ink-focus", "ink-accent", "ink-up", "ink-down",
        "ink-warn", "ink-error", "ink-select", "ink-badge", "ink-alarm",
        "ink-person-red", "ink-person-orange", "ink-person-yellow", "ink-person-green",
        "ink-person-teal", "ink-person-blue", "ink-person-violet", "ink-person-pink",
    }  # fmt: skip

    def __init__(self, live: Live) -> None:
        super().__init__()
        self.live = live
        self._strips: list[Strip] = []
        self._inks: dict[str, Style] = {}
        self._gone = False

    def draw(self, width: int, height: int) -> list[Row]:
        """Draw `height` lines of at most `width` cells; missing lines stay blank."""
        raise NotImplementedError

    def ink(self, name: str) -> Style:
        """Give the style called `name` in this theme."""
        style = self._inks.get(name)
        if style is None:
            style = self._inks[name] = self.get_component_rich_style(f"ink-{name}")
        return style

    def ink_of(self, person: Person) -> Style:
        """Give the style of somebody's name: their colour, and bold for us at this screen."""
        style = self.ink(ink_of(person))
        return style + BOLD if self.live.state.is_me(person) else style

    def want_paint(self) -> None:
        """Be painted with the next frame."""
        self.live.frames.want(self)

    def paint_now(self) -> None:
        """Be painted at once, as the answer to a key."""
        self.live.frames.now(self)

    def paint(self) -> None:
        """Draw, and have the lines repainted that are not as before."""
        if not self.is_styled or not self.outer_size or not self.can_be_seen:
            return
        strips = self._draw_strips()
        before, self._strips = self._strips, strips
        width, height = self.outer_size
        if len(before) != len(strips):
            self._repaint([Region(0, 0, width, height)])
            return
        changed = [
            Region(0, y, width, 1)
            for y, (old, new) in enumerate(zip(before, strips, strict=True))
            if old is not new and old != new
        ]
        if changed:
            self._repaint(changed)

    def _repaint(self, regions: Sequence[Region]) -> None:
        """Have a part of this repainted, also in dialogs over it that are under another: they keep what they drew."""
        self.refresh(*regions)
        stack = self.app.screen_stack
        if self.screen in stack:
            for screen in stack[stack.index(self.screen) + 1 : -1]:
                screen.refresh(*(region.translate(self.region.offset) for region in regions))

    @property
    def is_styled(self) -> bool:
        """Whether it is part of the screen, so that it has colours to draw with."""
        return self.is_attached and not self._gone

    def on_unmount(self) -> None:
        """Draw no more."""
        self._gone = True

    @property
    def can_be_seen(self) -> bool:
        """Whether anybody can see this widget."""
        return self.display and all(node.display for node in self.ancestors if isinstance(node, Widget))

    def _draw_strips(self) -> list[Strip]:
        width, height = self.outer_size
        ground = self.ink("text")
        rows = self.draw(width, height)[:height]
        strips = [row.strip(width, ground) for row in rows]
        strips += [Strip.blank(width, ground)] * (height - len(strips))
        return strips

    def render_line(self, y: int) -> Strip:
        """Give one line as it was last drawn."""
        if len(self._strips) != self.outer_size.height or self._strips[0].cell_length != self.outer_size.width:
            self._strips = self._draw_strips()
        return self._strips[y]

    def notify_style_update(self) -> None:
        """Draw anew in other colours."""
        super().notify_style_update()
        self._inks.clear()
        self._strips = []

    def on_resize(self, event: events.Resize) -> None:
        """Draw anew at another size."""
        self.want_paint()
