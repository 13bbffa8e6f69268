"""Notifications of ntfy, from its stream of Server-Sent Events."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import msgspec
from pydantic import Field, StringConstraints

from collab_dash.board import Pane
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext
from collab_dash.mapping import as_unix_ms
from collab_dash.transports import Message, http, sse
from collab_dash.transports.address import HttpUrl, expand, expand_headers

from ._plain import excerpt, part, text, whole
from ._responses import bearer, refused
from ._source import TlsOptions

if TYPE_CHECKING:
    import httpx

URL = "https://ntfy.sh"
_HINT = "set token, or user and password, to an account that may read these topics"
_TYPES = {
    "message": "notification:create",
    "message_clear": "notification:clear",
    "message_delete": "notification:delete",
}
_SIGNS_OF_LIFE = ("open", "keepalive", "poll_request")
_MOST_IDS = 256
_LONGEST_ID = 256
_USUAL_PRIORITY = 3
_PAST_ANY_TIME = 10**10  # Unix seconds; what is over it is no time, and must not become the cursor
Topic = Annotated[str, StringConstraints(pattern=r"^[-_A-Za-z0-9]{1,64}$")]


class NtfyOptions(TlsOptions):
    """Options of the ``ntfy`` feed."""

    topics: tuple[Topic, ...] = Field(min_length=1, description="The topics to follow.")
    since: str = Field(
        "", description="Where to begin the first time: all, or a span such as 2h; only what is new by default."
    )
    token: str = Field("", repr=False, description="An access token, such as ${NTFY_TOKEN}.")
    user: str = Field("", description="A user's name, where there is no token; ${NAME} comes from the environment.")
    password: str = Field("", repr=False, description="The user's password, such as ${NTFY_PASSWORD}.")
    url: HttpUrl = Field(URL, description="Where the server is; ${NAME} comes from the environment.")


class NtfyFeed(Feed[NtfyOptions]):
    """
    Messages published to some topics.

    After a break it asks for all since the second of the latest one, and leaves out those of that second it has
    told; so a message that the server was told not to keep costs nothing but itself.
    """

    summary = "Notifications of ntfy, from its own or another server"
    transport = "sse"
    silence = 150.0
    overflow = "wait"
    pane = Pane(view="log", columns=("time", "topic", "priority", "title", "message", "tags"))

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Follow the topics."""
        place = _Place.parse(context.cursor)
        url, headers = self._address(place, context.environ), self._headers(context.environ)
        async with http.opened(tls=self.options.tls(context)) as client:
            client.event_hooks["response"].append(_look)
            async with sse.connect(url, headers=headers, client=client, note=context.note) as messages:
                async for message in messages:
                    event = _read(message, place, context)
                    if event is not None:
                        yield event

    def _address(self, place: _Place, environ: Mapping[str, str]) -> str:
        options = self.options
        url = f"{expand(options.url, environ).rstrip('/')}/{','.join(options.topics)}/sse"
        since = str(place.second) if place.second else options.since
        return f"{url}?{urlencode({'since': since})}" if since else url

    def _headers(self, environ: Mapping[str, str]) -> dict[str, str]:
        options = self.options
        if options.user and not options.token:
            pair = expand_headers({"user": f"{options.user}:{options.password}"}, environ)["user"]
            return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        return expand_headers(bearer(options.token), environ)


class _Place(msgspec.Struct, omit_defaults=True):
    """
    How far the stream was read.

    Args:
        second: The time of the latest message, Unix seconds; 0 before the stream was open.
        ids: The messages of that second.

    """

    second: int = 0
    ids: list[str] = []

    @classmethod
    def parse(cls, cursor: str | None) -> _Place:
        try:
            return msgspec.json.decode(cursor or "{}", type=cls)
        except ValueError:
            return cls()

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()

    def knows(self, name: str, second: int | None) -> bool:
        return second == self.second and name in self.ids

    def pass_by(self, name: str, second: int | None) -> None:
        if second is None or not self.second <= second < _PAST_ANY_TIME:
            return
        if second > self.second:
            self.second, self.ids = second, []
        self.ids = [*self.ids[-_MOST_IDS:], name]


async def _look(response: httpx.Response) -> None:
    refused(response, hint=_HINT)


def _read(message: Message, place: _Place, context: FeedContext) -> Event | None:
    """Give a message's event; None for a sign of life, and for what was told before the break."""
    try:
        said = msgspec.json.decode(message.data)
        kind, name = said["event"], said["id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return rejected("not a message of ntfy: no JSON object with an id and an event", message.data)
    second = whole(said.get("time"))
    if kind in _SIGNS_OF_LIFE:
        if kind == "open" and not place.second and second and 0 < second < _PAST_ANY_TIME:
            place.second = second
            context.cursor = str(place)
        context.note("connected" if kind == "open" else "heartbeat")
        return None
    if not isinstance(kind, str) or kind not in _TYPES or not isinstance(name, str):
        return rejected(f"unknown event {excerpt(repr(kind), 40)} of ntfy", message.data)
    name = name[:_LONGEST_ID]
    if place.knows(name, second):
        return None
    place.pass_by(name, second)
    context.cursor = str(place)
    key = (text(said.get("sequence_id")) or name)[:_LONGEST_ID]
    return Event(type=_TYPES[kind], key=key, time=as_unix_ms(second), data=_data(said, name))


def _data(said: dict[str, Any], name: str) -> dict[str, Any]:
    attachment, tags = said.get("attachment"), said.get("tags")
    file = text(part(attachment, "url"))
    data = {
        "id": name,
        "topic": text(said.get("topic")),
        "title": text(said.get("title")),
        "message": said["message"] if isinstance(said.get("message"), str) else None,
        "priority": whole(said.get("priority")) or _USUAL_PRIORITY,
        "tags": ", ".join(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else None,
        "url": text(said.get("click")) or file,
    }
    extra = {
        "attachment": file,
        "attachment_name": text(part(attachment, "name")),
        "attachment_bytes": whole(part(attachment, "size")),
        "encoding": text(said.get("encoding")),
    }
    return data | {field: value for field, value in extra.items() if value is not None}
