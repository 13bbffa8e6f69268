"""Feathers' own way of talking: service methods with acknowledgements, pages, and errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.transports import socketio

_HINTS = {
    401: "check the feed's auth",
    403: "this account may not read the service",
    404: "check the feed's services",
    405: "the service has no find for us",
}
_PAGES = 1000


class Listing(NamedTuple):
    """
    What a service lists.

    Args:
        items: As it sent them.
        whole: Whether that is all there is, as far as the query goes.

    """

    items: list[Any]
    whole: bool


async def authenticate(connection: socketio.Connection, auth: Mapping[str, Any]) -> None:
    """
    Log the connection in.

    Args:
        connection: An open one.
        auth: Data for the authentication service; without a strategy, ``jwt`` for an access token, else ``local``.

    Raises:
        FeedFailed: If the server refuses.

    """
    strategy = "jwt" if "accessToken" in auth else "local"
    await method(connection, "create", "authentication", {"strategy": strategy, **auth}, secrets=auth)


async def method(connection: socketio.Connection, name: str, service: str, *args: Any, secrets: Any = ()) -> Any:
    """
    Call a service method.

    Raises:
        FeedFailed: If the service refuses.
        FeedBroken: If it does for now, or does not answer.

    """
    error, *result = [*await connection.call(name, service, *args), None]
    if error is not None:
        raise _refused(connection.where, service, error, secrets)
    return result[0]


async def find(connection: socketio.Connection, service: str, query: Mapping[str, Any], most: int) -> Listing:
    """
    List a service, page by page.

    Args:
        connection: An open one.
        service: Its path.
        query: In Feathers' syntax.
        most: How many items to fetch at most.

    """
    items: list[Any] = []
    totals: set[int] = set()
    start = int(query.get("$skip", 0))
    for _ in range(_PAGES):
        wanted = {**query, "$skip": start + len(items)} if items else dict(query)
        page, total = _page(connection.where, service, await method(connection, "find", service, wanted))
        items += page
        if total is None:
            return Listing(items[:most], len(items) <= most and "$limit" not in query and not start)
        totals.add(total)
        if not page or start + len(items) >= total or len(items) >= most:
            break
    # A list that changed while it was read may lack an item that is still there.
    whole = len(totals) == 1 and len(items) in totals and len(items) <= most and not start
    return Listing(items[:most], whole)


def _page(where: str, service: str, answer: Any) -> tuple[list[Any], int | None]:
    if isinstance(answer, list):
        return answer, None
    if isinstance(answer, dict) and isinstance(answer.get("data"), list):
        total = answer.get("total")
        return answer["data"], total if isinstance(total, int) else None
    raise FeedFailed(f"{where} answers find on {service!r} with no list", hint="check the feed's services")


def _refused(where: str, service: str, error: Any, secrets: Any) -> FeedError:
    told = error if isinstance(error, dict) else {"message": error}
    code = told.get("code")
    status = code if isinstance(code, int) else 0
    said = socketio.words(told.get("message"), secrets) or socketio.words(told.get("name")) or "no reason given"
    if status in {408, 429} or status >= 500:
        return FeedBroken(f"{where} cannot answer on {service!r} for now: {status} {said}")
    shown = f"{status} {said}" if status else said
    return FeedFailed(
        f"{where} refuses {service!r}: {shown}", hint=_HINTS.get(status, "check the feed's services, query and auth")
    )
