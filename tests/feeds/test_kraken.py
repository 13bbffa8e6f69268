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
from collab_dash_feeds.coinbase import CoinbaseFeed
from collab_dash_feeds.kraken import KrakenFeed
from sources import NOT_MESSAGES, check_pane, check_recordable, events_of, failure_of, mutated, outcome, samples

SAMPLES = samples("kraken")
STATUS, ACK, REFUSAL, SNAPSHOT, UPDATE, HEARTBEAT, TRADE, PONG = SAMPLES


class TestKraken(FeedConformance):
    plugin = KrakenFeed
    messages = (SNAPSHOT, UPDATE, TRADE)
    malformed = ("{not JSON", "[]", '{"channel":"book","data":[]}', '{"channel":"ticker","data":[5]}')
    subscribe = 1

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.ws_url}


async def test_it_subscribes_to_tickers_and_to_trades_if_wanted() -> None:
    async with ReplicaServer([UPDATE], subscribe=2) as exchange:
        options = {"url": exchange.ws_url, "products": ["BTC/USD", "ETH/EUR"], "trigger": "bbo", "trades": True}
        await collect(KrakenFeed.configure(options), FeedContext(name="k"), 1)
    assert [json.loads(message) for message in exchange.received] == [
        {
            "method": "subscribe",
            "params": {
                "channel": "ticker",
                "symbol": ["BTC/USD", "ETH/EUR"],
                "event_trigger": "bbo",
                "snapshot": True,
            },
        },
        {"method": "subscribe", "params": {"channel": "trade", "symbol": ["BTC/USD", "ETH/EUR"], "snapshot": False}},
    ]


async def test_snapshot_and_updates_become_tickers_named_as_other_exchanges_name_them() -> None:
    snapshot, update = await events_of(KrakenFeed, [STATUS, ACK, SNAPSHOT, HEARTBEAT, UPDATE], 2)
    assert (snapshot.type, snapshot.key, snapshot.time) == ("ticker:update", "ALGO/USD", 1791061113794)
    assert snapshot.data == {
        "price": 0.1311,
        "change_24h": 5.25,
        "volume_24h": 9095630.20903971,
        "low_24h": 0.12437,
        "high_24h": 0.13306,
        "vwap_24h": 0.12882,
        "bid": 0.13099,
        "bid_size": 329.0625,
        "ask": 0.13108,
        "ask_size": 1771.75027615,
    }
    assert (update.type, update.key, update.data["price"]) == ("ticker:update", "USDT/USD", 0.99981)
    [coinbase] = await events_of(CoinbaseFeed, [samples("coinbase")[2]], 1)
    shared = {"price", "change_24h", "volume_24h", "low_24h", "high_24h", "bid", "ask"}
    assert shared <= set(coinbase.data) & set(update.data)


async def test_a_trade_becomes_an_event() -> None:
    [event] = await events_of(KrakenFeed, [TRADE], 1, trades=True)
    assert (event.type, event.key, event.time) == ("trade:create", "BTC/USD", 1787744046075)
    assert event.data == {
        "price": 78568.6,
        "size": 0.04244195,
        "side": "sell",
        "ord_type": "limit",
        "trade_id": 105994519,
    }


async def test_heartbeats_and_the_state_of_the_exchange_are_signs_of_life() -> None:
    notes: list[str] = []
    maintenance = {"channel": "status", "type": "update", "data": [{"system": "post_only"}]}
    async with ReplicaServer([STATUS, HEARTBEAT, maintenance, PONG, UPDATE]) as exchange:
        feed = KrakenFeed.configure({"url": exchange.ws_url, "products": ["BTC/USD", "ETH/USD"]})
        [event] = await collect(feed, FeedContext(name="k", note=notes.append), 1)
    assert event.type == "ticker:update"
    assert notes == ["subscribed, products: 2"] * 2 + ["subscribed, products: 2, post only"] * 2


async def test_a_refused_pair_is_told_once_and_the_others_go_on() -> None:
    notes: list[str] = []
    async with ReplicaServer([ACK, REFUSAL, REFUSAL, UPDATE]) as exchange:
        feed = KrakenFeed.configure({"url": exchange.ws_url, "products": ["BTC/USD", "NOPE/USD"]})
        refused, event = await collect(feed, FeedContext(name="k", note=notes.append), 2)
    assert (refused.type, refused.key) == (REJECTED, "NOPE/USD")
    assert refused.data["reason"] == "kraken refuses NOPE/USD: Currency pair not supported NOPE/USD"
    assert event.type == "ticker:update"
    assert notes[-1] == "subscribed, products: 1, refused: NOPE/USD"


@pytest.mark.parametrize(
    "refusal", [REFUSAL, {"error": "Malformed request", "success": False}, {"success": False, "symbol": ["x"]}]
)
async def test_when_nothing_is_left_to_follow_it_fails_and_says_what_to_do(refusal: dict[str, Any]) -> None:
    error = await failure_of(KrakenFeed, [STATUS, refusal], products=["NOPE/USD"])
    assert isinstance(error, FeedFailed)
    assert "kraken refuses the subscription" in str(error)
    assert "check" in error.hint


async def test_trouble_of_the_exchange_is_tried_again() -> None:
    error = await failure_of(KrakenFeed, [REFUSAL | {"error": "EService:Unavailable"}], products=["NOPE/USD"])
    assert isinstance(error, FeedBroken)
    assert "EService:Unavailable" in str(error)


def item(**changes: Any) -> str:
    return json.dumps({"channel": "ticker", "type": "update", "data": [UPDATE["data"][0] | changes]})


@pytest.mark.parametrize(
    "message",
    [
        *NOT_MESSAGES,
        '{"channel":"ticker","data":{}}',
        '{"channel":["ticker"]}',
        '{"channel":"ticker","data":[null]}',
        item(last=None),
        item(last="NaN"),
        item(last=10**400),
        item(symbol=None),
        item(symbol=""),
        item(symbol="x" * 100_000),
        item(bid={"a": [None]}),
        item(ask=True),
        item(last=1).replace('"last": 1', '"last": 1e999'),
    ],
)
async def test_what_is_no_message_of_the_exchange_is_kept_and_the_next_is_read(message: str) -> None:
    first, second = await events_of(KrakenFeed, [message, UPDATE], 2)
    assert first.type == REJECTED
    assert first.data["raw"] == message[:2048]
    assert len(first.data["reason"]) < 300
    assert second.type == "ticker:update"
    check_recordable([first])


@settings(max_examples=40, deadline=None)
@given(st.lists(mutated(SAMPLES), min_size=5, max_size=10))
def test_mutated_messages_become_events_that_can_be_recorded(messages: list[str]) -> None:
    check_recordable(outcome(KrakenFeed, messages, subscribe=1))


async def test_its_pane_shows_its_events() -> None:
    check_pane(KrakenFeed, await events_of(KrakenFeed, [SNAPSHOT, UPDATE], 2))


@pytest.mark.parametrize(
    "options",
    [{"products": []}, {"products": ["BTC-USD"]}, {"products": ["BTC/USD\n"]}, {"trigger": "x"}, {"url": "http://x"}],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        KrakenFeed.configure(options)
