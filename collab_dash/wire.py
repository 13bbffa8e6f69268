"""
The peer protocol, version 1, without I/O.

Text frames hold JSON. A peer sends requests; the hub answers each with a reply of the same id and pushes what it
was not asked for. This module knows the messages, the codes and the limits; it opens no socket and keeps no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum, StrEnum
from typing import Any, TypeVar

import msgspec

from .errors import BadFrame
from .event import Event
from .status import Alert as Alert
from .status import Brought as Brought
from .status import FeedStatus as FeedStatus
from .status import Knock as Knock
from .status import Person as Person
from .status import Recording as Recording
from .status import SessionStatus as SessionStatus

PROTOCOL = 1
MAX_REQUEST_BYTES = 1 << 20
MAX_PUSH_BYTES = 512 * 1024
MAX_NAME = 40
MAX_WAITING = 50
HELLO_TIMEOUT = 10.0
PING_INTERVAL = 20.0
SILENCE_LIMIT = 45.0
REQUESTS_PER_SECOND = 1000
REQUEST_BURST = 2000
MAX_KEY = 200
KEPT_REPLIES = 1000
KEPT_SECONDS = 600.0

ROLES = ("viewer", "editor", "host")

HELLO = "session:hello"
LEAVE = "session:leave"
BOARD = "session:board"
PEOPLE = "session:people"
STATUS = "session:status"
LOOK = "session:look"
INTRODUCE = "session:introduce"
BRING = "session:bring"
BROUGHT = "session:brought"
WAITING = "session:waiting"
KNOCKS = "session:knocks"
LET_IN = "session:let-in"
REMOVE = "session:remove"
RENEW = "session:renew"
TOKEN = "session:token"  # noqa: S105 - the name of a push
LINKS = "session:links"
STOP = "session:stop"
EVENTS = "feed:events"
SKIPPED = "feed:skipped"
FEED_STATUS = "feed:status"
SUBSCRIBE = "feed:subscribe"
HISTORY = "feed:history"
DENSITY = "feed:density"
PUBLISH = "feed:publish"
RECONNECT = "feed:reconnect"
CHAT = "chat:post"
MARK = "note:mark"
COMMENT = "note:comment"
RESOLVE = "note:resolve"
MARKS = "note:list"
DOC_SAVED = "doc:saved"
DOC_REFUSED = "doc:refused"
WRITTEN = "board:written"
FIRING = "alert:firing"
ACKNOWLEDGE = "alert:ack"
RULES = "alert:rules"


class Close(IntEnum):
    """WebSocket close codes. Below 4400 a peer comes back with backoff; from 4400 on the answer is final."""

    GOING_DOWN = 4001
    TOO_SLOW = 4008
    TOO_MANY = 4009
    NOT_NOW = 4013
    BAD_FRAME = 4400
    BAD_TOKEN = 4401
    HELLO_MISSING = 4402
    REMOVED = 4403
    NO_SUCH_SESSION = 4404
    OTHER_PROTOCOL = 4409
    EDIT_REFUSED = 4422


class Code(StrEnum):
    """What an error reply says went wrong."""

    INVALID_PAYLOAD = "invalid_payload"
    UNKNOWN_EVENT = "unknown_event"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    TOO_LARGE = "too_large"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


def may(role: str, needed: str) -> bool:
    """Tell whether `role` includes the rights of `needed`: host ⊃ editor ⊃ viewer."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(needed)


def shown_name(wanted: str) -> str:
    """Give what others call somebody who wants to be called `wanted`."""
    return wanted.strip()[:MAX_NAME]


def person_id(secret: str) -> str:
    """
    Give the public id of whoever holds a secret: others can see it, and cannot take it for their own.

    Args:
        secret: A person's own, long and random, told to hubs alone; without one there is no id.

    Returns:
        Twelve hexadecimal digits, or an empty string.

    """
    from hashlib import sha256  # a board opens without it

    return sha256(b"collab-dash person:" + secret.encode()).hexdigest()[:12] if secret else ""


class Resume(msgspec.Struct, frozen=True):
    """Where a returning peer left off."""

    epoch: str
    offset: int


