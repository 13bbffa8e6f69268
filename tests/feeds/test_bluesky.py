from __future__ import annotations

import copy
import json
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab_dash.errors import FeedBroken
from collab_dash.event import REJECTED, Event
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, ReplicaServer, collect
from collab_dash.transports import websocket
from collab_dash_feeds.bluesky import BlueskyFeed
from sources import NOT_MESSAGES, check_pane, check_recordable, events_of, mutated, outcome, samples

SAMPLES = samples("bluesky")
LIKE, POST, REPOST, FOLLOW, PROFILE, DELETE, FOREIGN, IDENTITY, ACCOUNT, BLOCK = SAMPLES
IN_ORDER = sorted(SAMPLES, key=lambda message: message["time_us"])
T = POST["time_us"]


def post(time_us: int = T, rkey: str = "3k", **record: Any) -> dict[str, Any]:
    message: dict[str, Any] = copy.deepcopy(POST) | {"time_us": time_us}
    message["commit"]["rkey"] = rkey
    message["commit"]["record"].update(record)
    return message


class TestBluesky(FeedConformance):
    plugin = BlueskyFeed
    messages = tuple(IN_ORDER)
    malformed = ("{not JSON", "[]", '{"kind":"news","did":"did:plc:x","time_us":1}', '{"kind":"commit"}')
    resumes = True

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.ws_url, "collections": [], "accounts": True}


async def one(message: Any) -> Event:
    [event] = await events_of(BlueskyFeed, [message], 1, accounts=True)
    return event


async def test_a_post_becomes_an_event() -> None:
    event = await one(POST)
    did = POST["did"]
    assert (event.type, event.time) == ("post:create", 1779719009157)
    assert event.key == f"at://{did}/app.bsky.feed.post/3mmoojp4cd223"
    assert event.data == {
        "user": did,
        "text": "The kite is up again",
        "langs": "en",
        "reply": POST["commit"]["record"]["reply"]["parent"]["uri"],
        "url": f"https://bsky.app/profile/{did}/post/3mmoojp4cd223",
        "collection": "app.bsky.feed.post",
        "rkey": "3mmoojp4cd223",
        "cid": POST["commit"]["cid"],
        "rev": "3mmoojpaqkn2z",
        "created": 1779719008757,
    }


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (LIKE, "like:create"),
        (REPOST, "repost:create"),
        (FOLLOW, "follow:create"),
        (PROFILE, "profile:update"),
        (DELETE, "activity:delete"),
        (FOREIGN, "origin:update"),
        (IDENTITY, "identity:update"),
        (ACCOUNT, "account:update"),
        (BLOCK, "block:create"),
    ],
)
async def test_collection_and_operation_are_in_the_type(message: dict[str, Any], kind: str) -> None:
    event = await one(message)
    assert (event.type, event.data["user"]) == (kind, message["did"])
    assert (
        event.key == message["did"]
        or event.key == f"at://{message['did']}/{event.data['collection']}/" + (event.data["rkey"])
    )


async def test_what_something_is_about_can_be_opened() -> None:
    profile = "https://bsky.app/profile"
    like, follow = await one(LIKE), await one(FOLLOW)
    liked = LIKE["commit"]["record"]["subject"]["uri"]
    owner, rkey = liked.split("/")[2], liked.split("/")[-1]
    assert (like.data["subject"], like.data["url"]) == (liked, f"{profile}/{owner}/post/{rkey}")
    followed = FOLLOW["commit"]["record"]["subject"]
    assert (follow.data["subject"], follow.data["url"]) == (followed, f"{profile}/{followed}")
    assert (await one(PROFILE)).data["url"] == f"{profile}/{PROFILE['did']}"
    assert (await one(IDENTITY)).data["url"] == f"{profile}/{IDENTITY['did']}"
    gone = copy.deepcopy(POST)
    gone["commit"] |= {"operation": "delete", "record": None}
    deleted = await one(gone)
    assert (deleted.type, deleted.data["url"]) == ("post:delete", f"{profile}/{POST['did']}")
    assert (await one(post(rkey="a/b?c"))).data["url"].endswith("/post/a%2Fb%3Fc")


