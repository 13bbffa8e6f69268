"""The side of the main screen that asks for a line: the filter of a pane, or of every pane."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from .side import Side

if TYPE_CHECKING:
    from ..panes.base import Pane
    from ..widgets.asking import Question

EXAMPLE = 'filter, such as  mag >= 4.5 and place ~ "alaska"'


class Filtering(Side):
    """A screen with a line that asks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # These move the focus and go first: the key after them is for where it moved to.
        Binding("slash", "filter", "Filter", key_display="/", priority=True),
        Binding("f", "room_filter", "Room filter", show=False, priority=True),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer a filter for what has events, and one for every pane to whom may change it."""
        match action:
            case "filter":
                return self.stage.current is not None and bool(self.stage.current.spec.feeds)
            case "room_filter":
                return self.live.sharing.may_edit
        return super().check_action(action, parameters)

    async def ask(self, question: Question) -> None:
        """Ask something."""
        from ..widgets.asking import Asking

        line = await self.line(Asking, lambda: Asking(self.stage.focus_current))
        line.ask(question)

    async def action_filter(self) -> None:
        """Type a filter for the pane."""
        from ..widgets.asking import Question, judge_filter

        if (pane := self.stage.current) is not None:
            await self.ask(Question("/", EXAMPLE, pane.filter, judge_filter, partial(self._filter, pane)))

    def _filter(self, pane: Pane, text: str) -> None:
        """Filter a pane for all, or for ourselves alone where we may change nothing."""
        sharing, id_ = self.live.sharing, pane.spec.id
        if id_ and sharing.may_edit:
            from ...doc.edits import change

            if self.is_there("panes", id_):
                sharing.edit(lambda document: change(document, "panes", id_, filter=text.strip()))
        else:
            pane.set_filter(text)

    async def action_room_filter(self) -> None:
        """Type a filter for every pane."""
        from ..widgets.asking import Question, judge_filter

        room = self.live.state.room_filter
        await self.ask(Question("every pane /", EXAMPLE, room, judge_filter, self._filter_room))

    def _filter_room(self, text: str) -> None:
        from ...doc.edits import set_room_filter

        if text.strip() != self.live.state.room_filter:
            self.live.sharing.edit(lambda document: set_room_filter(document, text.strip()))
