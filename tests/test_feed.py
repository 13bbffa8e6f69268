"""The plugin API: what a plugin inherits, and what it is given."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Generic, TypeVar

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

import collab_dash_feeds
from collab_dash.board import VIEWS, Pane
from collab_dash.event import Event, unix_ms
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.plugins import available, load
from collab_dash.type_globs import check_type_glob

MODULES = sorted(Path(collab_dash_feeds.__file__).parent.glob("[a-z]*.py"))
BUILT_IN = [path.stem.replace("_", "-") for path in MODULES]


class TickOptions(FeedOptions):
    url: str
    every: float = 1.0


OptionsT = TypeVar("OptionsT", bound=TickOptions)


class TickFeed(Feed[TickOptions]):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        yield Event(type="tick:update", data={"url": self.options.url})


class LoudTickFeed(TickFeed):
    silence = 5.0


class GenericFeed(Feed[OptionsT], Generic[OptionsT]):
    """Leaves the options to those who inherit from it."""


class BareFeed(Feed[FeedOptions]):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        nothing: list[Event] = []
        for event in nothing:
            yield event


def test_a_feed_knows_its_options() -> None:
    assert TickFeed.options_model() is TickOptions
    assert LoudTickFeed.options_model() is TickOptions
    assert BareFeed.options_model() is FeedOptions
    assert GenericFeed.options_model() is FeedOptions


def test_configuring_checks_the_options() -> None:
    assert TickFeed.configure({"url": "u", "every": 2}).options == TickOptions(url="u", every=2.0)
    with pytest.raises(pydantic.ValidationError, match="url"):
        TickFeed.configure({})
    with pytest.raises(pydantic.ValidationError, match="evry"):
        TickFeed.configure({"url": "u", "evry": 2})


def test_options_do_not_change() -> None:
    options = TickFeed.configure({"url": "u"}).options
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        options.url = "other"


def test_a_feed_may_set_its_own_silence() -> None:
    feed = LoudTickFeed(TickOptions(url="u"))
    feed.silence = 9.0
    assert (feed.silence, LoudTickFeed.silence, TickFeed.silence) == (9.0, 5.0, None)


def test_what_is_missing_is_told_once_however_many_libraries_it_brings(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = {"json": "here", "no_such_a": "far[away]", "no_such_b": "far[away]", "no_such_c": "other"}
    monkeypatch.setattr(TickFeed, "needs", needs)
    assert TickFeed.missing() == ["far[away]", "other"]


def test_a_context_needs_nothing_but_a_name() -> None:
    context = FeedContext(name="ticks")
    context.note("nobody listens")
    assert context.cursor is None
    assert abs(context.clock() - unix_ms()) < 1000


@given(st.integers(0, 5), st.none() | st.just("next"))
def test_the_cursor_moves_with_the_last_event_of_a_message(count: int, cursor: str | None) -> None:
    context = FeedContext(name="ticks", cursor="before")
    events = [Event(type="tick:update", data={"n": number}) for number in range(count)]
    seen = [(event.data["n"], context.cursor) for event in context.carry(events, cursor)]
    assert seen == [(number, cursor if number == count - 1 else "before") for number in range(count)]
    assert context.cursor == cursor


def test_every_built_in_is_found_and_nothing_else_is_packaged() -> None:
    assert len(BUILT_IN) > 35
    assert [source.name for source in available().values() if source.where.startswith("collab-dash ")] == BUILT_IN


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_says_what_it_is_and_how_it_looks_best(name: str) -> None:
    plugin: type[Feed[Any]] = load(name)
    assert plugin.summary
    assert plugin.__doc__
    assert re.fullmatch("[a-z][a-z-]*", plugin.transport)
    assert isinstance(plugin.pane, Pane)
    assert plugin.pane.view in VIEWS
    assert [check_type_glob(kind) for kind in plugin.pane.types] == list(plugin.pane.types)
    undescribed = [key for key, field in plugin.options_model().model_fields.items() if not field.description]
    assert undescribed == []
