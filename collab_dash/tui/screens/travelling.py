"""The side of the main screen that travels in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType

from ..live import Live
from ..streams import Selection
from ..widgets.keys import Keys
from ..widgets.stage import Stage
from .side import Side

if TYPE_CHECKING:
    from ..widgets.time_prompt import TimePrompt
    from ..widgets.timeline import Timeline

MINUTE = 60_000


class Travelling(Side):
    """A screen with a timeline, and the keys of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "travel", "Time"),
        # Before those of the pane that has the focus.
        Binding("space", "play", "Play", key_display="space", priority=True, id="travel.play"),
        Binding("space", "halt", "Stop", key_display="space", priority=True, id="travel.stop"),
        Binding("L,shift+l", "present", "Live", key_display="L", priority=True, id="travel.live"),
        Binding("comma", "step_time(-1)", "Step", key_display=",/.", id="travel.step"),
        Binding("full_stop", "step_time(1)", "Step on", show=False, id="travel.on"),
        Binding("less_than_sign", "minute(-1)", "Minute", key_display="</>", id="travel.minute"),
        Binding("greater_than_sign", "minute(1)", "Minute on", show=False, id="travel.minute-on"),
        Binding("left_curly_bracket", "speed(-1)", "Speed", key_display="{/}", id="travel.speed"),
        Binding("right_curly_bracket", "speed(1)", "Faster", show=False, id="travel.faster"),
        Binding("left_parenthesis", "zoom_time(-1)", "Zoom time", key_display="(/)", id="travel.zoom"),
        Binding("right_parenthesis", "zoom_time(1)", "More time", show=False, id="travel.more"),
        Binding("right", "sideways(1)", "Next", show=False, priority=True),
        Binding("left", "sideways(-1)", "Previous", show=False, priority=True),
        Binding("T,shift+t", "go_to_time", "Go to time", key_display="T", show=False),
    ]

    def __init__(self, live: Live, stage: Stage) -> None:
        super().__init__(live, stage)
        self.timeline: Timeline | None = None
        self._away = (False, False)

    def on_mount(self) -> None:
        """Follow the traveller."""
        self.live.travel.on_moved.append(self._travelled)

    def _travelled(self) -> None:
        if not self.is_attached:
            return
        away = (self.live.travel.position is not None, self.live.travel.playing)
        if away != self._away:
            self._away = away
            self.refresh_bindings()
        self.stage.paint()

    @property
    def timeline_open(self) -> bool:
        """Whether the timeline is on screen."""
        return self.timeline is not None and self.timeline.display

    def close_timeline(self) -> bool:
        """Take the timeline off the screen; tell whether it was there."""
        if self.timeline is None or not self.timeline.display:
            return False
        self.timeline.display = False
        self.refresh_bindings()
        return True

    async def open_timeline(self) -> None:
        """Put the timeline on the screen."""
        from ..widgets.timeline import Timeline

        if self.timeline is None:
            self.timeline = Timeline(self.live)
            self._fit()
            await self.mount(self.timeline, before=self.query_one(Keys))
        self.timeline.display = True
        self._fit()
        self.timeline.look()
        self.refresh_bindings()

    def on_resize(self, event: events.Resize) -> None:
        """Give the timeline the room there is."""
        self._fit()

    def _fit(self) -> None:
        from ..widgets.timeline import FULL, LOW

        if self.timeline is not None:
            self.timeline.styles.height = LOW if self.stage.cramped else FULL

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something here and now."""
        away, playing = self.live.travel.position is not None, self.live.travel.playing
        match action:
            case "travel" | "go_to_time":
                return self.stage.current is not None
            case "sideways":
                return self.timeline_open or len(self.stage.panes) > 1
            case "step_time" | "minute":
                return away or (self.timeline_open and parameters == (-1,))
            case "zoom_time":
                return self.timeline_open
            case "play":
                return away and not playing
            case "halt":
                return playing
            case "speed" | "present":
                return away
        return True

    async def action_travel(self) -> None:
        """Open the timeline, or close it."""
        if not self.close_timeline():
            await self.open_timeline()

    def action_step_time(self, by: int) -> None:
        """Go to the next event of the pane, or to the one before."""
        pane = self.stage.current
        wanted = pane.selection if pane is not None else None
        self.live.travel.step(by, wanted or Selection(("*",)))

    def action_minute(self, by: int) -> None:
        """Go a minute on, or back."""
        travel = self.live.travel
        travel.seek((travel.position or self.live.state.clock()) + by * MINUTE)

    def action_play(self) -> None:
        """Let time go on from here."""
        self.live.travel.play()

    def action_halt(self) -> None:
        """Let time stand still."""
        self.live.travel.play()

    def action_speed(self, by: int) -> None:
        """Play faster, or slower."""
        self.live.travel.hasten(by)

    def action_zoom_time(self, by: int) -> None:
        """Show more of time on the timeline, or less."""
        if self.timeline is not None:
            self.timeline.zoom(by)

    def action_sideways(self, by: int) -> None:
        """Go along the timeline; without one, to the next or the previous pane."""
        if self.timeline is not None and self.timeline.display:
            self.timeline.seek(by)
        else:
            self.stage.step(by)

    def action_present(self) -> None:
        """Go back to the present."""
        self.live.travel.go_live()

    async def action_go_to_time(self) -> None:
        """Type a time to go to."""
        from ..widgets.time_prompt import TimePrompt

        await self.open_timeline()
        line = await self.line(TimePrompt, lambda: TimePrompt(self.live))
        line.begin()
        self.refresh_bindings()

    def on_time_prompt_chosen(self, message: TimePrompt.Chosen) -> None:
        """Go to the time that was typed."""
        if message.ms is not None:
            self.live.travel.seek(message.ms)
        self.stage.focus_current()
