"""A Docker engine, found as its own programs find it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.transports import http

if TYPE_CHECKING:
    import aiodocker
    import aiohttp

_ANSWER_WITHIN = 30.0
_MOST_BODY = 32 << 20
_WORDS = 300
_HINT = "is Docker running, and may this user use its socket? otherwise set url, or DOCKER_HOST"


class Engine:
    """
    One engine; everything is asked under the API version that it speaks.

    Args:
        docker: What found it.

    Attributes:
        time: Its clock when it was found, in Unix nanoseconds, 0 if it did not tell.
        where: It, as people may see it.

    """

    def __init__(self, docker: aiodocker.Docker) -> None:
        self._docker = docker
        self._prefix = ""
        where = docker.docker_host
        self.time = 0
        self.where = "the Docker engine" if where.endswith("://localhost") else http.shown(where)

    async def negotiate(self) -> None:
        """Find out which version it speaks."""
        version = (await self.json("/version")).get("ApiVersion")
        if not isinstance(version, str) or not version.replace(".", "").isdigit():
            raise FeedBroken(f"{self.where} does not tell its version", hint="is the url that of a Docker engine?")
        self._prefix = f"/v{version}"

    async def json(self, path: str, **query: str) -> Any:
        """Ask for something and decode it."""
        try:
            async with asyncio.timeout(_ANSWER_WITHIN), self._get(path, query) as response:
                body = bytearray()
                async for chunk in self._chunks(response):
                    body += chunk
                    if len(body) > _MOST_BODY:
                        raise FeedBroken(f"{self.where} answers with more than {_MOST_BODY:,} bytes")
        except TimeoutError:
            raise FeedBroken(f"{self.where} took over {_ANSWER_WITHIN:.0f} s to answer") from None
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise FeedBroken(f"{self.where} answers with what is not JSON", hint=http.PAGE_HINT) from None

    @asynccontextmanager
    async def stream(self, path: str, **query: str) -> AsyncIterator[AsyncGenerator[bytes]]:
        """Ask for something that goes on and on, and give its bytes as they come."""
        async with self._get(path, query) as response, aclosing(self._chunks(response)) as chunks:
            yield chunks

    @asynccontextmanager
    async def _get(self, path: str, query: Mapping[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
        url = f"{self._docker.docker_host}{self._prefix}{path}"
        with self._explained():
            response = await self._docker.session.get(url, params=query, allow_redirects=False)
        self.time = self.time or _date(response.headers.get("date"))
        try:
            if response.status != 200:
                raise await self._refusal(response)
            if response.content_type == "text/html":
                raise FeedBroken(f"{self.where} answers with a web page, not with data", hint=http.PAGE_HINT)
            yield response
        finally:
            response.close()

    async def _chunks(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes]:
        with self._explained():
            async for chunk in response.content.iter_any():
                yield chunk

    async def _refusal(self, response: aiohttp.ClientResponse) -> FeedError:
        """Say why something was refused, in the engine's own words where it has any."""
        error = http.status_error(self.where, response.status, response.headers.get("retry-after"))
        with self._explained():
            raw = await response.content.read(1 << 16)
        try:
            said = json.loads(raw)["message"]
        except (ValueError, KeyError, TypeError, RecursionError):
            said = ""
        kind = Missing if response.status in (404, 501) else type(error)
        words = "".join(character if character.isprintable() else " " for character in str(said)[:_WORDS])
        told = kind(f"{self.where} answers {response.status}" + (f": {words}" if words else ""), hint=error.hint)
        if isinstance(told, FeedBroken):
            told.retry_after = getattr(error, "retry_after", None)
        return told

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the library raises in the block into words."""
        import aiohttp

        try:
            yield
        except aiohttp.ClientConnectorError as error:
            raise self._unreachable(error.os_error) from error
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError) as error:
            raise FeedBroken(f"{self.where} broke the connection off") from error
        except aiohttp.ClientResponseError as error:
            raise FeedBroken(f"{self.where} does not speak HTTP", hint="is the url that of a Docker engine?") from error
        except (aiohttp.ClientError, OSError) as error:
            raise http.broken_connection(self.where, error) from error

    def _unreachable(self, error: OSError) -> FeedError:
        if isinstance(error, PermissionError):
            return FeedFailed(f"{self.where} may not be used by this user", hint="add the user to the group docker")
        if isinstance(error, FileNotFoundError):
            return FeedBroken(f"{self.where} is not there: no such socket", hint=_HINT)
        broken = http.broken_connection(self.where, error)
        return FeedBroken(str(broken), hint=_HINT)


class Missing(FeedFailed):
    """What was asked for is not, or no longer, there, or not to be had."""


def _date(header: str | None) -> int:
    try:
        return round(parsedate_to_datetime(header or "").timestamp()) * 1_000_000_000
    except ValueError:
        return 0


@asynccontextmanager
async def found(url: str | None, environ: Mapping[str, str]) -> AsyncIterator[Engine]:
    """
    Give the engine at `url`, or the one that ``DOCKER_HOST``, a Docker context or a usual socket leads to.

    Raises:
        FeedBroken: If there is none, or it does not answer.
        FeedFailed: If the address or its certificates cannot be used.

    """
    import aiodocker
    import aiohttp

    try:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=http.CONNECT_TIMEOUT)
        docker = aiodocker.Docker(url or environ.get("DOCKER_HOST") or None, timeout=timeout)
    except aiodocker.DockerError as error:
        raise FeedFailed(f"no Docker engine can be chosen: {error.message}", hint="check the Docker context") from error
    except (AssertionError, ValueError) as error:
        if url:
            raise FeedFailed(f"{url} is not an engine's address", hint="such as unix:///run/docker.sock") from error
        raise FeedBroken(
            "no Docker engine was found: there is no socket, and DOCKER_HOST is not set", hint=_HINT
        ) from None
    except (OSError, ImportError) as error:
        raise FeedFailed(
            f"the Docker engine cannot be used: {error}", hint="check its address and certificates"
        ) from error
    async with docker:
        engine = Engine(docker)
        await engine.negotiate()
        yield engine
