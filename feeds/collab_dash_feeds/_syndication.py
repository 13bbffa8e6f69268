"""Reading RSS, Atom and JSON Feed documents: bytes in, articles out; nothing is fetched, no path is opened."""

from __future__ import annotations

import calendar
import io
from collections.abc import Sequence
from email.message import Message as Header
from hashlib import blake2b
from typing import Any, NamedTuple
from urllib.parse import urljoin

import msgspec

from collab_dash.mapping import as_unix_ms

from ._plain import excerpt, from_html, part, text

_SUMMARY = 1000
_TITLE = 300
_DEEPEST = 50_000
_JSON_FEED = "https://jsonfeed.org/version/"


class Article(NamedTuple):
    """
    One entry of a document.

    Args:
        key: Its id, or its link, or None.
        version: What differs once it was edited.
        time: When it was published, or else updated, Unix milliseconds; None where the document does not say.
        data: The event's payload.

    """

    key: str | None
    version: bytes
    time: int | None
    data: dict[str, Any]


class Document(NamedTuple):
    """
    What a document says.

    Args:
        title: The site's, if it has one.
        articles: Oldest first.
        bad: Entries that are none.

    """

    title: str | None
    articles: Sequence[Article]
    bad: Sequence[bytes] = ()


def articles(body: bytes, base: str, content_type: str) -> Document | str:
    """
    Read a document.

    Args:
        body: As it came.
        base: Where it came from: relative links are relative to that.
        content_type: The header of that name, for its charset.

    Returns:
        The document, or why it is none.

    """
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return _json_feed(body, base)
    if _is_too_deep(body):
        return f"not a feed that can be read: over {_DEEPEST:,} of its elements are never closed"
    import feedparser

    charset = _charset(content_type)
    headers = {"content-type": f"application/xml; charset={charset}" if charset else "application/xml"}
    try:
        # A stream, as the library would take text or bytes for an address or a path.
        parsed = feedparser.parse(
            io.BytesIO(body),
            response_headers=headers | {"content-location": base},
            resolve_relative_uris=False,
            sanitize_html=False,
        )
        listed = [_entry(entry, base) for entry in parsed.entries]
    except Exception as error:  # noqa: BLE001 - the library trips over some documents in ways of its own
        return f"not a feed that can be read: {type(error).__name__}: {excerpt(str(error), 200)}"
    if not listed and (parsed.bozo or not parsed.version):
        why = parsed.get("bozo_exception") or "no RSS, Atom or JSON Feed document"
        return f"not a feed: {excerpt(text(str(why)), 200)}"
    return Document(from_html(parsed.feed.get("title")), _in_order(listed))


def _is_too_deep(body: bytes) -> bool:
    """Tell whether elements are nested so deep that the library would need minutes for them; UTF-16 is let pass."""
    return body.count(b"<") - 2 * body.count(b"</") - body.count(b"/>") > _DEEPEST and b"\0" not in body[:64]


def _charset(content_type: str) -> str | None:
    header = Header()
    header["content-type"] = content_type
    charset = header.get_content_charset()
    return charset if charset is not None and charset.isascii() and charset.replace("-", "").isalnum() else None


def _in_order(listed: list[Article]) -> list[Article]:
    """Put the oldest first: by time where all have one, otherwise as documents are usually written."""
    listed.reverse()
    if all(article.time is not None for article in listed):
        listed.sort(key=lambda article: article.time or 0)
    return listed


def _entry(entry: Any, base: str) -> Article:
    contents, enclosures = entry.get("content"), entry.get("enclosures")
    body = contents[0].get("value") if contents else None
    plain = part(entry.get("title_detail"), "type") == "text/plain"
    return _article(
        name=text(entry.get("id")),
        link=_absolute(base, entry.get("link")),
        title=text(entry.get("title")) if plain else from_html(entry.get("title")),
        body=from_html(entry.get("summary")) or from_html(body),
        author=from_html(entry.get("author")),
        tags=[text(tag.get("term")) for tag in entry.get("tags") or ()],
        media=_absolute(base, enclosures[0].get("href")) if enclosures else None,
        time=_time(entry),
    )


def _time(entry: Any) -> int | None:
    for name in ("published_parsed", "updated_parsed"):
        moment = entry.get(name)
        if moment is not None:
            try:
                return calendar.timegm(moment) * 1000
            except (ValueError, OverflowError, TypeError):
                continue
    return None


def _json_feed(body: bytes, base: str) -> Document | str:
    """Read a JSON Feed, https://www.jsonfeed.org/version/1.1/."""
    try:
        said = msgspec.json.decode(body.lstrip(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        return f"not JSON: {error}"
    items, version = part(said, "items"), text(part(said, "version"))
    if not isinstance(items, list) or version is None or not version.startswith(_JSON_FEED):
        return f"not a JSON Feed: no items, or no version that begins with {_JSON_FEED}"
    listed = [_item(item, said, base) for item in items if isinstance(item, dict)]
    bad = [msgspec.json.encode(item) for item in items if not isinstance(item, dict)]
    return Document(text(part(said, "title")), _in_order(listed), bad)


def _item(item: dict[str, Any], feed: dict[str, Any], base: str) -> Article:
    authors = item.get("authors") or [item.get("author")]
    if not any(authors if isinstance(authors, list) else [authors]):
        authors = feed.get("authors") or [feed.get("author")]
    tags = item.get("tags")
    name = item.get("id")
    return _article(
        name=str(name) if isinstance(name, int | float) and not isinstance(name, bool) else text(name),
        link=_absolute(base, item.get("url")) or _absolute(base, item.get("external_url")),
        title=text(item.get("title")),
        body=text(item.get("summary")) or text(item.get("content_text")) or from_html(item.get("content_html")),
        author=text(part(authors[0], "name")) if isinstance(authors, list) and authors else None,
        tags=[text(tag) for tag in tags] if isinstance(tags, list) else [],
        media=_absolute(base, item.get("image")),
        time=as_unix_ms(text(item.get("date_published"))) or as_unix_ms(text(item.get("date_modified"))),
    )


def _article(
    *,
    name: str | None,
    link: str | None,
    title: str | None,
    body: str | None,
    author: str | None,
    tags: Sequence[str | None],
    media: str | None,
    time: int | None,
) -> Article:
    data: dict[str, Any] = {
        "title": excerpt(title or body, _TITLE),
        "author": author,
        "summary": excerpt(body, _SUMMARY),
        "url": link,
    }
    if words := ", ".join(tag for tag in tags[:20] if tag):
        data["tags"] = words
    if media is not None:
        data["media"] = media
    # The whole text, as edits may be anywhere in it; without dates, which some sites renew with each answer.
    version = blake2b(repr((title, body, link)).encode(), digest_size=16).digest()
    return Article(name or link, version, time, data)


def _absolute(base: str, link: Any) -> str | None:
    """Give a link that may be opened in a browser, or None."""
    target = text(link)
    try:
        url = None if target is None else urljoin(base, target)
    except ValueError:
        return None
    return url if url is not None and url.startswith(("https://", "http://")) else None
