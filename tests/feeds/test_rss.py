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
from collab_dash_feeds._syndication import Document, articles
from collab_dash_feeds.rss import RssFeed
from raw_http import raw_server, saying, whole
from raw_servers import certificate
from sources import NOT_MESSAGES, check_pane, check_recordable, mutated, samples

FOLDER = Path(__file__).parent / "samples"
RSS, ATOM = ((FOLDER / name).read_text() for name in ("rss_2.xml", "rss_atom.xml"))
[MICRO] = samples("rss")
ONE = "<rss version='2.0'><channel><title>T</title>{}</channel></rss>"


def item(title: str = "A", more: str = "") -> str:
    return f"<item><guid>{title[:1]}</guid><title>{title}</title>{more}</item>"


def configured(source: ReplicaServer, **options: Any) -> RssFeed:
    feed = RssFeed.configure({"url": f"{source.url}/news/feed.xml"} | options)
    assert isinstance(feed, RssFeed)
    return feed


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the transport wait a thousandth of a second where it would wait for minutes."""
    monkeypatch.setattr("collab_dash.transports.polling.random.uniform", lambda low, high: 0.00001)


class TestRss(FeedConformance):
    plugin = RssFeed
    messages = (RSS, ATOM, json.dumps(MICRO))
    malformed = ("{not JSON", "<html><body>Sign in</body></html>", "<rss", "just text", '{"version":"1","items":[]}')
    resumes = True

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.url, "interval": 5}

    def identity(self, event: Event) -> Any:
        """Leave out what is relative to the upstream's address."""
        return event.type, event.key, event.time, event.data["title"]

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
    one_look = FeedContext(name="r", cursor=context.cursor, note=stop)
    stream: Any = configured(source, **options).events(one_look)
    with suppress(QuietError):
        async with asyncio.timeout(10), aclosing(stream):
            async for event in stream:
                events.append(event)
    context.cursor = one_look.cursor
    return events


def read(body: str | bytes, base: str = "https://news.example/feed", kind: str = "application/xml") -> list[Any]:
    """Give the data of a document's articles."""
    document = articles(body.encode() if isinstance(body, str) else body, base, kind)
    assert isinstance(document, Document), document
    return [article.data for article in document.articles]


async def test_articles_become_events_oldest_first() -> None:
    async with ReplicaServer([RSS]) as source:
        bridge, harbour = await look(source, FeedContext(name="r"))
    assert (bridge.type, bridge.key) == ("article:create", "https://news.example/2026/10/bridge")
    assert bridge.data["title"] == "Council votes on the bridge"
    assert (harbour.key, harbour.time) == ("tag:news.example,2026:102", 1790848800000)
    assert harbour.data == {
        "source": "The Example Times & Post",
        "title": "Harbour reopens after storm – ferries run",
        "author": "Ilse Example",
        "summary": "The harbour is open again. Fish & chips follow.",
        "url": f"{source.url}/2026/10/harbour?from=rss&x=1",
        "tags": "local, weather",
        "media": "https://news.example/audio/102.mp3",
    }


def test_atom_is_read() -> None:
    [data] = read(ATOM)
    assert data == {
        "title": "Version 2 <released>",
        "author": "Mara",
        "summary": "Many things changed.",
        "url": "https://blog.example/posts/v2.html",
    }


def test_a_json_feed_is_read() -> None:
    first, second = read(json.dumps(MICRO))
    assert first == {
        "title": "First",
        "author": "Ruth",
        "summary": "Hello, world!",
        "url": "https://elsewhere.example/a",
    }
    assert (second["title"], second["author"], second["tags"]) == ("Second: the first was <short>.", "Tomas", "meta")


async def test_an_edited_article_is_an_update_and_nothing_else_is_told_again() -> None:
    context = FeedContext(name="r")
    async with ReplicaServer([RSS]) as source:
        assert len(await look(source, context)) == 2
        source.play(RSS.replace("ferries run", "ferries run late").replace("12:10", "12:20"))
        [event] = await look(source, context)
        source.play(RSS.replace("12:10", "12:30").replace("run", "run late", 1))
        assert await look(source, context) == []
    assert (event.type, event.key) == ("article:update", "tag:news.example,2026:102")


async def test_an_unchanged_document_is_not_fetched_again_after_a_restart() -> None:
    context = FeedContext(name="r")
    async with ReplicaServer([RSS]) as source:
        await look(source, context)
        assert await look(source, context) == []
    assert "if-none-match" in source.requests[1].headers


async def test_without_an_id_the_link_is_the_key_and_without_a_link_the_text() -> None:
    bare = ONE.format("<item><link>/a</link></item><item><title>Only a title</title></item>")
    context = FeedContext(name="r")
    async with ReplicaServer([bare]) as source:
        title, link = await look(source, context)
        source.play(bare.replace("<title>T", "<title>U"))
        assert await look(source, context) == []
    assert link.key == f"{source.url}/a"
    assert (title.data["title"], title.time, len(title.key or "")) == ("Only a title", None, 16)


