from __future__ import annotations

import asyncio
import copy
import json
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import Event, record
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, collect
from collab_dash.transports import tls
from collab_dash_feeds import _kubernetes_memory as memory
from collab_dash_feeds import kubernetes as module
from collab_dash_feeds.kubernetes import KubernetesFeed
from kubernetes_replica import EXPIRED, KubernetesReplica, following
from replicas import until_noted

SAMPLES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "samples" / "kubernetes.json").read_text())
PENDING, RUNNING, CRASHING, SECOND, REMOVED, NODE, DEPLOYMENT, JOB, EVENT, CUSTOM = SAMPLES
PODS = SAMPLES[:5]


def told(events: list[Event]) -> list[tuple[str, str | None]]:
    return [(event.type, event.key) for event in events]


def pod(number: int, action: str = "ADDED") -> dict[str, Any]:
    made = copy.deepcopy(RUNNING)
    made["type"] = action
    made["object"]["metadata"] |= {"name": f"web-{number}", "uid": f"uid-{number}"}
    return made


async def test_pods_come_change_and_go() -> None:
    context = FeedContext(name="k")
    async with KubernetesReplica() as replica:
        stream: Any = following(replica).events(context)
        async with asyncio.timeout(10), aclosing(stream):
            events = []
            for happening in PODS:
                replica.play(happening)
                events.append(await anext(stream))
    assert [event.type for event in events] == ["pod:create", "pod:update", "pod:update", "pod:create", "pod:remove"]
    assert [event.key for event in events] == [
        *["shop/web-6d9f7c5b8-x7k2p"] * 3,
        "shop/web-6d9f7c5b8-q4m8z",
        "shop/web-6d9f7c5b8-x7k2p",
    ]
    assert [event.data["status"] for event in events] == [
        "Pending",
        "Running",
        "CrashLoopBackOff",
        "Running",
        "Removed",
    ]
    assert events[2].data == {
        "name": "web-6d9f7c5b8-x7k2p",
        "namespace": "shop",
        "status": "CrashLoopBackOff",
        "phase": "Running",
        "ready": 1,
        "containers": 2,
        "restarts": 4,
        "node": "node-1",
        "ip": "10.1.0.17",
        "reason": "OOMKilled",
        "message": "back-off 1m20s restarting failed container=web pod=web-6d9f7c5b8-x7k2p_shop",
        "created": 1791042000000,
    }
    for event in events:
        record(event, feed="k", received=1)


OTHERS = [
    (
        NODE,
        "node-1",
        "node:create",
        {"status": "Ready, cordoned", "ip": "192.0.2.11", "version": "v1.34.1", "reason": "KubeletReady"},
    ),
    (
        DEPLOYMENT,
        "shop/web",
        "deployment:create",
        {"status": "Progressing", "ready": 2, "replicas": 3, "updated": 3, "available": 2},
    ),
    (JOB, "shop/migrate", "job:create", {"status": "Failed", "failed": 4, "reason": "BackoffLimitExceeded"}),
    (
        EVENT,
        "shop/web-6d9f7c5b8-x7k2p",
        "event:create",
        {"level": "warn", "reason": "BackOff", "kind": "Pod", "count": 7, "source": "kubelet", "node": "node-1"},
    ),
    (CUSTOM, "shop/tls", "certificate:create", {"status": "NotReady", "reason": "Issuing"}),
]


@pytest.mark.parametrize(("happening", "key", "kind", "some"), OTHERS, ids=[other[2] for other in OTHERS])
@pytest.mark.parametrize("listed", [True, False])
async def test_other_kinds_have_their_own_fields(
    happening: dict[str, Any], key: str, kind: str, some: dict[str, Any], *, listed: bool
) -> None:
    async with KubernetesReplica() as replica:
        feed = following(replica, resource="/apis/example.org/v1/things")
        context = FeedContext(name="k")
        if not listed:
            await until_noted(feed, context)
        replica.play(happening)
        [event] = await collect(feed, context, 1)
    assert (event.type, event.key) == (kind, key)
    assert some.items() <= event.data.items()


