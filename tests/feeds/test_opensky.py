from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, suppress
from typing import Any
from urllib.parse import parse_qs

import pydantic
import pytest
from hypothesis import given, settings

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.event import REJECTED, Event
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, ReplicaServer, collect
from collab_dash.testing.http_door import parse_request, response, write
from collab_dash.testing.loopback import LoopbackServer
from collab_dash_feeds.opensky import OpenskyFeed, OpenskyOptions
from sources import NOT_MESSAGES, check_pane, check_recordable, mutated, samples

FIRST, SECOND, NOBODY = samples("opensky")
LATER = {
    **SECOND,
    "states": [[*state[:3], *((state[3] and [state[3] + 9]) or [None]), *state[4:]] for state in SECOND["states"]],
}
ACCOUNT = {"client_id": "${OPENSKY_ID}", "client_secret": "${OPENSKY_SECRET}"}
ENVIRON = {"OPENSKY_ID": "ana-api", "OPENSKY_SECRET": "hush"}


class TokenServer(LoopbackServer):
    """Gives tokens, one after another, as the network's identity provider does."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        super().__init__()
        self.forms: list[dict[str, list[str]]] = []
        self._answers = list(answers)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = parse_request(await reader.readuntil(b"\r\n\r\n"))
        body = await reader.readexactly(int(request.headers["content-length"]))
        self.forms.append(parse_qs(body.decode()))
        status, answer = self._answers.pop(0)
        await write(writer, response(status, {"Content-Type": "application/json"}, json.dumps(answer).encode()))


def configured(source: ReplicaServer, **options: Any) -> OpenskyFeed:
    feed = OpenskyFeed.configure({"url": source.url, "interval": 5} | options)
    assert isinstance(feed, OpenskyFeed)
    return feed


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the transport wait a thousandth of a second where it would wait for seconds."""
    monkeypatch.setattr("collab_dash.transports.polling.random.uniform", lambda low, high: 0.0002)


class TestOpensky(FeedConformance):
    plugin = OpenskyFeed
    messages = (FIRST, SECOND, LATER)
    malformed = ("{not JSON", "[]", "{}", '{"states":5}', '{"states":[5]}', '{"states":[["3c6444"]]}')
    resumes = True

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.url, "interval": 5}

    @pytest.fixture(autouse=True)
    def _hasty(self, hasty: None) -> None:
        """Look again at once."""


class QuietError(Exception):
    pass


async def looks(*answers: Any, **options: Any) -> list[list[Event]]:
    """Give the events of each of some looks of one connection."""
    told: list[list[Event]] = [[]]
    async with ReplicaServer([answers[0]]) as source:

        def next_look(note: str) -> None:
            if len(told) == len(answers):
                raise QuietError(note)
            source.play(answers[len(told)])
            told.append([])

        stream: Any = configured(source, **options).events(FeedContext(name="o", note=next_look))
        with suppress(QuietError):
            async with asyncio.timeout(10), aclosing(stream):
                async for event in stream:
                    told[-1].append(event)
    return told


async def test_columns_have_names_and_numbers_are_numbers() -> None:
    [[event, bare, _]] = await looks(FIRST)
    assert (event.type, event.key, event.time) == ("aircraft:update", "3c6444", 1759999998000)
    assert event.data == {
        "callsign": "DLH9LF",
        "country": "Germany",
        "lat": 50.1964,
        "lon": 6.1546,
        "altitude": 9639.3,
        "speed": 232.88,
        "heading": 98.26,
        "vertical_rate": 4.55,
        "geo_altitude": 9547.86,
        "on_ground": False,
        "squawk": "1000",
        "source": "ADS-B",
    }
    assert (bare.key, bare.time, bare.data["callsign"]) == ("4b1806", 1759999995000, "4b1806")
    assert (bare.data["lat"], bare.data["on_ground"]) == (None, True)


async def test_only_what_is_newer_is_told(hasty: None) -> None:
    first, second, nobody, again = await looks(FIRST, SECOND, NOBODY, FIRST)
    assert [event.key for event in first] == ["3c6444", "4b1806", "a0b1c2"]
    assert [event.key for event in second] == ["3c6444", "a0b1c2"]
    assert nobody == []
    assert len(again) == 3, "who left and comes back is told"


async def test_it_asks_for_the_box_and_for_aircraft() -> None:
    async with ReplicaServer([FIRST]) as source:
        await collect(configured(source), FeedContext(name="o"), 1)
        await collect(configured(source, world=True, aircraft=["3C6444"]), FeedContext(name="o"), 1)
    switzerland, one = source.requests
    assert switzerland.path == "/states/all"
    assert switzerland.query == {"lamin": "45.8389", "lomin": "5.9962", "lamax": "47.8229", "lomax": "10.5226"}
    assert one.query == {"icao24": "3c6444"}


@pytest.mark.parametrize(
    ("options", "a_day"),
    [({}, 400), ({"box": [0, 0, 5, 8]}, 200), ({"box": [0, 0, 20, 20]}, 133), ({"world": True}, 100), (ACCOUNT, 4000)],
)
def test_it_asks_as_often_as_the_credits_of_a_day_allow(options: dict[str, Any], a_day: int) -> None:
    pause = OpenskyOptions.model_validate(options).pause()
    assert a_day * 0.85 < 86_400 / pause < a_day * 0.9
    assert 86_400 / (0.9 * pause) < a_day, "though the transport varies its pauses"


@pytest.mark.parametrize("options", [{}, ACCOUNT])
async def test_used_up_credits_are_waited_for(options: dict[str, Any]) -> None:
    async with (
        ReplicaServer([FIRST]) as source,
        TokenServer((200, {"access_token": "t", "expires_in": 1800})) as tokens,
    ):
        source.answer(429, headers={"X-Rate-Limit-Retry-After-Seconds": "4711"})
        feed = configured(source, token_url=tokens.url, **options)
        with pytest.raises(FeedBroken, match="credits") as caught:
            await collect(feed, FeedContext(name="o", environ=ENVIRON), 1)
    assert caught.value.retry_after == 4711.0


