"""What an API server says no with, and what it may say at all."""

from __future__ import annotations

import copy
import json
from typing import Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import record
from collab_dash.feed import FeedContext
from collab_dash.testing import collect
from collab_dash_feeds import _kubernetes_memory as memory
from collab_dash_feeds._kubernetes_api import Unreadable, _event
from collab_dash_feeds.kubernetes import KubernetesFeed
from kubernetes_replica import EXPIRED, KubernetesReplica, following
from sources import samples

SAMPLES = samples("kubernetes")
PENDING, RUNNING, *_ = SAMPLES
PODS = SAMPLES[:5]


async def test_a_reported_error_is_broken_in_the_servers_words() -> None:
    status = {"kind": "Status", "code": 500, "message": "etcdserver: no\x1b[2J leader"}
    async with KubernetesReplica() as replica:
        replica.play(json.dumps({"type": "ERROR", "object": status}))
        with pytest.raises(FeedBroken, match="etcdserver: no \\[2J leader"):
            await collect(following(replica), FeedContext(name="k"), 1)


@pytest.mark.parametrize(
    ("status", "message", "kind", "hint"),
    [
        (401, "Unauthorized", FeedFailed, "credentials"),
        (403, 'pods is forbidden: User "system:anonymous" cannot list resource "pods"', FeedFailed, "credentials"),
        (404, "the server could not find the requested resource", FeedFailed, "url"),
        (429, "too many requests", FeedBroken, ""),
        (503, "apiserver is shutting down", FeedBroken, ""),
    ],
)
async def test_a_refusal_is_told_in_the_servers_words(
    status: int, message: str, kind: type[FeedBroken | FeedFailed], hint: str
) -> None:
    async with KubernetesReplica() as replica:
        replica.answer(status, {"kind": "Status", "message": message, "code": status}, headers={"Retry-After": "7"})
        with pytest.raises(kind) as caught:
            await collect(following(replica), FeedContext(name="k"), 1)
    assert str(caught.value).endswith(f": {message}")
    assert hint in caught.value.hint
    if isinstance(caught.value, FeedBroken):
        assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    "body", ["nonsense", "[]", "{}", '{"metadata": {}, "items": {}}', '{"metadata": {}, "items": []}']
)
async def test_a_list_that_is_none_is_broken(body: str) -> None:
    async with KubernetesReplica() as replica:
        replica.answer(200, body)
        with pytest.raises(FeedBroken):
            await collect(following(replica), FeedContext(name="k"), 1)


async def test_pages_that_do_not_belong_together_are_asked_for_again() -> None:
    async with KubernetesReplica() as replica:
        replica.play(RUNNING)
        replica.answer(410, EXPIRED)
        [event] = await collect(following(replica), FeedContext(name="k"), 1)
        assert event.key == "shop/web-6d9f7c5b8-x7k2p"
        replica.answer(410, EXPIRED, times=2)
        with pytest.raises(FeedBroken, match="changes faster"):
            await collect(following(replica), FeedContext(name="k"), 1)


async def test_versions_that_are_forgotten_at_once_are_broken() -> None:
    async with KubernetesReplica() as replica:
        replica._compacted = 10**9
        with pytest.raises(FeedBroken, match="forgets versions"):
            await collect(following(replica), FeedContext(name="k"), 1)


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({}, "/api/v1/pods"),
        ({"resource": "deployments", "namespace": "shop"}, "/apis/apps/v1/namespaces/shop/deployments"),
        ({"resource": "/apis/example.org/v1/things"}, "/apis/example.org/v1/things"),
    ],
)
def test_short_names_and_paths(options: dict[str, Any], path: str) -> None:
    assert KubernetesFeed.configure(options).options.path() == path


@pytest.mark.parametrize(
    "options",
    [
        {"resource": "pod"},
        {"resource": "/metrics"},
        {"resource": "/api/v1/pods?x=1"},
        {"resource": "/api/v1/pods", "namespace": "shop"},
        {"namespace": "../x"},
        {"labels": "a\nb"},
        {"url": "ftp://x"},
        {"watch": 0},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        KubernetesFeed.configure(options)


def paths(thing: Any, *before: Any) -> list[list[Any]]:
    """Give the way to every value inside."""
    inside = thing.items() if isinstance(thing, dict) else enumerate(thing) if isinstance(thing, list) else ()
    return [way for name, value in inside for way in ([*before, name], *paths(value, *before, name))]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(SAMPLES), st.data())
def test_whatever_an_object_holds_becomes_an_event_or_is_told_as_unreadable(
    happening: dict[str, Any], data: st.DataObject
) -> None:
    changed = copy.deepcopy(happening)
    *way, last = data.draw(st.sampled_from(paths(changed)))
    place: Any = changed
    for step in way:
        place = place[step]
    place[last] = data.draw(JSON)
    read = _event(json.dumps(changed).encode())
    if not isinstance(read, Unreadable):
        event = memory.Memory(None).take(read)
        assert event is None or record(event, feed="k", received=1)
