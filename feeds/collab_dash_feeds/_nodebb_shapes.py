"""Topics and posts of a NodeBB forum as its read API and its sockets tell them, made into events."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from collab_dash.event import Event, rejected
from collab_dash.mapping import as_unix_ms

from ._plain import excerpt, from_html, number, part, text, whole

_LONGEST = 2000


class Item(NamedTuple):
    """A topic or a post: its category, and its event."""

    cid: int | None
    event: Event


def listed(body: str | bytes, base: str) -> list[Item]:
    """
    Read ``/api/recent``: its topics, and the latest post of each, oldest first.

    Raises:
        ValueError: If it is no JSON.
        TypeError: If it is no such list.

    """
    found = part(msgspec.json.decode(body), "topics")
    if not isinstance(found, list):
        raise TypeError("a list of recent topics without topics")
    items = [item for topic in found for item in _of_topic(topic, base)]
    return sorted(items, key=lambda item: item.event.time or 0)


def _of_topic(topic: Any, base: str) -> Iterator[Item]:
    try:
        yield from topics(topic, base)
        teaser = part(topic, "teaser")
        if isinstance(teaser, dict) and part(topic, "mainPid") != teaser.get("pid"):
            yield from _posts({**teaser, "topic": topic}, base)
    except ValueError as error:
        raw = msgspec.json.encode(topic)
        yield Item(None, rejected(str(error), raw, key=f"rejected/{blake2b(raw, digest_size=8).hexdigest()}"))


def topics(topic: Any, base: str) -> Iterator[Item]:
    """Read a topic, as ``event:new_topic`` and the list tell it; a deleted one is nothing."""
    tid = _id(part(topic, "tid"))
    if tid is None:
        raise ValueError("a topic without tid")
    if part(topic, "deleted"):
        return
    main, cid = part(topic, "mainPost"), whole(part(topic, "cid"))
    slug = text(part(topic, "slug"))
    replies = whole(part(topic, "postcount"))
    data = {
        "title": _title(topic),
        "user": _user(topic) or _user(main),
        "text": excerpt(from_html(part(main, "content")), _LONGEST),
        "category": from_html(part(part(topic, "category"), "name")),
        "replies": None if replies is None else max(replies - 1, 0),
        "views": number(part(topic, "viewcount")),
        "votes": number(part(topic, "votes")),
        "tags": _tags(topic),
        "url": f"{base}/topic/{slug or tid}",
        "tid": part(topic, "tid"),
        "pid": part(topic, "mainPid"),
        "cid": cid,
    }
    yield Item(cid, _event("topic:create", f"topic/{tid}", topic, data))


def new_posts(message: Any, base: str) -> Iterator[Item]:
    """Read ``event:new_post``; a topic's first post is told by the topic."""
    posts = part(message, "posts")
    if not isinstance(posts, list):
        raise TypeError("a message of new posts without posts")
    for post in posts:
        if not _is_first(post):
            yield from _posts(post, base)


def _is_first(post: Any) -> bool:
    main = part(part(post, "topic"), "mainPid")
    return bool(part(post, "isMain")) or part(post, "index") == 0 or (main is not None and main == part(post, "pid"))


def _posts(post: Any, base: str) -> Iterator[Item]:
    pid, topic = _id(part(post, "pid")), part(post, "topic")
    if pid is None:
        raise ValueError("a post without pid")
    if part(post, "deleted"):
        return
    cid = whole(part(topic, "cid")) or whole(part(post, "cid"))
    data = {
        "title": _title(topic),
        "user": _user(post),
        "text": excerpt(from_html(part(post, "content")), _LONGEST),
        "category": from_html(part(part(topic, "category"), "name")),
        "votes": number(part(post, "votes")),
        "url": f"{base}/post/{pid}",
        "tid": part(post, "tid") or part(topic, "tid"),
        "pid": part(post, "pid"),
        "cid": cid,
    }
    yield Item(cid, _event("post:create", f"post/{pid}", post, data))


def _event(kind: str, key: str, source: Any, data: dict[str, Any]) -> Event:
    time = as_unix_ms(part(source, "timestamp")) or as_unix_ms(part(source, "timestampISO"))
    return Event(type=kind, key=key, time=time, data={name: value for name, value in data.items() if value is not None})


def _id(value: Any) -> str | None:
    """Give an id as text: a number, or what a federated forum uses in its place."""
    if isinstance(value, str):
        return "-".join(value.split()) or None
    known = whole(value)
    return None if known is None else str(known)


def _title(topic: Any) -> str | None:
    return text(part(topic, "titleRaw")) or from_html(part(topic, "title"))


def _user(source: Any) -> str | None:
    user = part(source, "user")
    return from_html(part(user, "displayname")) or from_html(part(user, "username"))


def _tags(topic: Any) -> list[str] | None:
    tags = part(topic, "tags")
    values = [text(part(tag, "value")) for tag in tags] if isinstance(tags, list) else []
    return [value for value in values if value] or None
