"""The kit catches feeds that do what no feed may, and tells their authors what is wrong."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, ClassVar

import pytest

from collab_dash import Feed
from collab_dash.testing import NO_FAULTS, FeedConformance
from collab_dash.testing.connection import Nonconforming
from testing.bad_feeds import (
    BelievesTheClock,
    Blames,
    BreaksOnMalformed,
    ConnectsAgain,
    CrashesOnMalformed,
    CursorTooEarly,
    CursorTooLate,
    Deaf,
    DifferentEachTime,
    DropsMalformed,
    EndsQuietly,
    Forgetful,
    ForgetsThePause,
    FractionalTime,
    GivesUp,
    IgnoresTheCursor,
    IllegalType,
    InsistsOnOrder,
    LeavesAConnection,
    LeavesATask,
    LenientFeed,
    NeverSilent,
    NoCursor,
    NoGenerator,
    NoSummary,
    NotAnEvent,
    NotAnObject,
    NotJson,
    NumberAsKey,
    OddOverflow,
    OddTransport,
    OddTypes,
    OneBehind,
    OwnClient,
    Poisoned,
    Presumptuous,
    RejectsAll,
    Replays,
    ShowsItsAddress,
    Stubborn,
    SwallowsCancellation,
    TakesItsTime,
    TakesMalformed,
    TellsTheLastAgain,
    TimeInSeconds,
    UndescribedOption,
    UnknownView,
    YieldsAtTheEnd,
)
from testing.ticks_feed import TicksConformance, TicksFeed, ticks


class TestTicks(TicksConformance):
    """A good feed passes."""


def conformance(plugin: type[Feed[Any]], **declared: Any) -> FeedConformance:
    made: Callable[[], FeedConformance] = type(
        "Tried", (TicksConformance,), {"plugin": plugin, "patience": 0.3, "prompt": 0.3, **declared}
    )
    return made()


async def complaint(subject: FeedConformance, check: str) -> str:
    """Give what a check has to say about a bad feed."""
    try:
        done = getattr(subject, f"test_{check}")()
        if inspect.isawaitable(done):
            await done
    except Nonconforming as complaint:
        return str(complaint)
    pytest.fail("the check passed")


KNOWN = "its_silence_and_overflow_are_what_the_hub_knows"
REQUIRED = "a_required_option_that_is_left_out_is_named"
EVERY = "every_message_becomes_events_that_can_be_recorded"
ON = "it_goes_on_after_its_cursor_without_gap_or_duplicate"
CUT = "a_lost_connection_is_broken_and_the_next_goes_on"
HALF = "half_a_message_is_never_told_and_is_asked_for_again"
WAITS = "it_can_be_cancelled_while_it_waits_for_messages"
MIDST = "it_can_be_closed_in_the_midst_of_events"
SECRETS = "its_errors_hold_no_secrets"
REFUSED = "a_refused_connection_is_broken"
BUSY = "too_many_requests_are_broken_for_as_long_as_upstream_asks"
TROUBLE = "a_source_with_trouble_of_its_own_is_broken"
PAGE = "a_web_page_in_the_place_of_data_is_an_error"
GARBAGE = "garbage_in_the_place_of_an_answer_is_an_error"
SILENT = "a_source_that_falls_silent_is_noticed"
MUTE = "a_source_that_never_answers_is_noticed"


BAD: list[tuple[type[Feed[Any]], str, str]] = [
        (NoSummary, "it_has_a_summary_and_a_transport", "say in one line what the feed brings"),
        (OddTransport, "it_has_a_summary_and_a_transport", "transport is 'Carrier pigeon'"),
        (UnknownView, "its_pane_can_be_shown", "there is no view 'hologram'"),
        (OddTypes, "its_pane_can_be_shown", "'Ticks' is not an event type"),
        (UndescribedOption, "every_option_is_described", "option 'speed' has no description"),
        (LenientFeed, "an_unknown_option_is_refused", "derive the options from collab_dash.FeedOptions"),
        (NeverSilent, KNOWN, "silence is -1.0"),
        (OddOverflow, KNOWN, "overflow is 'spill'"),
        (Presumptuous, REQUIRED, "'url' was not missed or refused"),
        (Blames, REQUIRED, "options raised KeyError: 'url'"),
        (IllegalType, EVERY, "message 1: the event type 'Tick' is not domain:action"),
        (NumberAsKey, EVERY, "the key 1 is no text"),
        (TimeInSeconds, EVERY, "the time 1791061111 is not in Unix milliseconds"),
        (FractionalTime, EVERY, "is not in Unix milliseconds"),
        (NotJson, EVERY, "message 1 cannot be recorded: payload is not JSON"),
        (NotAnObject, EVERY, "data is a list"),
        (NotAnEvent, EVERY, "message 1 became a dict"),
        (RejectsAll, EVERY, "message 1 was rejected"),
        (Deaf, EVERY, "there was no event after message 1 within 0.3 s"),
        (OneBehind, EVERY, "there was no event after message 1 within 0.3 s"),
        (NoGenerator, EVERY, "gives a Events, which the hub cannot close"),
        (CrashesOnMalformed, "malformed_messages_end_nothing", "the feed raised JSONDecodeError"),
        (BreaksOnMalformed, "malformed_messages_end_nothing", "the feed raised FeedBroken: not JSON"),
        (DropsMalformed, "malformed_messages_end_nothing", "there was no event after malformed message 1"),
        (TakesMalformed, "malformed_messages_end_nothing", "malformed message 1 became tick:create"),
        (Poisoned, "malformed_messages_end_nothing", "after malformed message 1: event 1 is"),
    (InsistsOnOrder, "messages_twice_and_out_of_order_end_nothing", "the feed raised ValueError: out of order"),
        (BelievesTheClock, "a_clock_that_is_set_back_harms_nothing", "there was no event"),
        (IgnoresTheCursor, ON, "it was told before: go on after context.cursor"),
        (Forgetful, ON, "it was told before: go on after context.cursor"),
        (CursorTooEarly, ON, "it is lost: set context.cursor no earlier than"),
        (CursorTooLate, ON, "there is no cursor after message 1"),
        (NoCursor, ON, "there is no cursor after message 1"),
        (TellsTheLastAgain, ON, "after a break, with nothing new upstream, the feed told tick:create '5'"),
    (DifferentEachTime, ON, "the same message must become the same event each time"),
        (Replays, "nothing_is_told_twice_after_a_break", "it was told before"),
        (Stubborn, "it_can_be_cancelled_while_it_connects", "had not ended after 0.3 s"),
        (SwallowsCancellation, WAITS, "the feed was cancelled, as a hub does that ends, and returned instead"),
        (TakesItsTime, WAITS, "had not ended after 0.3 s"),
        (TakesItsTime, MIDST, "had not ended after 0.3 s"),
        (YieldsAtTheEnd, MIDST, "the feed was closed and raised RuntimeError"),
        (LeavesATask, MIDST, "has left tasks running: <coroutine object sleep"),
        (LeavesAConnection, MIDST, "its connection to upstream is still open"),
        (ConnectsAgain, CUT, "never connect again inside events()"),
        (ConnectsAgain, REFUSED, "never connect again inside events()"),
        (ConnectsAgain, TROUBLE, "the feed raised nothing within 0.3 s"),
        (EndsQuietly, CUT, "the feed ended quietly"),
        (GivesUp, CUT, "after FeedFailed the hub does not come back"),
        (GivesUp, REFUSED, "raised FeedFailed"),
        (ForgetsThePause, BUSY, "retry_after is None"),
        (ShowsItsAddress, SECRETS, "an error shows the query of an address"),
    (OwnClient, HALF, "half a message became feed:rejected"),
        (OwnClient, REFUSED, "the feed raised ConnectError"),
        (OwnClient, PAGE, "and the feed told tick:page"),
        (OwnClient, GARBAGE, "the feed raised RemoteProtocolError"),
        (OwnClient, MUTE, "nobody will ever notice: silence is None"),
        (OwnClient, SILENT, "nobody will ever notice: silence is None"),
]  # fmt: skip


@pytest.mark.parametrize(("plugin", "check", "words"), BAD)
async def test_what_no_feed_may_do_is_caught(plugin: type[Feed[Any]], check: str, words: str) -> None:
    subject = conformance(plugin, resumes=check != "nothing_is_told_twice_after_a_break")
    said = await complaint(subject, check)
    assert words in said
    assert "\n  " in said, "it says what to do"
    for task in LeavesATask.tasks:
        task.cancel()
    LeavesATask.tasks.clear()
    for writer in LeavesAConnection.writers:
        writer.close()
    LeavesAConnection.writers.clear()


def absent(subject: FeedConformance) -> set[str]:
    return {name for name in dir(subject) if name.startswith("test_") and getattr(subject, name) is None}


def test_checks_that_do_not_apply_are_not_there() -> None:
    resuming, plain = conformance(TicksFeed), conformance(TicksFeed, resumes=False, malformed=(), faults=NO_FAULTS)
    assert absent(resuming) == {"test_nothing_is_told_twice_after_a_break"}
    faults = {CUT, HALF, REFUSED, BUSY, TROUBLE, PAGE, GARBAGE, SILENT, MUTE, SECRETS}
    assert absent(plain) == {f"test_{name}" for name in {*faults, ON, "malformed_messages_end_nothing"}}


def test_every_check_catches_something() -> None:
    checks = {name.removeprefix("test_") for name in dir(FeedConformance) if name.startswith("test_")}
    assert checks == {check for _, check, _ in BAD}


async def test_a_feed_that_cannot_read_its_samples_is_told_so_at_once_by_every_check() -> None:
    subject = conformance(Deaf)
    first = await complaint(subject, EVERY)
    async with asyncio.timeout(0.2):
        assert await complaint(subject, ON) == first


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"messages": [ticks(1)]}, "messages holds less than two samples"),
        ({"options": lambda self, upstream: {}}, "options(upstream) gives options that the feed refuses"),
        ({"options": FeedConformance.options}, "say how the feed finds it"),
        ({"upstream": lambda self: nullcontext(object())}, "object does not tell its open connections"),
    ],
)
async def test_a_class_that_declares_too_little_is_told_so(declared: dict[str, Any], words: str) -> None:
    if "upstream" in declared:
        declared = {**declared, "options": lambda self, upstream: {"url": "http://127.0.0.1:1"}}
    assert words in await complaint(conformance(TicksFeed, **declared), EVERY)


async def test_a_library_that_is_missing_is_told() -> None:
    class Needy(TicksFeed):
        needs: ClassVar[Mapping[str, str]] = {"no_such_library": "collab-dash[ticks]"}

    assert "pip install collab-dash[ticks]" in await complaint(conformance(Needy), EVERY)
