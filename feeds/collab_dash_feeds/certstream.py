"""Certificates as they are logged, from a certstream server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from pydantic import Field

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.mapping import as_unix_ms
from collab_dash.transports import websocket
from collab_dash.transports.address import WebSocketUrl

URL = "ws://127.0.0.1:8080/"
MOST_DOMAINS = 100
_PING_EVERY = 30.0
_HINT = "run certstream-server-go there, or set url to a server you may use; there is no public one"
_DAY = 86_400_000

_Word = Annotated[str, Meta(max_length=1000)]


class CertstreamOptions(FeedOptions):
    """Options of the ``certstream`` feed."""

    url: WebSocketUrl = Field(
        URL, description="Where the server is: its address for the lite, the full or the domains-only stream."
    )


class CertstreamFeed(Feed[CertstreamOptions]):
    """Certificates, of all certificate transparency logs that the server reads: hundreds a second."""

    summary = "TLS certificates as they are logged, from your certstream server"
    transport = "websocket"
    silence = 90.0
    pane = Pane(view="log", columns=("time", "issuer", "days", "names", "key"))

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Listen; the server wants no subscription, but a ping a minute."""
        try:
            async with websocket.connect(self.options.url, ping_every=_PING_EVERY, note=context.note) as messages:
                async for message in messages:
                    event = _event(message.data)
                    if event is None:
                        context.note("heartbeat")
                    else:
                        yield event
        except FeedBroken as error:
            hint = _HINT if self.options.url == URL else error.hint
            raise FeedBroken(str(error), retry_after=error.retry_after, hint=hint) from error


class _Issuer(Struct):
    organisation: _Word | None = msgspec.field(default=None, name="O")
    name: _Word | None = msgspec.field(default=None, name="CN")


class _Leaf(Struct):
    all_domains: list[_Word] | None = None
    issuer: _Issuer | None = None
    not_before: float | None = None
    not_after: float | None = None
    serial_number: _Word | None = None
    sha256: _Word | None = None
    fingerprint: _Word | None = None
    is_ca: bool | None = None


class _Log(Struct):
    name: _Word | None = None


class _Entry(Struct):
    leaf_cert: _Leaf
    seen: float | None = None
    source: _Log | None = None
    update_type: _Word | None = None


class _Certificate(Struct, tag_field="message_type", tag="certificate_update"):
    data: _Entry


class _Domains(Struct, tag_field="message_type", tag="dns_entries"):
    data: list[_Word]


class _Heartbeat(Struct, tag_field="message_type", tag="heartbeat"):
    """Sent by some servers when there is nothing else to send."""


_decode = msgspec.json.Decoder(_Certificate | _Domains | _Heartbeat).decode


def _event(raw: str | bytes) -> Event | None:
    """Read a message; None for a heartbeat."""
    try:
        message = _decode(raw)
    except (ValueError, RecursionError) as error:
        return rejected(f"not a certificate: {error!s:.200}", raw)
    if isinstance(message, _Certificate):
        return _certificate(message.data)
    if isinstance(message, _Domains):
        return Event(type="cert:create", key=_first(message.data), data=_names(message.data))
    return None


def _certificate(entry: _Entry) -> Event:
    leaf, issuer = entry.leaf_cert, entry.leaf_cert.issuer or _Issuer()
    domains = leaf.all_domains or []
    begins, ends = as_unix_ms(leaf.not_before), as_unix_ms(leaf.not_after)
    fingerprint = leaf.sha256 or leaf.fingerprint
    data = _names(domains) | {
        "issuer": issuer.organisation or issuer.name,
        "issuer_name": issuer.name,
        "not_before": begins,
        "not_after": ends,
        "days": None if begins is None or ends is None else round((ends - begins) / _DAY),
        "precert": None if entry.update_type is None else entry.update_type == "PrecertLogEntry",
        "ca": leaf.is_ca,
        "log": entry.source.name if entry.source else None,
        "serial": leaf.serial_number,
        "fingerprint": fingerprint,
        "url": f"https://crt.sh/?q={fingerprint.replace(':', '')}" if fingerprint else None,
    }
    return Event(type="cert:create", key=_first(domains), time=as_unix_ms(entry.seen), data=data)


def _first(domains: list[str]) -> str | None:
    return domains[0] if domains else None


def _names(domains: list[str]) -> dict[str, object]:
    return {"domains": domains[:MOST_DOMAINS], "names": len(domains)}
