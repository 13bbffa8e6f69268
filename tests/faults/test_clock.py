"""The machine's clock jumps back an hour while feeds wait: nothing that is counted in seconds minds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from collab_dash.event import Event
from collab_dash.transports import polling
from collab_dash.wire import FeedStatus
from faults.authority import Authority
from faults.conftest import Once
from faults.counts import PAUSE, Counts
from faults.scene import Actor, Heard, Scene, scene_of, until, world_at
from faults.upstreams import LONG_POLLING, SILENCE, TRANSPORTS

HOUR = 3600
MS = 1000


class Clock:
    """The machine's clock, which can be set."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.behind = 0
        seconds, nanoseconds = time.time, time.time_ns
        patch.setattr(time, "time", lambda: seconds() - self.behind)
        patch.setattr(time, "time_ns", lambda: nanoseconds() - self.behind * 1_000_000_000)


@dataclass
class Outcome:
    """
    What came of it.

    Args:
        before: The status before the jump,
        after: and after it, both while the source refuses.
        silent: The status upon a dead line, where one is noticed.
        events: What came.

    """

    before: FeedStatus
    after: FeedStatus
    silent: FeedStatus | None
    events: list[Event]


async def is_refused(scene: Scene, actor: Actor) -> FeedStatus:
    """Come, and be refused from then on."""
    await scene.begin(actor, 1, 2)
    await actor.line.refuse()
    return await scene.peer.goes(actor.feed, "waiting", "refuses connections")


async def comes_back(scene: Scene, actor: Actor, before: FeedStatus | BaseException) -> Outcome:
    """Try on; come back; lose the line without a word; come back."""
    if isinstance(before, BaseException):
        raise before
    peer, feed, delays = scene.peer, actor.feed, scene.counts.delays
    drawn = delays[feed]
    await until(lambda: delays[feed] >= drawn + 3)
    after = await peer.goes(feed, "waiting", "refuses connections", after=len(peer.told(feed)))
    await actor.line.mend()
    await comes(scene, actor, 3)
    told = len(peer.told(feed))
    actor.line.go_half_open()
    silent = None if feed == LONG_POLLING else await peer.goes(feed, "waiting", f"{SILENCE:g} s", after=told)
    await actor.line.mend()
    await comes(scene, actor, 4)
    return Outcome(before, after, silent, [event for event in peer.events if event.feed == feed])


async def comes(scene: Scene, actor: Actor, number: int) -> None:
    if not actor.transport.resends:
        await scene.peer.goes(actor.feed, "live", after=len(scene.peer.told(actor.feed)))
    actor.upstream.tell(number)
    await scene.peer.has(actor.feed, number)


async def play(folder: Path, counts: Counts, authority: Authority, heard: Heard) -> dict[str, Outcome | BaseException]:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch)
        patch.setattr(polling, "connect", partial(polling.connect, timeout=SILENCE))
        async with world_at(folder, counts, authority, silent=True) as world, scene_of(world) as scene:
            before = await world.each(lambda actor: is_refused(scene, actor))
            clock.behind = HOUR
            await scene.calm_goes_on()
            outcomes = await world.each(lambda actor: comes_back(scene, actor, before[actor.feed]))
            scene.check_calm()
            return outcomes


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_feed_goes_on(once: Once, transport: str) -> None:
    outcome = once("the clock jumps back", play)[transport]
    if isinstance(outcome, BaseException):
        raise outcome
    assert outcome.after.since < outcome.before.since - 0.9 * HOUR * MS
    assert outcome.after.retry_at is not None
    assert outcome.after.retry_at - outcome.after.since == PAUSE * MS, "the next try is told by the new clock"
    assert outcome.after.attempt > outcome.before.attempt
    assert (outcome.silent is None) == (transport == LONG_POLLING)
    events = outcome.events
    assert [event.data["id"] for event in events] == [1, 2, 3, 4]
    offsets = [event.offset for event in events]
    assert offsets == sorted(offsets), "the order is that of offsets"
    assert events[2].received < events[1].received - 0.9 * HOUR * MS
