"""The one writer: disk first, in order; and what happens when the disk says no."""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from collab_dash.errors import LogUnavailable
from collab_dash.event import Event, Record, record
from collab_dash.hub import recorder as recorder_module
from collab_dash.hub.recorder import GAP, MAX_QUEUED, Arrival, Recorder
from collab_dash.store.log import open_log


def entry(number: int, feed: str = "f") -> Record:
    return record(Event(type="t:tick", data={"n": number, "pad": "x" * 2000}), feed=feed, received=1)


class Delivered:
    """Everything that was delivered."""

    def __init__(self) -> None:
        self.batches: list[tuple[int | None, list[Record]]] = []

    def __call__(self, first: int | None, records: Sequence[Record]) -> None:
        self.batches.append((first, list(records)))

    def types(self) -> list[tuple[bool, str]]:
        """Tell of each event whether it was recorded, and its type."""
        return [(first is not None, item.type) for first, records in self.batches for item in records]


@asynccontextmanager
async def recorder_at(path: Path, delivered: Delivered) -> AsyncIterator[Recorder]:
    log = await open_log(path)
    recorder = Recorder(log, delivered)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(recorder.run())
        yield recorder
        await recorder.drained()
        running.cancel()
    await recorder.log.close()


@contextmanager
def full_disk(free: int, path: Path) -> Iterator[None]:
    """Let no file of this process grow past what the write-ahead log has plus `free` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = path.with_name(path.name + "-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_what_is_delivered_is_on_disk_with_its_cursor(tmp_path: Path) -> None:
    delivered = Delivered()
    async with recorder_at(tmp_path / "x.db", delivered) as recorder:
        for number in range(10):
            await recorder.put(Arrival("f", entry(number), f"c{number}"))
        await recorder.drained()
        page = await recorder.log.read(after=0, upto=10, limit=100)
        assert [json.loads(event)["data"]["n"] for event in page.events] == list(range(10))
        assert await recorder.log.cursors() == {"f": "c9"}
        assert delivered.batches[0][0] == 1
        assert recorder.written == 10


async def test_publishing_gives_the_offset_once_it_is_on_disk(tmp_path: Path) -> None:
    async with recorder_at(tmp_path / "x.db", Delivered()) as recorder:
        offsets = await asyncio.gather(*(recorder.publish(entry(number)) for number in range(5)))
        assert offsets == [1, 2, 3, 4, 5]
        assert recorder.log.last == 5


async def test_a_flood_waits_for_the_writer(tmp_path: Path) -> None:
    log = await open_log(tmp_path / "x.db")
    recorder = Recorder(log, Delivered())

    async def flood() -> None:
        for number in range(MAX_QUEUED + 10):
            await recorder.put(Arrival("f", record(Event(type="t:t", data={"n": number}), feed="f", received=1)))

    async with asyncio.TaskGroup() as tasks:
        flooding = tasks.create_task(flood())
        await asyncio.sleep(0)
        assert not flooding.done()
        running = tasks.create_task(recorder.run())
        await flooding
        await recorder.drained()
        running.cancel()
    assert log.last == MAX_QUEUED + 10
    await log.close()


async def test_on_a_full_disk_live_goes_on_and_the_gap_is_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "RETRY_WRITE", 0.0)
    delivered = Delivered()
    path = tmp_path / "x.db"
    async with recorder_at(path, delivered) as recorder:
        await recorder.publish(entry(1))
        with full_disk(0, path):
            for number in (2, 3):
                with pytest.raises(LogUnavailable, match=r"x\.db"):
                    await recorder.publish(entry(number))
            assert recorder.recording.state == "suspended"
            assert recorder.recording.missed == 2
            assert recorder.recording.reason
        assert await recorder.publish(entry(4)) == 3
        assert recorder.recording.state == "on"
        assert delivered.types() == [
            (True, "t:tick"),
            (False, "t:tick"),
            (False, "t:tick"),
            (True, GAP),
            (True, "t:tick"),
        ]
        page = await recorder.log.read(after=0, upto=9, limit=9)
        events = [json.loads(event) for event in page.events]
        assert [event["offset"] for event in events] == [1, 2, 3]
        assert (events[1]["feed"], events[1]["type"], events[1]["data"]["missed"]) == ("hub", "log:gap", 2)


async def test_while_suspended_the_disk_is_not_tried_for_every_batch(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    async with recorder_at(path, Delivered()) as recorder:
        await recorder.publish(entry(1))
        with full_disk(0, path), pytest.raises(LogUnavailable):
            await recorder.publish(entry(2))
        with pytest.raises(LogUnavailable, match="suspended"):
            await recorder.publish(entry(3))


async def test_going_on_in_another_log_happens_between_two_batches(tmp_path: Path) -> None:
    async with recorder_at(tmp_path / "x.db", Delivered()) as recorder:
        await recorder.publish(entry(1))
        old, new = recorder.log, await open_log(tmp_path / "y.db")
        await recorder.switch(new, lambda: None)
        assert await recorder.publish(entry(2)) == 1
        assert old.last == 1
        await old.close()