def test_text_is_plain() -> None:
    [data] = read(ONE.format(item("A &lt; B &amp;amp; C", "<description>x&lt;br/&gt;y&amp;nbsp;z</description>")))
    assert (data["title"], data["summary"]) == ("A < B & C", "x y z")


@pytest.mark.parametrize("link", ["javascript:alert(1)", "file:///etc/passwd", "http://[bad", "", "data:text/html,x"])
def test_only_what_a_browser_should_open_is_a_url(link: str) -> None:
    [data] = read(ONE.format(item(more=f"<link>{link}</link>")))
    assert data["url"] in (None, "https://news.example/feed")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "windows-1252", "utf-8"])
def test_documents_are_read_in_the_encoding_they_declare(encoding: str) -> None:
    text = f"<?xml version='1.0' encoding='{encoding}'?>{ONE.format(item('Élan à Zürich'))}"
    [data] = read(text.encode(encoding))
    assert data["title"] == "Élan à Zürich"


def test_the_header_may_say_the_encoding() -> None:
    [data] = read(ONE.format(item("Привет")).encode("koi8-r"), kind="text/xml; charset=KOI8-R")
    assert data["title"] == "Привет"


@pytest.mark.parametrize(
    "broken",
    [
        ONE.format(item() + "<item><title>B & C</title></item>"),
        ONE.format(item() + "<item><title>B &undefined; C</title></item>"),
        ONE.format(item() + "<item><title>half"),
        "\n\n<?xml version='1.0'?>" + ONE.format(item() + item("B")),
    ],
)
def test_xml_that_is_not_well_formed_is_read_as_far_as_it_can_be(broken: str) -> None:
    titles = {data["title"] for data in read(broken)}
    assert "A" in titles
    assert len(titles) == 2


@pytest.mark.parametrize("body", [body for body in [*NOT_MESSAGES, "<rss", "<a/>"] if body])
async def test_what_is_no_feed_is_kept_once(body: str) -> None:
    context = FeedContext(name="r")
    async with ReplicaServer([body]) as source:
        [kept] = await look(source, context)
        source.play(RSS)
        assert len(await look(source, context)) == 2
        source.play(f"{body}")
        again = await look(source, context)
    assert (kept.type, kept.data["bytes"]) == (REJECTED, len(body))
    assert again == []


async def test_a_bad_entry_of_a_json_feed_does_not_spoil_the_others() -> None:
    spoilt = {**MICRO, "items": [None, "x", *MICRO["items"]]}
    async with ReplicaServer([spoilt]) as source:
        events = await look(source, FeedContext(name="r"))
    assert [event.type for event in events] == [REJECTED, REJECTED, "article:create", "article:create"]


async def test_an_empty_feed_is_fine() -> None:
    async with ReplicaServer([ONE.format("")]) as source:
        assert await look(source, FeedContext(name="r")) == []


async def test_a_document_that_names_a_file_or_an_address_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text(RSS)
    async with ReplicaServer() as source:
        for body in (str(secret), f"file://{secret}", f"{source.url}/other"):
            source.play(body)
            [event] = await look(source, FeedContext(name="r"))
            assert event.type == REJECTED
        external = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "file://{secret}">]>' + ONE.format(item("A &x;"))
        source.play(external)
        [event] = await look(source, FeedContext(name="r"))
    assert "Harbour" not in str(event.data)
    assert len(source.requests) == 4


def test_an_xml_bomb_is_harmless() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{laughs}]>' + ONE.format(item("A &l9;"))
    long = f'<!DOCTYPE rss [<!ENTITY a "{"a" * 10_000}">]>' + ONE.format(item("&a;" * 2000))
    for document in (bomb, long):
        assert sum(len(str(data)) for data in read(document)) < 2000


def test_a_document_of_endless_depth_is_not_tried() -> None:
    found = articles(b"<rss>" * 100_000, "https://news.example/", "")
    assert isinstance(found, str)
    assert "never closed" in found


async def test_a_large_document_does_not_hold_up_everybody_else() -> None:
    large = ONE.format("".join(item(f"{n} title", f"<guid>{n}</guid>" + "<a>x</a>" * 40) for n in range(600)))
    longest, last = 0.0, 0.0
    loop = asyncio.get_running_loop()
    async with ReplicaServer([large]) as source:
        looking = asyncio.ensure_future(look(source, FeedContext(name="r")))
        last, turns = loop.time(), 0
        while not looking.done():
            await asyncio.sleep(0.001)
            longest, last, turns = max(longest, loop.time() - last), loop.time(), turns + 1
        assert len(await looking) == 600
    assert turns > 10
    assert longest < 1.0


async def test_the_base_of_links_is_where_the_document_is_in_the_end() -> None:
    async with ReplicaServer([ONE.format(item(more="<link>a.html</link>"))]) as source:
        source.answer(301, headers={"Location": f"{source.url}/moved/feed.xml"})
        [event] = await look(source, FeedContext(name="r"))
    assert event.data["url"] == f"{source.url}/moved/a.html"


