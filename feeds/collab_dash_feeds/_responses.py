"""An HTTP client whose answers a feed looks at before its transport does, for what one source says in its own way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from collab_dash.errors import FeedFailed
from collab_dash.transports import http

if TYPE_CHECKING:
    import httpx


@asynccontextmanager
async def watched(look: Callable[[httpx.Response], None]) -> AsyncIterator[httpx.AsyncClient]:
    """
    Give a client that shows `look` the head of every answer.

    Args:
        look: May raise a `collab_dash.errors.FeedError`; what it lets pass, the transport judges.

    """

    async def show(response: httpx.Response) -> None:
        look(response)

    async with http.opened() as client:
        client.event_hooks["response"].append(show)
        yield client


def refused(response: httpx.Response, *, hint: str) -> None:
    """
    Say which option to set where a source refuses the credentials, or wants some.

    Raises:
        FeedFailed: If the answer is 401 or 403.

    """
    if response.status_code in {401, 403}:
        where = http.shown(str(response.url))
        raise FeedFailed(f"{where} answers {response.status_code}", hint=hint)


def bearer(token: str) -> dict[str, str]:
    """Give the header for a token, which may still be to be expanded; nothing without one."""
    return {"Authorization": f"Bearer {token}"} if token else {}
