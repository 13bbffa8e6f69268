"""Prices of the Binance exchange, from its public market data streams."""

from __future__ import annotations

import asyncio
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

URL = "wss://data-stream.binance.vision/stream"
LIFETIME = 24 * 3600.0
_ALMOST = 600.0
_TICKER = {
    "price": "c",
    "change_24h": "P",
    "open_24h": "o",
    "volume_24h": "v",
    "low_24h": "l",
    "high_24h": "h",
    "bid": "b",
    "bid_size": "B",
    "ask": "a",
    "ask_size": "A",
    "vwap_24h": "w",
    "size": "Q",
}
_MINI_TICKER = {ours: _TICKER[ours] for ours in ("price", "open_24h", "volume_24h", "low_24h", "high_24h")}
_TRADE = {"price": "p", "size": "q"}
_REQUEST_FAULTS = range(4)
Product = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z0-9]{2,40}$")]


class BinanceOptions(FeedOptions):
    """Options of the ``binance`` feed."""

    products: tuple[Product, ...] = Field(
        ("BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT", "ALGOUSDT"),
        min_length=1,
        max_length=512,
        description="The symbols to follow, such as BTCUSDT; 512 at most.",
    )
    channel: Literal["ticker", "miniTicker"] = Field(
        "ticker", description="Once a second for each product: ticker, or miniTicker, the same without bid and ask."
    )
    trades: bool = Field(False, description="Whether to tell trades, too; those of one order at one price as one.")
    url: WebSocketUrl = Field(
        URL, description="Where the streams are, such as wss://stream.binance.us:9443/stream for Binance.US."
    )


class BinanceFeed(Feed[BinanceOptions]):
    """Tickers, and trades if wanted. The exchange ends a connection after a day; the next one follows at once."""

    summary = "Prices of the Binance exchange, live, no account needed"
    transport = "websocket"
    silence = 60.0
    overflow = "conflate"
    pane = Pane(
        view="table",
        types=("ticker:*",),
        columns=("key", "price", "change_24h", "spark(price)", "bid", "ask", "volume_24h", "age"),
    )

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        Subscribe and yield tickers.

        Raises:
            FeedBroken: Also when the exchange ends the connection as it had announced.
            FeedFailed: If the exchange refuses the subscription.

        """
        connection = _Connection(self.options.products, context.note)
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            async with websocket.connect(
                self.options.url, send=[self._subscription()], note=connection.alive
            ) as messages:
                async for message in messages:
                    for event in connection.read(message.data):
                        yield event
        except FeedBroken as error:
            if clock() - started < LIFETIME - _ALMOST:
                raise
            raise FeedBroken("binance ends every connection after 24 hours; a new one follows") from error

    def _subscription(self) -> str:
        channels = (self.options.channel, "aggTrade") if self.options.trades else (self.options.channel,)
        streams = [f"{product.lower()}@{channel}" for product in self.options.products for channel in channels]
        return msgspec.json.encode({"method": "SUBSCRIBE", "params": streams, "id": 1}).decode()


class _Connection:
    """
    What one connection has said so far.

    Args:
        products: What we asked for.
        note: Told of signs of life.

    """

    def __init__(self, products: tuple[str, ...], note: Callable[[str], None]) -> None:
        self._count = len(set(products))
        self._unheard = dict.fromkeys(products)
        self._note = note

    def alive(self, _: str = "") -> None:
        """Note a sign of life, and what the exchange, which refuses no name, has said nothing about."""
        silent = [*self._unheard]
        names = ", ".join(silent[:3]) + (", …" if len(silent) > 3 else "")
        self._note(f"subscribed, products: {self._count}{f', no word yet of {names}' if silent else ''}")

    def read(self, raw: str | bytes) -> list[Event]:
        """
        Give the events of a message, be it of a combined stream or bare.

        Raises:
            FeedBroken: If the exchange has trouble or is about to go.
            FeedFailed: If it refuses what we want.

        """
        message = read_object(raw)
        if message is None:
            return [rejected("not a message of the exchange: no JSON object", raw)]
        payload = message["data"] if "stream" in message and isinstance(message.get("data"), dict) else message
        kind = payload.get("e")
        if kind in ("24hrTicker", "24hrMiniTicker"):
            figures = _TICKER if kind == "24hrTicker" else _MINI_TICKER
            event = ticker(payload, raw, product=payload.get("s"), figures=figures, time=payload.get("E"))
            self._unheard.pop(event.key or "", None)
            return [event]
        if kind == "aggTrade":
            return [_trade(payload, raw)]
        if kind == "serverShutdown":
            raise FeedBroken("binance is about to take this server down; a new connection follows")
        if "error" in message or "code" in message:
            raise _refusal(message)
        if "id" in message and message.get("result", "") is None:
            self.alive()
            return []
        return [rejected(f"unknown message of type {kind!r:.60}", raw)]


def _trade(payload: dict[str, Any], raw: str | bytes) -> Event:
    maker = payload.get("m")
    side = {True: "sell", False: "buy"}[maker] if isinstance(maker, bool) else None
    time = payload.get("T", payload.get("E"))
    return trade(
        payload, raw, product=payload.get("s"), figures=_TRADE, time=time, side=side, trade_id=payload.get("a")
    )


def _refusal(message: dict[str, Any]) -> FeedBroken | FeedFailed:
    error = message.get("error", message)
    code, why = (error.get("code"), error.get("msg")) if isinstance(error, dict) else (None, error)
    said = words(why or "no reason given")
    if type(code) is int and code in _REQUEST_FAULTS:
        return FeedFailed(
            f"binance refuses the subscription: {said}", hint="check products; they are named like BTCUSDT"
        )
    return FeedBroken(f"binance reports an error: {said}")
