from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pydantic
import pytest

from collab_dash.errors import FeedBroken
from collab_dash.event import REJECTED
from collab_dash.feed import FeedContext
from collab_dash.testing import ReplicaServer, collect
from collab_dash.transports import Message
from collab_dash_feeds.wikimedia import WikimediaFeed

SAMPLES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "samples" / "wikimedia.json").read_text())
EDIT, CANARY = SAMPLES


def message(cursor: str, data: Any = None, **changes: Any) -> Message:
    change = {**EDIT["data"], **changes} if data is None else data
    return Message(json.dumps(change), event="message", cursor=cursor)


def feed(stream: ReplicaServer, **options: Any) -> WikimediaFeed:
    configured = WikimediaFeed.configure({"url": f"{stream.url}/v2/stream", **options})
    assert isinstance(configured, WikimediaFeed)
    return configured


async def test_an_edit_becomes_an_event() -> None:
    async with ReplicaServer([message(EDIT["id"])]) as stream:
        context = FeedContext(name="wiki")
        [event] = await collect(feed(stream), context, 1)
    assert (event.type, event.time) == ("edit:create", 1746030241000)
    assert event.key == "File:Iranian Army Ground Forces New Equipment Ceremony 2017 (119).jpg"
    assert event.data == {
        "wiki": "commonswiki",
        "title": event.key,
        "user": "ana",
        "bot": False,
        "minor": False,
        "delta": 37,
        "comment": "Adding [[Category:Mizannews review needed]]",
        "url": "https://commons.wikimedia.org/w/index.php?diff=1026187021&oldid=711357579&rcid=2839844572",
        "namespace": 6,
        "revision": 1026187021,
    }
    assert context.cursor == EDIT["id"]


async def test_canaries_are_left_out_but_move_the_cursor() -> None:
    async with ReplicaServer([message(EDIT["id"]), message(CANARY["id"], CANARY["data"])], end=True) as stream:
        context = FeedContext(name="wiki")
        with pytest.raises(FeedBroken):
            await collect(feed(stream), context, 2)
    assert context.cursor == CANARY["id"]


async def test_the_stream_as_it_is_sent_up_to_its_end_after_a_quarter_of_an_hour() -> None:
    raw = ":ok\n\n" + "".join(
        f"event: message\nid: {sample['id']}\ndata: {json.dumps(sample['data'])}\n\n" for sample in (EDIT, CANARY)
    )
    async with ReplicaServer() as stream:
        stream.answer(200, raw, headers={"Content-Type": "text/event-stream; charset=utf-8"})
        context = FeedContext(name="wiki")
        [event] = await collect(feed(stream), context, 1)
        assert (event.type, event.data["user"], context.cursor) == ("edit:create", "ana", EDIT["id"])
        stream.answer(200, raw, headers={"Content-Type": "text/event-stream; charset=utf-8"})
        with pytest.raises(FeedBroken, match="ended the stream"):
            await collect(feed(stream), context, 2)
        stream.play(message("later"))
        await collect(feed(stream), context, 1)
        assert stream.requests[-1].headers["last-event-id"] == CANARY["id"]


STREAM = {"Content-Type": "text/event-stream"}


async def test_an_end_in_order_is_planned() -> None:
    async with ReplicaServer([message("1")], end=True) as stream:
        with pytest.raises(FeedBroken, match="ended the stream") as caught:
            await collect(feed(stream), FeedContext(name="wiki"), 2)
    assert caught.value.planned
    assert caught.value.retry_after is None


async def test_a_pause_that_the_stream_asked_for_is_kept_while_it_is_away() -> None:
    async with ReplicaServer() as stream:
        configured = feed(stream)
        stream.answer(200, "retry: 1500\n", headers=STREAM)
        stream.answer(503)
        for _ in range(2):
            with pytest.raises(FeedBroken) as caught:
                await collect(configured, FeedContext(name="wiki"), 1)
            assert (caught.value.retry_after, caught.value.planned) == (1.5, False)


async def test_an_id_alone_moves_the_cursor() -> None:
    context = FeedContext(name="wiki", cursor="before")
    async with ReplicaServer() as stream:
        stream.answer(200, "id: [7]\n\n", headers=STREAM)
        with pytest.raises(FeedBroken):
            await collect(feed(stream), context, 1)
    assert context.cursor == "[7]"


