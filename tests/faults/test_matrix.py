"""Every transport survives every fault, through a real hub: one test for each cell of the table."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from collab_dash.transports import polling
from collab_dash.wire import FeedStatus
from faults.authority import Authority
from faults.conftest import Once, Play
from faults.counts import NAME, PAUSE, Counts
from faults.scene import Actor, Heard, Scene, scene_of, until, world_at
from faults.upstreams import (
    LONG_POLLING,
    POLLING,
    SECRET,
    SILENCE,
    SOCKETIO,
    TRANSPORTS,
    WEBSOCKET,
)

LOCAL = "127.0.0.1"
ASKED = 1.0  # seconds, in Retry-After
PAGE = ("<!doctype html><title>Sign in</title>", {"Content-Type": "text/html; charset=utf-8"})
UGLY = re.compile(r"Errno|Error\b|Exception|Traceback|_ssl\.c| at 0x|\(1, ")


@dataclass(frozen=True)
class Cell:
    """
    What is expected of a transport while something is wrong.

    Args:
        state: The feed's.
        words: Of the reason.

    """

    state: str
    words: str = ""


def waits(words: str) -> Cell:
    return Cell("waiting", words)


GOES_ON = Cell("live")


@dataclass(frozen=True)
class Fault:
    """
    What goes wrong.

    Args:
        strike: Has it go wrong.
        every: What is expected of every transport,
        but: and of those that differ.
        hint: Whether there is something that a person could do.
        pause: Seconds that the source asks for.
        host: What feeds take for the host.
        secured: Whether they speak TLS.
        silent: Whether they notice a dead line soon.

    """

    strike: Callable[[Scene, Actor], Any]
    every: Cell
    but: Mapping[str, Cell]
    hint: bool = False
    pause: float = 0.0
    host: str = LOCAL
    secured: bool = False
    silent: bool = False


def lose_name(scene: Scene, actor: Actor) -> None:
    scene.counts.lost.add(actor.line.port)
    actor.line.cut()


FAULTS = {
    "refused": Fault(
        lambda scene, actor: actor.line.refuse(),
        waits("refuses connections"), {},
        hint=True,
    ),
    "reset in mid-message": Fault(
        lambda scene, actor: actor.line.reset_in_mid_message(),
        waits("broke the connection off"), {
            WEBSOCKET: waits("broke off in the middle of the connection"),
            SOCKETIO: waits("broke off in the middle of"),
        },
    ),
    "half-open": Fault(
        lambda scene, actor: actor.line.go_half_open(),
        waits(f"no sign of life for {SILENCE:g} s"), {
            POLLING: waits(f"took over {SILENCE:g} s to answer"),
            LONG_POLLING: GOES_ON,  # to say nothing for a while is what it is about; it asks anew
        },
        silent=True,
    ),
    "no such host": Fault(
        lose_name,
        waits("cannot be found: no such host"), {},
        hint=True, host=NAME,
    ),
    "untrusted certificate": Fault(
        lambda scene, actor: actor.line.show(scene.world.authority.stranger),
        waits("has a certificate that is not trusted"), {},
        hint=True, secured=True,
    ),
    "no TLS on a TLS port": Fault(
        lambda scene, actor: actor.line.show(None),
        waits("cannot agree on TLS"), {},
        hint=True, secured=True,
    ),
    "web page": Fault(
        lambda scene, actor: actor.line.answer(200, *PAGE),
        waits("answers with a web page"), {},
        hint=True,
    ),
    "429 with Retry-After": Fault(
        lambda scene, actor: actor.line.answer(429, "", {"Retry-After": f"{ASKED:g}"}),
        waits("answers 429: too many requests"), {},
        pause=ASKED,
    ),
    "429 without": Fault(
        lambda scene, actor: actor.line.answer(429),
        waits("answers 429: too many requests"), {},
    ),
    "503 storm": Fault(
        lambda scene, actor: actor.line.answer(503),
        waits("answers 503: it has trouble of its own"), {},
    ),
}  # fmt: skip
CELLS = [(transport, name) for name in FAULTS for transport in TRANSPORTS]


@dataclass
class Outcome:
    """
    What came of it.

    Args:
        where: The address of the source.
        during: The status while it was wrong.
        knocks: When it tried to connect, in seconds, from the strike on.
        answered: When it was first answered in the source's place.
        tries: How often it had tried when it was mended.
        delays: How many delays it had drawn by then.
        elapsed: Seconds from the strike until it was mended.
        after: The latest status.
        statuses: All of them.
        numbers: What came to the peer.
        spoken: At which levels the hub's log spoke of it.

    """

    where: str
    during: FeedStatus
    knocks: list[float]
    answered: float | None
    tries: int
    delays: int
    elapsed: float
    after: FeedStatus
    statuses: list[FeedStatus]
    numbers: list[int]
    spoken: list[int]


async def mend(scene: Scene, actor: Actor, fault: Fault) -> None:
    scene.counts.lost.discard(actor.line.port)
    await actor.line.mend(scene.world.authority.trusted if fault.secured else None)


async def story(scene: Scene, actor: Actor, fault: Fault, heard: Heard) -> Outcome:
    """Two items come, something goes wrong, one is said meanwhile; it is mended, and another one is said."""
    peer, feed, counts = scene.peer, actor.feed, scene.counts
    expected = fault.but.get(feed, fault.every)
    await scene.begin(actor, 1, 2)
    told, tries, delays = len(peer.told(feed)), len(scene.knocks(actor)), counts.delays[feed]
    clock = asyncio.get_running_loop().time
    began = clock()
    if (striking := fault.strike(scene, actor)) is not None:
        await striking
    actor.upstream.tell(3)
    during = await peer.goes(feed, expected.state, expected.words, after=told)
    if expected.state == "waiting" and not fault.pause:
        await until(lambda: counts.delays[feed] >= delays + 3)
    elif expected is GOES_ON:
        await until(lambda: len(scene.knocks(actor)) >= tries + 2)
    await scene.calm_goes_on()
    tried, drawn, elapsed = len(scene.knocks(actor)) - tries, counts.delays[feed] - delays, clock() - began
    told = len(peer.told(feed))
    await mend(scene, actor, fault)
    if expected.state == "failed":
        await scene.reconnect(actor)
    if not actor.transport.resends:
        await peer.goes(feed, "live", after=told)
    actor.upstream.tell(4)
    await peer.has(feed, 4)
    await until(lambda: peer.told(feed)[-1].state == "live")
    return Outcome(
        where=f"{fault.host}:{actor.line.port}",
        during=during,
        knocks=scene.knocks(actor)[tries:],
        answered=next(iter(actor.line.answered), None),
        tries=tried,
        delays=drawn,
        elapsed=elapsed,
        after=peer.told(feed)[-1],
        statuses=peer.told(feed),
        numbers=peer.numbers(feed),
        spoken=heard.of(feed),
    )


def play(fault: Fault) -> Play:
    async def whole(
        folder: Path, counts: Counts, authority: Authority, heard: Heard
    ) -> dict[str, Outcome | BaseException]:
        needs = {"secured": fault.secured, "silent": fault.silent}
        async with world_at(folder, counts, authority, host=fault.host, **needs) as world:
            async with scene_of(world) as scene:
                outcomes = await world.each(lambda actor: story(scene, actor, fault, heard))
                scene.check_calm()
            recorded = await world.recorded()
        assert SECRET not in "\n".join(record.getMessage() for record in heard.records)
        for feed, outcome in outcomes.items():
            assert isinstance(outcome, BaseException) or outcome.numbers == recorded[feed], (
                f"{feed}: not what is logged"
            )
        return outcomes

    return whole


@pytest.mark.parametrize(("transport", "name"), CELLS)
def test_it_survives(once: Once, transport: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FAULTS[name]
    if fault.silent:  # polling has no option for it
        monkeypatch.setattr(polling, "connect", partial(polling.connect, timeout=SILENCE))
    outcome = once(name, play(fault))[transport]
    if isinstance(outcome, BaseException):
        raise outcome
    expected = fault.but.get(transport, fault.every)
    check_words(outcome, fault, expected)
    check_tries(outcome, fault, expected)
    check_events(outcome, TRANSPORTS[transport].resends)
    check_recovery(outcome, expected)


def check_words(outcome: Outcome, fault: Fault, expected: Cell) -> None:
    """The reason is calm, names the place and no secret, and there is a hint where somebody can do something."""
    for status in outcome.statuses:
        text = f"{status.reason} {status.hint} {status.note}"
        assert SECRET not in text
        assert not UGLY.search(text), text
    if expected is not GOES_ON:
        assert outcome.where in outcome.during.reason or "no sign of life" in outcome.during.reason
        assert outcome.during.hint or not fault.hint


def check_tries(outcome: Outcome, fault: Fault, expected: Cell) -> None:
    """It tries as often as the backoff lets it, says when it will, and stays away for as long as it is asked to."""
    if expected is GOES_ON:
        assert outcome.tries <= outcome.elapsed + 1, "it asks anew once a second"
        return
    assert outcome.tries <= outcome.delays + 1
    gaps = [later - sooner for sooner, later in pairwise(outcome.knocks[: outcome.tries])]
    assert min(gaps, default=PAUSE) >= PAUSE
    if expected.state == "failed":
        assert outcome.during.retry_at is None
        return
    assert outcome.during.retry_at is not None
    assert outcome.during.retry_at - outcome.during.since >= 1000 * max(PAUSE, fault.pause)
    if fault.pause:
        assert outcome.answered is not None
        assert outcome.tries <= 1
        assert next(at for at in outcome.knocks if at > outcome.answered) - outcome.answered >= fault.pause


def check_events(outcome: Outcome, resends: bool) -> None:
    """Nothing comes twice, and nothing is lost that the source can say again."""
    if resends:
        assert outcome.numbers == [1, 2, 3, 4]
    else:
        assert outcome.numbers in ([1, 2, 3, 4], [1, 2, 4])


def check_recovery(outcome: Outcome, expected: Cell) -> None:
    """It is well again, nothing of the trouble is left, and the log told of each turn once."""
    after = outcome.after
    assert (after.state, after.reason, after.hint, after.retry_at, after.attempt) == ("live", "", "", None, 0)
    turns = [logging.WARNING, logging.INFO]
    assert outcome.spoken == ([] if expected is GOES_ON else turns * (len(outcome.spoken) // 2))
    assert expected is GOES_ON or outcome.spoken
