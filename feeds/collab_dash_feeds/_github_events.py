"""What an event of GitHub says: its type, a line for people, and a page to open."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from collab_dash.event import Event, event_type
from collab_dash.mapping import as_unix_ms

from ._plain import excerpt, part, text, whole

_TITLE = 200
_LONGEST_NAME = 256
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
_DOMAINS = {"issues": "issue", "gollum": "wiki", "public": "repository"}
_IRREGULAR = {"closed": "close", "created": "create", "forked": "create", "merged": "merge", "released": "release"}
_IRREGULAR |= {"deleted": "delete", "dismissed": "dismiss", "updated": "update", "unpublished": "unpublish"}
_IRREGULAR |= {"removed": "remove", "completed": "complete", "pinned": "pin", "unpinned": "unpin"}
_IRREGULAR |= {"resolved": "resolve", "approved": "approve", "transferred": "transfer", "archived": "archive"}
_NO_ACTION = {"public": "publish", "gollum": "update", "delete": "delete"}


def as_event(item: dict[str, Any], name: str, web: str) -> Event | None:
    """
    Give the event of an item of a list, or None if it has no type.

    Args:
        item: As the service lists it; each part of it may be missing.
        name: Its id.
        web: Where the pages for people are.

    """
    kind = text(part(item, "type"))
    if kind is None:
        return None
    payload = part(item, "payload")
    repo, actor = text(part(part(item, "repo"), "name")), part(item, "actor")
    repo = None if repo is None else repo[:_LONGEST_NAME]
    words = [word.lower() for word in _WORD.findall(kind.removesuffix("Event"))]
    domain = "-".join(words) or kind
    data = {
        "title": excerpt(_title(domain, payload), _TITLE),
        "repo": repo,
        "user": text(part(actor, "display_login")) or text(part(actor, "login")),
        "url": _page(payload, repo, web),
        "id": name,
    }
    time = as_unix_ms(text(part(item, "created_at")))
    return Event(type=_type(domain, payload), key=repo, time=time, data=data)


def _type(domain: str, payload: Any) -> str:
    """Make ``issue:open`` of IssuesEvent and opened; a branch or a tag is the domain of its own beginning and end."""
    action = text(part(payload, "action"))
    thing = text(part(payload, "ref_type"))
    if domain in ("create", "delete") and thing is not None:
        return event_type(thing, domain)
    if part(part(payload, "pull_request"), "merged") is True and action == "closed":
        action = "merged"
    verb = _NO_ACTION.get(domain, "create") if action is None else _verb(action)
    return event_type(_DOMAINS.get(domain, domain), verb)


def _verb(action: str) -> str:
    """Give the plain form of what was done: ``open`` for ``opened``."""
    if action in _IRREGULAR:
        return _IRREGULAR[action]
    return action.removesuffix("ed") if action.endswith("ed") else action


def _subject(payload: Any) -> Any:
    return part(payload, "issue") or part(payload, "pull_request") or part(payload, "discussion")


def _title(domain: str, payload: Any) -> str | None:
    """Give a line for people; the service leaves out more and more of what it could be made of."""
    make = _TITLES.get(domain)
    if make is not None and (title := make(payload)) is not None:
        return title
    subject = _subject(payload)
    number = whole(part(subject, "number")) or whole(part(payload, "number"))
    named = text(part(subject, "title"))
    return " ".join(word for word in (f"#{number}" if number else "", named or "") if word) or None


def _push(payload: Any) -> str | None:
    branch = (text(part(payload, "ref")) or "").removeprefix("refs/heads/").removeprefix("refs/tags/")
    commits, size = part(payload, "commits"), whole(part(payload, "size"))
    last = commits[-1] if isinstance(commits, list) and commits else None
    says = part(last, "message")
    first_line = text(says.strip().partition("\n")[0]) if isinstance(says, str) else None
    head = (text(part(payload, "head")) or "")[:7]
    count = f"({size} commits)" if size is not None and size > 1 else ""
    return " ".join(word for word in (branch, head, first_line or "", count) if word) or None


def _created(payload: Any) -> str | None:
    return text(part(payload, "ref")) or text(part(payload, "description"))


def _release(payload: Any) -> str | None:
    release = part(payload, "release")
    return text(part(release, "name")) or text(part(release, "tag_name"))


def _wiki(payload: Any) -> str | None:
    pages = part(payload, "pages")
    titles = [text(part(page, "title")) or "" for page in pages] if isinstance(pages, list) else []
    return ", ".join(title for title in titles if title) or None


_TITLES: dict[str, Callable[[Any], str | None]] = {
    "push": _push,
    "create": _created,
    "delete": _created,
    "release": _release,
    "gollum": _wiki,
    "fork": lambda payload: text(part(part(payload, "forkee"), "full_name")),
    "member": lambda payload: text(part(part(payload, "member"), "login")),
    "commit-comment": lambda payload: text(part(part(payload, "comment"), "body")),
}


def _page(payload: Any, repo: str | None, web: str) -> str | None:
    """Give a page for people, as exact as can be told."""
    pages = part(payload, "pages")
    holders = [part(payload, name) for name in ("comment", "review", "release", "forkee")]
    holders += pages[:1] if isinstance(pages, list) else []
    for holder in (*holders, _subject(payload)):
        url = text(part(holder, "html_url"))
        if url is not None and url.startswith(("https://", "http://")):
            return url
    if repo is None:
        return None
    pull = whole(part(part(payload, "pull_request"), "number"))
    head = text(part(payload, "head"))
    if pull is not None:
        return f"{web}/{repo}/pull/{pull}"
    return f"{web}/{repo}/commit/{head}" if head is not None and head.isalnum() else f"{web}/{repo}"
