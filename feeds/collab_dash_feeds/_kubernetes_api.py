"""List and watch of the Kubernetes API: https://kubernetes.io/docs/reference/using-api/api-concepts/."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.transports import http

from ._lines import MAX_LINE_BYTES, LineSplitter

if TYPE_CHECKING:
    import httpx

_PAGE = 500
_PAGE_BYTES = 64 << 20
_ANSWER_WITHIN = 60.0
_STATUS_BYTES = 64 << 10
_WORDS = 300
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Expired(Exception):
    """The version asked for is too old (410): everything has to be listed anew."""


class Listing(NamedTuple):
    """
    All objects there are.

    Args:
        kind: Of each, such as ``Pod``.
        version: The resource version that they are of.
        items: The objects, as they came.

    """

    kind: str
    version: str
    items: list[dict[str, Any]]


class Unreadable(NamedTuple):
    """A line of a watch that is no event, and why."""

    reason: str
    raw: bytes
    size: int


class KubernetesApi:
    """
    One collection of objects.

    Args:
        client: Sends the requests.
        url: The collection's address.
        headers: Gives what is sent along with a request.
        query: Selectors.

    """

    def __init__(
        self, client: httpx.AsyncClient, url: str, headers: Callable[[], Mapping[str, str]], query: Mapping[str, str]
    ) -> None:
        self._client = client
        self._url = url
        self._headers = headers
        self._query = dict(query)

    async def list(self) -> Listing:
        """
        Ask for all objects, page by page.

        Raises:
            Expired: If the list changed too much between two pages.
            FeedBroken: If it cannot be had now.
            FeedFailed: If it cannot be had at all.

        """
        items: list[dict[str, Any]] = []
        more = ""
        while True:
            page = await self._page({"limit": str(_PAGE)} | ({"continue": more} if more else {}))
            meta, found = page.get("metadata"), page.get("items")
            if not isinstance(meta, dict) or not isinstance(found, list | None):
                raise FeedBroken(f"{http.shown(self._url)} answers without a list", hint="check url and resource")
            items += [item for item in found or () if isinstance(item, dict)]
            more = meta.get("continue") or ""
            if not more:
                kind = str(page.get("kind") or "Object").removesuffix("List")
                return Listing(kind, str(meta.get("resourceVersion") or ""), items)

    async def _page(self, query: Mapping[str, str]) -> dict[str, Any]:
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                with http.explained(self._url):
                    async with self._get(query) as response:
                        body = await http.read_body(self._url, response, max_size=_PAGE_BYTES)
        except TimeoutError:
            raise FeedBroken(f"{http.shown(self._url)} took over {_ANSWER_WITHIN:.0f} s to answer") from None
        try:
            return _decode(body)
        except (ValueError, RecursionError):
            raise FeedBroken(f"{http.shown(self._url)} answers with what is not JSON", hint=http.PAGE_HINT) from None

    async def watch(self, version: str, seconds: int) -> AsyncGenerator[dict[str, Any] | Unreadable]:
        """
        Yield what happens after `version`, until the server ends the watch, as it does after `seconds`.

        Raises:
            Expired: If the version is too old.
            FeedBroken: If the watch breaks off.
            FeedFailed: If there can be none.

        """
        query = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true"}
        splitter = LineSplitter()
        with http.explained(self._url):
            async with self._get(query | {"timeoutSeconds": str(seconds)}) as response:
                async for chunk in response.aiter_bytes():
                    for line in splitter.feed(chunk):
                        if line.whole:
                            if line.raw.strip():
                                yield _event(line.raw)
                        else:
                            reason = f"event of {line.size:,} bytes is over the limit of {MAX_LINE_BYTES:,}"
                            yield Unreadable(reason, line.raw, line.size)
        if splitter.finish():
            raise FeedBroken(f"{http.shown(self._url)} broke off in the middle of an event")

    @asynccontextmanager
    async def _get(self, query: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        headers = {"accept": "application/json"} | {name.lower(): text for name, text in self._headers().items()}
        async with http.streamed(
            self._client, self._url, headers=headers, params=self._query | dict(query), within=_ANSWER_WITHIN
        ) as response:
            await self._check(response)
            yield response

    async def _check(self, response: httpx.Response) -> None:
        """Let a success pass."""
        if response.status_code == 410:
            raise Expired
        if not response.is_success:
            body = await http.read_body(self._url, response, max_size=_STATUS_BYTES)
            raise self._refusal(response, body)
        http.check_data(self._url, response)

    def _refusal(self, response: httpx.Response, body: bytes) -> FeedError:
        """Say why a request was refused, in the server's own words where it has any."""
        error = http.status_error(self._url, response.status_code, response.headers.get("retry-after"))
        try:
            said = _decode(body).get("message")
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, str) or not said:
            return error
        words = "".join(character if character.isprintable() else " " for character in said[:_WORDS])
        if isinstance(error, FeedFailed):
            return FeedFailed(f"{error}: {words}", hint=error.hint)
        return FeedBroken(f"{error}: {words}", retry_after=getattr(error, "retry_after", None), hint=error.hint)


def _event(raw: bytes) -> dict[str, Any] | Unreadable:
    """Read a line; one that is no watch event with an object comes as `Unreadable`."""
    try:
        event = _decode(raw)
    except (ValueError, RecursionError) as error:
        return Unreadable(f"not a watch event: {str(error) or type(error).__name__}", raw, len(raw))
    if not isinstance(event.get("type"), str) or not isinstance(event.get("object"), dict):
        return Unreadable("not a watch event: it has no type or no object", raw, len(raw))
    return event
