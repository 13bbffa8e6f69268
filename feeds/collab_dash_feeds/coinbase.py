"""Prices of the Coinbase exchange, from its public WebSocket feed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import msgspec
from pydantic import Field, StringConstraints

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.transports import websocket

from ._tickers import read_object, ticker, words

URL = "wss://ws-feed.exchange.coinbase.com"
_FIGURES = {
    "price": "price",
    "open_24h": "open_24h",
    "volume_24h": "volume_24h",
    "low_24h": "low_24h",
    "high_24h": "high_24h",
    "bid": "best_bid",
    "ask": "best_ask",
    "size": "last_size",
}
_AS_THEY_ARE = ("side", "trade_id", "sequence")
Product = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z0-9]+-[A-Za-z0-9]+$")]


class CoinbaseOptions(FeedOptions):
    """Options of the ``coinbase`` feed."""

    products: tuple[Product, ...] = Field(
        ("BTC-USD", "ETH-USD", "SOL-USD", "DOGE-USD", "ALGO-USD"),
        min_length=1,
        description="The products to follow, such as BTC-USD.",
    )
    channel: Literal["ticker", "ticker_batch"] = Field(
        "ticker",
        description="ticker tells every match, ticker_batch at most one in five seconds for each product.",
    )
    url: str = Field(URL, description="Where the exchange is; another address for its sandbox.")


class CoinbaseFeed(Feed[CoinbaseOptions]):
    """Tickers: the price after each match, with the day's figures."""

    summary = "Prices of the Coinbase exchange, live, no account needed"
    transport = "websocket"
    silence = 30.0
    overflow = "conflate"
    pane = Pane(view="table", columns=("key", "price", "change_24h", "spark(price)", "volume_24h", "age"))

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        Subscribe and yield tickers.

        Raises:
            FeedFailed: If the exchange refuses the subscription.

        """
        # The heartbeat channel speaks once a second: answered pings are no further sign of life.
        async with websocket.connect(self.options.url, send=[self._subscription()]) as messages:
            async for message in messages:
                for event in self._read(message.data, context):
                    yield event

    def _subscription(self) -> str:
        # The heartbeat channel speaks once a second for each product, trades or no trades.
        channels = [self.options.channel, "heartbeat"]
        wanted = {"type": "subscribe", "product_ids": self.options.products, "channels": channels}
        return msgspec.json.encode(wanted).decode()

    def _read(self, raw: str | bytes, context: FeedContext) -> list[Event]:
        message = read_object(raw)
        if message is None or "type" not in message:
            return [rejected("not a message of the exchange: no JSON object with a type", raw)]
        kind = message["type"]
        if kind == "ticker":
            return [_ticker(message, raw)]
        if kind == "error":
            raise _refusal(message)
        if kind in ("subscriptions", "heartbeat"):
            context.note(f"subscribed, products: {len(self.options.products)}")
            return []
        return [rejected(f"unknown message type {kind!r:.60}", raw)]


def _ticker(message: dict[str, Any], raw: str | bytes) -> Event:
    event = ticker(message, raw, product=message.get("product_id"), figures=_FIGURES, time=message.get("time"))
    if event.type == "ticker:update":
        event.data.update({name: message[name] for name in _AS_THEY_ARE if message.get(name) is not None})
    return event


def _refusal(message: dict[str, Any]) -> FeedBroken | FeedFailed:
    said = f"{words(message.get('message', 'error'))}: {words(message.get('reason', 'no reason given'))}"
    if "subscribe" in said.lower():
        return FeedFailed(
            f"coinbase refuses the subscription: {said}", hint="check products; they are named like BTC-USD"
        )
    return FeedBroken(f"coinbase reports an error: {said}")
