"""Words for what goes wrong on a Socket.IO connection, from what was seen of it."""

from __future__ import annotations

import asyncio
import re
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin, urlsplit
from weakref import WeakSet

import aiohttp
import msgspec

from ..errors import FeedBroken, FeedError, FeedFailed
from . import http
from .socketio import words

_HEAD = 2048
_SWITCHING = 101
_OLD = re.compile(r"\d+:0\{")
_ENGINE_HINT = "check the feed's url, path and transports"


class Witness:
    """
    Remembers the last answer and the last failure of an HTTP session.

    python-engineio tells neither the status nor the exception behind a failure.

    Args:
        url: Where the server is.
        max_size: The largest body in bytes.

    Attributes:
        answers: Those that are still in use; python-engineio leaves connections open that it has no more use for.

    """

    def __init__(self, url: str, max_size: int) -> None:
        self.answers: WeakSet[aiohttp.ClientResponse] = WeakSet()
        self.url = url
        self._max_size = max_size
        self.forget()

    def forget(self) -> None:
        """Forget what was seen."""
        self.status = 0
        self.retry_after: str | None = None
        self.kind = ""
        self.body = ""
        self.error: BaseException | None = None

    def trace(self) -> aiohttp.TraceConfig:
        """Give what makes a session tell us."""
        config = aiohttp.TraceConfig()
        config.on_request_end.append(self._ended)
        config.on_request_redirect.append(self._redirected)
        config.on_request_exception.append(self._failed)
        return config

    def bounded(self) -> type[aiohttp.ClientResponse]:
        """Give responses whose bodies end at the largest size."""
        where, max_size = http.shown(self.url), self._max_size

        class Response(aiohttp.ClientResponse):
            async def read(self) -> bytes:
                if self._body is None:
                    body = bytearray()
                    async for chunk in self.content.iter_any():
                        body += chunk
                        if len(body) > max_size:
                            self.close()
                            raise FeedBroken(f"{where} answers with more than {max_size:,} bytes")
                    self._body = bytes(body)
                return await super().read()

        return Response

    def knows_no_polling(self) -> bool:
        """Tell whether the server has said that it knows no such transport."""
        return self.status == 400 and self.engine_code() == 0

    def engine_code(self) -> int | None:
        """Give the code of the server's error: see Engine.IO's ``Server.errors``."""
        code = _object(self.body).get("code")
        return code if isinstance(code, int) else None

    async def _ended(self, session: Any, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams) -> None:
        response = params.response
        self.answers.add(response)
        body = b"" if response.status == _SWITCHING else await response.read()
        if response.status < 300 and self.status >= 400:
            return  # a poll that went well, beside one that did not
        self.error = None
        self.status, self.kind = response.status, response.content_type
        self.body = body[:_HEAD].decode(errors="replace")
        self.retry_after = response.headers.get("Retry-After")

    async def _redirected(
        self, session: Any, context: SimpleNamespace, params: aiohttp.TraceRequestRedirectParams
    ) -> None:
        """Stay with the server that headers were meant for."""
        here = urlsplit(self.url)
        there = urlsplit(urljoin(str(params.response.url), params.response.headers.get("Location", "")))
        if there.netloc != here.netloc or there.scheme.replace("ws", "http") != here.scheme:
            elsewhere = f"{there.scheme}://{there.netloc.rpartition('@')[2]}"
            raise FeedFailed(f"{http.shown(self.url)} redirects to {elsewhere}", hint="check the feed's url")

    async def _failed(
        self, session: Any, context: SimpleNamespace, params: aiohttp.TraceRequestExceptionParams
    ) -> None:
        if not isinstance(params.exception, asyncio.CancelledError):
            self.error = params.exception


def outdated(where: str) -> FeedFailed:
    """Say that a server is too old for us."""
    return FeedFailed(
        f"{where} speaks the protocol of Socket.IO 2, which is not supported", hint="servers of versions 3 and 4 are"
    )


def unopened(url: str, witness: Witness, error: Exception) -> FeedError:
    """
    Say why a connection could not be made.

    Args:
        url: Where to.
        witness: What was seen.
        error: What the library raised; its text is not used, since it may hold the address whole.

    """
    where = http.shown(url)
    if witness.error is not None:
        return _network_error(url, witness.error)
    if witness.status >= 300:
        return _status_error(url, witness)
    if isinstance(error, TimeoutError):
        return http.broken_connection(where, error)
    if witness.kind == "text/html":
        return FeedBroken(f"{where} answers with a web page, not with Socket.IO", hint=http.PAGE_HINT)
    if _OLD.match(witness.body):
        return outdated(where)
    if witness.status == 0:
        return _network_error(url, error)
    return FeedBroken(f"{where} does not speak Socket.IO", hint=_ENGINE_HINT)


