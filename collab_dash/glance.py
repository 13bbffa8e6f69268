"""What people tell each other without a word: where they look. It travels as the state of an awareness."""

from __future__ import annotations

from typing import Any

import msgspec

from .errors import BadFrame
from .people import COLOURS
from .wire import MAX_NAME, Person, may

MAX_STATE_BYTES = 4096
MAX_DEPTH = 32  # whoever reads or writes it again has less of the stack left, perhaps
LONGEST = 200
LATEST = 253_402_300_799_999  # the last millisecond of the year 9999
RENEWED_EVERY = 15.0
ASLEEP_AFTER = 30.0

_NAMES = {colour: name for name, colour in COLOURS.items()}
_state_decoder = msgspec.json.Decoder(dict[str, Any])
_encode = msgspec.json.Encoder().encode


class Glance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Where somebody looks; the fields are those of `collab_dash.wire.Person`.

    What others' programs tell under these names in another shape counts as not told.
    """

    page: str = ""
    pane: str = ""
    offset: int | None = None
    key: str = ""
    scroll: int = 0
    time: int | None = None
    leads: bool = False
    follows: str = ""
    away: bool = False


def read_state(text: bytes, *, limit: int | None = MAX_STATE_BYTES) -> dict[str, Any] | None:
    """
    Read an awareness state; None says that its client is gone.

    Args:
        text: JSON.
        limit: How many bytes it may have; None for any number, since the hub adds to what it checked.

    Raises:
        BadFrame: If it is neither a JSON object nor ``null``, is over the limit, or is nested too deeply.

    """
    if limit is not None and len(text) > limit:
        raise BadFrame(f"an awareness state of {len(text):,} bytes is over the limit of {limit:,}")
    if text == b"null":
        return None
    try:
        state = _state_decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadFrame(f"an awareness state that cannot be read: {error}") from None
    if text.count(b"[") + text.count(b"{") > MAX_DEPTH and _is_deep(state):
        raise BadFrame(f"an awareness state of more than {MAX_DEPTH} levels")
    return state


def _is_deep(state: dict[str, Any]) -> bool:
    level: list[Any] = [state]
    for _ in range(MAX_DEPTH):
        within = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list))
        level = [item for items in within for item in items]
    return any(isinstance(each, dict | list) for each in level)


def glance_of(state: dict[str, Any]) -> Glance:
    """Give what a state tells of where somebody looks."""
    return Glance(
        page=_text(state, "page"),
        pane=_text(state, "pane"),
        offset=_number(state, "offset"),
        key=_text(state, "key"),
        scroll=_number(state, "scroll") or 0,
        time=_number(state, "time", most=LATEST),
        leads=state.get("leads") is True,
        follows=_text(state, "follows"),
        away=state.get("away") is True,
    )


def person_from(state: dict[str, Any]) -> Person | None:
    """Give whom a state, as the hub passes it on, is of; None where it is of nobody with a name."""
    user, name = state.get("user"), said_name(state)
    if not isinstance(user, dict) or not name:
        return None
    return Person(
        client=_text(state, "client"),
        name=name,
        role=_text(user, "role"),
        since=_number(state, "since") or 0,
        person=_text(user, "id"),
        color=_NAMES.get(_text(user, "color"), ""),
        **msgspec.structs.asdict(glance_of(state)),
    )


def stamped(state: dict[str, Any], person: Person) -> bytes:
    """
    Write a state for others, with what the hub knows better than whoever it is of.

    Args:
        state: What they said.
        person: What is known of them.

    """
    said = state.get("user")
    user = {**(said if isinstance(said, dict) else {}), "role": person.role, "id": person.person}
    if person.name:
        user |= {"name": person.name, "color": COLOURS.get(person.color, "")}
    told = {**state, "user": user, "client": person.client, "since": person.since}
    if not may(person.role, "editor"):
        told.pop("leads", None)
    return _encode(told)


def said_name(state: dict[str, Any]) -> str:
    """Give what a program calls whoever sits at it, where the hub was not told otherwise."""
    user = state.get("user")
    return _text(user, "name").strip()[:MAX_NAME] if isinstance(user, dict) else ""


def _text(state: dict[str, Any], name: str) -> str:
    value = state.get(name)
    return value[:LONGEST] if isinstance(value, str) else ""


def _number(state: dict[str, Any], name: str, *, most: int = 1 << 53) -> int | None:
    value = state.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most else None
