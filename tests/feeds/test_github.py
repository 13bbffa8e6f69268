from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import REJECTED, Event
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, ReplicaServer, collect
from collab_dash_feeds._github_events import as_event
from collab_dash_feeds.github import GithubFeed
from raw_http import raw_server, saying, whole
from raw_servers import certificate
from sources import NOT_MESSAGES, check_pane, check_recordable, mutated, samples

SAMPLES = samples("github")
RELEASE, PUBLIC, WIKI, FORK, DELETE, CREATE, COMMENT, PULL, ISSUE, WATCH, PUSH = SAMPLES
WEB = "https://github.com"


def configured(source: ReplicaServer, **options: Any) -> GithubFeed:
    feed = GithubFeed.configure({"url": source.url} | options)
    assert isinstance(feed, GithubFeed)
    return feed


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the transport wait a thousandth of a second where it would wait for minutes."""
    monkeypatch.setattr("collab_dash.transports.polling.random.uniform", lambda low, high: 0.00001)


class TestGithub(FeedConformance):
    plugin = GithubFeed
    messages = ([PUSH], [WATCH, PUSH], [PULL, ISSUE, WATCH, PUSH])
    malformed = ("{not JSON", "{}", "[5]", '[{"id":"1"}]')
    resumes = True

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.url, "interval": 10}

    @pytest.fixture(autouse=True)
    def _hasty(self, hasty: None) -> None:
        """Look again at once."""


class QuietError(Exception):
    pass


def stop(note: str) -> None:
    raise QuietError(note)


async def look(source: ReplicaServer, context: FeedContext, **options: Any) -> list[Event]:
    """Give what one look yields: all events until the feed says when it looks next."""
    events: list[Event] = []
    one_look = FeedContext(name="g", cursor=context.cursor, environ=context.environ, note=stop)
    stream: Any = configured(source, **options).events(one_look)
    with suppress(QuietError):
        async with aclosing(stream):
            async for event in stream:
                events.append(event)
    context.cursor = one_look.cursor
    return events


@pytest.mark.parametrize(
    ("item", "kind", "title", "url"),
    [
        (PUSH, "push:create", "main 90af9d1", "/example/site/commit/90af9d1a9ee02ffb59f15652010b3f57e7cce86d"),
        (WATCH, "watch:start", None, "/c/d"),
        (ISSUE, "issue:open", "#17 It is slow", "/example/site/issues/17"),
        (PULL, "pull-request:close", "#18", "/example/site/pull/18"),
        (COMMENT, "issue-comment:create", "#17 It is slow", "/example/site/issues/17#issuecomment-5"),
        (CREATE, "tag:create", "v1.2.0", "/example/site"),
        (DELETE, "branch:delete", "old-branch", "/example/site"),
        (FORK, "fork:create", "ilse/site", "/ilse/site"),
        (WIKI, "wiki:update", "Home", "/example/site/wiki/Home"),
        (PUBLIC, "repository:publish", None, "/example/other"),
        (RELEASE, "release:publish", "1.2.0: faster", "/example/site/releases/tag/v1.2.0"),
    ],
)
def test_every_type_has_a_name_a_line_and_a_page(item: dict[str, Any], kind: str, title: str, url: str) -> None:
    event = as_event(item, item["id"], WEB)
    assert event is not None
    assert (event.type, event.key, event.data["title"]) == (kind, item["repo"]["name"], title)
    assert (event.data["url"], event.data["user"]) == (WEB + url, item["actor"]["login"])


def test_a_merged_pull_request_and_the_commits_of_a_push_are_told_where_the_service_tells_them() -> None:
    merged = {**PULL, "payload": {"action": "closed", "pull_request": {"merged": True, "title": "Fast", "number": 18}}}
    commits = [{"sha": "1", "message": "First"}, {"sha": "2", "message": "Second\n\nAt length."}]
    pushed = {**PUSH, "payload": {**PUSH["payload"], "size": 2, "commits": commits}}
    first, second = as_event(merged, "1", WEB), as_event(pushed, "2", WEB)
    assert first is not None
    assert second is not None
    assert (first.type, first.data["title"]) == ("pull-request:merge", "#18 Fast")
    assert second.data["title"] == "main 90af9d1 Second (2 commits)"


@pytest.mark.parametrize("action", ["reopened", "labeled", "edited", "ready_for_review", "removed", "started"])
def test_actions_are_plain_verbs(action: str) -> None:
    event = as_event({**ISSUE, "payload": {"action": action}}, "1", WEB)
    assert event is not None
    assert event.type in {
        f"issue:{verb}" for verb in ("reopen", "label", "edit", "ready_for_review", "remove", "start")
    }


async def test_a_page_is_told_oldest_first_and_each_event_once() -> None:
    context = FeedContext(name="g")
    async with ReplicaServer([[ISSUE, WATCH, PUSH]]) as source:
        events = await look(source, context)
        source.play([PULL, ISSUE, WATCH])
        later = await look(source, context)
        assert await look(source, context) == []
    assert [event.type for event in events] == ["push:create", "watch:start", "issue:open"]
    assert [event.type for event in later] == ["pull-request:close"]
    assert (events[0].time, events[0].data["id"]) == (1739798565000, "46753292831")
    assert "if-none-match" in source.requests[2].headers


async def test_a_burst_is_read_page_by_page_until_what_is_known() -> None:
    context = FeedContext(name="g")
    async with ReplicaServer([[PUSH]]) as source:
        await look(source, context)
        for page, listed in enumerate(([RELEASE, PUBLIC], [WIKI, FORK], [PUSH]), 2):
            link = f'<{source.url}/events?per_page=100&page={page}>; rel="next"'
            headers = {"Link": link, "Content-Type": "application/json"}
            source.answer(200, json.dumps(listed), headers=headers)
        events = await look(source, context, pages=10)
    assert [event.type for event in events] == ["repository:publish", "release:publish", "fork:create", "wiki:update"]
    assert [request.query.get("page") for request in source.requests[1:]] == [None, "2", "3"]


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({}, "/events"),
        ({"repo": "example/site.py"}, "/repos/example/site.py/events"),
        ({"org": "example"}, "/orgs/example/events"),
        ({"user": "mara"}, "/users/mara/events/public"),
    ],
)
async def test_it_asks_for_what_is_wanted(options: dict[str, Any], path: str) -> None:
    async with ReplicaServer([[PUSH]]) as source:
        await look(source, FeedContext(name="g"), **options)
    [request] = source.requests
    assert (request.path, request.query) == (path, {"per_page": "100"})
    assert request.headers["accept"] == "application/vnd.github+json"
    assert "authorization" not in request.headers


async def test_the_token_comes_from_the_environment_and_is_never_shown() -> None:
    async with ReplicaServer([[PUSH]]) as source:
        context = FeedContext(name="g", environ={"GITHUB_TOKEN": "ghp_secret"})
        await look(source, context, token="${GITHUB_TOKEN}")
        source.answer(401, '{"message":"Bad credentials"}')
        with pytest.raises(FeedFailed, match="401") as caught:
            await look(source, context, token="${GITHUB_TOKEN}")
    assert source.requests[0].headers["authorization"] == "Bearer ghp_secret"
    assert "ghp_secret" not in f"{caught.value} {caught.value.hint}"
    assert "token" in caught.value.hint
    assert "literal" not in repr(configured(source, token="literal").options)


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1000090"}, 90.0),
        (429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "999000"}, 1.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9999999999"}, 3600.0),
        (403, {"X-RateLimit-Remaining": "50", "Retry-After": "30"}, 30.0),
        (429, {}, 60.0),
    ],
)
async def test_a_limit_is_waited_for(status: int, headers: dict[str, str], wait: float) -> None:
    context = FeedContext(name="g", clock=lambda: 1_000_000_000)
    async with ReplicaServer([[PUSH]]) as source:
        source.answer(status, headers=headers)
        with pytest.raises(FeedBroken, match="limit of requests") as caught:
            await collect(configured(source), context, 1)
    assert caught.value.retry_after == wait


@pytest.mark.parametrize(("status", "word"), [(404, "repo"), (403, "credentials")])
async def test_what_may_not_be_read_says_what_to_check(status: int, word: str) -> None:
    async with ReplicaServer([[PUSH]]) as source:
        source.answer(status, headers={"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "1"})
        with pytest.raises(FeedFailed, match=str(status)) as caught:
            await collect(configured(source), FeedContext(name="g"), 1)
    assert word in caught.value.hint


async def test_pages_are_those_of_an_enterprise_server_where_it_is_one() -> None:
    async with ReplicaServer([[PUSH]]) as source:
        [event] = await look(source, FeedContext(name="g"), url=f"{source.url}/api/v3")
    assert event.data["url"].startswith(f"{source.url}/example/site/commit/")


@pytest.mark.parametrize("body", [body for body in NOT_MESSAGES if body not in ("", "[]")])
async def test_what_is_no_list_is_kept_and_the_next_is_read(body: str) -> None:
    context = FeedContext(name="g")
    async with ReplicaServer([body]) as source:
        [kept] = await look(source, context)
        source.play(["five", {"id": 7}, PUSH])
        events = await look(source, context)
    assert kept.type == REJECTED
    assert [event.type for event in events] == ["push:create", REJECTED, REJECTED]


@settings(max_examples=30, deadline=None)
@given(st.lists(mutated(SAMPLES), min_size=3, max_size=10), mutated([SAMPLES]))
def test_mutated_events_can_be_recorded(items: list[str], page: str) -> None:
    async def told() -> list[Event]:
        context = FeedContext(name="g")
        async with asyncio.timeout(10), ReplicaServer([f"[{','.join(items)}]"]) as source:
            events = await look(source, context)
            source.play(page)
            return events + await look(source, context)

    check_recordable(asyncio.run(told()))


async def test_a_server_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    tls, authority = certificate("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = FeedContext(name="g", folder=tmp_path)
    async with raw_server(saying(whole(json.dumps([PUSH]))), tls=tls) as server:
        options = {"url": f"{server.url}/api/v3"}
        [event] = await collect(GithubFeed.configure(options | {"ca": "ca.pem"}), context, 1)
        assert event.type == "push:create"
        with pytest.raises(FeedBroken, match="certificate"):
            await collect(GithubFeed.configure(options), FeedContext(name="g"), 1)


async def test_its_pane_shows_its_events() -> None:
    async with ReplicaServer([SAMPLES]) as source:
        check_pane(GithubFeed, await look(source, FeedContext(name="g")))


@pytest.mark.parametrize(
    "options",
    [
        {"repo": "nothing"},
        {"repo": "a/b/c"},
        {"repo": "a/b", "org": "a"},
        {"user": "../x"},
        {"interval": 1},
        {"pages": 0},
        {"url": "github.com"},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        GithubFeed.configure(options)