async def test_an_account_shows_its_token_and_gets_a_new_one_in_time(hasty: None) -> None:
    answers = [(200, {"access_token": "one", "expires_in": 20}), (200, {"access_token": "two", "expires_in": 1800})]
    async with ReplicaServer([FIRST]) as source, TokenServer(*answers) as tokens:
        feed = configured(source, token_url=tokens.url, **ACCOUNT)

        def next_look(note: str) -> None:
            if len(source.requests) == 3:
                raise QuietError(note)

        stream: Any = feed.events(FeedContext(name="o", environ=ENVIRON, note=next_look))
        with suppress(QuietError):
            async with asyncio.timeout(10), aclosing(stream):
                async for _ in stream:
                    pass
    shown = [request.headers["authorization"] for request in source.requests]
    assert shown == ["Bearer one", "Bearer two", "Bearer two"]
    assert tokens.forms[0] == {
        "grant_type": ["client_credentials"],
        "client_id": ["ana-api"],
        "client_secret": ["hush"],
    }


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ((401, {"error": "invalid_client"}), FeedFailed, "refuses the account"),
        ((400, {}), FeedFailed, "refuses the account"),
        ((503, {}), FeedBroken, "503"),
        ((200, {}), FeedBroken, "without a token"),
        ((200, [1]), FeedBroken, "without a token"),
        ((200, {"access_token": 5}), FeedBroken, "without a token"),
        ((200, {"access_token": "é"}), FeedBroken, "without a token"),
    ],
)
async def test_a_token_that_is_not_to_be_had_is_an_error(
    answer: tuple[int, Any], kind: type[FeedError], words: str
) -> None:
    async with ReplicaServer([FIRST]) as source, TokenServer(answer) as tokens:
        feed = configured(source, token_url=tokens.url, **ACCOUNT)
        with pytest.raises(kind, match=words) as caught:
            await collect(feed, FeedContext(name="o", environ=ENVIRON), 1)
    assert "hush" not in f"{caught.value}{caught.value.hint}"


async def test_a_token_that_is_no_longer_taken_is_replaced_by_the_next_connection() -> None:
    answers = [(200, {"access_token": "one", "expires_in": 900}), (200, {"access_token": "two", "expires_in": 900})]
    async with ReplicaServer([FIRST]) as source, TokenServer(*answers) as tokens:
        feed = configured(source, token_url=tokens.url, **ACCOUNT)
        source.answer(401)
        with pytest.raises(FeedBroken, match="no longer takes"):
            await collect(feed, FeedContext(name="o", environ=ENVIRON), 1)
        await collect(feed, FeedContext(name="o", environ=ENVIRON), 1)
    assert source.requests[-1].headers["authorization"] == "Bearer two"


async def test_the_token_does_not_go_where_the_network_redirects_to() -> None:
    async with (
        ReplicaServer([FIRST]) as elsewhere,
        ReplicaServer([FIRST]) as source,
        TokenServer((200, {"access_token": "one", "expires_in": 900})) as tokens,
    ):
        source.answer(302, headers={"Location": f"{elsewhere.url}/states/all"})
        feed = configured(source, token_url=tokens.url, **ACCOUNT)
        await collect(feed, FeedContext(name="o", environ=ENVIRON), 1)
    assert "authorization" not in elsewhere.requests[0].headers


@pytest.mark.parametrize("cursor", ["x", "[]", '{"3c6444":"y"}'])
async def test_a_cursor_that_cannot_be_read_counts_as_none(cursor: str) -> None:
    async with ReplicaServer([FIRST]) as source:
        [event] = await collect(configured(source), FeedContext(name="o", cursor=cursor), 1)
    assert event.key == "3c6444"


async def test_a_missing_secret_is_named() -> None:
    async with ReplicaServer([FIRST]) as source:
        with pytest.raises(FeedFailed, match="OPENSKY_ID is not set"):
            await collect(configured(source, **ACCOUNT), FeedContext(name="o"), 1)


@pytest.mark.parametrize("body", [body for body in NOT_MESSAGES if body])
async def test_what_is_no_answer_is_kept_and_the_next_is_read(body: str, hasty: None) -> None:
    [kept], later = await looks(body, FIRST)
    assert (kept.type, len(later)) == (REJECTED, 3)


async def test_one_bad_state_does_not_spoil_the_others() -> None:
    spoilt = {**FIRST, "states": [None, ["3c6444"], {}, *FIRST["states"]]}
    [events] = await looks(spoilt)
    assert [event.type for event in events] == [REJECTED] * 3 + ["aircraft:update"] * 3


@settings(max_examples=30, deadline=None)
@given(mutated([FIRST, SECOND, NOBODY]), mutated([FIRST, SECOND]))
def test_mutated_answers_become_events_that_can_be_recorded(first: str, second: str) -> None:
    for told in asyncio.run(looks(first)) + asyncio.run(looks(second)):
        check_recordable(told)


async def test_its_pane_shows_its_events() -> None:
    [events] = await looks(FIRST)
    check_pane(OpenskyFeed, events)


@pytest.mark.parametrize(
    "options",
    [
        {"box": [47, 5, 45, 10]},
        {"box": [45, 10, 47, 5]},
        {"box": [45, 5, 47]},
        {"box": [-95, 5, 47, 10]},
        {"aircraft": ["nope"]},
        {"client_id": "x"},
        {"interval": 1},
        {"url": "opensky"},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        OpenskyFeed.configure(options)
