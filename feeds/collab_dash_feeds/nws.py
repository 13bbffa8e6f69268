"""Weather alerts of the United States, from the National Weather Service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from hashlib import blake2b
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlencode

import msgspec
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from collab_dash.board import Pane
from collab_dash.event import Event, event_type, rejected
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.mapping import as_unix_ms
from collab_dash.transports import http, polling
from collab_dash.transports.address import HttpUrl

from ._plain import part, text
from ._responses import refused, watched

URL = "https://api.weather.gov"
_HINT = "set contact to an address of yours: the service refuses programs that do not say whose they are"
_ACTIONS = {"Alert": "create", "Update": "update", "Cancel": "cancel"}
_FORGOTTEN = 4096
_AREA = 300


def _check_contact(contact: str) -> str:
    if not contact.isascii() or not contact.isprintable() or set(contact) & set("()"):
        raise ValueError("should be an e-mail address or a web address")
    return contact


State = Literal["in force", "over", "ended"]
Area = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{2}$")]
Zone = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{2}[CZcz]\d{3}$")]
Severity = Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"]


class NwsOptions(FeedOptions):
    """Options of the ``nws`` feed."""

    area: tuple[Area, ...] = Field((), description="Only these states or waters, such as CA; all by default.")
    zone: tuple[Zone, ...] = Field((), description="Only these zones or counties, such as CAZ041; instead of area.")
    severity: tuple[Severity, ...] = Field((), description="Only these, such as Extreme and Severe; all by default.")
    contact: Annotated[str, AfterValidator(_check_contact)] = Field(
        "", description="An address for the operators of the service, who ask for one; part of the User-Agent."
    )
    interval: float = Field(60.0, ge=10, le=86400, description="Seconds between two looks.")
    url: HttpUrl = Field(URL, description="Where the service is.")

    @model_validator(mode="after")
    def _one_place(self) -> NwsOptions:
        if self.area and self.zone:
            raise ValueError("area and zone exclude each other: the service takes one of them")
        return self


class NwsFeed(Feed[NwsOptions]):
    """
    Alerts when they are issued, updated and cancelled, and when they are no longer in force.

    An alert keeps its key through its updates, each of which the service lists as an alert of its own that refers to
    those before it.
    """

    summary = "Weather alerts of the United States, from the National Weather Service"
    transport = "polling"
    overflow = "wait"
    pane = Pane(view="log", columns=("time", "type", "severity", "event", "area"))

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Look again and again, and yield what is new, oldest first."""
        alerts = _Alerts.parse(context.cursor)
        async with (
            watched(lambda response: refused(response, hint=_HINT)) as client,
            polling.connect(
                self._address(),
                headers={"User-Agent": self._user_agent(), "Accept": "application/geo+json"},
                cursor=alerts.poll,
                interval=self.options.interval,
                client=client,
                note=context.note,
            ) as messages,
        ):
            async for message in messages:
                events = alerts.read(message.data)
                alerts.poll = message.cursor or ""
                for event in context.carry(events, str(alerts)):
                    yield event

    def _address(self) -> str:
        options = self.options
        wanted = {"area": options.area, "zone": options.zone, "severity": options.severity}
        query = {"status": "actual"} | {name: ",".join(values) for name, values in wanted.items() if values}
        return f"{options.url.rstrip('/')}/alerts/active?{urlencode(query)}"

    def _user_agent(self) -> str:
        contact = f", {self.options.contact}" if self.options.contact else ""
        return f"({http.USER_AGENT}{contact})"


class _Known(msgspec.Struct, array_like=True):
    """
    What is remembered of an alert.

    Args:
        key: Its events' key.
        event: What it is about, such as ``Tornado Watch``.
        expires: Unix milliseconds, or 0 where the service does not say.
        state: ``over`` is what was cancelled, or replaced by an update.

    """

    key: str
    event: str = ""
    expires: int = 0
    state: State = "in force"


