"""What goes wrong over HTTP, in words for people, and whether trying again can help."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import FeedBroken, FeedError, FeedFailed
from ..retry import parse_retry_after
from .proxies import Proxy, proxy_for

if TYPE_CHECKING:
    import httpx

CONNECT_TIMEOUT = 10.0
_MAX_WORDS = 200
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
_TRUST_HINT = "check the url and this machine's clock; set ca to the certificate of who signed it"
_CLIENT_HINT = "set client_cert and client_key to what the source knows us by"


def shown(url: str) -> str:
    """Give `url` as people may see it: without credentials, query and fragment, which can hold secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the url"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@contextmanager
def explained(url: str) -> Iterator[None]:
    """
    Turn what httpx raises in the block, or lets through, into words.

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
    except (ssl.SSLError, ConnectionError) as error:  # of an established connection, httpx lets them through
        raise broken_connection(shown(url), error) from error
    except httpx.TooManyRedirects as error:
        raise FeedFailed(f"{shown(url)} redirects in circles", hint="check the feed's url") from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise FeedBroken(f"{shown(url)}: {_words(error)}") from error


def _transport_error(url: str, error: httpx.TransportError) -> FeedError:
    import httpx

    where = shown(url)
    if isinstance(error, httpx.UnsupportedProtocol):
        return FeedFailed(f"{where} is not a usable address: {error}", hint="check the feed's url")
    if isinstance(error, httpx.ProxyError):
        return proxy_error(url, _words(error))
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return unreachable(url, error)
    if isinstance(error, httpx.TimeoutException):
        return FeedBroken(f"{where} fell silent in the middle of an answer")
    if isinstance(error, httpx.LocalProtocolError):  # its text quotes the header, which may be secret
        return FeedFailed(f"what is to be sent to {where} is no HTTP", hint="check the feed's headers and url")
    if isinstance(error, httpx.RemoteProtocolError):
        words = _words(error)
        if words.startswith("peer closed connection"):
            return FeedBroken(f"{where} broke off in the middle of an answer")
        if words.startswith("Server disconnected"):
            return FeedBroken(f"{where} broke the connection off without an answer")
        return FeedBroken(f"{where} does not speak HTTP: {words}")
    return broken_connection(where, error)


def proxy_error(url: str, words: str) -> FeedError:
    """
    Say that the proxy on the way to `url` does not let us through.

    Args:
        url: What was asked for.
        words: What the proxy said, such as ``403 Forbidden``.

    """
    proxy = _proxy(url)
    name, variable = (proxy.shown, proxy.variable) if proxy else ("", "HTTPS_PROXY")
    refuses = f"the proxy {name} on the way to {shown(url)} refuses"
    if any(word in words.lower() for word in ("407", "authentication", "username")):
        hint = f"set {variable} to http://USER:PASSWORD@HOST:PORT where the hub is started"
        return FeedFailed(f"{refuses} us without, or with wrong, user and password", hint=hint)
    return FeedBroken(f"{refuses}: {words}", hint=f"ask who runs it, or name the host in NO_PROXY ({variable} is set)")


def unreachable(url: str, error: BaseException) -> FeedBroken:
    """
    Say why a connection to `url`, or to the proxy on the way there, could not be made.

    Args:
        url: Where to.
        error: What was raised.

    """
    proxy = _proxy(url)
    if proxy is None:
        return broken_connection(shown(url), error)
    words = broken_connection(f"the proxy {proxy.shown} on the way to {shown(url)}", error)
    if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):  # most likely the far end, through the proxy
        return broken_connection(f"{shown(url)}, or the proxy {proxy.shown} in its place,", error)
    return FeedBroken(str(words), hint=f"check {proxy.variable}, or name the host in NO_PROXY")


def _proxy(url: str) -> Proxy | None:
    try:
        return proxy_for(url)
    except FeedFailed:
        return None


def broken_connection(where: str, error: BaseException) -> FeedBroken:
    """
    Say why a connection could not be made or was lost.

    Args:
        where: The address as people may see it.
        error: What was raised; its causes are looked through for the one that people can act on.

    """
    for cause in _causes(error):
        reason, hint = _known_cause(cause)
        if reason:
            return FeedBroken(f"{where} {reason}", hint=hint)
    return FeedBroken(f"the connection to {where} failed: {_words(error)}")


def _words(error: BaseException) -> str:
    """Give a library's words, without what they quote of the other end, which may quote us and our secrets."""
    text = str(error).partition(": bytearray")[0] or type(error).__name__
    return "".join(character if character.isprintable() else " " for character in text[:_MAX_WORDS])


def _known_cause(cause: BaseException) -> tuple[str, str]:
    """Give the reason and the hint for what people can act on, or two empty texts."""
    if isinstance(cause, ssl.SSLError):
        return _tls_cause(cause)
    if isinstance(cause, socket.gaierror):
        return "cannot be found: no such host, or no name service", "check the url's host name and the network"
    if isinstance(cause, ConnectionRefusedError) or "Connection refused" in str(cause):
        return "refuses connections", "is the source running there?"
    if isinstance(cause, ConnectionResetError | BrokenPipeError):
        return "broke the connection off", ""
    if isinstance(cause, OSError) and cause.errno == errno.ETIMEDOUT:
        return "does not answer any more", "check the network"
    if isinstance(cause, OSError) and cause.errno in {errno.ENETUNREACH, errno.EHOSTUNREACH}:
        return "cannot be reached from here", "check the network"
    if isinstance(cause, TimeoutError) or type(cause).__name__ == "ConnectTimeout":
        return f"did not answer within {CONNECT_TIMEOUT:.0f} s", "check url and network"
    return "", ""


def _tls_cause(cause: ssl.SSLError) -> tuple[str, str]:
    reason = str(getattr(cause, "reason", None) or cause)
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = getattr(cause, "verify_message", cause)
        return f"has a certificate that is not trusted: {why}", _TRUST_HINT
    if "ALERT" in reason and "CERTIFICATE" in reason:
        why = reason.rpartition("ALERT_")[2].lower().replace("_", " ")
        return f"does not take us without a certificate that it knows: {why}", _CLIENT_HINT
    hint = f"{_TLS_HINT}; it may want a client_cert" if "HANDSHAKE_FAILURE" in reason else _TLS_HINT
    return f"and we cannot agree on TLS: {reason}", hint


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
    if status == 407:
        return proxy_error(url, "407")
    if status in _HINTS:
        return FeedFailed(f"{where} answers {status}", hint=_HINTS[status])
    if status == 429:
        reason = f"{where} answers 429: too many requests"
    elif status == 408 or status >= 500:
        reason = f"{where} answers {status}: it has trouble of its own"
    else:
        reason = f"{where} answers {status}"
    return FeedBroken(reason, retry_after=parse_retry_after(retry_after))