def _status_error(url: str, witness: Witness) -> FeedError:
    where = http.shown(url)
    code = witness.engine_code()
    said = words(_object(witness.body).get("message"))
    if witness.status == 400 and code == 0:
        return FeedFailed(f"{where} does not offer this transport", hint="check the feed's transports")
    if witness.status == 400 and code == 1:
        return _unknown_session(where)
    if code is not None and said and witness.status < 500 and witness.status != 429:
        return FeedFailed(f"{where} refuses the connection: {said}", hint=_ENGINE_HINT)
    error = http.status_error(url, witness.status, witness.retry_after)
    if witness.status == 404:
        return FeedFailed(str(error), hint="check the feed's url and path: Socket.IO is not there")
    return error


def _unknown_session(where: str) -> FeedBroken:
    return FeedBroken(
        f"{where} does not know the connection any more",
        hint="was it restarted? Several servers behind one address need sticky sessions, or transports = ['websocket']",
    )


def _beneath(error: BaseException) -> BaseException:
    """Give what the client wrapped in an error of its own, which counts as a TLS error without saying which."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return error.certificate_error
    return error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error


def _network_error(url: str, error: BaseException) -> FeedError:
    where = http.shown(url)
    if isinstance(error, FeedError):
        return error
    if isinstance(error, aiohttp.InvalidURL):
        return FeedFailed(f"{where} is not a usable address", hint="check the feed's url")
    if isinstance(error, aiohttp.TooManyRedirects):
        return FeedFailed(f"{where} redirects in circles", hint="check the feed's url")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return http.proxy_error(url, f"{error.status} {words(error.message)}")
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError):
        return FeedBroken(f"{where} broke off in the middle of an answer")
    if isinstance(error, aiohttp.ClientResponseError):  # its text holds the address whole
        return FeedBroken(f"{where} does not speak HTTP", hint="check the feed's url")
    if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ConnectionTimeoutError):
        return http.unreachable(url, _beneath(error))
    if isinstance(error, OSError | TimeoutError):
        return http.broken_connection(where, error)
    return FeedBroken(f"{where} does not speak Socket.IO", hint=_ENGINE_HINT)


def lost(url: str, witness: Witness, engine: Any, error: BaseException | None) -> FeedError:
    """
    Say why a connection ended.

    Args:
        url: Where to.
        witness: What was seen since it was made.
        engine: The engine, as it was left.
        error: What ended one of its loops, if anything was raised.

    """
    where = http.shown(url)
    if error is not None and not isinstance(error, aiohttp.ClientError | OSError):
        return FeedBroken(f"{where} broke the protocol: {type(error).__name__}")
    if witness.status == 400 and witness.engine_code() == 1:
        return _unknown_session(where)
    if witness.status >= 400:
        hint = "was it restarted?" if witness.status < 500 else ""
        status = http.status_error(url, witness.status, witness.retry_after)
        return FeedBroken(str(status), retry_after=getattr(status, "retry_after", None), hint=hint)
    code = getattr(engine.ws, "close_code", None)
    if code == 1009:
        return FeedBroken(f"{where} sent a message over {engine.max_size:,} bytes")
    if code in {0, 1000, 1001, 1005}:
        return FeedBroken(f"{where} closed the connection", planned=True)
    patience = (engine.ping_interval or 0.0) + (engine.ping_timeout or 0.0)
    if patience and asyncio.get_running_loop().time() - engine.heard >= patience - 0.1:
        return FeedBroken(f"{where} fell silent: no ping for {patience:g} s")
    if witness.error is not None or error is not None:
        return _network_error(url, witness.error or error or EOFError())
    return FeedBroken(f"{where} broke off in the middle of the connection")


def refusal(where: str, namespace: str, data: Any, secrets: Any) -> FeedError:
    """
    Say how a server refuses the connection to a namespace.

    Args:
        where: The address as people may see it.
        namespace: The namespace.
        data: What the server says: an error's message, and what its middleware added.
        secrets: What must not be told, should the server repeat it.

    """
    told = data if isinstance(data, dict) else {"message": data}
    said = words(told.get("message"), secrets) or "no reason given"
    if said == "Invalid namespace":
        return FeedFailed(f"{where} has no namespace {namespace}", hint="check the feed's namespace")
    more = told.get("data")
    if isinstance(more, dict):
        status = next((more[name] for name in ("status", "statusCode", "code") if isinstance(more.get(name), int)), 0)
        if status in {408, 429} or 500 <= status < 600:
            return FeedBroken(f"{where} refuses for now: {said}")
    return FeedFailed(f"{where} refuses us: {said}", hint="check the feed's auth and headers")


def _object(body: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