class _Alerts(msgspec.Struct, omit_defaults=True):
    """
    The alerts that were told; as text, it is the cursor.

    Args:
        poll: The transport's cursor.
        told: By the hash of their ids, in the order in which they were told.

    """

    poll: str = ""
    told: dict[str, _Known] = {}

    @classmethod
    def parse(cls, cursor: str | None) -> _Alerts:
        try:
            return msgspec.json.decode(cursor or "{}", type=cls)
        except ValueError:
            return cls()

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()

    def read(self, body: str | bytes) -> list[Event]:
        """Give what a list has that was not told: what was issued, and then what is no longer in force."""
        try:
            features = msgspec.json.decode(body)["features"]
            listed = sorted((_read(feature) for feature in features), key=lambda alert: alert.sent)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            return self._tell(_Alert.bad(f"not a list of alerts: {type(error).__name__}: {error}", body))
        events = [event for alert in listed for event in self._tell(alert)]
        events += self._ended({alert.name for alert in listed})
        self._forget({alert.name for alert in listed})
        return events

    def _tell(self, alert: _Alert) -> list[Event]:
        known = self.told.get(alert.name)
        if known is not None and known.state != "ended":
            return []
        if alert.fault is not None:
            self.told[alert.name] = _Known(alert.name, state="over")
            return [alert.fault]
        before = [self.told[name] for name in alert.references if name in self.told]
        key = before[0].key if before else (alert.references or [alert.name])[0]
        for one in before:
            one.state = "over"
        state: State = "over" if alert.action == "cancel" else "in force"
        self.told[alert.name] = _Known(key, alert.data["event"] or "Alert", alert.expires, state)
        return [Event(type=event_type("alert", alert.action), key=key, time=alert.sent or None, data=alert.data)]

    def _ended(self, listed: set[str]) -> list[Event]:
        """Say what the list no longer holds and nothing in it has replaced; listed again, it is told again."""
        gone = [known for name, known in self.told.items() if name not in listed and known.state == "in force"]
        events = []
        for known in gone:
            known.state = "ended"
            data = {"event": known.event, "expires": known.expires or None, "headline": f"{known.event} has ended"}
            events.append(Event(type="alert:expire", key=known.key, data=data))
        return events

    def _forget(self, listed: set[str]) -> None:
        """Keep what is listed, and the latest of what no longer is: updates may yet refer to it."""
        others = [name for name in self.told if name not in listed]
        for name in others[: max(len(others) - _FORGOTTEN, 0)]:
            del self.told[name]


class _Alert(NamedTuple):
    """
    What a list says of an alert.

    Args:
        name: The hash of its id.
        references: The hashes of the ids of the alerts that it follows, oldest first.
        sent: Unix milliseconds, or 0.
        expires: Unix milliseconds, or 0.
        action: ``create``, ``update``, ``cancel``, or what else the service says.
        data: The event's payload.
        fault: If it is no alert, what is kept of it.

    """

    name: str
    references: Sequence[str] = ()
    sent: int = 0
    expires: int = 0
    action: str = ""
    data: dict[str, Any] = {}  # noqa: RUF012 - never changed
    fault: Event | None = None

    @classmethod
    def bad(cls, reason: str, raw: str | bytes) -> _Alert:
        return cls(_hash(raw), fault=rejected(reason, raw))


def _read(feature: Any) -> _Alert:
    alert = part(feature, "properties")
    name, kind = text(part(alert, "id")), text(part(alert, "messageType"))
    if name is None or kind is None:
        return _Alert.bad("not an alert: no id or no messageType", msgspec.json.encode(feature))
    references = part(alert, "references")
    earlier = [] if not isinstance(references, list) else sorted(references, key=lambda item: _time(item, "sent"))
    return _Alert(
        name=_hash(name),
        references=[_hash(it) for item in earlier if (it := text(part(item, "identifier")))],
        sent=_time(alert, "sent"),
        expires=_time(alert, "ends") or _time(alert, "expires"),
        action=_ACTIONS.get(kind, kind),
        data=_data(alert, name),
    )


def _data(alert: dict[str, Any], name: str) -> dict[str, Any]:
    names = ("severity", "event", "headline", "urgency", "certainty", "status", "instruction", "description")
    data: dict[str, Any] = {field: text(alert.get(field)) for field in names}
    area = text(alert.get("areaDesc"))
    page = text(alert.get("@id"))
    return data | {
        "area": area if area is None else area[:_AREA],
        "sender": text(alert.get("senderName")),
        "onset": _time(alert, "onset") or None,
        "expires": _time(alert, "expires") or None,
        "ends": _time(alert, "ends") or None,
        "url": page if page is not None and page.startswith(("https://", "http://")) else None,
        "id": name,
    }


def _time(value: Any, name: str) -> int:
    return as_unix_ms(part(value, name)) or 0


def _hash(value: str | bytes) -> str:
    raw = value.encode() if isinstance(value, str) else value
    return blake2b(raw, digest_size=6).hexdigest()