async def test_it_goes_on_after_the_last_id() -> None:
    async with ReplicaServer([message("[1]"), message("[2]", title="second")]) as stream:
        context = FeedContext(name="wiki", cursor="[1]")
        [event] = await collect(feed(stream, since="2026-01-01T00:00:00Z"), context, 1)
        [request] = stream.requests
    assert event.key == "second"
    assert request.headers["last-event-id"] == "[1]"
    assert "since" not in request.query


async def test_it_asks_for_its_streams_says_who_it_is_and_where_to_begin() -> None:
    options = {
        "streams": ["recentchange", "page-create"],
        "since": "2026-01-01T00:00:00Z",
        "contact": "ops@wall.example",
    }
    async with ReplicaServer([message("1")]) as stream:
        await collect(feed(stream, **options), FeedContext(name="wiki"), 1)
        [request] = stream.requests
    assert request.path == "/v2/stream/recentchange,page-create"
    assert request.query == {"since": "2026-01-01T00:00:00Z"}
    assert request.headers["user-agent"].startswith("collab-dash/")
    assert "ops@wall.example" in request.headers["user-agent"]


@pytest.mark.parametrize(
    ("kind", "event_type"),
    [
        ("edit", "edit:create"),
        ("new", "edit:create"),
        ("log", "edit:log"),
        ("categorize", "edit:categorize"),
        ("external", "edit:external"),
    ],
)
async def test_the_kind_of_change_is_in_the_type(kind: str, event_type: str) -> None:
    async with ReplicaServer([message("1", type=kind)]) as stream:
        [event] = await collect(feed(stream), FeedContext(name="wiki"), 1)
    assert event.type == event_type


async def test_a_log_entry_without_lengths_has_no_delta_and_a_new_page_all_of_it() -> None:
    bare = {key: value for key, value in EDIT["data"].items() if key not in {"length", "revision", "minor", "title"}}
    async with ReplicaServer(
        [message("1", {**bare, "type": "log"}), message("2", length={"old": None, "new": 5})]
    ) as stream:
        entry, page = await collect(feed(stream), FeedContext(name="wiki"), 2)
    assert (entry.key, entry.data["delta"], entry.data["revision"]) == (None, None, None)
    assert page.data["delta"] == 5


async def test_only_the_wanted_wikis_and_no_bots() -> None:
    messages = [
        message("1"),
        message("2", wiki="enwiki", bot=True),
        message("3", wiki="enwiki"),
        message("4", wiki="dewiki"),
    ]
    async with ReplicaServer(messages) as stream:
        context = FeedContext(name="wiki")
        [event] = await collect(feed(stream, wikis=["enwiki"], bots=False), context, 1)
    assert (event.data["wiki"], event.data["bot"]) == ("enwiki", False)
    assert context.cursor == "3"


async def test_the_streams_about_pages_are_read_too() -> None:
    page = {
        "meta": {
            "stream": "mediawiki.page-create",
            "dt": "2026-01-01T00:00:00Z",
            "uri": "https://x.example/Kite",
        },
        "database": "enwiki",
        "page_title": "Kite",
        "page_namespace": 0,
        "rev_id": 7,
        "performer": {"user_text": "bo", "user_is_bot": False},
    }
    async with ReplicaServer([message("1", page)]) as stream:
        [event] = await collect(feed(stream, streams=["page-create"]), FeedContext(name="wiki"), 1)
    assert (event.type, event.key, event.data["user"]) == ("page:create", "Kite", "bo")


@pytest.mark.parametrize("options", [{"url": "stream.wikimedia.org"}, {"streams": []}, {"streams": ["../x"]}])
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        WikimediaFeed.configure(options)


@pytest.mark.parametrize("raw", ["not json", "[]", "{}", '{"meta":1}', '{"meta":{},"type":"edit"}'])
async def test_what_is_no_change_is_kept_and_the_next_is_read(raw: str) -> None:
    async with ReplicaServer([Message(raw, cursor="1"), message("2")]) as stream:
        first, second = await collect(feed(stream), FeedContext(name="wiki"), 2)
    assert (first.type, first.data["raw"]) == (REJECTED, raw)
    assert second.type == "edit:create"
