"""What the transports over HTTP share: the client, and words for what goes wrong."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .. import __version__
from ..errors import FeedBroken, FeedError, FeedFailed
from ..retry import parse_retry_after

if TYPE_CHECKING:
    import httpx

USER_AGENT = f"collab-dash/{__version__}"
CONNECT_TIMEOUT = 10.0

_HINTS = {
    400: "check the feed's url and its query",
    401: "the source wants credentials: set headers, such as Authorization",
    403: "these credentials may not read this; check headers and the account",
    404: "check the feed's url",
    405: "check the feed's url: nothing can be read there",
    406: "the source does not offer this format; another transport may fit",
    410: "the source says it is gone for good; remove the feed or change its url",
    451: "the source may not serve this place",
}
PAGE_HINT = "check the feed's url; a page to sign in, or a proxy, may answer in its place"
_TLS_HINT = "check the url, this machine's clock and its certificates"


def shown(url: str) -> str:
    """Give `url` as people may see it: without credentials, query and fragment, which can hold secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the url"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@asynccontextmanager
async def opened(client: httpx.AsyncClient | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """
    Give `client`, or a new one that is closed afterwards.

    The new one names us, follows redirects, honours the environment's proxies and waits 10 s for a
    connection.
    """
    if client is not None:
        yield client
        return
    import httpx  # 60 ms: only for those who use it

    logging.getLogger("httpx").setLevel(logging.WARNING)  # below, it logs addresses with their secrets
    timeout = httpx.Timeout(CONNECT_TIMEOUT, read=None)
    async with httpx.AsyncClient(
        headers={"User-Agent": USER_AGENT}, timeout=timeout, follow_redirects=True, max_redirects=10
    ) as own:
        yield own


@contextmanager
def explained(url: str) -> Iterator[None]:
    """
    Turn what httpx raises in the block into words.

    Raises:
        FeedBroken: If trying again may help.
        FeedFailed: If it cannot.

    """
    import httpx

    try:
        yield
    except httpx.InvalidURL as error:
        raise FeedFailed(f"{shown(url)} is not a usable address: {error}", hint="check the feed's url") from None
    except httpx.TransportError as error:
        raise _transport_error(url, error) from error
    except httpx.TooManyRedirects as error:
        raise FeedFailed(f"{shown(url)} redirects in circles", hint="check the feed's url") from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise FeedBroken(f"{shown(url)}: {error}") from error


def _transport_error(url: str, error: httpx.TransportError) -> FeedError:
    import httpx

    where = shown(url)
    if isinstance(error, httpx.UnsupportedProtocol):
        return FeedFailed(f"{where} is not a usable address: {error}", hint="check the feed's url")
    if isinstance(error, httpx.ConnectTimeout):
        return FeedBroken(f"{where} did not answer within {CONNECT_TIMEOUT:.0f} s", hint="check url and network")
    if isinstance(error, httpx.TimeoutException):
        return FeedBroken(f"{where} fell silent in the middle of an answer")
    if isinstance(error, httpx.ProxyError):
        return FeedBroken(f"the proxy on the way to {where} refuses: {error}", hint="check HTTPS_PROXY")
    if isinstance(error, httpx.RemoteProtocolError):
        return FeedBroken(f"{where} broke off or does not speak HTTP: {error}")
    return broken_connection(where, error)


def broken_connection(where: str, error: BaseException) -> FeedBroken:
    """
    Say why a connection could not be made or was lost.

    Args:
        where: The address as people may see it.
        error: What was raised; its causes are looked through for the one that people can act on.

    """
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = getattr(cause, "verify_message", cause)
            return FeedBroken(f"{where} has a certificate that is not trusted: {why}", hint=_TLS_HINT)
        if isinstance(cause, ssl.SSLError):
            why = getattr(cause, "reason", cause)
            return FeedBroken(f"{where} and we cannot agree on TLS: {why}", hint=_TLS_HINT)
        if isinstance(cause, socket.gaierror):
            return FeedBroken(
                f"{where}: no such host, or no name service",
                hint="check the url's host name and the network",
            )
        if isinstance(cause, ConnectionRefusedError) or "Connection refused" in str(cause):
            return FeedBroken(f"{where} refuses connections", hint="is the source running there?")
        if isinstance(cause, ConnectionResetError | BrokenPipeError):
            return FeedBroken(f"{where} broke the connection off")
        if isinstance(cause, TimeoutError):
            return FeedBroken(f"{where} did not answer within {CONNECT_TIMEOUT:.0f} s", hint="check url and network")
    return FeedBroken(f"the connection to {where} failed: {str(error) or type(error).__name__}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            yield from error.exceptions
        error = error.__cause__ or error.__context__


def status_error(url: str, status: int, retry_after: str | None = None) -> FeedError:
    """
    Say what an HTTP status that is no success means for a feed.

    Args:
        url: What was asked for.
        status: Three digits.
        retry_after: The ``Retry-After`` header.

    """
    where = shown(url)
    if status in _HINTS:
        return FeedFailed(f"{where} answers {status}", hint=_HINTS[status])
    if status == 429:
        reason = f"{where} answers 429: too many requests"
    elif status == 408 or status >= 500:
        reason = f"{where} answers {status}: it has trouble of its own"
    else:
        reason = f"{where} answers {status}"
    return FeedBroken(reason, retry_after=parse_retry_after(retry_after))


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


async def read_body(url: str, response: httpx.Response, *, max_size: int) -> bytes:
    """
    Read a body whole.

    Raises:
        FeedBroken: If it is larger than `max_size` bytes, unpacked.

    """
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > max_size:
            raise FeedBroken(f"{shown(url)} answers with more than {max_size:,} bytes")
    return bytes(body)
