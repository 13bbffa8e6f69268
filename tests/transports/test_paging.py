"""Documents in pages: where the next one is, where it may be, and when there is no need for it."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.transports import polling
from collab_dash.transports.paging import Paging, from_link, resolve, with_parameter
from collab_dash.transports.polling import PollCursor
from collab_dash.transports.seen import Listing, Seen

URL = "https://a.example/items"


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("", None),
        ('<https://a.example/2>; rel="next"', "https://a.example/2"),
        ("</2>; rel=next", "/2"),
        ('</0>; rel="prev", </2>; rel="next"', "/2"),
        ('</1>;rel="first";title="a, b; c",</2>; title="x\\"; rel=prev" ; rel = "next"', "/2"),
        ('</2>; rel="last NEXT"', "/2"),
        ('</2>; rel="nextish"', None),
        ('</2>; rel="prev"; rel="next"', None),
        ('</2,3;x>; REL="next"', "/2,3;x"),
        ("<>; rel=next", ""),
        ('</2>; x; rel="next"', "/2"),
    ],
)
def test_link_headers(link: str, target: str | None) -> None:
    assert from_link({"link": link} if link else {}, b"") == target


@given(st.text())
def test_any_link_header_is_read_or_passed_over(link: str) -> None:
    assert isinstance(from_link({"link": link}, b""), str | None)


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("?page=2", "https://a.example/items?page=2"),
        ("/2", "https://a.example/2"),
        ("https://a.example:443/2", "https://a.example:443/2"),
    ],
)
def test_relative_targets(target: str, url: str) -> None:
    assert resolve(URL, URL, target) == url


@pytest.mark.parametrize(
    "target",
    [
        *("http://a.example/2", "https://b.example/2", "//b.example/2", "https://a.example:8443/2"),
        *("file:///etc/passwd", "javascript:x", "https://a.example@b.example/", "https://[::1", "https://a.example:x/"),
    ],
)
def test_headers_go_to_no_other_origin(target: str) -> None:
    with pytest.raises(FeedFailed, match="has its next page elsewhere") as caught:
        resolve(URL, URL, target + "?token=hush")
    assert "hush" not in f"{caught.value} {caught.value.hint}"
    assert "one origin only" in caught.value.hint


def test_a_parameter_takes_the_place_of_an_older_one() -> None:
    assert with_parameter(f"{URL}?after=1&q=a%20b&x=", "after", "2 ü") == f"{URL}?q=a+b&x=&after=2+%C3%BC"


class Source:
    """Pages of a document, and what was asked for."""

    def __init__(self, *pages: str, tag: str = '"1"') -> None:
        self.pages = list(pages)
        self.tag = tag
        self.asked: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("page", 1))
        self.asked.append(f"{number}{request.headers.get('if-none-match', '')}")
        headers = {"etag": self.tag} if number == 1 else {}
        if number == 1 and request.headers.get("if-none-match") == self.tag:
            return httpx.Response(304)
        if number < len(self.pages):
            headers["link"] = f'<?page={number + 1}>; rel="next"'
        assert request.headers["x-key"] == "known"
        return httpx.Response(200, headers=headers, content=self.pages[number - 1].encode())


class Enough(Exception):
    """Raised by a note to end polling."""


Taken = list[tuple[bytes, PollCursor]]


async def look(
    answer: Callable[[httpx.Request], httpx.Response],
    *,
    wanted: Callable[[], bool] = lambda: True,
    most: int = 10,
    cursor: str | None = None,
) -> tuple[Taken, list[str]]:
    """Give the bodies and cursors of one look, and its notes."""
    notes: list[str] = []
    taken: Taken = []

    def note(text: str) -> None:
        notes.append(text)
        raise Enough

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        connection = polling.connect(
            URL,
            headers={"X-Key": "known"},
            cursor=cursor,
            paging=Paging(from_link, wanted, most),
            client=client,
            note=note,
        )
        async with connection as messages:
            try:
                async for message in messages:
                    assert isinstance(message.data, bytes)
                    taken.append((message.data, PollCursor.parse(message.cursor)))
            except Enough:
                pass
    return taken, notes


async def test_pages_are_gone_through_to_the_last() -> None:
    source = Source("a", "b", "c")
    taken, notes = await look(source.answer)
    assert [(body, cursor.unfinished) for body, cursor in taken] == [(b"a", True), (b"b", True), (b"c", False)]
    assert taken[-1][1].etag == '"1"'
    assert notes[0].startswith("next poll in ")
    assert source.asked == ["1", "2", "3"]


async def test_no_further_than_there_is_anything_new() -> None:
    source = Source("a", "b", "c")
    answers = iter([True, False])
    taken, _ = await look(source.answer, wanted=lambda: next(answers))
    assert [body for body, _ in taken] == [b"a", b"b"]


async def test_no_further_than_allowed_and_that_is_told() -> None:
    source = Source("a", "b", "c")
    taken, notes = await look(source.answer, most=2)
    assert [(body, cursor.unfinished) for body, cursor in taken] == [(b"a", True), (b"b", False)]
    assert notes[0].endswith("; there are more than 2 pages of news")
    taken, notes = await look(Source("a", "b").answer, most=2)
    assert len(taken) == 2
    assert "more" not in notes[0]


async def test_an_unchanged_first_page_is_all_that_is_asked_for() -> None:
    source = Source("a", "b")
    taken, _ = await look(source.answer)
    source.asked.clear()
    again, _ = await look(source.answer, cursor=str(taken[-1][1]))
    assert again == []
    assert source.asked == ['1"1"']


async def test_what_was_cut_in_its_midst_is_looked_at_again_although_nothing_changed() -> None:
    source = Source("a", "b")
    [(_, unfinished), _], _ = await look(source.answer)
    source.asked.clear()
    taken, _ = await look(source.answer, cursor=str(unfinished))
    assert [body for body, _ in taken] == [b"a", b"b"]
    assert source.asked == ["1", "2"]


async def test_a_page_that_names_itself_is_the_last() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"link": f"<{request.url}>; rel=next"}, content=b"x")

    taken, _ = await look(answer)
    assert len(taken) == 1


async def test_pages_without_end_end() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("page", 1))
        return httpx.Response(200, headers={"link": f"<?page={number + 1}>; rel=next"}, content=b"x")

    taken, _ = await look(answer, most=50)
    assert len(taken) == 50


async def test_a_page_without_a_body_is_the_last() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params:
            return httpx.Response(204)
        return httpx.Response(200, headers={"link": "<?page=2>; rel=next"}, content=b"x")

    taken, _ = await look(answer)
    assert [(body, cursor.unfinished) for body, cursor in taken] == [(b"x", True), (b"", False)]


async def failed(answer: Callable[[httpx.Request], httpx.Response]) -> FeedError:
    with pytest.raises(FeedError) as caught:
        await look(answer)
    return caught.value


async def test_a_page_that_fails_breaks_the_connection_with_the_time_to_wait() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params:
            return httpx.Response(429, headers={"retry-after": "9"})
        return httpx.Response(200, headers={"link": "<?page=2>; rel=next"}, content=b"x")

    error = await failed(answer)
    assert isinstance(error, FeedBroken)
    assert error.retry_after == 9


async def test_a_page_elsewhere_is_not_asked_for() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(200, headers={"link": "<https://evil.example/2>; rel=next"}, content=b"x")

    assert isinstance(await failed(answer), FeedFailed)
    assert asked == ["a.example"]


class Shelf:
    """Numbered items, the latest first, in pages of three."""

    def __init__(self, count: int) -> None:
        self.count = count

    def answer(self, request: httpx.Request) -> httpx.Response:
        page = int(request.url.params.get("page", 1))
        items = list(range(self.count, 0, -1))[(page - 1) * 3 : page * 3]
        headers = {"link": f"<?page={page + 1}>; rel=next"} if page * 3 < self.count else {}
        return httpx.Response(200, headers=headers | {"etag": f'"{self.count}"'}, json=items)


async def shown(
    answer: Callable[[httpx.Request], httpx.Response], cursor: str | None, *, stop: int | None = None
) -> tuple[list[int], str | None, int]:
    """Look once, or until so many items were recorded; give these, the cursor that was recorded, and the pages seen."""
    listing = Listing(cursor)
    recorded: list[int] = []
    pages = 0

    def note(text: str) -> None:
        raise Enough

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        paging = Paging(from_link, listing.wants_more)
        async with polling.connect(URL, cursor=cursor, paging=paging, client=client, note=note) as messages:
            try:
                async for message in messages:
                    pages += 1
                    items = [(number, str(number), b"") for number in json.loads(message.data)]
                    for number, kept in listing.unseen(message, items):
                        if len(recorded) == stop:
                            return recorded, cursor, pages
                        cursor = kept
                        recorded.append(number)
                    cursor = listing.cursor
            except Enough:
                pass
    return recorded, cursor, pages


async def test_only_the_pages_with_news_are_looked_at() -> None:
    shelf = Shelf(20)
    recorded, cursor, pages = await shown(shelf.answer, None)
    assert recorded == list(range(20, 0, -1))
    assert pages == 7
    shelf.count = 22
    recorded, cursor, pages = await shown(shelf.answer, cursor)
    assert recorded == [22, 21]
    assert pages == 2
    assert await shown(shelf.answer, cursor) == ([], cursor, 0)


@given(st.integers(1, 20), st.integers(0, 20), st.lists(st.integers(0, 4), max_size=3))
async def test_nothing_is_lost_when_a_hub_ends_in_the_midst_of_pages(count: int, stop: int, later: list[int]) -> None:
    shelf = Shelf(count)
    recorded, cursor, _ = await shown(shelf.answer, None, stop=stop)
    got = list(recorded)
    for more in later:
        shelf.count += more
        recorded, cursor, _ = await shown(shelf.answer, cursor, stop=1 if more else 0)
        got += recorded
    recorded, cursor, _ = await shown(shelf.answer, cursor)
    got += recorded
    assert sorted(got) == list(range(1, shelf.count + 1))
    assert not PollCursor.parse(cursor).unfinished


async def test_more_items_than_are_remembered_do_not_bring_the_first_ones_again() -> None:
    seen = Seen(limit=10)
    for number in range(50):
        seen.add(str(number), b"")
    seen.end_of_list()
    for number in range(3):  # the first page, the next time
        seen.add(str(number), b"")
    seen.end_of_list()
    assert [number for number in range(50) if seen.knows(str(number))] == list(range(10))


async def test_pages_that_do_not_move_up_are_all_looked_at_after_a_break() -> None:
    listed = {1: [3, 2], 2: [1]}

    def answer(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params.get("page", 1))
        headers = {"link": "<?page=2>; rel=next"} if page == 1 else {}
        return httpx.Response(200, headers=headers, json=listed[page])

    recorded, cursor, _ = await shown(answer, None, stop=1)
    listed[1].remove(2)  # what was new on the first page is gone, and the second page was never seen
    again, _, _ = await shown(answer, cursor)
    assert (recorded, again) == ([3], [1])