async def test_profiles_accounts_and_records_of_other_makers_keep_what_they_say() -> None:
    profile, account, foreign = await one(PROFILE), await one(ACCOUNT), await one(FOREIGN)
    assert (profile.data["name"], profile.data["text"]) == ("ana", "Kites and maps")
    assert (account.data["active"], account.data["text"]) == (True, "active")
    assert foreign.data["record"] == FOREIGN["commit"]["record"]
    assert "record" not in profile.data
    renamed = copy.deepcopy(IDENTITY)
    renamed["identity"]["handle"] = "ana.example"
    assert (await one(renamed)).data["handle"] == "ana.example"
    suspended = copy.deepcopy(ACCOUNT)
    suspended["account"] |= {"active": False, "status": "suspended"}
    assert (await one(suspended)).data["text"] == "suspended"


async def asked(context: FeedContext | None = None, **options: Any) -> tuple[dict[str, list[str]], list[Any]]:
    """Give the query, with all its values, and the messages with which a feed asks."""
    urls: list[str] = []
    connect = websocket.connect

    def overhear(url: str, **more: Any) -> Any:
        urls.append(url)
        return connect(url, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(websocket, "connect", overhear)
        async with ReplicaServer([post(T + 1)]) as stream:
            feed = BlueskyFeed.configure({"url": stream.ws_url} | options)
            await collect(feed, context or FeedContext(name="b"), 1)
            sent = [json.loads(message) for message in stream.received]
    return parse_qs(urlsplit(urls[0]).query), sent


async def test_it_asks_for_posts_and_for_what_else_is_wanted() -> None:
    assert await asked() == ({"wantedCollections": ["app.bsky.feed.post"]}, [])
    assert await asked(collections=[]) == ({}, [])
    collections, dids = ["app.bsky.feed.like", "app.bsky.graph.*"], ["did:plc:a", "did:web:b.example"]
    query = {"wantedCollections": collections, "wantedDids": dids}
    assert await asked(collections=collections, dids=dids) == (query, [])


async def test_accounts_too_many_for_an_address_are_named_in_a_message() -> None:
    dids = [f"did:plc:{number}" for number in range(5000)]
    query, sent = await asked(dids=dids)
    assert query == {"wantedCollections": ["app.bsky.feed.post"], "requireHello": ["true"]}
    payload = {"wantedCollections": ["app.bsky.feed.post"], "wantedDids": dids, "maxMessageSizeBytes": 0}
    assert sent == [{"type": "options_update", "payload": payload}]


async def test_it_asks_to_go_on_from_the_microsecond_it_was_told_last() -> None:
    context = FeedContext(name="b")
    async with ReplicaServer([post(T)]) as stream:
        await collect(BlueskyFeed.configure({"url": stream.ws_url}), context, 1)
    assert context.cursor is not None
    assert context.cursor.split(" ")[0] == str(T)
    query, _ = await asked(FeedContext(name="b", cursor=context.cursor))
    assert query["cursor"] == [str(T)]


async def replayed(cursor: str | None, *messages: Any, **options: Any) -> tuple[list[str], str | None]:
    """Give the record keys of what a connection with that cursor tells of messages, and the cursor after it."""
    context = FeedContext(name="b", cursor=cursor)
    told: list[str] = []
    async with ReplicaServer(messages, end=True) as stream:
        feed = BlueskyFeed.configure({"url": stream.ws_url} | options)
        with suppress(FeedBroken):
            async for event in feed.events(context):
                told.append(event.data["rkey"])
    return told, context.cursor


async def test_what_was_told_of_the_same_microsecond_is_not_told_again() -> None:
    first, second, third = post(T, "a"), post(T, "b"), post(T, "c")
    told, cursor = await replayed(None, post(T - 1, "z"), first, second)
    assert told == ["z", "a", "b"]
    told, cursor = await replayed(cursor, first, second, third, post(T + 1, "d"))
    assert told == ["c", "d"]
    assert (await replayed(cursor, post(T + 1, "d"), post(T + 1, "e")))[0] == ["e"]


async def test_a_server_that_starts_too_early_tells_nothing_twice() -> None:
    _, cursor = await replayed(None, post(T, "a"))
    hour = 3_600_000_000
    told, _ = await replayed(cursor, post(T - hour, "old"), post(T - 1, "older"), post(T, "a"), post(T + 1, "new"))
    assert told == ["new"]


async def test_a_cursor_that_no_server_can_have_given_keeps_nothing_back() -> None:
    _, cursor = await replayed(None, post(T * 5, "from another age"))
    told, cursor = await replayed(cursor, post(T, "a"), post(T + 1, "b"))
    assert told == ["a", "b"]
    assert cursor is not None
    assert cursor.startswith(f"{T + 1} ")
    assert (await replayed("nonsense", post(T, "a")))[0] == ["a"]


async def test_times_out_of_order_are_all_told_and_never_move_the_cursor_back() -> None:
    told, cursor = await replayed(None, post(T, "a"), post(T + 9, "b"), post(T + 5, "c"), post(0, "d"))
    assert told == ["a", "b", "c", "d"]
    assert cursor is not None
    assert cursor.startswith(f"{T + 9} ")


async def test_a_cursor_stays_short_whatever_comes_in_one_microsecond() -> None:
    told, cursor = await replayed(None, *[post(T, str(number)) for number in range(1000)])
    assert len(told) == 1000
    assert cursor is not None
    assert len(cursor) < 4000


async def test_only_posts_in_the_wanted_languages_and_the_cursor_moves_on_with_the_others() -> None:
    messages = [
        post(T, "1", langs=["en-GB"]),
        post(T + 1, "2", langs=["pt", "EN"]),
        post(T + 2, "3", langs=["eng"]),
        post(T + 3, "4", langs=None),
        post(T + 4, "5", langs=["de"]),
        LIKE | {"time_us": T + 5},
        DELETE | {"time_us": T + 6, "commit": DELETE["commit"] | {"collection": "app.bsky.feed.post"}},
        post(T + 7, "6", langs=["ja"]),
    ]
    told, cursor = await replayed(None, *messages, langs=["en", "DE"])
    assert told == ["1", "2", "5", LIKE["commit"]["rkey"], DELETE["commit"]["rkey"]]
    assert cursor is not None
    assert cursor.startswith(f"{T + 7} ")


async def test_accounts_are_left_out_unless_they_are_wanted() -> None:
    async with ReplicaServer([IDENTITY, ACCOUNT, POST]) as stream:
        [event] = await collect(BlueskyFeed.configure({"url": stream.ws_url}), FeedContext(name="b"), 1)
    assert event.type == "post:create"


def commit(**changes: Any) -> str:
    return json.dumps(POST | {"commit": POST["commit"] | changes})


@pytest.mark.parametrize(
    "message",
    [
        *NOT_MESSAGES,
        '{"kind":["commit"]}',
        json.dumps(POST | {"commit": None}),
        json.dumps(POST | {"did": 5}),
        json.dumps(POST | {"did": "x" * 100_000}),
        json.dumps(POST | {"time_us": -1}),
        json.dumps(POST | {"time_us": str(T)}),
        json.dumps(POST).replace(str(T), "1e999"),
        commit(operation=None),
        commit(rkey=""),
        commit(record=[]),
        commit(record={"a": float("nan")}),
    ],
)
async def test_what_is_no_message_of_jetstream_is_kept_and_the_next_is_read(message: str) -> None:
    first, second = await events_of(BlueskyFeed, [message, POST], 2)
    assert first.type == REJECTED
    assert first.data["raw"] == message[:2048]
    assert len(first.data["reason"]) < 300
    assert second.type == "post:create"
    check_recordable([first])


@settings(max_examples=40, deadline=None)
@given(st.lists(mutated(SAMPLES), min_size=5, max_size=10))
def test_mutated_messages_become_events_that_can_be_recorded(messages: list[str]) -> None:
    events = outcome(BlueskyFeed, [*messages, POST], accounts=True, collections=[])
    check_recordable(events)
    assert len(events) == len(messages) + 1


async def test_its_pane_shows_its_events() -> None:
    check_pane(BlueskyFeed, await events_of(BlueskyFeed, [POST], 1))


@pytest.mark.parametrize(
    "options",
    [
        {"collections": ["posts"]},
        {"collections": ["app.bsky.*.post"]},
        {"collections": ["app.bsky.feed.post"] * 101},
        {"dids": ["ana.example"]},
        {"dids": ["did:plc:a"] * 10_001},
        {"langs": ["english please"]},
        {"url": "https://bsky.app"},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        BlueskyFeed.configure(options)
