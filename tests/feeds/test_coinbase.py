from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pydantic
import pytest

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import REJECTED, record
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, ReplicaServer, collect
from collab_dash_feeds.coinbase import CoinbaseFeed

SAMPLES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "samples" / "coinbase.json").read_text())
ACK, _, TICKER, TRIMMED, HEARTBEAT, ERROR = SAMPLES


class TestCoinbase(FeedConformance):
    plugin = CoinbaseFeed
    messages = (TICKER, TRIMMED)
    malformed = ("{not JSON", "[]", '{"type":"status"}', '{"type":"ticker"}')
    subscribe = 1

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.ws_url}


def replica(*messages: Any) -> ReplicaServer:
    return ReplicaServer(messages, subscribe=1)


async def test_it_subscribes_to_the_products_and_their_heartbeats() -> None:
    async with replica(ACK, TICKER) as exchange:
        feed = CoinbaseFeed.configure({"url": exchange.ws_url, "products": ["btc-usd"], "channel": "ticker_batch"})
        await collect(feed, FeedContext(name="btc"), 1)
    [subscription] = exchange.received
    assert json.loads(subscription) == {
        "type": "subscribe",
        "product_ids": ["BTC-USD"],
        "channels": ["ticker_batch", "heartbeat"],
    }


async def test_tickers_become_events_with_numbers() -> None:
    async with replica(ACK, TICKER, TRIMMED) as exchange:
        feed = CoinbaseFeed.configure({"url": exchange.ws_url})
        full, trimmed = await collect(feed, FeedContext(name="btc"), 2)
    assert (full.type, full.key, full.time) == ("ticker:update", "BTC-USD", 1791061111127)
    assert full.data == {
        "price": 84737.58,
        "change_24h": 0.36,
        "open_24h": 84430.55,
        "volume_24h": 1836.9678175,
        "low_24h": 84400.0,
        "high_24h": 85021.57,
        "bid": 84737.58,
        "ask": 84737.59,
        "size": 0.00000025,
        "side": "sell",
        "trade_id": 1102042811,
        "sequence": 137212619516,
    }
    assert trimmed.data["change_24h"] == 2.29
    assert not {"side", "size", "trade_id"} & set(trimmed.data)


async def test_a_ticker_of_the_fewest_fields_is_an_event() -> None:
    async with replica({"type": "ticker", "product_id": "BTC-USD", "price": "1.5"}) as exchange:
        [event] = await collect(CoinbaseFeed.configure({"url": exchange.ws_url}), FeedContext(name="btc"), 1)
    assert (event.key, event.time, event.data) == ("BTC-USD", None, {"price": 1.5})


async def test_heartbeats_are_signs_of_life_and_no_events() -> None:
    notes: list[str] = []
    async with replica(HEARTBEAT, TICKER) as exchange:
        feed = CoinbaseFeed.configure({"url": exchange.ws_url, "products": ["BTC-USD"]})
        [event] = await collect(feed, FeedContext(name="btc", note=notes.append), 1)
    assert event.type == "ticker:update"
    assert notes == ["subscribed, products: 1"]


async def test_a_refused_subscription_fails_and_says_what_to_do() -> None:
    async with replica(ERROR) as exchange:
        with pytest.raises(FeedFailed, match="NOPE-USD is not a valid product") as caught:
            await collect(CoinbaseFeed.configure({"url": exchange.ws_url}), FeedContext(name="btc"), 1)
    assert "BTC-USD" in caught.value.hint


async def test_another_error_is_tried_again() -> None:
    async with replica({"type": "error", "message": "slow down"}) as exchange:
        with pytest.raises(FeedBroken, match="slow down"):
            await collect(CoinbaseFeed.configure({"url": exchange.ws_url}), FeedContext(name="btc"), 1)


async def test_a_cut_connection_is_broken() -> None:
    async with replica(TICKER) as exchange:
        exchange.cut(after=1)
        with pytest.raises(FeedBroken):
            await collect(CoinbaseFeed.configure({"url": exchange.ws_url}), FeedContext(name="btc"), 2)


@pytest.mark.parametrize(
    "message",
    [
        "not json",
        "[1]",
        "{}",
        '{"type":"status"}',
        '{"type":"ticker","product_id":"BTC-USD"}',
        '{"type":"ticker","price":"1"}',
        '{"type":"ticker","product_id":5,"price":"1"}',
        '{"type":"ticker","product_id":"BTC-USD","price":"NaN"}',
        '{"type":"ticker","product_id":"BTC-USD","price":"1","best_bid":[]}',
        '{"type":["x"]}',
    ],
)
async def test_what_is_no_message_of_the_exchange_is_kept_and_the_next_is_read(message: str) -> None:
    async with replica(message, TICKER) as exchange:
        feed = CoinbaseFeed.configure({"url": exchange.ws_url})
        first, second = await collect(feed, FeedContext(name="btc"), 2)
    assert first.type == REJECTED
    assert first.data["raw"] == message
    record(first, feed="btc", received=1)
    assert second.type == "ticker:update"


@pytest.mark.parametrize("products", [[], ["BTC"], ["BTC-USD\n"], [""]])
def test_products_are_checked(products: list[str]) -> None:
    with pytest.raises(pydantic.ValidationError):
        CoinbaseFeed.configure({"products": products})
