"""What refused handshakes and close codes mean for a feed, in words for people."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

import websockets
from websockets.http11 import Response

from ..errors import FeedBroken, FeedError, FeedFailed
from . import http

BUSY_PAUSE = 5.0
"""Seconds to stay away from a source that is overloaded; clients wait up to 5 by RFC 6455 section 7.2.3."""

_MAX_WORDS = 200


class Meaning(NamedTuple):
    """
    What a close code says.

    Args:
        verdict: ``planned``: the end was due, come back at once. ``broken``: try again. ``objection``: the source does
            not take what we send; that is final if it is all it had to say, since the next time we send the same.
            ``final``: trying again cannot help.
        words: What the source does.
        hint: What a person could do.

    """

    verdict: Literal["planned", "broken", "objection", "final"]
    words: str
    hint: str = ""


_OBJECTION = "check what the feed sends: its subscribe and ping messages"

MEANINGS = {
    1000: Meaning("planned", "done for now"),
    1001: Meaning("planned", "going away for now"),
    1002: Meaning("broken", "it says that we broke the protocol", "a proxy on the way may alter what is sent"),
    1003: Meaning("objection", "it cannot take this kind of message", _OBJECTION),
    1005: Meaning("planned", "without a reason"),
    1007: Meaning("objection", "it cannot read what we sent", _OBJECTION),
    1008: Meaning("broken", "it objects to what we do", "check headers, credentials and subscribe messages"),
    1009: Meaning("objection", "a message of ours is too big for it", "subscribe to less in one message"),
    1010: Meaning("broken", "it misses an extension"),
    1011: Meaning("broken", "it has trouble of its own"),
    1012: Meaning("planned", "it restarts"),
    1013: Meaning("broken", "it is overloaded"),
    1014: Meaning("broken", "its gateway has trouble"),
    3000: Meaning("final", "unauthorized", "the source wants credentials: set headers, such as Authorization"),
    3003: Meaning("final", "forbidden", "these credentials may not read this; check headers and the account"),
    3008: Meaning("broken", "it waited too long for something"),
}
"""RFC 6455 section 7.4 and IANA's registry; other codes, 4000 to 4999 among them, are private and count as broken."""


def plain(text: str) -> str:
    """Give a source's words so that they do a terminal no harm, and not too many of them."""
    return "".join(character if character.isprintable() else " " for character in text[:_MAX_WORDS]).strip()


def closed(
    url: str,
    error: websockets.ConnectionClosed,
    *,
    max_size: int,
    heard: bool = False,
    final_codes: Collection[int] = (),
) -> FeedError:
    """
    Say why a connection ended.

    Args:
        url: Where to.
        error: What was raised.
        max_size: The largest message allowed, in bytes.
        heard: Whether the source had sent any message.
        final_codes: Close codes after which trying again cannot help, beside those known to be so.

    """
    where = http.shown(url)
    received, sent = error.rcvd, error.sent
    if sent is not None and not error.rcvd_then_sent:
        if sent.code == 1009:
            return FeedBroken(
                f"{where} sent a message over {max_size:,} bytes", hint="the source lists too much at once"
            )
        if sent.code not in {1000, 1001}:
            return FeedBroken(f"{where} broke the protocol: {plain(str(sent))}")
    if received is None:
        return FeedBroken(f"{where} broke off in the middle of the connection")
    return _ended(where, received.code, received.reason, heard=heard, final=received.code in final_codes)


def _ended(where: str, code: int, reason: str, *, heard: bool, final: bool) -> FeedError:
    meaning = MEANINGS.get(code, Meaning("broken", ""))
    said = ", ".join(filter(None, (str(code), meaning.words)))
    text = f"{where} closed the connection ({said})"
    if plain(reason):
        text += f": {plain(reason)}"
    if final or meaning.verdict == "final" or (meaning.verdict == "objection" and not heard):
        return FeedFailed(text, hint=meaning.hint)
    return FeedBroken(
        text,
        hint=meaning.hint,
        planned=meaning.verdict == "planned",
        retry_after=BUSY_PAUSE if code == 1013 else None,
    )


def refused(url: str, error: websockets.WebSocketException) -> FeedError:
    """Say why there was no handshake."""
    where = http.shown(url)
    if isinstance(error, websockets.InvalidStatus):
        return _answered(url, error.response)
    if isinstance(error, websockets.InvalidURI):
        return FeedFailed(f"{where} is not a usable address", hint="it should start with ws:// or wss://")
    if isinstance(error, websockets.NegotiationError):
        return FeedFailed(f"{where} does not agree: {plain(str(error))}", hint="check the feed's subprotocols")
    if isinstance(error, websockets.SecurityError):
        return FeedFailed(f"{where} redirects where we do not follow", hint="check the feed's url")
    if isinstance(error, websockets.ProxyError | websockets.InvalidProxy):
        return http.proxy_error(url, plain(str(error)))
    if isinstance(error.__cause__, EOFError):
        return FeedBroken(f"{where} broke off before the connection was made")
    return FeedBroken(f"{where} does not speak WebSocket: {plain(str(error))}", hint="check the feed's url")


def _answered(url: str, response: Response) -> FeedError:
    where, status = http.shown(url), response.status_code
    retry_after, kinds = (response.headers.get_all(name) for name in ("Retry-After", "Content-Type"))
    if 200 <= status < 300 and any(kind.strip().lower().startswith("text/html") for kind in kinds):
        return FeedBroken(f"{where} answers with a web page, not as a WebSocket server", hint=http.PAGE_HINT)
    if 200 <= status < 300 or status == 426:
        return FeedFailed(
            f"{where} answers {status} like a web server, not like a WebSocket server",
            hint="check the feed's url, or use sse or polling",
        )
    return http.status_error(url, status, retry_after[0] if retry_after else None)
