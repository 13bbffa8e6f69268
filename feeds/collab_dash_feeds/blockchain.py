"""Bitcoin transactions and blocks as they appear, from Blockchain.com's WebSocket API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from pydantic import Field, StringConstraints, model_validator

from collab_dash.board import Pane
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.mapping import as_unix_ms
from collab_dash.transports import websocket
from collab_dash.transports.address import WebSocketUrl

URL = "wss://ws.blockchain.info/inv"
_EXPLORER = "https://www.blockchain.com/explorer"
_COIN = 100_000_000
_EVERY_COIN = 21_000_000 * _COIN

Address = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{14,100}$")]
_Hash = Annotated[str, Meta(pattern=r"^[0-9a-fA-F]{64}\Z")]
_Satoshi = Annotated[int, Meta(ge=0, le=_EVERY_COIN)]
_Count = Annotated[int, Meta(ge=0, le=1 << 53)]


class BlockchainOptions(FeedOptions):
    """Options of the ``blockchain`` feed."""

    transactions: bool = Field(True, description="Whether to tell transactions, before any block holds them.")
    blocks: bool = Field(True, description="Whether to tell new blocks.")
    addresses: tuple[Address, ...] = Field(
        (), max_length=100, description="Only transactions of these addresses; all by default."
    )
    url: WebSocketUrl = Field(URL, description="Where the API is.")

    @model_validator(mode="after")
    def _wants_something(self) -> BlockchainOptions:
        if not self.transactions and not self.blocks:
            raise ValueError("set transactions or blocks: with neither there is nothing to tell")
        if self.addresses and not self.transactions:
            raise ValueError("addresses choose among transactions: set transactions")
        return self


class BlockchainFeed(Feed[BlockchainOptions]):
    """Unconfirmed transactions and new blocks; of their inputs and outputs the counts and sums."""

    summary = "Bitcoin transactions and blocks as they appear, from Blockchain.com"
    transport = "websocket"
    silence = 60.0
    pane = Pane(view="log", columns=("time", "type", "amount", "fee_rate", "size", "key"))

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Subscribe and yield what is new."""
        async with websocket.connect(
            self.options.url, send=self._subscriptions(), ping='{"op":"ping"}', note=context.note
        ) as messages:
            async for message in messages:
                event = _event(message.data)
                if event is None:
                    context.note("answers pings")
                else:
                    yield event

    def _subscriptions(self) -> list[str]:
        options = self.options
        wanted: list[dict[str, str]] = [{"op": "addr_sub", "addr": address} for address in options.addresses]
        if options.transactions and not wanted:
            wanted.append({"op": "unconfirmed_sub"})
        if options.blocks:
            wanted.append({"op": "blocks_sub"})
        return [msgspec.json.encode(request).decode() for request in wanted]


class _Output(Struct):
    value: _Satoshi | None = None


class _Input(Struct):
    prev_out: _Output | None = None


class _Transaction(Struct):
    hash: _Hash
    inputs: list[_Input] = []
    out: list[_Output] = []
    size: _Count | None = None
    time: _Count | None = None


class _Header(Struct):
    hash: _Hash
    height: _Count | None = None
    time: _Count | None = None
    size: _Count | None = None
    n_tx: _Count | None = msgspec.field(default=None, name="nTx")
    indexes: list[Any] | None = msgspec.field(default=None, name="txIndexes")
    sent: _Satoshi | None = msgspec.field(default=None, name="totalBTCSent")


class _NewTransaction(Struct, tag_field="op", tag="utx"):
    x: _Transaction


class _NewBlock(Struct, tag_field="op", tag="block"):
    x: _Header


class _Pong(Struct, tag_field="op", tag="pong"):
    """The answer to a ping."""


_decode = msgspec.json.Decoder(_NewTransaction | _NewBlock | _Pong).decode


def _event(raw: str | bytes) -> Event | None:
    """Read a message; None for the answer to a ping."""
    try:
        message = _decode(raw)
    except (ValueError, RecursionError) as error:
        return rejected(f"not a transaction or block: {error!s:.200}", raw)
    if isinstance(message, _NewTransaction):
        return _transaction(message.x)
    return _block(message.x) if isinstance(message, _NewBlock) else None


def _transaction(new: _Transaction) -> Event:
    spent = [entry.prev_out.value if entry.prev_out else None for entry in new.inputs]
    amount = _sum([output.value for output in new.out])
    source = _sum(spent)
    fee = None if source is None or amount is None or source < amount else source - amount
    data = {
        "amount": _coins(amount),
        "amount_sat": amount,
        "fee": _coins(fee),
        "fee_sat": fee,
        "fee_rate": round(fee / new.size, 1) if fee is not None and new.size else None,
        "inputs": len(new.inputs),
        "outputs": len(new.out),
        "size": new.size,
        "url": f"{_EXPLORER}/transactions/btc/{new.hash}",
    }
    return Event(type="transaction:create", key=new.hash, time=_time(new.time), data=data)


def _block(new: _Header) -> Event:
    # The source writes 0 for figures that it has not worked out yet.
    data = {
        "height": new.height,
        "transactions": new.n_tx or len(new.indexes or ()) or None,
        "amount": _coins(new.sent or None),
        "amount_sat": new.sent or None,
        "size": new.size or None,
        "url": f"{_EXPLORER}/blocks/btc/{new.hash}",
    }
    return Event(type="block:create", key=new.hash, time=_time(new.time), data=data)


def _sum(satoshi: list[int | None]) -> int | None:
    """Add amounts up; None if there are none, or one is not known."""
    known = [amount for amount in satoshi if amount is not None]
    return sum(known) if known and len(known) == len(satoshi) else None


def _coins(satoshi: int | None) -> float | None:
    return None if satoshi is None else satoshi / _COIN


def _time(seconds: int | None) -> int | None:
    return as_unix_ms(seconds) if seconds else None
