"""What the transports over HTTP share: a client, and how answers are read."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from .. import __version__
from ..errors import FeedBroken
from .http_faults import CONNECT_TIMEOUT as CONNECT_TIMEOUT
from .http_faults import PAGE_HINT as PAGE_HINT
from .http_faults import broken_connection as broken_connection
from .http_faults import explained as explained
from .http_faults import proxy_error as proxy_error
from .http_faults import shown as shown
from .http_faults import status_error as status_error
from .http_faults import unreachable as unreachable

if TYPE_CHECKING:
    import httpx

USER_AGENT = f"collab-dash/{__version__}"


@asynccontextmanager
async def opened(
    client: httpx.AsyncClient | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """
    Give `client`, or a new one that is closed afterwards; see `http_client.make_client`.

    Args:
        client: Used instead of a new one.
        tls: What the new one trusts and shows; by default what all clients share.

    """
    if client is not None:
        yield client
        return
    from .http_client import make_client  # it imports httpx, 60 ms: only for those who use it

    async with make_client(tls) as own:
        yield own


def check_status(url: str, response: httpx.Response) -> None:
    """
    Let a success pass.

    Raises:
        FeedBroken: If trying again may help, with the time the source asks for.
        FeedFailed: If it cannot.

    """
    if not response.is_success:
        raise status_error(url, response.status_code, response.headers.get("retry-after"))


def media_type(response: httpx.Response) -> str:
    """Give the content type without its parameters, in lower case; empty if there is none."""
    header: str = response.headers.get("content-type", "")
    return header.partition(";")[0].strip().lower()


def check_data(url: str, response: httpx.Response) -> None:
    """
    Let anything but a web page pass.

    Raises:
        FeedBroken: If it is one; it may stand in the source's place only for now.

    """
    if media_type(response) == "text/html":
        raise FeedBroken(f"{shown(url)} answers with a web page, not with data", hint=PAGE_HINT)


@asynccontextmanager
async def streamed(
    client: httpx.AsyncClient,
    url: str,
    *,
    headers: Mapping[str, str],
    params: Mapping[str, str] | None = None,
    within: float,
) -> AsyncIterator[httpx.Response]:
    """
    Open an answer that is to be read as it comes, and close it afterwards.

    Args:
        client: What to ask with.
        url: What to ask for.
        headers: Sent along.
        params: Put into the query, in the place of what it has of these names.
        within: Seconds until the answer has to begin.

    Raises:
        FeedBroken: If it does not, in a way that may mend itself.
        FeedFailed: If trying again cannot help.

    """
    import httpx

    with explained(url):
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        target = httpx.URL(url).copy_merge_params(dict(params)) if params else httpx.URL(url)
        try:
            async with asyncio.timeout(within):
                response = await client.send(client.build_request("GET", target, headers=pairs), stream=True)
        except TimeoutError:
            raise FeedBroken(f"{shown(url)} did not begin to answer within {within:g} s") from None
    try:
        yield response
    finally:
        await response.aclose()


async def read_body(url: str, response: httpx.Response, *, max_size: int, into: bytearray | None = None) -> bytes:
    """
    Read a body whole.

    Args:
        url: Where it comes from.
        response: Whose body.
        max_size: Its largest size in bytes, unpacked.
        into: Where to put it meanwhile, for those who want to know how far it came.

    Raises:
        FeedBroken: If it is larger than `max_size` bytes, unpacked.

    """
    body = bytearray() if into is None else into
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > max_size:
            raise FeedBroken(f"{shown(url)} answers with more than {max_size:,} bytes")
    return bytes(body)
