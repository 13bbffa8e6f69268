"""What happens on GitHub: the public events of a repository, an organisation, a user, or all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import msgspec
from pydantic import Field, StringConstraints, model_validator

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext
from collab_dash.retry import parse_retry_after
from collab_dash.transports import http, polling
from collab_dash.transports.address import HttpUrl, expand_headers
from collab_dash.transports.paging import Paging, from_link
from collab_dash.transports.seen import Listing

from ._github_events import as_event
from ._plain import part, text, whole
from ._responses import bearer
from ._source import TlsOptions

if TYPE_CHECKING:
    import httpx

URL = "https://api.github.com"
_MOST_WAIT = 3600.0
_ONE_MINUTE = 60.0
_A_PAGE = 100
_TOKEN_HINT = "check token; it may have expired"  # noqa: S105 - words for people
_LIMIT_HINT = "with a token there are 5,000 requests an hour instead of 60; without, a larger interval needs less"
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$")]
Repository = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$")]


class GithubOptions(TlsOptions):
    """Options of the ``github`` feed."""

    repo: Repository | None = Field(None, description="A repository, such as octocat/hello-world.")
    org: Name | None = Field(None, description="Or an organisation.")
    user: Name | None = Field(None, description="Or a user; without any of the three, all public events.")
    token: str = Field("", repr=False, description="A token, such as ${GITHUB_TOKEN}; anonymous by default.")
    interval: float | None = Field(
        None, ge=10, le=86400, description="Seconds between two looks; by default 60 with a token, and 180 without."
    )
    pages: int = Field(3, ge=1, le=10, description="How many pages of 100 events to look through for new ones.")
    url: HttpUrl = Field(URL, description="Where the API is; of an enterprise server, https://HOST/api/v3.")

    @model_validator(mode="after")
    def _one_source(self) -> GithubOptions:
        if sum(name is not None for name in (self.repo, self.org, self.user)) > 1:
            raise ValueError("repo, org and user exclude each other")
        return self


class GithubFeed(Feed[GithubOptions]):
    """
    Public events, each once, those of a page oldest first.

    A look goes on to the next page as long as a page held anything new, so that a burst is not lost.
    """

    summary = "Public events of GitHub: of a repository, an organisation, a user, or all"
    transport = "polling"
    overflow = "wait"
    pane = Pane(view="log", columns=("time", "type", "repo", "user", "title"))

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Look again and again, and yield what is new."""
        options = self.options
        listing = Listing(context.cursor)
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        headers |= expand_headers(bearer(options.token), context.environ)
        async with http.opened(tls=options.tls(context)) as client:
            client.event_hooks["response"].append(_judge(context.clock))
            async with polling.connect(
                self._address(),
                headers=headers,
                cursor=context.cursor,
                interval=options.interval or (60.0 if options.token else 180.0),
                paging=Paging(from_link, listing.wants_more, options.pages),
                client=client,
                note=context.note,
            ) as messages:
                async for message in messages:
                    for event, cursor in listing.unseen(message, self._read(message.data)):
                        context.cursor = cursor
                        yield event
                    context.cursor = listing.cursor

    def _address(self) -> str:
        options = self.options
        path = "events"
        if options.repo is not None:
            path = f"repos/{options.repo}/events"
        elif options.org is not None:
            path = f"orgs/{options.org}/events"
        elif options.user is not None:
            path = f"users/{options.user}/events/public"
        return f"{options.url.rstrip('/')}/{path}?per_page={_A_PAGE}"

    def _web(self) -> str:
        url = self.options.url.rstrip("/")
        return url.removesuffix("/api/v3") if url.endswith("/api/v3") else "https://github.com"

    def _read(self, body: str | bytes) -> list[tuple[Event, str | None, str | bytes]]:
        """Give the events of a page, oldest first, each with its id."""
        if not body:
            return []
        try:
            listed = msgspec.json.decode(body)
        except (ValueError, RecursionError) as error:
            return [(rejected(f"not JSON: {error}", body), None, body)]
        if not isinstance(listed, list):
            return [(rejected("not a list of events", body), None, body)]
        items: list[tuple[Event, str | None, str | bytes]] = []
        for item in reversed(listed):
            name = text(part(item, "id")) or (str(number) if (number := whole(part(item, "id"))) else None)
            event = None if name is None else as_event(item, name, self._web())
            raw = msgspec.json.encode(item)
            items.append((event or rejected("not an event of GitHub: no id or no type", raw), name, name or raw))
        return items


def _judge(clock: Callable[[], int]) -> Callable[[httpx.Response], Awaitable[None]]:
    """Understand how the service says that the limit is reached, or the token bad."""

    async def look(response: httpx.Response) -> None:
        status, headers = response.status_code, response.headers
        where = http.shown(str(response.url))
        if status == 401:
            raise FeedFailed(f"{where} does not take the token (401)", hint=_TOKEN_HINT)
        if status == 404:
            raise FeedFailed(f"{where} answers 404", hint="check repo, org or user; what is private needs a token")
        if status not in {403, 429}:
            return
        wait = parse_retry_after(headers.get("retry-after"))
        reset = headers.get("x-ratelimit-reset", "")
        if wait is None and headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdigit():
            wait = float(reset[:12]) - clock() / 1000
        if wait is not None:
            wait = min(max(wait, 1.0), _MOST_WAIT)
        elif status == 429:
            wait = _ONE_MINUTE
        if wait is not None:
            reason = f"{where} answers {status}: the limit of requests is reached"
            raise FeedBroken(reason, retry_after=wait, hint=_LIMIT_HINT)

    return look
