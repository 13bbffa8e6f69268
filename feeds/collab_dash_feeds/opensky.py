"""Aircraft in the air, from the state vectors of the OpenSky Network."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import msgspec
from pydantic import Field, StringConstraints, model_validator

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.mapping import as_unix_ms
from collab_dash.retry import parse_retry_after
from collab_dash.transports import http, polling
from collab_dash.transports.address import HttpUrl, expand, origin

from ._plain import number, part, text, whole
from ._responses import watched

if TYPE_CHECKING:
    import httpx

URL = "https://opensky-network.org/api"
TOKEN_URL = "https://auth.opensky-network.org/auth/realms/opensky-network/protocol/openid-connect/token"  # noqa: S105 - an address
_HINT = "check client_id and client_secret, or leave both out to ask anonymously"
_TOKEN_MARGIN = 30.0
_TOKEN_TIMEOUT = 30.0
_DAY = 86_400
_CREDITS_A_DAY = {"anonymous": 400, "account": 4000}
_SQUARE_DEGREES = ((25, 1), (100, 2), (400, 3))  # a request for at most so much area costs so many credits
_MOST_CREDITS = 4
_FIGURES = {  # the columns of a state vector, by their places
    "lat": 6,
    "lon": 5,
    "altitude": 7,
    "speed": 9,
    "heading": 10,
    "vertical_rate": 11,
    "geo_altitude": 13,
}
_COLUMNS = 17
_SOURCES = ("ADS-B", "ASTERIX", "MLAT", "FLARM")
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Address = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[0-9A-Fa-f]{6}$")]


class OpenskyOptions(FeedOptions):
    """Options of the ``opensky`` feed."""

    box: tuple[Latitude, Longitude, Latitude, Longitude] | None = Field(
        (45.8389, 5.9962, 47.8229, 10.5226),
        description="South, west, north and east of the area, in degrees; Switzerland by default.",
    )
    world: bool = Field(False, description="All aircraft instead of those in the box, at four times its price.")
    aircraft: tuple[Address, ...] = Field((), max_length=100, description="Only these ICAO addresses, such as 3c6444.")
    client_id: str = Field("", description="Of an account, such as ${OPENSKY_CLIENT_ID}; anonymous by default.")
    client_secret: str = Field("", repr=False, description="Of an account, such as ${OPENSKY_CLIENT_SECRET}.")
    interval: float | None = Field(
        None, ge=5, le=86400, description="Seconds between two looks; by default as often as the day's credits allow."
    )
    url: HttpUrl = Field(URL, description="Where the network is.")
    token_url: HttpUrl = Field(TOKEN_URL, description="Where an account's tokens come from.")

    @model_validator(mode="after")
    def _check(self) -> OpenskyOptions:
        if self.box is not None and (self.box[0] >= self.box[2] or self.box[1] >= self.box[3]):
            raise ValueError("box should be south, west, north, east: its south below its north, its west of its east")
        if bool(self.client_id) != bool(self.client_secret):
            raise ValueError("client_id and client_secret go together")
        return self

    def area(self) -> tuple[float, float, float, float] | None:
        """Give the box, or None for the world."""
        return None if self.world else self.box

    def credits(self) -> int:
        """Give what a request costs."""
        area = self.area()
        if area is None:
            return _MOST_CREDITS
        degrees = (area[2] - area[0]) * (area[3] - area[1])
        return next((price for limit, price in _SQUARE_DEGREES if degrees <= limit), _MOST_CREDITS)

    def pause(self) -> float:
        """Give the seconds between two requests."""
        if self.interval is not None:
            return self.interval
        daily = _CREDITS_A_DAY["account" if self.client_id else "anonymous"]
        return math.ceil(1.15 * _DAY * self.credits() / daily)  # the transport varies a pause by a tenth


class OpenskyFeed(Feed[OpenskyOptions]):
    """
    Each aircraft whenever something newer is known of it.

    The cursor is when each of those last listed was last heard of.
    """

    summary = "Aircraft in the air over an area, from the OpenSky Network"
    transport = "polling"
    overflow = "conflate"
    pane = Pane(view="table", columns=("callsign", "country", "altitude", "speed", "heading", "vertical_rate", "age"))

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Look again and again, and yield the aircraft that moved."""
        told = _read_cursor(context.cursor)
        async with (
            _client(self.options, context.environ) as client,
            polling.connect(
                self._address(), interval=self.options.pause(), client=client, note=context.note
            ) as messages,
        ):
            async for message in messages:
                events, told = _read(message.data, told)
                for event in context.carry(events, msgspec.json.encode(told).decode()):
                    yield event

    def _address(self) -> str:
        query: list[tuple[str, Any]] = [("icao24", address) for address in self.options.aircraft]
        if (area := self.options.area()) is not None:
            query += zip(("lamin", "lomin", "lamax", "lomax"), area, strict=True)
        return f"{self.options.url.rstrip('/')}/states/all?{urlencode(query)}".rstrip("?")


