"""Services of a real Feathers server: what there is, what happens, and what happened while nobody looked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pydantic
import pytest

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.event import REJECTED, Event, record
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, Relay, collect
from collab_dash.testing.upstream import NETWORK_FAULTS
from collab_dash_feeds import _feathers_memory as memory
from collab_dash_feeds.feathers import FeathersFeed
from node import NodeServer, node

THREE = [{"text": "a"}, {"text": "b"}, {"text": "c"}]


def feed(url: str, **options: Any) -> FeathersFeed:
    configured = FeathersFeed.configure({"url": url, "services": ["messages"], **options})
    assert isinstance(configured, FeathersFeed)
    return configured


class Running:
    """A feed at work."""

    def __init__(self, configured: FeathersFeed, context: FeedContext) -> None:
        self._stream: Any = configured.events(context)
        self._next: asyncio.Future[Event] | None = None

    def listen(self) -> None:
        self._next = self._next or asyncio.ensure_future(anext(self._stream))

    async def take(self, count: int) -> list[Event]:
        events = []
        async with asyncio.timeout(10):
            for _ in range(count):
                self.listen()
                assert self._next is not None
                waiting, self._next = self._next, None
                events.append(await waiting)
        return events

    async def close(self) -> None:
        if self._next is not None:
            self._next.cancel()
            await asyncio.gather(self._next, return_exceptions=True)
        await self._stream.aclose()


@asynccontextmanager
async def running(configured: FeathersFeed, context: FeedContext | None = None) -> AsyncIterator[Running]:
    run = Running(configured, context or FeedContext(name="chat"))
    try:
        yield run
    finally:
        await run.close()


def told(events: list[Event]) -> list[tuple[str, str | None]]:
    return [(event.type.removeprefix("messages:"), event.key) for event in events]


async def failure(configured: FeathersFeed, **environ: str) -> FeedError:
    try:
        await collect(configured, FeedContext(name="chat", environ=environ), 9)
    except FeedError as error:
        return error
    pytest.fail("it did not fail")


async def test_first_comes_what_there_is_then_what_happens() -> None:
    async with node("feathers", messages=THREE) as server, running(feed(server.url)) as chat:
        first = await chat.take(3)
        assert told(first) == [("find", "1"), ("find", "2"), ("find", "3")]
        assert first[0].data == {"id": 1, "text": "a"}
        for order in (
            ["create", {"text": "d", "createdAt": "2026-01-02T03:04:05Z"}],
            ["update", 1, {"text": "A"}],
            ["patch", 2, {"text": "B"}],
            ["remove", 3],
            ["create", [{"text": "e"}, {"text": "f"}]],
        ):
            server.tell(do=order)
        events = await chat.take(6)
    assert told(events) == [
        ("create", "4"),
        ("update", "1"),
        ("patch", "2"),
        ("remove", "3"),
        ("create", "5"),
        ("create", "6"),
    ]
    assert events[0].time == 1767323045000
    assert events[2].data == {"id": 2, "text": "B"}
    assert events[3].data == {"id": 3, "text": "c"}


async def test_a_long_list_is_read_page_by_page_up_to_a_bound() -> None:
    async with node("feathers", page=2, messages=[{"n": number} for number in range(7)]) as server:
        events = await collect(feed(server.url), FeedContext(name="chat"), 7)
        assert [event.data["n"] for event in events] == list(range(7))
        assert [found.get("$skip") for found in server.of("found")] == [None, 2, 4, 6]
        async with running(feed(server.url, max_items=3)) as chat:
            assert len(await chat.take(3)) == 3
            server.tell(do=["create", {"n": 7}])
            assert told(await chat.take(1)) == [("create", "8")]


async def test_the_query_is_the_first_finds() -> None:
    async with node("feathers", messages=THREE) as server:
        query = {"text": {"$in": ["${ONE}", "c"]}, "$sort": {"text": -1}}
        context = FeedContext(name="chat", environ={"ONE": "a"})
        assert told(await collect(feed(server.url, query=query), context, 2)) == [("find", "3"), ("find", "1")]


@pytest.mark.parametrize("page", [0, 2])
async def test_after_a_break_it_tells_what_changed_and_nothing_else(page: int) -> None:
    context = FeedContext(name="chat")
    async with node("feathers", page=page, messages=THREE) as server:
        await collect(feed(server.url), context, 3)
        for order in (["create", {"text": "d"}], ["patch", 2, {"text": "B"}], ["remove", 1]):
            server.tell(do=order)
        async with running(feed(server.url), context) as chat:
            assert sorted(told(await chat.take(3))) == [("create", "4"), ("remove", "1"), ("update", "2")]
        async with running(feed(server.url), context) as chat:
            chat.listen()
            await server.tells("connected", 3)
            server.tell(do=["create", {"text": "last"}])
            assert told(await chat.take(1)) == [("create", "5")]


async def test_what_happens_live_is_remembered_too() -> None:
    context = FeedContext(name="chat")
    async with node("feathers", messages=THREE) as server:
        async with running(feed(server.url), context) as chat:
            await chat.take(3)
            server.tell(do=["create", {"text": "d"}])
            server.tell(do=["remove", 1])
            await chat.take(2)
        server.tell(do=["remove", 4])
        assert told(await collect(feed(server.url), context, 1)) == [("remove", "4")]


async def test_no_removal_is_made_up_where_the_list_is_not_whole() -> None:
    context = FeedContext(name="chat")
    async with node("feathers", messages=THREE) as server:
        await collect(feed(server.url), context, 3)
        server.tell(do=["remove", 3])
        for options in ({"max_items": 1}, {"query": {"$limit": 1}}, {"query": {"$skip": 1}}):
            async with running(feed(server.url, **options), FeedContext(name="chat", cursor=context.cursor)) as chat:
                before = len(server.of("found"))
                chat.listen()
                await server.tells("found", before + 1)
                server.tell(do=["create", {"text": "d"}])
                assert {action for action, _ in told(await chat.take(1))} == {"create"}


async def test_no_removal_is_made_up_where_the_list_moved_while_it_was_read() -> None:
    context = FeedContext(name="chat")
    async with node("feathers", page=2, messages=THREE) as server:
        await collect(feed(server.url), context, 3)
        # After the first page: the third item is now where the first page was read, and on no page.
        server.tell(during=[["remove", 1]])
        async with running(feed(server.url), context) as chat:
            assert told(await chat.take(1)) == [("remove", "1")]
            server.tell(do=["create", {"text": "d"}])
            assert told(await chat.take(1)) == [("create", "4")]


@pytest.mark.parametrize("before", [148, 149, 150])
async def test_a_long_list_that_was_left_in_the_middle_is_gone_on_with(before: int) -> None:
    context = FeedContext(name="chat")
    async with node("feathers", page=100, messages=[{"n": number} for number in range(160)]) as server:
        await collect(feed(server.url), context, before)
        events = await collect(feed(server.url), context, 160 - before)
    assert [event.data["n"] for event in events] == list(range(before, 160))


async def test_with_a_query_only_what_was_listed_can_be_missed() -> None:
    context = FeedContext(name="chat")
    query = {"text": {"$in": ["a", "b"]}}
    async with node("feathers", messages=THREE) as server:
        async with running(feed(server.url, query=query), context) as chat:
            await chat.take(2)
            server.tell(do=["create", {"text": "other"}])
            await chat.take(1)
        server.tell(do=["remove", 1])
        async with running(feed(server.url, query=query), context) as chat:
            assert told(await chat.take(1)) == [("remove", "1")]
            server.tell(do=["create", {"text": "end"}])
            assert told(await chat.take(1)) == [("create", "5")]


async def test_what_happens_during_the_find_is_told_once() -> None:
    async with node("feathers", page=2, messages=THREE) as server, running(feed(server.url)) as chat:
        # After the first page was read: one created and one removed, which the second page tells, and one changed.
        server.tell(during=[["create", {"text": "d"}], ["patch", 1, {"text": "A"}], ["patch", 4, {"text": "D"}]])
        events = await chat.take(5)
        server.tell(do=["create", {"text": "end"}])
        events += await chat.take(1)
    assert told(events)[:4] == [("find", "1"), ("find", "2"), ("find", "3"), ("find", "4")]
    assert told(events)[4:] == [("patch", "1"), ("create", "5")]
    assert events[3].data["text"] == "D"


async def test_what_is_made_and_unmade_during_the_find_is_told() -> None:
    async with node("feathers", messages=THREE) as server, running(feed(server.url)) as chat:
        server.tell(during=[["create", {"text": "d"}], ["remove", 4], ["remove", 1]])
        events = await chat.take(6)
    assert told(events)[3:] == [("create", "4"), ("remove", "4"), ("remove", "1")]


async def test_several_services_are_told_apart() -> None:
    async with node("feathers", messages=THREE[:1]) as server:
        server.tell(user=["create", {"name": "ana"}])
        context = FeedContext(name="chat")
        async with running(feed(server.url, services=["messages", "users"]), context) as chat:
            events = await chat.take(2)
            server.tell(user=["patch", 1, {"name": "bo"}])
            events += await chat.take(1)
        assert [(event.type, event.key) for event in events] == [
            ("messages:find", "messages/1"),
            ("users:find", "users/1"),
            ("users:patch", "users/1"),
        ]
        async with running(feed(server.url, services=["users"]), context) as chat:
            server.tell(do=["create", {"text": "unasked for"}])
            server.tell(user=["remove", 1])
            assert [(event.type, event.key) for event in await chat.take(1)] == [("users:remove", "1")]


async def test_a_services_own_events_are_told() -> None:
    async with node("feathers", messages=THREE[:1]) as server, running(feed(server.url)) as chat:
        await chat.take(1)
        server.tell(typing={"who": "ana"})
        [event] = await chat.take(1)
    assert (event.type, event.key, event.data) == ("messages:typing", None, {"who": "ana"})


async def test_the_key_may_have_another_name() -> None:
    async with node("feathers", id="uid", messages=THREE[:1]) as server:
        assert told(await collect(feed(server.url, key="uid"), FeedContext(name="chat"), 1)) == [("find", "1")]
        [event] = await collect(feed(server.url), FeedContext(name="chat"), 1)
        assert event.type == REJECTED
        assert "without id || _id" in event.data["reason"]
        assert record(event, feed="chat", received=1)


async def token_of(server: NodeServer) -> str:
    server.tell(token=1)
    return str(await server.tells("token"))


async def test_an_access_token_lets_us_in_to_the_lists_and_the_events() -> None:
    async with node("feathers", secret="s", messages=THREE[:1]) as server:
        context = FeedContext(name="chat", environ={"TOKEN": await token_of(server)})
        async with running(feed(server.url, auth={"accessToken": "${TOKEN}"}), context) as chat:
            await chat.take(1)
            server.tell(do=["create", {"text": "d"}])
            assert told(await chat.take(1)) == [("create", "2")]


async def test_user_and_password_let_us_in() -> None:
    async with node("feathers", secret="s", messages=THREE[:1]) as server:
        auth = {"email": "ana@example.com", "password": "${PASSWORD}"}
        context = FeedContext(name="chat", environ={"PASSWORD": "right"})
        assert len(await collect(feed(server.url, auth=auth), context, 1)) == 1


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        ({"accessToken": "${TOKEN}"}, "refuses 'authentication': 401 jwt malformed"),
        ({"strategy": "local", "password": "${TOKEN}"}, "refuses 'authentication': 401 Invalid login …"),
        ({"strategy": "other"}, "refuses 'authentication': 401"),
        ({}, "refuses 'messages': 401 Not authenticated"),
    ],
)
async def test_wrong_credentials_fail_and_are_not_told(auth: dict[str, str], words: str) -> None:
    async with node("feathers", secret="s", messages=THREE[:1]) as server:
        error = await failure(feed(server.url, auth=auth), TOKEN="wrong-token")
    assert isinstance(error, FeedFailed)
    assert words in str(error)
    assert error.hint == "check the feed's auth"
    assert "wrong-token" not in str(error)
    assert "wrong-token" not in repr(feed(server.url, auth={"accessToken": "wrong-token"}).options)


async def test_a_token_that_runs_out_ends_the_connection() -> None:
    async with node("feathers", secret="s", lifetime="1s", messages=THREE[:1]) as server:
        context = FeedContext(name="chat", environ={"TOKEN": await token_of(server)})
        async with running(feed(server.url, auth={"accessToken": "${TOKEN}"}), context) as chat:
            await chat.take(1)
            with pytest.raises(FeedBroken, match="disconnected us"):
                await chat.take(1)


@pytest.mark.parametrize(
    ("service", "kind", "words", "hint"),
    [
        ("nothing", FeedFailed, "refuses 'nothing': 404 Service 'nothing' not found", "services"),
        ("broken", FeedBroken, "cannot answer on 'broken' for now: 503 down for maintenance", ""),
        ("odd", FeedFailed, "answers find on 'odd' with no list", "services"),
    ],
)
async def test_a_service_that_cannot_be_listed(service: str, kind: type, words: str, hint: str) -> None:
    async with node("feathers") as server:
        error = await failure(feed(server.url, services=[service]))
    assert isinstance(error, kind)
    assert words in str(error)
    assert hint in getattr(error, "hint", "")


async def test_a_killed_server_is_broken_and_found_again() -> None:
    context = FeedContext(name="chat")
    async with node("feathers", messages=THREE) as server:
        async with running(feed(server.url), context) as chat:
            await chat.take(3)
            await server.kill()
            with pytest.raises(FeedBroken):
                await chat.take(1)
        async with node("feathers", port=server.port, messages=[*THREE, {"text": "d"}]) as again:
            assert told(await collect(feed(again.url), context, 1)) == [("create", "4")]


@pytest.mark.parametrize("services", [[], [""], ["/messages"], ["a b"]])
def test_services_are_checked(services: list[str]) -> None:
    with pytest.raises(pydantic.ValidationError):
        feed("http://x", services=services)


@pytest.mark.parametrize("cursor", ["", "x", "[]", '{"messages":3}'])
def test_a_cursor_that_is_not_ours_is_none(cursor: str) -> None:
    assert memory.read(cursor) == {}


def test_a_memory_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LIMIT", 3)
    known = memory.Memory()
    assert [known.list(str(number), number) for number in range(5)] == ["new"] * 5
    assert list(known.dump()) == ["2", "3", "4"]


def test_the_order_of_fields_does_not_matter() -> None:
    assert memory.digest({"a": 1, "b": [2]}) == memory.digest({"b": [2], "a": 1})
    with pytest.raises(ValueError, match="object"):
        memory.digest({"a": object()})


class TestConformance(FeedConformance):
    """Against the real server, behind a relay."""

    plugin = FeathersFeed
    messages = tuple({"text": f"message {number}"} for number in range(4))
    malformed = ()
    faults = NETWORK_FAULTS
    resumes = True

    @asynccontextmanager
    async def upstream(self) -> AsyncIterator[Relay]:
        async with node("feathers") as server:

            async def play(*messages: Any) -> None:
                for message in messages:
                    server.tell(do=["create", message])
                await server.tells("did", len(server.of("did")) + len(messages))

            async with Relay("127.0.0.1", server.port, play=play) as relay:
                yield relay

    def options(self, upstream: Relay) -> dict[str, Any]:
        return {"url": f"http://127.0.0.1:{upstream.port}", "services": ["messages"]}

    def identity(self, event: Event) -> Any:
        return event.key, event.data