async def test_what_is_there_comes_with_its_creation_and_an_event_with_its_last_time() -> None:
    async with KubernetesReplica() as replica:
        replica.play(SECOND)
        [listed] = await collect(following(replica), FeedContext(name="k"), 1)
    async with KubernetesReplica() as replica:
        replica.play(EVENT)
        [event] = await collect(following(replica, resource="events"), FeedContext(name="k"), 1)
    assert listed.time == listed.data["created"] == 1791042000000
    assert event.time == 1791042750000


async def test_that_an_event_has_expired_is_no_event() -> None:
    async with KubernetesReplica() as replica:
        feed, context = following(replica, resource="events"), FeedContext(name="k")
        replica.play(EVENT)
        await collect(feed, context, 1)
        replica.play(EVENT | {"type": "DELETED"}, EVENT)
        [event] = await collect(feed, context, 1)
    assert event.type == "event:create"


async def test_a_list_is_asked_for_in_pages_and_a_watch_goes_on_from_it() -> None:
    async with KubernetesReplica() as replica:
        replica.limit = 2
        replica.play(*map(pod, range(5)))
        events = await collect(
            following(replica, namespace="shop", labels="app=web", fields="spec.nodeName=node-1", watch=100),
            FeedContext(name="k"),
            5,
        )
        assert sorted(told(events)) == [("pod:create", f"shop/web-{number}") for number in range(5)]
        first, second, third = replica.requests
        assert first.path == "/api/v1/namespaces/shop/pods"
        assert first.query == {"labelSelector": "app=web", "fieldSelector": "spec.nodeName=node-1", "limit": "500"}
        assert [second.query["continue"], third.query["continue"]] == ["105/2", "105/4"]
        replica.play(pod(5))
        await collect(following(replica, watch=300), FeedContext(name="k", cursor='{"version":"105"}'), 1)
    query = replica.watches[-1].query
    assert (query["resourceVersion"], query["allowWatchBookmarks"]) == ("105", "true")
    assert 270 <= int(query["timeoutSeconds"]) <= 300


async def test_after_a_break_it_goes_on_without_listing() -> None:
    context = FeedContext(name="k")
    async with KubernetesReplica() as replica:
        replica.play(*PODS[:2])
        await collect(following(replica), context, 1)
        lists = len(replica.requests) - len(replica.watches)
        replica.play(*PODS[2:])
        events = await collect(following(replica), context, 3)
        assert len(replica.requests) - len(replica.watches) == lists
    assert [event.type for event in events] == ["pod:update", "pod:create", "pod:remove"]


@pytest.mark.parametrize("stop", range(1, 5))
async def test_a_list_that_was_told_half_is_gone_on_with(stop: int) -> None:
    context = FeedContext(name="k")
    async with KubernetesReplica() as replica:
        replica.play(*map(pod, range(5)))
        before = await collect(following(replica), context, stop)
        replica.compact()
        after = await collect(following(replica), context, 5 - stop)
    assert told(before + after) == [("pod:create", f"shop/web-{number}") for number in range(5)]


async def test_after_a_long_absence_only_what_changed_is_told() -> None:
    context = FeedContext(name="k")
    async with KubernetesReplica() as replica:
        replica.play(*map(pod, range(4)))
        await collect(following(replica), context, 4)
        replica.play(pod(1, "MODIFIED"), pod(2, "DELETED"), pod(9))
        replica.compact()
        events = await collect(following(replica), context, 3)
        replica.play(pod(3, "MODIFIED"))
        events += await collect(following(replica), context, 1)
    assert told(events) == [
        ("pod:remove", "shop/web-2"),
        ("pod:update", "shop/web-1"),
        ("pod:create", "shop/web-9"),
        ("pod:update", "shop/web-3"),
    ]
    assert events[0].data == {"name": "web-2", "status": "Removed"}


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_version_that_expires_while_it_watches_has_everything_listed_anew(
    monkeypatch: pytest.MonkeyPatch, *, at_once: bool
) -> None:
    monkeypatch.setattr(module, "_LEAST_WATCH", 0.0)
    async with KubernetesReplica() as replica:
        replica.play(pod(1))
        stream: Any = following(replica).events(FeedContext(name="k"))
        async with asyncio.timeout(10), aclosing(stream):
            await anext(stream)
            waiting = asyncio.ensure_future(anext(stream))
            await replica.until(lambda: len(replica.watches) == 1)
            if at_once:
                replica.answer(410, EXPIRED)  # in the place of a watch, not in its first event
            replica.play(pod(2))
            replica.compact()
            replica.end_watches()
            assert (await waiting).key == "shop/web-2"