class Hello(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    The first request on a link.

    Args:
        protocol: The version the peer speaks.
        token: What its link carried.
        name: What others shall call it.
        person: The secret of whoever sits there, from which the hub derives the public id; empty for none.
        color: What they shall be drawn in: one of eight names, or empty for one that follows from the id.
        feeds: Feeds to receive; ``*`` stands for all, an empty list for none.
        resume: Where it left off, if it was here before.
        since: Start after this offset of the current log; without it and without `resume`, at the present.

    """

    protocol: int
    token: str = ""
    name: str = ""
    person: str = ""
    color: str = ""
    feeds: list[str] = msgspec.field(default_factory=lambda: ["*"])
    resume: Resume | None = None
    since: int | None = None


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """
    The answer to a hello.

    Args:
        session: The session's name.
        epoch: Which log.
        offset: The last offset the peer counts as having; events after it follow.
        role: ``viewer``, ``editor`` or ``host``.
        client: The peer's id in this session.
        person: The public id of whoever sits there; the client's where the hello held no secret.
        recovered: Whether everything since the peer's `resume` follows.
        ping: Seconds between the hub's pings.
        doc: Which shared document; empty where there is none.

    """

    session: str
    epoch: str
    offset: int
    role: str
    client: str
    recovered: bool
    ping: float
    doc: str = ""
    person: str = ""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """An error reply's body."""

    code: str
    message: str
    path: list[str | int] = []
    retry: bool = False


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a peer asks.

    Args:
        event: The request's name.
        id: What the reply will carry; None for no reply, unless it is refused.
        key: What the peer calls this request: one that it repeats under its key is not done again.
        data: Still JSON text: the handler's schema decodes it.

    """

    event: str
    id: int | None = None
    key: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """
    Anything the hub sends: a reply (`ok` or `error` with `id`) or a push (`event` with `data`).

    Payloads stay JSON text until the reader knows what they are; `ok` is empty unless this is a successful reply.
    """

    id: int | None = None
    ok: msgspec.Raw = msgspec.Raw(b"")
    error: Fault | None = None
    event: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class Skipped(msgspec.Struct, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """A range of offsets that was not sent; `feed:history` has it."""

    first: int
    last: int


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """So many more of this link's document updates are on disk."""

    updates: int


class History(msgspec.Struct, frozen=True, kw_only=True):
    """
    A page of the log, oldest first.

    Args:
        events: At most as many as were asked for.
        more: Whether there is more on that side.
        last: The offset up to which the log was searched; ask for what is after it to go on.

    """

    events: list[Event]
    more: bool
    last: int = 0


class Density(msgspec.Struct, frozen=True, kw_only=True):
    """
    How many events were received when, by buckets of time.

    Args:
        counts: How many each bucket holds.
        offsets: The offset of the last event received before each bucket's end, 0 for none.
        first: When the first event of the log was received, Unix milliseconds; None if it is empty.
        last: When the last was.

    """

    counts: list[int]
    offsets: list[int]
    first: int | None = None
    last: int | None = None


_T = TypeVar("_T")

_request_decoder = msgspec.json.Decoder(Request)
_frame_decoder = msgspec.json.Decoder(Frame)
_hello_decoder = msgspec.json.Decoder(Hello)
_events_decoder = msgspec.json.Decoder(list[Event])
_encode = msgspec.json.Encoder().encode


def decode_request(frame: str | bytes) -> Request:
    """
    Read what a peer sent.

    Raises:
        BadFrame: If it is over 1 MiB or is not a JSON request.

    """
    if len(frame) > MAX_REQUEST_BYTES:
        raise BadFrame(f"a frame of {len(frame):,} bytes is over the limit of {MAX_REQUEST_BYTES:,}")
    return _decode(_request_decoder, frame)


def decode_hello(data: msgspec.Raw) -> Hello:
    """
    Read the payload of a `session:hello`.

    Raises:
        BadFrame: If it is not one.

    """
    return _decode(_hello_decoder, data)


def decode_frame(frame: str | bytes) -> Frame:
    """
    Read what a hub sent.

    Raises:
        BadFrame: If it is not a JSON reply or push.

    """
    return _decode(_frame_decoder, frame)


def decode_events(data: msgspec.Raw) -> list[Event]:
    """
    Read the events of a `feed:events` push.

    Raises:
        BadFrame: If they are not events.

    """
    return _decode(_events_decoder, data)


def _decode(decoder: msgspec.json.Decoder[_T], data: str | bytes | msgspec.Raw) -> _T:
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadFrame(f"not a protocol {PROTOCOL} frame: {error}") from None


def encode_request(event: str, data: Any, *, id_: int | None = None, key: str | None = None) -> bytes:
    """Write a request; without an id it gets no reply."""
    head: dict[str, Any] = {} if id_ is None else {"id": id_}
    if key is not None:
        head["key"] = key
    return _encode({**head, "event": event, "data": data})


def encode_ok(id_: int, body: Any) -> bytes:
    """Write a successful reply."""
    return _encode({"id": id_, "ok": body})


def encode_fault(id_: int | None, fault: Fault) -> bytes:
    """Write an error reply; a request that had no id gets one with a null id."""
    return _encode({"id": id_, "error": fault})


def encode_push(event: str, data: Any) -> bytes:
    """Write a push."""
    return _encode({"event": event, "data": data})


def encode_events(events: Iterable[bytes]) -> Iterator[bytes]:
    """
    Write `feed:events` pushes from events that are JSON already.

    Yields:
        As few frames as keep each about `MAX_PUSH_BYTES`.

    """
    chunk: list[bytes] = []
    size = 0
    for event in events:
        if chunk and size + len(event) > MAX_PUSH_BYTES:
            yield _events_frame(chunk)
            chunk, size = [], 0
        chunk.append(event)
        size += len(event)
    if chunk:
        yield _events_frame(chunk)


def _events_frame(events: list[bytes]) -> bytes:
    return b'{"event":"feed:events","data":[' + b",".join(events) + b"]}"
