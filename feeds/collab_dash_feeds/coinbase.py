"""Prices of the Coinbase exchange, from its public WebSocket feed."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import msgspec
from pydantic import Field, StringConstraints

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.mapping import as_unix_ms
from collab_dash.transports import websocket

URL = "wss://ws-feed.exchange.coinbase.com"
_NUMBERS = {
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
    pane = Pane(view="table", columns=("key", "price", "change_24h", "spark(price)", "volume_24h", "age"))

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        Subscribe and yield tickers.

        Raises:
            FeedFailed: If the exchange refuses the subscription.

        """
        async with websocket.connect(self.options.url, send=[self._subscription()], note=context.note) as messages:
            async for message in messages:
                for event in self._read(message.data, context):
                    yield event

    def _subscription(self) -> str:
        # The heartbeat channel speaks once a second for each product, trades or no trades.
        channels = [self.options.channel, "heartbeat"]
        wanted = {"type": "subscribe", "product_ids": self.options.products, "channels": channels}
        return msgspec.json.encode(wanted).decode()

    def _read(self, raw: str | bytes, context: FeedContext) -> list[Event]:
        try:
            message = msgspec.json.decode(raw)
            kind = message["type"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return [rejected("not a message of the exchange: no JSON object with a type", raw)]
        if kind == "ticker":
            return [_ticker(message, raw)]
        if kind == "error":
            raise _refusal(message)
        if kind in ("subscriptions", "heartbeat"):
            context.note(f"subscribed, products: {len(self.options.products)}")
            return []
        return [rejected(f"unknown message type {kind!r}", raw)]


def _ticker(message: dict[str, Any], raw: str | bytes) -> Event:
    product = message.get("product_id")
    try:
        price = _number(message.get("price"))
        numbers = {name: _number(message.get(theirs)) for name, theirs in _NUMBERS.items()}
    except (TypeError, ValueError) as error:
        return rejected(f"ticker with a figure that is no number: {error}", raw, key=_text(product))
    if not isinstance(product, str) or price is None:
        return rejected("ticker without product_id or price", raw, key=_text(product))
    data: dict[str, Any] = {"price": price}
    opened = numbers["open_24h"]
    if opened:
        data["change_24h"] = round((price / opened - 1) * 100, 2)
    data |= {name: value for name, value in numbers.items() if value is not None}
    data |= {name: message[name] for name in _AS_THEY_ARE if message.get(name) is not None}
    return Event(type="ticker:update", key=product, time=as_unix_ms(message.get("time")), data=data)


def _number(value: Any) -> float | None:
    """Read a figure, which the exchange writes as text."""
    if value is None or value == "":
        return None
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _refusal(message: dict[str, Any]) -> FeedBroken | FeedFailed:
    said = f"{message.get('message', 'error')}: {message.get('reason', 'no reason given')}"
    words = "".join(character if character.isprintable() else " " for character in said[:500])
    if "subscribe" in words.lower():
        return FeedFailed(
            f"coinbase refuses the subscription: {words}", hint="check products; they are named like BTC-USD"
        )
    return FeedBroken(f"coinbase reports an error: {words}")
