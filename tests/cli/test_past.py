from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from collab_dash.announcement import Announcement
from collab_dash.cli import past as pages
from collab_dash.cli.asking import Asking, asking
from collab_dash.cli.past import AskedPast, Page, Past, RecordedPast
from collab_dash.cli.wanted import Wanted
from collab_dash.event import Event
from collab_dash.store.log import Log, read_log
from collab_dash.wire import PUBLISH
from hubs import hub_of, link, workspace_at

COUNT = 10


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Announcement]:
    async with hub_of(workspace_at(tmp_path)) as announcement:
        yield announcement


@pytest.fixture
async def asked(hub: Announcement) -> AsyncIterator[Asking]:
    async with asking(link(hub)) as found:
        for number in range(1, COUNT + 1):
            await publish(found, number)
    async with asking(link(hub, "viewer")) as found:
        yield found


@pytest.fixture
async def log(hub: Announcement, asked: Asking) -> AsyncIterator[Log]:
    found = await read_log(Path(hub.db))
    yield found
    await found.close()


async def publish(asked: Asking, number: int) -> None:
    event = {"feed": "even" if number % 2 == 0 else "odd", "type": "count:update", "data": {"n": number}}
    await asked.ask(PUBLISH, event)


def offsets(page: Page) -> list[int | None]:
    return [msgspec.json.decode(line, type=Event).offset for line in page.lines]


def both(asked: Asking, log: Log, wanted: Wanted) -> list[Past]:
    return [AskedPast(asked, wanted), RecordedPast(log, wanted)]


async def test_both_ways_give_the_same_pages(asked: Asking, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE", 3)
    for past in both(asked, log, Wanted(feeds=("even",))):
        assert past.last == COUNT
        first = await past.forward(0)
        assert (offsets(first), first.more) == ([2, 4, 6], True)
        second = await past.forward(first.last)
        assert (offsets(second), second.last, second.more) == ([8, 10], COUNT, False)
        latest = await past.backward(COUNT + 1)
        assert (offsets(latest), latest.more) == ([6, 8, 10], True)
        earliest = await past.backward(latest.last)
        assert (offsets(earliest), earliest.more) == ([2, 4], False)


async def test_the_past_ends_where_it_did_when_somebody_began_to_look(
    hub: Announcement, asked: Asking, log: Log
) -> None:
    past = both(asked, log, Wanted())
    async with asking(link(hub)) as host:
        await publish(host, COUNT + 1)
    for each in past:
        page = await each.forward(COUNT - 1)
        assert (offsets(page), page.last, page.more) == ([COUNT], COUNT, False)
    some = await AskedPast(asked, Wanted(), last=4).forward(2)
    assert (offsets(some), some.last, some.more) == ([3, 4], 4, False)


async def test_a_moment_is_found_in_both_ways(asked: Asking, log: Log) -> None:
    page = await log.read(after=0, upto=COUNT, limit=COUNT)
    received = [msgspec.json.decode(line, type=Event).received for line in page.events]
    for past in both(asked, log, Wanted(types=("nothing:here",))):
        for moment in {0, *received, received[-1] + 1}:
            assert await past.offset_at(moment) == sum(each < moment for each in received)
