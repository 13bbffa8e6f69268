"""The side of a pane that events come in by: its stream, standing still, and filtering."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ...board import Pane as Spec
from ...errors import CollabDashError
from ...event import Event
from ..live import Live
from ..streams import Selection
from ..widgets.drawn import Drawn

WAITING = 5000


class Tapped(Drawn):
    """
    Something drawn that taps a stream of events, and may stand still meanwhile.

    Args:
        live: The screen's hold on the session.
        spec: Which events it shows, as the board describes it.

    Attributes:
        of_session: Whether it shows the session itself, so that it is drawn anew when anything of that changes.
        depth: How many past events it wants at first.
        reach: How many seconds back it wants to see at first.
        filter: The expression that events must match, empty for all.
        fault: What is wrong with its description, for a person; empty for nothing.
        filter_fault: The same of its filter.
        frozen: ``PAUSED`` or ``PINNED`` while it stands still, otherwise empty.
        new: How many events came since it stands still.
        last: The latest event, which may have come while it stands still.
        selection: Which events it taps; None for none, as with a filter that cannot be understood.

    """

    depth = 500
    reach = 0
    usual_span = 900
    of_session = False

    def __init__(self, live: Live, spec: Spec) -> None:
        super().__init__(live)
        self.spec = spec
        self.filter = spec.filter
        self.fault = ""
        self.frozen = ""
        self.frozen_at = 0
        self.new = 0
        self.last: Event | None = None
        self._stood_at: Event | None = None
        self.since = live.state.clock()
        self.filter_fault = ""
        self.selection: Selection | None = None
        self._room_filter = ""
        self._waiting: deque[Event] = deque(maxlen=WAITING)

    @property
    def span(self) -> int:
        """How many seconds are shown or counted, where that is limited."""
        return self.spec.span or self.usual_span

    def on_mount(self) -> None:
        """Tap the stream."""
        if self.spec.feeds:
            self._tap()
        self.live.state.watch(self._on_state)

    def on_unmount(self) -> None:
        """Leave the stream."""
        self.live.state.unwatch(self._on_state)
        self.live.streams.leave(self)

    def _tap(self) -> None:
        self.live.streams.leave(self)
        self.clear()
        spec, self.selection, self.filter_fault = self.spec, None, ""
        try:
            selection = Selection(spec.feeds, spec.types, spec.key, self._filters())
            self.live.streams.tap(selection, self)
            self.selection = selection
        except CollabDashError as error:
            self.filter_fault = str(error)

    def _filters(self) -> str:
        """Give what events must match: this pane's filter and the room's."""
        self._room_filter = self.live.state.room_filter
        both = [text for text in (self.filter, self._room_filter) if text]
        return both[0] if len(both) == 1 else " and ".join(f"({text})" for text in both)

    def _on_state(self) -> None:
        """Follow the session, and the room's filter."""
        if self.of_session:
            self.want_paint()
        if self.live.state.room_filter != self._room_filter and self.spec.feeds:
            self.thaw()
            self._tap()

    def set_filter(self, text: str) -> None:
        """Show only what matches a filter expression that is known to be good."""
        self.filter = text.strip()
        self.thaw()
        self._tap()
        self.refresh_bindings()

    def take(self, events: Sequence[Event]) -> None:
        """Take events, oldest first; a frozen pane keeps them for later."""
        if self.frozen:
            self._waiting.extend(events)
            self.new += len(events)
        else:
            self.fold(events)
        self.last = events[-1]
        self.want_paint()

    def fold(self, events: Sequence[Event]) -> None:
        """Make events part of what is shown."""

    def gap(self, first: int, last: int) -> None:
        """Take note that events were not sent."""

    def clear(self) -> None:
        """Forget every event, and stand still no more: what it stood still on is gone."""
        self.frozen = ""
        self._waiting.clear()
        self.new = 0
        self.last = None
        self.forget()
        self.want_paint()

    def forget(self) -> None:
        """Forget what was folded."""

    @property
    def latest(self) -> Event | None:
        """The latest event that is shown."""
        return self._stood_at if self.frozen else self.last

    def freeze(self, why: str) -> None:
        """Stand still; `why` is ``PAUSED`` or ``PINNED``."""
        if not self.frozen:
            self._stood_at = self.last
            self.frozen_at = self.last.received if self.last else self.live.clock()
        self.frozen = why
        self.want_paint()
        self.refresh_bindings()

    def thaw(self) -> None:
        """Be live again, with everything that came meanwhile."""
        if not self.frozen:
            return
        self.frozen = ""
        waiting, self.new = list(self._waiting), 0
        self._waiting.clear()
        if len(waiting) == WAITING:
            self._tap()  # more came than was kept here; the log has it
        elif waiting:
            self.fold(waiting)
        self.want_paint()
        self.refresh_bindings()
