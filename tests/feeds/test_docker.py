from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pydantic
import pytest

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.event import REJECTED, Event, record
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, collect
from collab_dash_feeds import _docker_follower as follower
from collab_dash_feeds.docker import DockerFeed
from docker_engine import BEGAN
from docker_replica import DockerReplica

# Events as an engine tells them, and what two containers print.
SAMPLES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "samples" / "docker.json").read_text())


def following(replica: DockerReplica, **options: Any) -> DockerFeed:
    feed = DockerFeed.configure({"url": replica.url, **options})
    assert isinstance(feed, DockerFeed)
    return feed


@asynccontextmanager
async def followed(replica: DockerReplica, context: FeedContext | None = None, **options: Any) -> AsyncIterator[Any]:
    """Run a feed until it listens to the engine's events, and give its events."""
    stream: Any = following(replica, **options).events(context or FeedContext(name="d"))
    before = replica.listeners
    waiting = asyncio.ensure_future(anext(stream))
    await replica.until(lambda: replica.listeners > before)

    async def events() -> AsyncIterator[Event]:
        yield await waiting
        async for event in stream:
            yield event

    try:
        async with asyncio.timeout(10):
            yield events()
    finally:
        if not waiting.done():
            waiting.cancel()
            await asyncio.wait([waiting])
        await stream.aclose()