async def test_a_watch_that_the_server_ends_goes_on_at_once_without_trouble() -> None:
    async with KubernetesReplica() as replica:
        replica.play(pod(1))
        stream: Any = following(replica).events(FeedContext(name="k"))
        async with asyncio.timeout(10), aclosing(stream):
            await anext(stream)
            waiting = asyncio.ensure_future(anext(stream))
            await replica.until(lambda: len(replica.watches) == 1)
            replica.play(pod(2))
            await waiting
            replica.end_watches()
            waiting = asyncio.ensure_future(anext(stream))
            await replica.until(lambda: len(replica.watches) == 2)
            replica.play(pod(2, "MODIFIED"))
            assert (await waiting).type == "pod:update"
    assert len(replica.requests) == 3


async def test_a_server_that_ends_every_watch_at_once_is_broken() -> None:
    async with KubernetesReplica() as replica:
        task = asyncio.ensure_future(collect(following(replica), FeedContext(name="k"), 1))
        await replica.until(lambda: len(replica.watches) == 1)
        replica.end_watches()
        with pytest.raises(FeedBroken, match="ends every watch at once"):
            await task


async def test_a_bookmark_moves_the_cursor_without_an_event() -> None:
    async with KubernetesReplica() as replica:
        feed, context = following(replica), FeedContext(name="k")
        await until_noted(feed, context)
        replica.bookmark()
        stream: Any = feed.events(context)
        async with asyncio.timeout(10), aclosing(stream):
            waiting = asyncio.ensure_future(anext(stream))
            while "101" not in (context.cursor or ""):
                await asyncio.sleep(0)
            replica.compact()
            replica.play(pod(1))
            assert (await waiting).type == "pod:create"
        assert [request.query.get("resourceVersion") for request in replica.requests] == [None, "100"]


@pytest.mark.parametrize("chunk", [1, 2, 3, 61])
async def test_chunks_may_end_anywhere_also_inside_a_character(chunk: int) -> None:
    async with KubernetesReplica(chunk=chunk) as replica:
        feed, context = following(replica), FeedContext(name="k")
        await until_noted(feed, context)
        happening = pod(1)
        happening["object"]["status"] |= {"message": "не хватает памяти 🐘"}
        replica.play(happening, pod(2))
        first, second = await collect(feed, context, 2)
    assert first.data["message"] == "не хватает памяти 🐘"
    assert second.key == "shop/web-2"


async def test_a_watch_cut_in_the_midst_of_an_event_is_broken_and_gone_on_with() -> None:
    async with KubernetesReplica() as replica:
        feed, context = following(replica), FeedContext(name="k")
        await until_noted(feed, context)
        replica.cut(after=1)
        replica.play(pod(1))
        with pytest.raises(FeedBroken, match="broke"):
            await collect(feed, context, 2)
        replica.play(pod(2))
        [event] = await collect(feed, context, 1)
    assert event.key == "shop/web-2"


