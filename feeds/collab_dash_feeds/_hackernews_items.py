"""What an item of Hacker News says, and what is known of the latest items."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Literal

from collab_dash.event import Event
from collab_dash.mapping import as_unix_ms

from ._plain import excerpt, from_html, text, whole

Kind = Literal["story", "comment", "job", "poll", "pollopt"]
_KINDS = ("story", "comment", "job", "poll", "pollopt")
_PAGE = "https://news.ycombinator.com/item?id="
_TITLE = 200
_REMEMBERED = 10_000
_VERSION = ("title", "url", "text", "score", "descendants", "deleted", "dead")


class Known:
    """The latest items, and how they were when they were told; the oldest are forgotten."""

    def __init__(self) -> None:
        self._versions: OrderedDict[int, tuple[Any, ...] | None] = OrderedDict()

    def is_comment(self, number: int) -> bool:
        """Tell whether an item is known to be a comment, whose changes are not told."""
        return number in self._versions and self._versions[number] is None

    def is_news(self, item: dict[str, Any]) -> bool:
        """Remember an item, and tell whether it differs from what was told of it."""
        comment = item["type"] in ("comment", "pollopt")
        version = None if comment else tuple(repr(item.get(name)) for name in _VERSION)
        number = item["id"]
        news = number not in self._versions or self._versions[number] != version
        self._versions[number] = version
        self._versions.move_to_end(number)
        if len(self._versions) > _REMEMBERED:
            self._versions.popitem(last=False)
        return news


def check_item(item: Any, number: int) -> str | None:
    """Say what is wrong with an item, or give None."""
    if not isinstance(item, dict):
        return f"item {number} is no JSON object"
    if item.get("id") != number or isinstance(item.get("id"), bool):
        return f"not item {number}: its id is {excerpt(repr(item.get('id')), 40)}"
    if item.get("type") not in _KINDS:
        return f"item {number} is of the unknown type {excerpt(repr(item.get('type')), 40)}"
    return None


def as_event(item: dict[str, Any], action: str) -> Event:
    """Give an item's event; `action` is its action, unless it was deleted."""
    number, kind = item["id"], item["type"]
    page = f"{_PAGE}{number}"
    body = from_html(item.get("text"))
    data = {
        "title": from_html(item.get("title")) or excerpt(body, _TITLE),
        "url": text(item.get("url")) or page,
        "user": text(item.get("by")),
        "score": whole(item.get("score")),
        "comments": whole(item.get("descendants")),
        "discussion": page,
    }
    extra = {"text": body, "parent": whole(item.get("parent")), "dead": item.get("dead") is True or None}
    data |= {name: value for name, value in extra.items() if value is not None}
    created = action == "create"
    return Event(
        type=f"{kind}:{'delete' if item.get('deleted') is True else action}",
        key=str(number),
        time=as_unix_ms(whole(item.get("time"))) if created else None,
        data=data,
    )
