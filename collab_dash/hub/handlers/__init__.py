"""
What peers may ask: one file a domain, each request bound to its name, schema and needed role by `bind`.

A request that is unknown, malformed, forbidden or one too many is answered with an error; the link lives. One that
has a key is done once, however often it is sent. What edits the shared document, or calls upon others, counts against
what its link may edit.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pydantic

from ...errors import CollabDashError, LogUnavailable, RequestRefused
from ...wire import MAX_KEY, REQUESTS_PER_SECOND, Code, Fault, Request, encode_fault, encode_ok, may

if TYPE_CHECKING:
    from ..hub import Hub
    from ..subscriber import Subscriber

_log = logging.getLogger("collab_dash.hub")


class Payload(pydantic.BaseModel):
    """Base of every request's schema: an unknown key is an error."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Empty(Payload):
    """Nothing."""


PayloadT = TypeVar("PayloadT", bound=Payload)
Handler = Callable[["Hub", "Subscriber", PayloadT], Awaitable[Any]]


class Binding(NamedTuple):
    """A request's name bound to what serves it."""

    schema: type[Payload]
    role: str
    handler: Callable[..., Awaitable[Any]]
    edits: int


BINDINGS: dict[str, Binding] = {}
CALL = 100
"""As how many edits a request counts that calls upon everybody, or upon somebody else's server."""


def bind(
    event: str, schema: type[PayloadT], *, role: str = "viewer", edits: int = 0
) -> Callable[[Handler[PayloadT]], Handler[PayloadT]]:
    """
    Bind a handler to a request.

    Args:
        event: The request's name, ``domain:action``.
        schema: What its payload must look like.
        role: The least role that may send it.
        edits: As how many edits it counts against the limit of its link.

    """

    def register(handler: Handler[PayloadT]) -> Handler[PayloadT]:
        BINDINGS[event] = Binding(schema, role, handler, edits)
        return handler

    return register


async def answer(hub: Hub, subscriber: Subscriber, request: Request) -> bytes | None:
    """
    Serve one request.

    Returns:
        The reply, or None where the peer wants none: no id, and no error.

    """
    try:
        ok = await _serve(hub, subscriber, request)
    except RequestRefused as error:
        return encode_fault(request.id, fault_of(error))
    return None if request.id is None else encode_ok(request.id, ok)


def fault_of(error: RequestRefused) -> Fault:
    """Give an error as it goes over the wire."""
    return Fault(code=error.code, message=str(error), path=error.path, retry=error.retry)


async def _serve(hub: Hub, subscriber: Subscriber, request: Request) -> Any:
    if not subscriber.requests.take(monotonic()):
        message = f"more than {REQUESTS_PER_SECOND:,} requests a second on this link"
        raise RequestRefused(message, code=Code.RATE_LIMITED, retry=True)
    payload = _checked(subscriber, request)
    if request.key is None:
        return await _done(hub, subscriber, request.event, payload)
    wanted = f"{request.event} {payload.model_dump_json()}"
    return await hub.replies.once(
        subscriber.person, request.key, wanted, lambda: _done(hub, subscriber, request.event, payload)
    )


def _checked(subscriber: Subscriber, request: Request) -> Payload:
    binding = BINDINGS.get(request.event)
    if binding is None:
        raise RequestRefused(f"there is no request {request.event!r}", code=Code.UNKNOWN_EVENT)
    if not may(subscriber.role, binding.role):
        message = f"{request.event} needs the role {binding.role}; this link is for a {subscriber.role}"
        raise RequestRefused(message, code=Code.FORBIDDEN)
    if request.key is not None and not 0 < len(request.key) <= MAX_KEY:
        message = f"a key has 1 to {MAX_KEY} characters"
        raise RequestRefused(message, code=Code.INVALID_PAYLOAD, path=("key",))
    try:
        payload = binding.schema.model_validate_json(bytes(request.data))
    except pydantic.ValidationError as error:
        raise _invalid(error) from None
    _count(subscriber, request.event, binding.edits)
    return payload


def _count(subscriber: Subscriber, event: str, edits: int) -> None:
    bucket = subscriber.edits
    if not edits or bucket is None or bucket.take(monotonic(), edits):
        return
    message = f"more than {bucket.per_second:g} edits a second on this link; {event} counts as {edits}"
    raise RequestRefused(message, code=Code.RATE_LIMITED, retry=True)


async def _done(hub: Hub, subscriber: Subscriber, event: str, payload: Payload) -> Any:
    try:
        return await BINDINGS[event].handler(hub, subscriber, payload)
    except RequestRefused:
        raise
    except LogUnavailable as error:
        raise RequestRefused(str(error), code=Code.UNAVAILABLE, retry=True) from None
    except CollabDashError as error:
        raise RequestRefused(str(error), code=Code.INTERNAL) from error
    except Exception as error:
        _log.exception("request %s failed", event)
        raise RequestRefused("the hub failed on this request; its log says why", code=Code.INTERNAL) from error


def _invalid(error: pydantic.ValidationError) -> RequestRefused:
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    return RequestRefused(message, code=Code.INVALID_PAYLOAD, path=("data", *first["loc"]))


for _domain in ("session", "board", "feed", "alert", "note", "chat"):
    import_module(f".{_domain}", __name__)