async def test_several_addresses_are_read_as_one_and_each_goes_on_where_it_was(hasty: None) -> None:
    context = FeedContext(name="r")
    async with ReplicaServer([RSS]) as first, ReplicaServer([ATOM]) as second:
        feed = configured(first, urls=[f"{second.url}/atom", f"{first.url}/news/feed.xml"])
        events = await collect(feed, context, 3)
        assert {event.data["source"] for event in events} == {"The Example Times & Post", "A blog of examples"}
        first.play(RSS.replace("vote was", "vote is"))
        second.play(ATOM.replace("Many", "Few"))
        updates = await collect(feed, context, 2)
    assert {event.type for event in updates} == {"article:update"}


async def test_of_several_addresses_one_in_trouble_says_so_once_and_the_others_go_on(hasty: None) -> None:
    notes: list[str] = []
    async with ReplicaServer([RSS]) as first, ReplicaServer([ATOM]) as second:
        second.answer(404, times=3)
        feed = configured(first, urls=[f"{second.url}/atom?key=secret"], interval=5)
        object.__setattr__(feed.options, "interval", 0.001)
        events = await collect(feed, FeedContext(name="r", note=notes.append), 4)
    [trouble] = [event for event in events if event.type == REJECTED]
    assert trouble.key == f"{second.url}/atom"
    assert "404" in trouble.data["reason"]
    assert "secret" not in f"{events}{notes}"
    assert len([event for event in events if event.type == "article:create"]) == 3


async def test_one_address_in_trouble_is_for_the_hub_to_handle() -> None:
    async with ReplicaServer([RSS]) as source:
        source.answer(404)
        with pytest.raises(FeedFailed, match="404"):
            await collect(configured(source), FeedContext(name="r"), 1)
        source.answer(503)
        with pytest.raises(FeedBroken, match="503"):
            await collect(configured(source), FeedContext(name="r"), 1)


async def test_headers_and_address_take_variables_of_the_environment() -> None:
    context = FeedContext(name="r", environ={"KEY": "k1", "TOKEN": "t1"})
    async with ReplicaServer([RSS]) as source:
        options = {"url": source.url + "/feed?key=${KEY}", "headers": {"Authorization": "Bearer ${TOKEN}"}}
        await collect(configured(source, **options), context, 1)
    [request] = source.requests
    assert (request.query, request.headers["authorization"]) == ({"key": "k1"}, "Bearer t1")
    assert "application/atom+xml" in request.headers["accept"]


@pytest.mark.parametrize("cursor", ["x", "[]", '{"a":5}'])
async def test_a_cursor_that_cannot_be_read_counts_as_none(cursor: str) -> None:
    async with ReplicaServer([RSS]) as source:
        for urls in ([], [f"{source.url}/b"]):
            [event] = await collect(configured(source, urls=urls), FeedContext(name="r", cursor=cursor), 1)
            assert event.type == "article:create"


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """Draw a document with some stretches taken out, doubled, or replaced."""
    text = draw(st.sampled_from([RSS, ATOM]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.integers(0, 80))
        middle = draw(
            st.sampled_from(["", text[start:end] * 2, "<", "&", "&#0;", "&#xD800;", "]]>", "\x00", "<item>", "9" * 30])
        )
        text = text[:start] + middle + text[end:]
    return text


@settings(max_examples=40, deadline=None)
@given(mangled() | mutated([MICRO]))
def test_mutated_documents_become_events_that_can_be_recorded(body: str) -> None:
    async def told() -> list[Event]:
        async with ReplicaServer([body or " "]) as source:
            return await look(source, FeedContext(name="r"))

    check_recordable(asyncio.run(told()))


async def test_a_server_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    tls, authority = certificate("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = FeedContext(name="r", folder=tmp_path)
    async with raw_server(saying(whole(ATOM)), tls=tls) as server:
        options = {"url": server.url}
        [event] = await collect(RssFeed.configure(options | {"ca": "ca.pem"}), context, 1)
        assert event.type == "article:create"
        with pytest.raises(FeedBroken, match="certificate"):
            await collect(RssFeed.configure(options), FeedContext(name="r"), 1)


async def test_a_certificate_that_is_not_there_has_failed_for_all_addresses(tmp_path: Path) -> None:
    feed = RssFeed.configure({"urls": ["https://a.example/", "https://b.example/"], "ca": "gone.pem"})
    with pytest.raises(FeedFailed, match=r"gone\.pem"):
        await collect(feed, FeedContext(name="r", folder=tmp_path), 1)


async def test_its_pane_shows_its_events() -> None:
    async with ReplicaServer([RSS]) as source:
        check_pane(RssFeed, await look(source, FeedContext(name="r")))


def test_what_it_needs_is_named() -> None:
    assert RssFeed.needs == {"feedparser": "collab-dash[rss]"}


@pytest.mark.parametrize(
    "options", [{}, {"urls": []}, {"url": "news"}, {"urls": ["x"]}, {"url": "http://x", "interval": 1}]
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        RssFeed.configure(options)