def _read_cursor(cursor: str | None) -> dict[str, int]:
    try:
        return msgspec.json.decode(cursor or "{}", type=dict[str, int])
    except ValueError:
        return {}


def _read(body: str | bytes, told: Mapping[str, int]) -> tuple[list[Event], dict[str, int]]:
    """
    Give the events of an answer, and when each aircraft that it lists was last heard of.

    Args:
        body: The answer.
        told: By address, when each aircraft was last heard of before.

    """
    try:
        answer = msgspec.json.decode(body)
        states = answer["states"]
        states = [] if states is None else list(states) if isinstance(states, list) else None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return [rejected(f"not an answer of the network: {type(error).__name__}: {error}", body)], dict(told)
    if states is None:
        return [rejected("not an answer of the network: states is no list", body)], dict(told)
    events, now = [], {}
    for state in states:
        event, second = _state(state)
        if event.key is not None:
            now[event.key] = second
            if event.key in told and second <= told[event.key]:
                continue
        events.append(event)
    return events, now


def _state(state: Any) -> tuple[Event, int]:
    """Give the event of a state vector, and the second it is of; a rejected one has no key."""
    address = text(state[0]) if isinstance(state, list) and len(state) >= _COLUMNS else None
    if address is None:
        return rejected("not a state vector: no address, or fewer columns than 17", msgspec.json.encode(state)), 0
    source = whole(state[16])
    data: dict[str, Any] = {"callsign": text(state[1]) or address, "country": text(state[2])}
    data |= {name: number(state[place]) for name, place in _FIGURES.items()}
    data |= {
        "on_ground": state[8] is True,
        "squawk": text(state[14]),
        "source": _SOURCES[source] if source is not None and 0 <= source < len(_SOURCES) else None,
    }
    second = whole(state[3]) or whole(state[4]) or 0
    return Event(type="aircraft:update", key=address[:64], time=as_unix_ms(second or None), data=data), second


@asynccontextmanager
async def _client(options: OpenskyOptions, environ: Mapping[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that understands the network's limits, and shows a token if there is an account."""
    home = origin(options.url)
    token = _Token(options, environ) if options.client_id else None

    def look(response: httpx.Response) -> None:
        if response.status_code == 429:
            wait = parse_retry_after(response.headers.get("x-rate-limit-retry-after-seconds"))
            if wait is not None:
                raise FeedBroken(
                    "the credits for the network are used up (429)", retry_after=wait, hint=_account(token)
                )
        if response.status_code in {401, 403} and token is not None:
            raise FeedBroken(f"{http.shown(str(response.url))} no longer takes the token", hint=_HINT)

    async def authorize(request: httpx.Request) -> None:
        if token is not None and origin(str(request.url)) == home:  # and not where it is redirected to
            request.headers["authorization"] = f"Bearer {await token.get()}"

    async with watched(look) as client:
        client.event_hooks["request"].append(authorize)
        yield client


def _account(token: _Token | None) -> str:
    return "a larger interval or a smaller box needs less" if token else "an account has ten times as many: client_id"


class _Token:
    """
    An account's token: OAuth 2, RFC 6749 section 4.4, client credentials.

    Args:
        options: Say whose.
        environ: Where the secrets are.

    """

    def __init__(self, options: OpenskyOptions, environ: Mapping[str, str]) -> None:
        self._url = options.token_url
        self._form = {
            "grant_type": "client_credentials",
            "client_id": expand(options.client_id, environ),
            "client_secret": expand(options.client_secret, environ),
        }
        self._value = ""
        self._until = 0.0

    async def get(self) -> str:
        """
        Give the token, a new one if it is about to run out.

        Raises:
            FeedBroken: If there is none to be had just now.
            FeedFailed: If the account is refused.

        """
        now = asyncio.get_running_loop().time()
        if now >= self._until:
            answer = await self._ask()
            value, seconds = text(part(answer, "access_token")), number(part(answer, "expires_in"))
            if value is None or not value.isascii():
                raise FeedBroken(f"{http.shown(self._url)} answers without a token", hint=http.PAGE_HINT)
            self._value = value
            self._until = now + max((seconds or 0) - _TOKEN_MARGIN, 0)
        return self._value

    async def _ask(self) -> Any:
        where = http.shown(self._url)
        async with http.opened() as client:
            with http.explained(self._url):
                try:
                    async with asyncio.timeout(_TOKEN_TIMEOUT):
                        response = await client.post(self._url, data=self._form, follow_redirects=False)
                except TimeoutError:
                    raise FeedBroken(f"{where} took over {_TOKEN_TIMEOUT:.0f} s to answer") from None
        if response.status_code in {400, 401, 403}:
            raise FeedFailed(f"{where} refuses the account ({response.status_code})", hint=_HINT)
        http.check_status(self._url, response)
        try:
            return msgspec.json.decode(response.content)
        except (ValueError, RecursionError):
            return None