async def test_lines_become_events_with_stream_time_and_level() -> None:
    async with DockerReplica() as replica:
        replica.add("web")
        replica.say("web", "ready\n")
        replica.say("web", "ERROR no upstream\n", "stderr")
        first, second = await collect(following(replica), FeedContext(name="d"), 2)
    assert (first.type, first.key, first.time) == ("log:line", "web", BEGAN // 1_000_000 + 1)
    assert first.data == {"line": "ready", "stream": "stdout", "id": "010101010101"}
    assert second.data == {"line": "ERROR no upstream", "stream": "stderr", "id": "010101010101", "level": "error"}
    assert {request.path.split("/")[1] for request in replica.requests} == {"version", "v1.51"}


async def test_it_speaks_over_a_unix_socket(tmp_path: Path) -> None:
    async with DockerReplica(tmp_path / "docker.sock") as replica:
        replica.add("web")
        replica.say("web", "ready\n")
        [event] = await collect(following(replica), FeedContext(name="d"), 1)
        assert event.data["line"] == "ready"
        environ = {"DOCKER_HOST": replica.url}
        [event] = await collect(DockerFeed.configure({}), FeedContext(name="d", environ=environ), 1)
        assert event.data["line"] == "ready"


async def test_a_terminals_output_comes_without_frames() -> None:
    async with DockerReplica() as replica:
        replica.add("shell", terminal=True)
        replica.say("shell", "$ ls\r\n")
        replica.say("shell", "a  b\r\n")
        events = await collect(following(replica), FeedContext(name="d"), 2)
    assert [event.data["line"] for event in events] == ["$ ls", "a  b"]
    assert events[1].time == BEGAN // 1_000_000 + 2


async def test_the_first_time_begins_with_the_last_lines() -> None:
    async with DockerReplica() as replica:
        replica.add("web")
        for number in range(30):
            replica.say("web", f"{number}\n")
        events = await collect(following(replica, tail=3), FeedContext(name="d"), 3)
    assert [event.data["line"] for event in events] == ["27", "28", "29"]


ENGINE = [
    ("container", "start", {"message": "start (nginx:1.27)", "action": "start", "image": "nginx:1.27"}, "web"),
    ("container", "die", {"message": "die exit code 137 (nginx:1.27)", "exit_code": 137, "level": "warn"}, "web"),
    (
        "container",
        "health_status: unhealthy",
        {"action": "health_status", "status": "unhealthy", "level": "warn"},
        "web",
    ),
    ("image", "pull", {"message": "pull", "action": "pull", "id": "nginx:1.27"}, "nginx:1.27"),
    ("network", "connect", {"message": "connect"}, "bridge"),
]


@pytest.mark.parametrize(("kind", "action", "some", "key"), ENGINE, ids=[case[1] for case in ENGINE])
async def test_what_the_engine_does_becomes_events(kind: str, action: str, some: dict[str, Any], key: str) -> None:
    async with DockerReplica() as replica:
        web = replica.add("web")
        async with followed(replica) as events:
            if kind == "container":
                replica.event(kind, action, web, **({"exitCode": "137"} if action == "die" else {}))
            else:
                replica.event(kind, action, name=key)
            event = await anext(events)
    assert (event.type, event.key) == (f"{kind}:{action.partition(':')[0]}", key)
    assert some.items() <= event.data.items()
    assert event.time == replica.now // 1_000_000
    record(event, feed="d", received=1)


async def test_the_many_events_of_health_checks_are_left_out() -> None:
    async with DockerReplica() as replica:
        web = replica.add("web")
        async with followed(replica) as events:
            replica.event("container", "exec_create: /bin/check", web)
            replica.event("container", "exec_die", web)
            replica.event("container", "pause", web)
            assert (await anext(events)).type == "container:pause"


async def test_a_container_that_starts_later_joins_and_its_last_words_are_told() -> None:
    async with DockerReplica() as replica, followed(replica, events=False) as events:
        replica.start("job")
        replica.say("job", "working\n")
        assert (await anext(events)).key == "job"
        replica.say("job", "done, without an end of line")
        replica.stop("job")
        last = await anext(events)
    assert last.data["line"] == "done, without an end of line"


async def test_a_container_that_is_started_again_is_followed_again_and_nothing_comes_twice() -> None:
    async with DockerReplica() as replica:
        replica.add("web")
        replica.say("web", "one\n")
        async with followed(replica, events=False) as events:
            lines = [(await anext(events)).data["line"]]
            for word in ("two", "three"):
                replica.stop("web")
                replica.start("web")
                replica.say("web", f"{word}\n")
                lines.append((await anext(events)).data["line"])
    assert lines == ["one", "two", "three"]


async def test_containers_are_chosen_by_name_and_label() -> None:
    async with DockerReplica() as replica:
        replica.add("shop-web", project="shop", tier="front")
        replica.add("shop-db", project="shop")
        replica.add("other", project="other")
        for name in list(replica.containers):
            replica.say(name, f"{name}\n")
        by_name = await collect(following(replica, containers=["/shop-*"]), FeedContext(name="d"), 2)
        by_label = await collect(following(replica, labels=["project=shop", "tier"]), FeedContext(name="d"), 1)
        async with followed(replica, containers=["shop-web"], logs=False) as events:
            replica.event("image", "pull", name="nginx")
            replica.stop("other")
            replica.stop("shop-web")
            assert (await anext(events)).key == "shop-web"
    assert {event.key for event in by_name} == {"shop-web", "shop-db"}
    assert [event.key for event in by_label] == ["shop-web"]


@pytest.mark.parametrize("streams", ["stdout", "stderr"])
async def test_one_of_the_outputs_may_be_enough(streams: str) -> None:
    async with DockerReplica() as replica:
        replica.add("web")
        replica.say("web", "stdout\n")
        replica.say("web", "stderr\n", "stderr")
        [event] = await collect(following(replica, streams=streams), FeedContext(name="d"), 1)
    assert event.data["line"] == event.data["stream"] == streams


@pytest.mark.parametrize("stop", range(1, 6))
async def test_after_a_break_it_goes_on_to_the_nanosecond(stop: int) -> None:
    context = FeedContext(name="d")
    async with DockerReplica() as replica:
        replica.add("web")
        for number in range(6):  # three pairs of the same nanosecond
            replica.say("web", f"{number}\n", time=BEGAN + 7 + number // 2)
        before = await collect(following(replica), context, stop)
        after = await collect(following(replica), context, 6 - stop)
    assert [event.data["line"] for event in before + after] == [str(number) for number in range(6)]


async def test_what_happened_while_nobody_watched_is_told_once() -> None:
    context = FeedContext(name="d")
    async with DockerReplica() as replica:
        replica.add("web")
        replica.say("web", "before\n")
        await collect(following(replica), context, 1)
        replica.say("web", "last words\n")
        replica.stop("web", 1)
        replica.start("job")
        replica.say("job", "new\n")
        events = await collect(following(replica), context, 4)
        replica.start("web")
        more = await collect(following(replica), context, 1)
    assert sorted(event.data.get("line") or event.type for event in events) == [
        "container:die",
        "container:start",
        "last words",
        "new",
    ]
    assert (more[0].type, more[0].key) == ("container:start", "web")


async def test_containers_that_are_gone_are_forgotten() -> None:
    context = FeedContext(name="d")
    async with DockerReplica() as replica:
        for name in ("web", "job"):
            replica.add(name)
            replica.say(name, "x\n")
        await collect(following(replica), context, 2)
        assert set(json.loads(context.cursor or "")["logs"]) == {"010101010101", "020202020202"}
        replica.remove("job")
        [event] = await collect(following(replica), context, 1)
    assert event.type == "container:destroy"
    assert set(json.loads(context.cursor or "")["logs"]) == {"010101010101"}


async def test_a_log_that_cannot_be_read_is_told_and_the_others_are() -> None:
    async with DockerReplica() as replica:
        replica.add("mute", nolog="1")
        replica.add("web")
        replica.say("web", "x\n")
        events = await collect(following(replica), FeedContext(name="d"), 2)
    told = {event.key: event for event in events}
    assert told["mute"].type == REJECTED
    assert "does not support reading" in told["mute"].data["reason"]
    assert told["web"].data["line"] == "x"


async def test_over_the_most_containers_it_says_how_many_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "_MOST_FOLLOWED", 2)
    notes: list[str] = []
    async with DockerReplica() as replica:
        for number in range(5):
            replica.add(f"c{number}")
        async with followed(replica, FeedContext(name="d", note=notes.append)) as events:
            replica.event("network", "create", name="n")
            await anext(events)
    assert notes[-1] == "following 2 containers, 3 left out"


async def test_a_long_line_in_pieces_is_put_together() -> None:
    async with DockerReplica() as replica:
        replica.add("web")
        for piece in (b"a" * 16384, b"b" * 16384, b"c\n"):
            replica.say("web", piece, time=BEGAN + 5)
        replica.say("web", b"x" * ((1 << 20) + 1) + b"\n")
        replica.say("web", "next\n")
        first, second, third = await collect(following(replica), FeedContext(name="d"), 3)
    assert first.data["line"] == "a" * 16384 + "b" * 16384 + "c"
    assert "over the limit" in second.data["reason"]
    assert third.data["line"] == "next"


async def test_a_cut_connection_is_broken_and_gone_on_with() -> None:
    context = FeedContext(name="d")
    async with DockerReplica() as replica:
        replica.add("web")
        replica.say("web", "one\n")
        replica.cut(after=1)
        with pytest.raises(FeedBroken, match="broke"):
            await collect(following(replica), context, 2)
        replica.say("web", "two\n")
        [event] = await collect(following(replica), context, 1)
    assert event.data["line"] == "two"


async def test_an_engine_that_ends_is_broken() -> None:
    async with DockerReplica() as replica:
        replica.add("web")
        async with followed(replica) as events:
            replica.cut_now()
            with pytest.raises(FeedBroken):
                await anext(events)


async def test_without_an_engine_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = DockerFeed.configure({"url": f"unix://{tmp_path}/none.sock"})
    with pytest.raises(FeedBroken, match="no such socket") as caught:
        await collect(feed, FeedContext(name="d"), 1)
    assert "is Docker running" in caught.value.hint
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONTEXT", "no-such-context")
    with pytest.raises(FeedFailed, match="no Docker engine can be chosen"):
        await collect(DockerFeed.configure({}), FeedContext(name="d"), 1)


@pytest.mark.parametrize(
    ("status", "kind"), [(401, FeedFailed), (403, FeedFailed), (404, FeedFailed), (429, FeedBroken), (503, FeedBroken)]
)
async def test_a_refusal_is_told_in_the_engines_words(status: int, kind: type[FeedError]) -> None:
    async with DockerReplica() as replica:
        replica.answer(status, '{"message": "no\\u001b[2J thanks"}', headers={"Retry-After": "7"})
        with pytest.raises(kind, match=rf"answers {status}: no \[2J thanks"):
            await collect(following(replica), FeedContext(name="d"), 1)


@pytest.mark.parametrize("body", ["nonsense", "{}", '{"ApiVersion": "../x"}', '{"ApiVersion": 1}'])
async def test_what_is_no_engine_is_told_so(body: str) -> None:
    async with DockerReplica() as replica:
        replica.answer(200, body)
        with pytest.raises(FeedBroken):
            await collect(following(replica), FeedContext(name="d"), 1)


async def test_a_slow_reader_slows_the_engine_and_loses_nothing() -> None:
    async with DockerReplica() as replica:
        replica.add("web")
        for number in range(3000):
            replica.say("web", f"{number}\n")
        events = await collect(following(replica, tail=3000), FeedContext(name="d"), 3000)
    assert [event.data["line"] for event in events] == [str(number) for number in range(3000)]


@pytest.mark.parametrize(
    "options",
    [{"containers": ["a b"]}, {"labels": ["=x"]}, {"url": "/run/docker.sock"}, {"streams": "none"}, {"tail": -1}],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        DockerFeed.configure(options)


class TestConformance(FeedConformance):
    plugin = DockerFeed
    messages = SAMPLES
    malformed = ("{not JSON", "[]", '{"Type":"container"}', '{"timeNano":{}}')
    resumes = True

    def upstream(self) -> Any:
        replica = DockerReplica()
        replica.add("web")
        replica.add("db")
        return replica

    def options(self, upstream: Any) -> dict[str, Any]:
        return {"url": upstream.url}
