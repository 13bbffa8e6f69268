from __future__ import annotations

import json
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab_dash.event import REJECTED
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, ReplicaServer, collect
from collab_dash.transports import websocket
from collab_dash_feeds.blockchain import BlockchainFeed
from sources import NOT_MESSAGES, check_pane, check_recordable, events_of, mutated, outcome, samples

SAMPLES = samples("blockchain")
TRANSACTION, BLOCK, PONG = SAMPLES
HASH = TRANSACTION["x"]["hash"]


class TestBlockchain(FeedConformance):
    plugin = BlockchainFeed
    messages = (TRANSACTION, BLOCK)
    malformed = ("{not JSON", "[]", '{"op":"status"}', '{"op":"utx"}')
    subscribe = 2

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.ws_url}


def transaction(**changes: Any) -> dict[str, Any]:
    return {"op": "utx", "x": TRANSACTION["x"] | changes}


def outputs(*values: Any) -> list[dict[str, Any]]:
    return [{"value": value} for value in values]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, [{"op": "unconfirmed_sub"}, {"op": "blocks_sub"}]),
        ({"blocks": False}, [{"op": "unconfirmed_sub"}]),
        ({"transactions": False}, [{"op": "blocks_sub"}]),
        (
            {"addresses": ["bc1qqpapk39nhlghh0kyjm5j8dh9zsljr0wrw9h0cf"], "blocks": False},
            [{"op": "addr_sub", "addr": "bc1qqpapk39nhlghh0kyjm5j8dh9zsljr0wrw9h0cf"}],
        ),
    ],
)
async def test_it_subscribes_to_what_is_wanted(options: dict[str, Any], wanted: list[dict[str, str]]) -> None:
    async with ReplicaServer([BLOCK], subscribe=len(wanted)) as source:
        await collect(BlockchainFeed.configure({"url": source.ws_url} | options), FeedContext(name="b"), 1)
    assert [json.loads(message) for message in source.received] == wanted


async def test_a_transaction_becomes_an_event() -> None:
    [event] = await events_of(BlockchainFeed, [TRANSACTION], 1)
    assert (event.type, event.key, event.time) == ("transaction:create", HASH, 1670627753000)
    assert event.data == {
        "amount": 0.00002349,
        "amount_sat": 2349,
        "fee": 0.00000151,
        "fee_sat": 151,
        "fee_rate": 1.0,
        "inputs": 1,
        "outputs": 1,
        "size": 151,
        "url": f"https://www.blockchain.com/explorer/transactions/btc/{HASH}",
    }


async def test_a_block_becomes_an_event() -> None:
    [event] = await events_of(BlockchainFeed, [BLOCK], 1)
    assert (event.type, event.key, event.time) == ("block:create", BLOCK["x"]["hash"], 1331301261000)
    assert (event.data["height"], event.data["transactions"], event.data["amount"]) == (170359, 2, None)
    counted = {"op": "block", "x": BLOCK["x"] | {"nTx": 7, "totalBTCSent": 150_000_000, "size": 9}}
    [event] = await events_of(BlockchainFeed, [counted], 1)
    assert (event.data["transactions"], event.data["amount"], event.data["size"]) == (7, 1.5, 9)


async def test_a_transaction_of_thousands_of_outputs_stays_small() -> None:
    huge = transaction(out=outputs(*[1_000] * 20_000), inputs=[{"prev_out": {"value": 2_000}}] * 20_000)
    [event] = await events_of(BlockchainFeed, [huge], 1)
    assert (event.data["inputs"], event.data["outputs"]) == (20_000, 20_000)
    assert (event.data["amount"], event.data["fee_sat"]) == (0.2, 20_000_000)
    assert len(json.dumps(event.data)) < 500


async def test_amounts_are_exact_up_to_every_coin_there_is() -> None:
    [event] = await events_of(BlockchainFeed, [transaction(out=outputs(2_099_999_999_999_999))], 1)
    assert event.data["amount_sat"] == 2_099_999_999_999_999
    assert event.data["amount"] == 20999999.99999999
    assert event.data["fee"] is None, "a fee below nothing is none"


@pytest.mark.parametrize(
    ("changes", "amount", "fee"),
    [
        ({"inputs": [{"prev_out": None}]}, 2349, None),
        ({"inputs": [{}]}, 2349, None),
        ({"inputs": [*TRANSACTION["x"]["inputs"], {}]}, 2349, None),
        ({"inputs": []}, 2349, None),
        ({"out": []}, None, None),
        ({"out": [{}]}, None, None),
        ({"size": 0}, 2349, 151),
    ],
)
async def test_what_is_not_known_is_not_guessed(changes: dict[str, Any], amount: int | None, fee: int | None) -> None:
    [event] = await events_of(BlockchainFeed, [transaction(**changes)], 1)
    assert (event.data["amount_sat"], event.data["fee_sat"]) == (amount, fee)


async def test_it_pings_and_an_answer_is_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    connect = websocket.connect
    monkeypatch.setattr(websocket, "connect", lambda *a, **k: connect(*a, **k, ping_every=0.02))
    async with ReplicaServer([PONG], subscribe=3) as source:
        source.play(BLOCK)
        await collect(BlockchainFeed.configure({"url": source.ws_url}), FeedContext(name="b", note=notes.append), 1)
    assert json.loads(source.received[2]) == {"op": "ping"}
    assert "answers pings" in notes


@pytest.mark.parametrize(
    "message",
    [
        *NOT_MESSAGES,
        '{"op":"utx","x":null}',
        '{"op":"status","msg":"x"}',
        json.dumps(transaction(hash=None)),
        json.dumps(transaction(hash="x" * 64)),
        json.dumps(transaction(hash=HASH + "\n")),
        json.dumps(transaction(out=outputs(-1))),
        json.dumps(transaction(out=outputs(10**30))),
        json.dumps(transaction(out=outputs("1"))),
        json.dumps(transaction(out=outputs(1.5))),
        json.dumps(transaction(out=5)),
        json.dumps(transaction(out=outputs(7))).replace("7", "1e999"),
        json.dumps({"op": "block", "x": BLOCK["x"] | {"height": "x" * 100_000}}),
    ],
)
async def test_what_is_neither_transaction_nor_block_is_kept_and_the_next_is_read(message: str) -> None:
    first, second = await events_of(BlockchainFeed, [message, TRANSACTION], 2)
    assert first.type == REJECTED
    assert first.data["raw"] == message[:2048]
    assert len(first.data["reason"]) < 300
    assert second.type == "transaction:create"
    check_recordable([first])


@settings(max_examples=40, deadline=None)
@given(st.lists(mutated(SAMPLES), min_size=5, max_size=10))
def test_mutated_messages_become_events_that_can_be_recorded(messages: list[str]) -> None:
    events = outcome(BlockchainFeed, [*messages, TRANSACTION], subscribe=2)
    check_recordable(events)
    assert events[-1].key == HASH, "nothing ended it before"


async def test_its_pane_shows_its_events() -> None:
    check_pane(BlockchainFeed, await events_of(BlockchainFeed, [TRANSACTION, BLOCK], 2))


@pytest.mark.parametrize(
    "options",
    [
        {"transactions": False, "blocks": False},
        {"addresses": ["x"]},
        {"addresses": ["bc1qqpapk39nhlghh0kyjm5j8dh9zsljr0wrw9h0cf"], "transactions": False},
        {"url": "https://x.example"},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        BlockchainFeed.configure(options)
