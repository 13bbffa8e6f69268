from __future__ import annotations

import json
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import REJECTED
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, ReplicaServer, collect
from collab_dash_feeds import binance
from collab_dash_feeds.binance import BinanceFeed
from sources import NOT_MESSAGES, check_pane, check_recordable, events_of, failure_of, mutated, outcome, samples

SAMPLES = samples("binance")
REPLY, BOOK, MINI, TRADE, TICKER, SHUTDOWN, ERROR = SAMPLES


class TestBinance(FeedConformance):
    plugin = BinanceFeed
    messages = (TICKER, MINI, TRADE)
    malformed = ("{not JSON", "[]", json.dumps(BOOK), '{"stream":"x","data":[]}')
    subscribe = 1

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.ws_url}


async def test_it_subscribes_in_one_message() -> None:
    async with ReplicaServer([TICKER], subscribe=1) as exchange:
        options = {"url": exchange.ws_url, "products": ["btcusdt", "ETHUSDT"], "channel": "miniTicker", "trades": True}
        await collect(BinanceFeed.configure(options), FeedContext(name="b"), 1)
    [subscription] = exchange.received
    streams = ["btcusdt@miniTicker", "btcusdt@aggTrade", "ethusdt@miniTicker", "ethusdt@aggTrade"]
    assert json.loads(subscription) == {"method": "SUBSCRIBE", "params": streams, "id": 1}


async def test_a_ticker_bare_or_in_a_combined_stream_becomes_an_event() -> None:
    wrapped = {"stream": "bnbbtc@ticker", "data": TICKER}
    for event in await events_of(BinanceFeed, [REPLY, TICKER, wrapped], 2):
        assert (event.type, event.key, event.time) == ("ticker:update", "BNBBTC", 1672515782136)
        assert event.data == {
            "price": 0.0025,
            "change_24h": 250.0,
            "open_24h": 0.001,
            "volume_24h": 10000.0,
            "low_24h": 0.001,
            "high_24h": 0.0025,
            "bid": 0.0024,
            "bid_size": 10.0,
            "ask": 0.0026,
            "ask_size": 100.0,
            "vwap_24h": 0.0018,
            "size": 10.0,
        }


async def test_the_change_of_a_mini_ticker_is_worked_out() -> None:
    [event] = await events_of(BinanceFeed, [MINI], 1)
    assert event.data == {
        "price": 0.0025,
        "change_24h": 150.0,
        "open_24h": 0.001,
        "volume_24h": 10000.0,
        "low_24h": 0.001,
        "high_24h": 0.0025,
    }


@pytest.mark.parametrize(("opened", "price"), [("0", "1"), ("1e-300", "1e300"), (None, "1")])
async def test_a_change_that_is_no_number_is_left_out(opened: str | None, price: str) -> None:
    [event] = await events_of(BinanceFeed, [MINI["data"] | {"o": opened, "c": price}], 1)
    assert "change_24h" not in event.data


@pytest.mark.parametrize(("maker", "side"), [(True, "sell"), (False, "buy"), (None, None), ([], None)])
async def test_a_trade_is_told_from_the_side_of_who_took(maker: Any, side: str | None) -> None:
    [event] = await events_of(BinanceFeed, [TRADE | {"m": maker}], 1)
    assert (event.type, event.key, event.time) == ("trade:create", "BNBBTC", 1672515782136)
    assert event.data == {"price": 0.001, "size": 100.0, "trade_id": 12345} | ({"side": side} if side else {})


async def test_it_notes_what_the_exchange_says_nothing_about() -> None:
    notes: list[str] = []
    other = TICKER | {"s": "ETHUSDT"}
    async with ReplicaServer([REPLY, TICKER, other, REPLY, TICKER]) as exchange:
        feed = BinanceFeed.configure({"url": exchange.ws_url, "products": ["ETHUSDT", "NOPEUSDT"]})
        await collect(feed, FeedContext(name="b", note=notes.append), 3)
    assert [note for note in dict.fromkeys(notes) if note != "answers pings"] == [
        "subscribed, products: 2, no word yet of ETHUSDT, NOPEUSDT",
        "subscribed, products: 2, no word yet of NOPEUSDT",
    ]


@pytest.mark.parametrize(
    "refusal",
    [ERROR, {"error": {"code": 2, "msg": "Invalid request: too many parameters"}, "id": 1}],
)
async def test_a_refused_subscription_fails_and_says_what_to_do(refusal: Any) -> None:
    error = await failure_of(BinanceFeed, [refusal])
    assert isinstance(error, FeedFailed)
    assert str(error) == "binance refuses the subscription: Invalid request: too many parameters"
    assert "BTCUSDT" in error.hint


@pytest.mark.parametrize(
    "trouble", [{"code": -1003, "msg": "Too many requests"}, {"error": "x"}, {"error": None}, {"code": True}]
)
async def test_other_trouble_is_tried_again(trouble: Any) -> None:
    error = await failure_of(BinanceFeed, [trouble])
    assert isinstance(error, FeedBroken)
    assert "binance" in str(error)


async def test_a_server_that_announces_its_end_is_left_at_once() -> None:
    error = await failure_of(BinanceFeed, [TICKER, SHUTDOWN])
    assert isinstance(error, FeedBroken)
    assert str(error) == "binance is about to take this server down; a new connection follows"


async def test_the_end_of_a_connection_after_a_day_is_told_calmly(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ReplicaServer([TICKER], end=True) as exchange:
        feed = BinanceFeed.configure({"url": exchange.ws_url})
        with pytest.raises(FeedBroken, match="closed the connection"):
            await collect(feed, FeedContext(name="b"), 2)
        monkeypatch.setattr(binance, "LIFETIME", 0.0)
        with pytest.raises(FeedBroken, match=r"^binance ends every connection after 24 hours; a new one follows$"):
            await collect(feed, FeedContext(name="b"), 2)


def changed(**changes: Any) -> str:
    return json.dumps(TICKER | changes)


@pytest.mark.parametrize(
    "message",
    [
        *NOT_MESSAGES,
        json.dumps(BOOK),
        '{"e":["24hrTicker"]}',
        '{"id":1,"result":["btcusdt@ticker"]}',
        changed(c=None),
        changed(c="NaN"),
        changed(c="-Infinity"),
        changed(c="1_0"),
        changed(s=5),
        changed(s="x" * 100_000),
        changed(b={"a": [None]}),
        changed(a=True),
    ],
)
async def test_what_is_no_message_of_the_exchange_is_kept_and_the_next_is_read(message: str) -> None:
    first, second = await events_of(BinanceFeed, [message, TICKER], 2)
    assert first.type == REJECTED
    assert first.data["raw"] == message[:2048]
    assert len(first.data["reason"]) < 300
    assert second.type == "ticker:update"
    check_recordable([first])


@settings(max_examples=40, deadline=None)
@given(st.lists(mutated(SAMPLES), min_size=5, max_size=10))
def test_mutated_messages_become_events_that_can_be_recorded(messages: list[str]) -> None:
    check_recordable(outcome(BinanceFeed, messages, subscribe=1))


async def test_its_pane_shows_its_events() -> None:
    check_pane(BinanceFeed, await events_of(BinanceFeed, [TICKER], 1))


@pytest.mark.parametrize(
    "options",
    [{"products": []}, {"products": ["BTC/USDT"]}, {"products": ["BTCUSDT"] * 513}, {"channel": "x"}, {"url": "x"}],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        BinanceFeed.configure(options)
