"""Another session's events as a feed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import aclosing, contextmanager
from functools import cached_property
from secrets import token_urlsafe

import msgspec
from pydantic import Field

from collab_dash.board import Pane
from collab_dash.errors import CollabDashError, FeedBroken, FeedFailed, HubError, JoinRefused
from collab_dash.event import Event, Position
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.peer.address import parse_link
from collab_dash.peer.session import Events, Joined, Lost, Update, join
from collab_dash.transports.address import expand
from collab_dash.wire import HISTORY, FeedStatus, History, Skipped, Welcome

_PLUGIN = "collab"
_PAGE = 1000


class CollabOptions(FeedOptions):
    """Options of the ``collab`` feed."""

    url: str = Field(
        repr=False,
        description="The other session's link: http(s)://host:port/#TOKEN; ${NAME} comes from the environment.",
    )
    feeds: tuple[str, ...] = Field(("*",), min_length=1, description="Which of its feeds; * for all.")


class CollabFeed(Feed[CollabOptions]):
    """
    Joins another session and records its events here, under their own types.

    The cursor is the position in the other log. Events that the other session itself has by a feed of this kind
    are left out, so two sessions may follow each other.
    """

    summary = "Another collab-dash session's events"
    transport = "websocket"
    overflow = "wait"
    pane = Pane(view="log")

    @cached_property
    def _person(self) -> str:
        """The secret by which the other hub knows this feed again, so that a host lets it in once."""
        return token_urlsafe(24)

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        Join once and yield events until the link is lost.

        Raises:
            FeedFailed: If that is no link, or the other session refuses it.

        """
        link = expand(self.options.url, context.environ)
        where = _checked(link)
        relay = _Relay(link, self.options.feeds, context, self._person)
        with _explained(where):
            async with join(
                link,
                person=self._person,
                feeds=self.options.feeds,
                resume=_position(context.cursor),
                waiting=lambda: context.note("waiting for the host there to let it in"),
            ) as session:
                async for update in session:
                    async with aclosing(relay.take(update)) as events:
                        async for event in events:
                            yield event


class _Relay:
    """What the other session says, as events of ours."""

    def __init__(self, link: str, feeds: tuple[str, ...], context: FeedContext, person: str) -> None:
        self._link = link
        self._feeds = feeds
        self._context = context
        self._person = person
        self._relayed: set[str] = set()
        self._epoch = ""

    async def take(self, update: Update) -> AsyncGenerator[Event]:
        match update:
            case Joined(welcome=welcome):
                self._joined(welcome)
            case FeedStatus(plugin=plugin, feed=feed) if plugin == _PLUGIN:
                self._relayed.add(feed)
            case Events(events=events):
                for event in self._passed(events):
                    yield event
            case Skipped(first=first, last=last):
                async for page in self._skipped(first, last):
                    for event in self._passed(page):
                        yield event
            case Lost(reason=reason):
                raise FeedBroken(reason)

    def _joined(self, welcome: Welcome) -> None:
        if self._context.cursor is not None and not welcome.recovered:
            self._context.log.warning("the other session has another log now; going on at its present")
        self._epoch = welcome.epoch
        self._context.cursor = str(Position(welcome.epoch, welcome.offset))
        self._context.note(f"joined {welcome.session} as {welcome.role}")

    def _passed(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            if event.offset is not None:
                self._context.cursor = str(Position(self._epoch, event.offset))
            if event.feed not in self._relayed:
                yield Event(type=event.type, key=event.key, time=event.time, data=event.data)

    async def _skipped(self, first: int, last: int) -> AsyncIterator[list[Event]]:
        """Fetch what the other hub left out because we were far behind."""
        feeds = None if "*" in self._feeds else self._feeds
        after = first - 1
        while after < last:
            # By a link of its own, for one page: answers on the first one stand in line behind its events.
            async with join(self._link, person=self._person, feeds=()) as aside:
                query = {"after": after, "limit": min(_PAGE, last - after), "feeds": feeds}
                page = msgspec.json.decode(await aside.request(HISTORY, query), type=History)
            yield [event for event in page.events if event.offset is not None and event.offset <= last]
            after = page.last


def _checked(link: str) -> str:
    """Give a link without its token; what is no link is not shown at all, since it may be a token."""
    try:
        return parse_link(link).shown
    except HubError:
        raise FeedFailed(
            "url is not a session's link",
            hint="a link looks like http://host:8765/#TOKEN; collab-dash share prints it",
        ) from None


@contextmanager
def _explained(where: str) -> Iterator[None]:
    """Say what the end of a session means for a feed."""
    try:
        yield
    except JoinRefused as error:
        raise FeedFailed(str(error), hint=error.hint or "ask for a new link") from None
    except FeedBroken as error:
        raise FeedBroken(f"{where}: {error}") from None
    except CollabDashError as error:
        raise FeedBroken(str(error), hint=error.hint) from None


def _position(cursor: str | None) -> Position | None:
    epoch, _, offset = (cursor or "").rpartition(":")
    return Position(epoch, int(offset)) if epoch and offset.isdecimal() else None
