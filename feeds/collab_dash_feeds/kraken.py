"""Prices of the Kraken exchange, from its public WebSocket API, version 2."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Literal

import msgspec
from pydantic import Field, StringConstraints

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.transports import websocket
from collab_dash.transports.address import WebSocketUrl

from ._tickers import read_object, ticker, trade, words

URL = "wss://ws.kraken.com/v2"
_TICKER = {
    "price": "last",
    "change_24h": "change_pct",
    "volume_24h": "volume",
    "low_24h": "low",
    "high_24h": "high",
    "vwap_24h": "vwap",
    "bid": "bid",
    "bid_size": "bid_qty",
    "ask": "ask",
    "ask_size": "ask_qty",
}
_TRADE = {"price": "price", "size": "qty"}
_PASSING = ("unavailable", "busy", "rate", "limit", "timeout", "maintenance", "internal")
Product = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.]{1,30}/[A-Za-z0-9.]{1,30}$")]


class KrakenOptions(FeedOptions):
    """Options of the ``kraken`` feed."""

    products: tuple[Product, ...] = Field(
        ("BTC/USD", "ETH/USD", "SOL/USD", "DOGE/USD", "ALGO/USD"),
        min_length=1,
        description="The pairs to follow, such as BTC/USD.",
    )
    trigger: Literal["trades", "bbo"] = Field(
        "trades", description="When a ticker is told: trades, after every trade, or bbo, when the best offers change."
    )
    trades: bool = Field(False, description="Whether to tell every trade, too.")
    url: WebSocketUrl = Field(URL, description="Where the exchange is.")


class KrakenFeed(Feed[KrakenOptions]):
    """Tickers, and trades if wanted; pairs that the exchange refuses are told, the others go on."""

    summary = "Prices of the Kraken exchange, live, no account needed"
    transport = "websocket"
    silence = 30.0
    overflow = "conflate"
    pane = Pane(
        view="table",
        types=("ticker:*",),
        columns=("key", "price", "change_24h", "spark(price)", "bid", "ask", "volume_24h", "age"),
    )

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        Subscribe and yield tickers, at first those of the moment.

        Raises:
            FeedFailed: If the exchange refuses every pair.

        """
        connection = _Connection(self.options.products, context.note)
        # Once subscribed, the exchange says something every second: answered pings are no further sign of life.
        async with websocket.connect(self.options.url, send=self._subscriptions()) as messages:
            async for message in messages:
                for event in connection.read(message.data):
                    yield event

    def _subscriptions(self) -> list[str]:
        products, trigger = self.options.products, self.options.trigger
        wanted = [{"channel": "ticker", "symbol": products, "event_trigger": trigger, "snapshot": True}]
        if self.options.trades:
            wanted.append({"channel": "trade", "symbol": products, "snapshot": False})
        return [msgspec.json.encode({"method": "subscribe", "params": params}).decode() for params in wanted]


class _Connection:
    """
    What one connection has said so far.

    Args:
        products: What we asked for.
        note: Told of signs of life.

    """

    def __init__(self, products: tuple[str, ...], note: Callable[[str], None]) -> None:
        self._products = products
        self._note = note
        self._refused: list[str] = []
        self._system = "online"

    def read(self, raw: str | bytes) -> list[Event]:
        """
        Give the events of a message.

        Raises:
            FeedBroken: If the exchange has trouble.
            FeedFailed: If it refuses what we want.

        """
        message = read_object(raw)
        if message is None:
            return [rejected("not a message of the exchange: no JSON object", raw)]
        channel, items = message.get("channel"), message.get("data")
        if channel in ("ticker", "trade") and isinstance(items, list):
            return [_item(channel, item, raw) for item in items]
        if message.get("success") is False:
            return self._refuse(message, raw)
        if channel == "status":
            self._system = _system(items)
        elif channel != "heartbeat" and "method" not in message:
            return [rejected(f"unknown message of channel {channel!r:.60}", raw)]
        self._note(self._state())
        return []

    def _refuse(self, message: dict[str, Any], raw: str | bytes) -> list[Event]:
        why, product = words(message.get("error", "no reason given")), message.get("symbol")
        if any(word in why.lower() for word in _PASSING):
            raise FeedBroken(f"kraken cannot subscribe us at present: {why}")
        if product not in self._products:
            raise FeedFailed(f"kraken refuses the subscription: {why}", hint="check the feed's options")
        if product in self._refused:
            return []
        self._refused.append(product)
        if len(self._refused) == len(set(self._products)):
            raise FeedFailed(
                f"kraken refuses the subscription: {why}", hint="check products; they are named like BTC/USD"
            )
        self._note(self._state())
        return [rejected(f"kraken refuses {product}: {why}", raw, key=product)]

    def _state(self) -> str:
        count = len(set(self._products)) - len(self._refused)
        refused = f", refused: {', '.join(self._refused)}" if self._refused else ""
        return f"subscribed, products: {count}{refused}{'' if self._system == 'online' else f', {self._system}'}"


def _system(items: Any) -> str:
    """Read the state of the exchange: online, maintenance, cancel_only, …"""
    first = items[0] if isinstance(items, list) and items else None
    system = first.get("system") if isinstance(first, dict) else None
    return words(system)[:40].replace("_", " ") if isinstance(system, str) else "online"


def _item(channel: str, item: Any, raw: str | bytes) -> Event:
    if not isinstance(item, dict):
        return rejected(f"{channel} that is no JSON object", raw)
    product, time = item.get("symbol"), item.get("timestamp")
    if channel == "ticker":
        return ticker(item, raw, product=product, figures=_TICKER, time=time)
    more = {name: item.get(name) for name in ("side", "ord_type", "trade_id")}
    return trade(item, raw, product=product, figures=_TRADE, time=time, **more)
