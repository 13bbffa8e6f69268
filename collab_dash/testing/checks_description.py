"""Checks of what a feed says about itself, and of its options."""

from __future__ import annotations

import re
from typing import Any, get_args

import msgspec
import pydantic
import pytest

from ..feed import Overflow
from ..workspace_models import PaneTable
from .connection import complain
from .subject import Subject


class DescriptionChecks(Subject):
    """A plugin can be listed, configured and shown."""

    def test_it_has_a_summary_and_a_transport(self) -> None:
        """``feeds list`` has something to show."""
        summary, transport = self.plugin.summary, self.plugin.transport
        if not summary.strip() or "\n" in summary:
            complain(f"summary is {summary!r}", 'say in one line what the feed brings: summary = "Ticks of …"')
        if re.fullmatch(r"[a-z][a-z0-9.-]*", transport) is None:
            complain(f"transport is {transport!r}", 'one word: transport = "websocket", "sse", "polling", "local", …')

    def test_its_pane_can_be_shown(self) -> None:
        """Its pane's view, types, filter and size are what a workspace may say, too."""
        values = {name: value for name, value in msgspec.structs.asdict(self.plugin.pane).items() if value}
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        try:
            PaneTable.model_validate(values)
        except pydantic.ValidationError as error:
            [first, *_] = error.errors()
            complain(f"pane = Pane({'.'.join(map(str, first['loc']))}=…): {first['msg']}", "see collab_dash.board.Pane")

    @pytest.mark.asyncio
    async def test_its_silence_and_overflow_are_what_the_hub_knows(self) -> None:
        """The hub's watchdog and its rate limit can go by them."""
        async with self.upstream() as upstream:
            silence: Any = self.feed(upstream).silence  # as authors without a type checker may have it
        if silence is not None and not (isinstance(silence, int | float) and silence > 0):
            complain(f"silence is {silence!r}", "seconds without any sign of life, or None")
        if self.plugin.overflow not in get_args(Overflow):
            complain(f"overflow is {self.plugin.overflow!r}", f"one of {', '.join(get_args(Overflow))}")

    def test_every_option_is_described(self) -> None:
        """``feeds info`` has something to say of each option."""
        for name, option in self.plugin.options_model().model_fields.items():
            if not (option.description or "").strip():
                complain(f"option {name!r} has no description", f'{name}: … = Field(…, description="What it is for.")')

    @pytest.mark.asyncio
    async def test_an_unknown_option_is_refused(self) -> None:
        """A misspelt key of a workspace is an error that names it."""
        async with self.upstream() as upstream:
            self.feed(upstream)
            self._refused({**self.options(upstream), "no_such_option": 1}, "no_such_option")

    @pytest.mark.asyncio
    async def test_a_required_option_that_is_left_out_is_named(self) -> None:
        """A workspace that lacks a key is an error that names it."""
        fields = self.plugin.options_model().model_fields
        async with self.upstream() as upstream:
            given = self.options(upstream)
            for name, option in fields.items():
                if option.is_required():
                    names = [option.alias or name, name]
                    self._refused({key: value for key, value in given.items() if key not in names}, *names)

    def _refused(self, options: dict[str, Any], *names: str) -> None:
        try:
            self.plugin.configure(options)
        except pydantic.ValidationError as error:
            if any(part in names for fault in error.errors() for part in fault["loc"]):
                return
            complain(f"the refusal does not name {names[0]!r}: {error}", "let pydantic check the options", error)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            complain(f"options raised {type(error).__name__}: {error}", "let pydantic check the options", error)
        complain(
            f"the options {sorted(options)} were taken, and {names[0]!r} was not missed or refused",
            "derive the options from collab_dash.FeedOptions and name them in Feed[…]",
        )
