"""What was told of a Kubernetes collection, so that nothing is told twice and nothing is missed."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

import msgspec

from collab_dash.errors import FeedBroken
from collab_dash.event import Event, event_type, rejected

from ._kubernetes_api import Expired, Listing
from ._kubernetes_objects import key_of, summary, told_at

_MOST_REMEMBERED = 1000
_ACTIONS = {"ADDED": "create", "MODIFIED": "update", "DELETED": "remove"}


class Memory:
    """
    What was told: up to which version, and of which objects, by uid.

    Args:
        cursor: As it was last kept.

    """

    def __init__(self, cursor: str | None) -> None:
        try:
            kept = msgspec.json.decode(cursor or "{}", type=_Kept)
            lines = zlib.decompress(b64decode(kept.known)).decode().splitlines() if kept.known else []
            self._keys = {uid: name for uid, _, name in (line.partition(" ") for line in lines)}
        except (ValueError, zlib.error):
            kept, self._keys = _Kept(), {}
        self.version = kept.version
        self._known: str | None = kept.known

    @property
    def count(self) -> int:
        """How many objects there are."""
        return len(self._keys)

    def cursor(self) -> str:
        """Give it as text; of very many objects, the version alone."""
        if self._known is None:
            lines = "\n".join(f"{uid} {name}" for uid, name in self._keys.items())
            many = not 0 < len(self._keys) <= _MOST_REMEMBERED
            self._known = "" if many else b64encode(zlib.compress(lines.encode())).decode()
        return msgspec.json.encode(_Kept(self.version, self._known)).decode()

    def _add(self, uid: str, name: str) -> bool:
        """Remember an object, and tell whether it is new."""
        if self._keys.get(uid) == name:
            return False
        is_new = uid not in self._keys
        self._keys[uid] = name
        self._known = None
        return is_new

    def _remove(self, uid: str) -> None:
        """Forget an object."""
        if self._keys.pop(uid, None) is not None:
            self._known = None

    def news(self, listing: Listing) -> Iterator[Event]:
        """
        Yield what a list tells that was not told before; the memory moves along with each.

        Versions grow, so what was told of an object is seen by its own version, and a list that was told half is gone
        on with.
        """
        kind = listing.kind
        told_to = _number(self.version)
        there = {_uid(thing) for thing in listing.items}
        for uid in [uid for uid in self._keys if uid not in there]:
            name = self._keys[uid]
            self._remove(uid)
            gone = {"name": name.rpartition("/")[2], "status": "Removed"}
            yield Event(type=event_type(kind, "remove"), key=name or None, data=gone)
        for thing in sorted(listing.items, key=lambda thing: _number(_version(thing))):
            if 0 <= _number(_version(thing)) <= told_to:
                self._remember(kind, thing)
                continue
            event = self._event(kind, thing, "ADDED", listed=True)
            self._move(_version(thing))
            if event is not None:
                yield event
        self.version = listing.version

    def take(self, happening: dict[str, Any]) -> Event | None:
        """
        Make an event of what a watch says; None if it only says how far it is.

        Raises:
            Expired: If the version that the watch began with is too old.
            FeedBroken: If the server reports an error.

        """
        action, thing = happening["type"], happening["object"]
        kind = str(thing.get("kind") or "Object")
        if action == "ERROR":
            if thing.get("code") == 410:
                raise Expired
            said = str(thing.get("message") or thing.get("reason") or "no reason given")[:300]
            words = "".join(character if character.isprintable() else " " for character in said)
            raise FeedBroken(f"the API server reports an error: {words}")
        event: Event | None = None
        if action in _ACTIONS:
            event = self._event(kind, thing, action)
        elif action != "BOOKMARK":
            event = rejected(f"unknown watch event {action!r}", msgspec.json.encode(happening))
        self._move(_version(thing))
        return event

    def _move(self, version: str) -> None:
        """Be at a later version; one that is no number is taken as it is."""
        if version and not 0 <= _number(version) < _number(self.version):
            self.version = version

    def _event(self, kind: str, thing: dict[str, Any], action: str, *, listed: bool = False) -> Event | None:
        """Make the event of a change, and remember it; that a cluster's event has expired is none."""
        if kind == "Event" and action == "DELETED":
            return None
        is_new = self._remember(kind, thing)
        if action == "DELETED":
            self._remove(_uid(thing))
        elif action == "ADDED" and not is_new and kind != "Event":
            action = "MODIFIED"
        data = summary(kind, thing)
        if action == "DELETED":
            data["status"] = "Removed"
        time = told_at(kind, thing) if kind == "Event" or (listed and action == "ADDED") else None
        return Event(type=event_type(kind, _ACTIONS[action]), key=key_of(kind, thing), time=time, data=data)

    def _remember(self, kind: str, thing: dict[str, Any]) -> bool:
        """Remember an object; of events, which expire by themselves, none is."""
        return kind == "Event" or self._add(_uid(thing), key_of(kind, thing) or "")


class _Kept(msgspec.Struct, omit_defaults=True):
    """A cursor: the version, and uids and keys of what there is, packed."""

    version: str = ""
    known: str = ""


def _uid(thing: dict[str, Any]) -> str:
    meta = thing.get("metadata")
    uid = meta.get("uid") if isinstance(meta, dict) else None
    return uid if isinstance(uid, str) else ""


def _version(thing: dict[str, Any]) -> str:
    meta = thing.get("metadata")
    version = meta.get("resourceVersion") if isinstance(meta, dict) else None
    return version if isinstance(version, str) else ""


def _number(version: str) -> int:
    """Give a version as a number, to compare it; -1 if it is none."""
    return int(version) if version.isascii() and version.isdigit() and len(version) < 20 else -1
