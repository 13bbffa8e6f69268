from __future__ import annotations

import asyncio
from itertools import pairwise

import pydantic
import pytest

from collab_dash.event import Event, record
from collab_dash.feed import FeedContext
from collab_dash.testing import collect
from collab_dash_feeds._invented import SYMBOLS
from collab_dash_feeds.demo import DemoFeed

NOW = 1_800_000_000_000
STREAMS = ["market", "quakes", "edits", "log"]


async def some(stream: str, count: int = 40, cursor: str | None = None, **options: object) -> list[Event]:
    context = FeedContext(name="demo", clock=lambda: NOW, cursor=cursor)
    return await collect(DemoFeed.configure({"stream": stream, **options}), context, count)


@pytest.mark.parametrize("stream", STREAMS)
async def test_it_starts_with_history_up_to_now(stream: str) -> None:
    events = await some(stream)
    times = [event.time or 0 for event in events]
    assert times == sorted(times)
    assert times[-1] == NOW
    assert NOW - times[0] > 60_000


@pytest.mark.parametrize("stream", STREAMS)
async def test_everything_is_labelled_a_demo(stream: str) -> None:
    for event in await some(stream):
        assert event.data["demo"] is True
        assert (event.key or "").lower().startswith("demo")
        record(event, feed="demo", received=1)
        shown = {"market": event.key, "quakes": event.data.get("place"), "log": event.data.get("line")}
        assert str(shown.get(stream, event.data.get("user"))).lower().startswith("demo")
    assert DemoFeed.configure({"stream": stream}).pane.title.startswith("DEMO")


async def test_the_same_seed_gives_the_same_world() -> None:
    assert await some("market", seed=7) == await some("market", seed=7)
    assert await some("market", seed=7) != await some("market", seed=8)


async def test_it_comes_at_the_rate_asked_for() -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    await some("log", 90, rate=100)
    assert 0.45 < loop.time() - start < 5


async def test_a_feed_that_comes_back_goes_on_without_new_history() -> None:
    [event] = await some("quakes", 1, cursor="41", rate=1000)
    assert (event.key, event.time) == ("demo000042", NOW)
    assert len(await some("quakes", 41, cursor="nonsense", rate=1000)) == 41


async def test_the_market_is_believable() -> None:
    events = await some("market", 2000, rate=10_000)
    assert {event.key for event in events} == set(SYMBOLS)
    for event in events:
        data = event.data
        assert data["low_24h"] <= data["price"] <= data["high_24h"]
        assert data["bid"] <= data["price"] <= data["ask"]
        assert -30 < data["change_24h"] < 30
    prices = [event.data["price"] for event in events[:40] if event.key == "DEMO-AUR"]
    assert all(abs(after / before - 1) < 0.05 for before, after in pairwise(prices))


async def test_the_fields_are_those_of_the_real_feeds() -> None:
    [ticker], [quake], [edit], [line] = [await some(stream, 1) for stream in STREAMS]
    assert ticker.type == "ticker:update"
    assert {"price", "change_24h", "volume_24h", "bid", "ask"} <= set(ticker.data)
    assert quake.type == "quake:create"
    assert {"mag", "place", "depth", "lat", "lon"} <= set(quake.data)
    assert edit.type == "edit:create"
    assert {"wiki", "title", "user", "delta", "bot", "minor", "comment"} <= set(edit.data)
    assert line.type == "log:line"
    assert {"line", "level"} <= set(line.data)


def test_each_stream_has_a_pane_that_suits_it() -> None:
    views = {stream: DemoFeed.configure({"stream": stream}).pane.view for stream in STREAMS}
    assert views == {"market": "table", "quakes": "table", "edits": "log", "log": "log"}


@pytest.mark.parametrize("options", [{"stream": "weather"}, {"rate": 0}, {"rate": -1}, {"speed": 1}])
def test_options_are_checked(options: dict[str, object]) -> None:
    with pytest.raises(pydantic.ValidationError):
        DemoFeed.configure(options)