async def test_a_watch_that_ends_in_order_but_in_the_midst_of_an_event_is_broken() -> None:
    async with KubernetesReplica() as replica:
        replica.play(pod(1))
        stream: Any = following(replica).events(FeedContext(name="k"))
        async with asyncio.timeout(10), aclosing(stream):
            await anext(stream)
            waiting = asyncio.ensure_future(anext(stream))
            await replica.until(lambda: len(replica.watches) == 1)
            replica._raw.append(b'{"type":"MODI')
            replica.end_watches()
            with pytest.raises(FeedBroken, match="in the middle of an event"):
                await waiting


async def test_of_very_many_objects_the_cursor_holds_the_version_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_MOST_REMEMBERED", 3)
    context = FeedContext(name="k")
    async with KubernetesReplica() as replica:
        replica.play(*map(pod, range(4)))
        await collect(following(replica), context, 3)
        assert "known" in (context.cursor or "")
        await collect(following(replica), context, 1)
    assert json.loads(context.cursor or "") == {"version": "104"}


@pytest.mark.parametrize("cursor", ["", "x", "[]", '{"version": 5}', '{"version":"7","known":"!!"}'])
async def test_a_cursor_that_cannot_be_read_counts_as_none(cursor: str) -> None:
    async with KubernetesReplica() as replica:
        replica.play(pod(1))
        [event] = await collect(following(replica), FeedContext(name="k", cursor=cursor), 1)
    assert event.type == "pod:create"


async def test_secrets_are_sent_and_never_told() -> None:
    environ = {"TOKEN": "s3cret-token", "KEY": "s3cret-key"}
    async with KubernetesReplica() as replica:
        replica.answer(403)
        feed = following(replica, token="${TOKEN}", headers={"X-Key": "${KEY}"})
        with pytest.raises(FeedFailed) as caught:
            await collect(feed, FeedContext(name="k", environ=environ), 1)
    assert replica.requests[0].headers["authorization"] == "Bearer s3cret-token"
    assert replica.requests[0].headers["x-key"] == "s3cret-key"
    assert "s3cret" not in f"{caught.value} {caught.value.hint} {feed.options!r}"


async def test_in_a_cluster_the_pods_own_account_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SERVICE_ACCOUNT", tmp_path)
    made: list[Any] = []
    monkeypatch.setattr(tls, "context", lambda **given: made.append(given))
    environ = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "6443"}
    feed: Any = KubernetesFeed.configure({})
    (tmp_path / "token").write_text("first\n")
    source = feed._source(FeedContext(name="k", environ=environ))
    assert source.url == "https://10.96.0.1:6443"
    assert made == [{"ca": tmp_path / "ca.crt"}]
    assert source.headers() == {"Authorization": "Bearer first"}
    (tmp_path / "token").write_text("second\n")
    assert source.headers() == {"Authorization": "Bearer second"}
    (tmp_path / "token").unlink()
    with pytest.raises(FeedFailed, match="cannot read the pod's token"):
        source.headers()
    six = feed._source(FeedContext(name="k", environ=environ | {"KUBERNETES_SERVICE_HOST": "fd00::1"}))
    assert six.url == "https://[fd00::1]:6443"


async def test_without_kubectl_proxy_it_says_what_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    async with KubernetesReplica() as replica:
        monkeypatch.setattr(module, "PROXY", replica.url)
        replica.refuse()
        with pytest.raises(FeedBroken, match="refuses connections") as caught:
            await collect(KubernetesFeed.configure({}), FeedContext(name="k"), 1)
    assert caught.value.hint == "start kubectl proxy, or set url"


class TestConformance(FeedConformance):
    plugin = KubernetesFeed
    messages = (PENDING, RUNNING, CRASHING, SECOND, REMOVED)
    malformed = ("{not JSON", "[]", '{"type":"ADDED"}', '{"type":"OTHER","object":{}}')
    resumes = True

    def upstream(self) -> Any:
        return KubernetesReplica()

    def options(self, upstream: Any) -> dict[str, Any]:
        return {"url": upstream.url}

    def identity(self, event: Event) -> Any:
        # What changed while nobody watched is told as it is now, whether it was created before or only then.
        return event.key, event.data
