"""What the standard asks of an event source beside decoding: answers, redirects, ids and reconnection times."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.testing import ReplicaServer
from collab_dash.transports import Message, sse
from raw_servers import STREAM_HEAD, raw_server, read_head
from replicas import failure, take


def source(*answers: httpx.Response) -> tuple[httpx.AsyncClient, list[httpx.Request]]:
    """Give a client that is answered like this, and what it asked."""
    asked: list[httpx.Request] = []
    following = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return next(following)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer), follow_redirects=True)
    return client, asked


def stream(body: str = "data: x\n\n", kind: str = "text/event-stream", status: int = 200) -> httpx.Response:
    return httpx.Response(status, headers={"content-type": kind} if kind else {}, content=body.encode())


@pytest.mark.parametrize(
    "status", [201, 202, 203, 204, 205, 206, 300, 304, 400, 401, 403, 404, 410, 418, 429, 500, 503]
)
async def test_strict_holds_any_status_but_200_for_final(status: int) -> None:
    client, _ = source(stream(status=status))
    async with client:
        messages, error = await failure(sse.connect("https://a.example/", conduct="strict", client=client))
    assert messages == []
    assert isinstance(error, FeedFailed)
    assert str(status) in str(error)


@pytest.mark.parametrize("status", [201, 204, 205, 206, 401, 403, 404, 410, 408, 429, 500, 502, 503, 599])
async def test_resilient_tries_again_what_may_mend_itself(status: int) -> None:
    client, _ = source(stream(status=status))
    async with client:
        _, error = await failure(sse.connect("https://a.example/", client=client))
    assert isinstance(error, FeedBroken if status in {408, 429} or status >= 500 else FeedFailed)


@pytest.mark.parametrize("conduct", ["resilient", "strict"])
async def test_network_errors_and_the_end_are_breaks_in_either_conduct(conduct: sse.Conduct) -> None:
    async with ReplicaServer(["a"], end=True) as replica:
        _, error = await failure(sse.connect(replica.sse_url, conduct=conduct))
        assert isinstance(error, FeedBroken)
        assert error.planned
        replica.refuse()
        _, error = await failure(sse.connect(replica.sse_url, conduct=conduct))
        assert isinstance(error, FeedBroken)
        assert not error.planned


@pytest.mark.parametrize(
    ("kind", "fits"),
    [
        ("text/event-stream", True),
        ("Text/Event-Stream", True),
        ("text/event-stream;charset=UTF-8", True),
        ("text/event-stream ; charset=iso-8859-1; q=x", True),
        ("text/html, text/event-stream", True),
        ("text/event-stream, text/html", False),
        ("text/event-stream-x", False),
        ("application/json", False),
        ("text/plain", False),
        ("event-stream", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("conduct", ["resilient", "strict"])
async def test_the_content_type_decides(kind: str, fits: bool, conduct: sse.Conduct) -> None:
    client, _ = source(stream("data: größe\n\n", kind))
    async with client:
        messages, error = await failure(sse.connect("https://a.example/", conduct=conduct, client=client))
    assert [message.data for message in messages] == (["größe"] if fits else [])  # UTF-8, whatever charset is claimed
    assert isinstance(error, FeedBroken if fits else FeedFailed)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed_with_the_last_event_id(status: int) -> None:
    client, asked = source(httpx.Response(status, headers={"location": "/there"}), stream())
    async with client:
        await take(sse.connect("https://a.example/", cursor="é7", headers={"X-Api-Key": "k"}, client=client), 1)
    first, second = asked
    assert second.url == "https://a.example/there"
    assert second.method == "GET"
    for request in (first, second):
        assert dict(request.headers.raw)[b"last-event-id"] == "é7".encode()
        assert request.headers["x-api-key"] == "k"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_another_origin_is_told_no_secret(status: int) -> None:
    async with ReplicaServer([Message("a", cursor="1"), Message("b", cursor="2")]) as there, ReplicaServer() as here:
        here.answer(status, headers={"Location": there.sse_url})
        secrets = {"Authorization": "Bearer s3", "X-Api-Key": "s3", "Cookie": "session=s3", "User-Agent": "ours"}
        [message] = await take(sse.connect(here.sse_url, headers=secrets, cursor="1"), 1)
        assert message.data == "b"
        assert "s3" in str(here.requests[0].headers)
        assert "s3" not in str(there.requests[0].headers)
        assert there.requests[0].headers["user-agent"] == "ours"
        assert there.requests[0].headers["accept"] == "text/event-stream"


async def test_a_chain_back_home_does_not_bring_secrets_to_those_on_the_way() -> None:
    async with ReplicaServer() as there, ReplicaServer(["a"]) as here:
        here.answer(302, headers={"Location": there.sse_url})
        there.answer(302, headers={"Location": here.sse_url})
        await take(sse.connect(here.sse_url, headers={"X-Api-Key": "s3"}), 1)
        assert "s3" not in str(there.requests[0].headers)


@pytest.mark.parametrize("conduct", ["resilient", "strict"])
async def test_redirects_in_circles_are_a_clear_error(conduct: sse.Conduct) -> None:
    async with ReplicaServer() as replica:
        replica.answer(302, headers={"Location": "/events?token=s3"}, times=30)
        _, error = await failure(sse.connect(replica.sse_url, conduct=conduct))
    assert isinstance(error, FeedFailed)
    assert "redirects in circles" in str(error)
    assert "s3" not in str(error)
    assert len(replica.requests) <= 21


@pytest.mark.parametrize("location", ["ftp://a.example/x", "http://", "http://[::1", "data:text/event-stream,data:x"])
async def test_a_redirect_to_nowhere_is_a_clear_error(location: str) -> None:
    async with ReplicaServer() as replica:
        replica.answer(302, headers={"Location": location})
        _, error = await failure(sse.connect(replica.sse_url))
    assert isinstance(error, FeedBroken | FeedFailed)
    assert str(error)


async def ids_sent(cursor: str | None) -> list[bytes]:
    client, asked = source(stream())
    async with client:
        await take(sse.connect("https://a.example/", cursor=cursor, client=client), 1)
    return [value for name, value in asked[0].headers.raw if name.lower() == b"last-event-id"]


@pytest.mark.parametrize(
    ("cursor", "sent"),
    [
        (None, []),
        ("", []),
        (" \t", []),
        ("41", [b"41"]),
        ("größe 東京 😀", ["größe 東京 😀".encode()]),
        (" around ", [b"around"]),
        ("a\r\nX-Injected: b\0", [b"aX-Injected: b"]),
    ],
)
async def test_the_last_event_id_is_sent_as_utf_8(cursor: str | None, sent: list[bytes]) -> None:
    assert await ids_sent(cursor) == sent


async def test_no_id_that_a_stream_can_have_breaks_a_request() -> None:
    """Whatever characters an id is made of, the real client takes the header; none of them ends it."""
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_head(reader))
        writer.write(STREAM_HEAD + b"data: x\n\n")

    async with raw_server(talk) as where:
        for code in [*range(1, 10), 11, 12, *range(14, 34), 127, 128, 133, 160, 0x2028, 0xFEFF, 0xFFFD]:
            await take(sse.connect(f"http://{where}/", cursor=f"a{chr(code)}b"), 1)
    assert all(head.count(b"last-event-id: a") == 1 for head in (each.lower() for each in seen))


async def read_all(body: str, cursor: str | None = None) -> tuple[list[str | None], list[str]]:
    """Give the cursors of the messages of a stream, and those that came without one."""
    moves: list[str] = []
    client, _ = source(stream(body))
    async with client:
        messages, _ = await failure(sse.connect("https://a.example/", cursor=cursor, client=client, moved=moves.append))
    return [message.cursor for message in messages], moves


async def test_an_id_without_an_event_moves_on_after_the_events_before_it() -> None:
    assert await read_all("data: a\nid: 1\n\nid: 2\n\n") == (["1"], ["2"])
    assert await read_all("id: 1\n\ndata: a\n\n") == (["1"], [])
    assert await read_all("id: 1\n") == ([], [])
    assert await read_all("data: a\nid: 1\n\nid: 2\ndata: unfinished\n") == (["1"], [])


async def test_an_emptied_id_is_forgotten() -> None:
    assert await read_all("data: a\n\nid:\ndata: b\n\n", cursor="9") == (["9", ""], [])
    assert await read_all("id\n\n", cursor="9") == ([], [""])
    assert await read_all("data: a\n\n") == ([None], [])


async def test_the_reconnection_time_outlives_the_connection() -> None:
    kept = sse.Reconnection()
    busy = httpx.Response(429, headers={"retry-after": "9"})
    client, _ = source(stream("retry: 2500\n"), stream(), httpx.Response(503), busy)
    pauses: list[float | None] = []
    async with client:
        for _ in range(4):
            _, error = await failure(sse.connect("https://a.example/", reconnection=kept, client=client))
            assert isinstance(error, FeedBroken)
            assert not error.planned
            pauses.append(error.retry_after)
    assert pauses == [2.5, 2.5, 2.5, 9]


async def test_no_source_can_send_us_away_for_years() -> None:
    client, _ = source(stream("retry: 99999999999999999999\n"))
    async with client:
        _, error = await failure(sse.connect("https://a.example/", client=client))
    assert isinstance(error, FeedBroken)
    assert error.retry_after == sse.MAX_PAUSE


async def test_the_open_stream_is_a_sign_of_life_before_its_first_event() -> None:
    notes: list[str] = []
    async with ReplicaServer() as replica:
        async with sse.connect(replica.sse_url, note=notes.append):
            assert notes == ["stream open"]
        replica.answer(404)
        await failure(sse.connect(replica.sse_url, note=notes.append))
        assert notes == ["stream open"]
