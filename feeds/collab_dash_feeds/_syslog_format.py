"""
Syslog messages and their framing, without any network: RFC 5424, RFC 3164 (BSD) and RFC 6587.

Senders take liberties. What does not keep to either format is not refused: what can be told is told, the rest is text.
"""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from typing import NamedTuple

from collab_dash.event import RAW_EXCERPT_BYTES

from ._lines import Line

MAX_MESSAGE = 64 * 1024
FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "audit", "alert", "clock", *(f"local{number}" for number in range(8))),
)
"""By number: RFC 5424, section 6.2.1, under the names that ``logger`` uses."""

_NOTICE = 5
_USER = 1
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_BOM = "\ufeff"

_priority = re.compile(r"<(\d{1,3})>").match
_header_5424 = re.compile(
    r"1 (?:-|(\S{1,64})) (?:-|(\S{1,255})) (?:-|(\S{1,48})) (?:-|(\S{1,128})) (?:-|(\S{1,32})) (?=[-\[])"
).match
_element = re.compile(r'\[([^\s=\]"]{1,32})((?: [^\s=\]"]{1,32}="(?:[^"\\\]]|\\.)*")*)\]', re.DOTALL).match
_parameters = re.compile(r' ([^\s=\]"]+)="((?:[^"\\\]]|\\.)*)"', re.DOTALL).findall
_escaped = re.compile(r'\\(["\\\]])')
_time_3164 = re.compile(
    rf"({'|'.join(_MONTH_NAMES)}) ([ \d]?\d) (?:(\d{{4}}) )?(\d\d):(\d\d):(\d\d)(?:\.\d{{1,9}})?:? "
).match
_time_iso = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?) ").match
_host = re.compile(r"([^\s:\[\]]{1,255}|[0-9A-Fa-f:.]{3,45}) (?=\S)").match
_tag = re.compile(r"([^\s:\[\]]{1,64})(?:\[([^\s\]]{1,128})\])?:(?: |$)").match
_tag_with_process = re.compile(r"([^\s:\[\]]{1,64})\[(\d{1,10})\]: ?").match

_counted = re.compile(rb"([1-9][0-9]{0,9}) <").match
_perhaps_counted = re.compile(rb"[1-9][0-9]{0,9} ?").fullmatch
_trailer = re.compile(rb"[\n\0]").search


class SyslogMessage(NamedTuple):
    """
    What a message says; None or empty where it does not.

    Args:
        text: The message proper.
        facility: Its number, an index of `FACILITIES`.
        severity: 0 (emerg) to 7 (debug).
        time: Unix milliseconds.
        host: The sender's name for itself.
        app: The program.
        process: Its id, mostly a number.
        kind: The MSGID.
        structured: Parameters by name, by element.

    """

    text: str
    facility: int = _USER
    severity: int = _NOTICE
    time: int | None = None
    host: str | None = None
    app: str | None = None
    process: str | None = None
    kind: str | None = None
    structured: dict[str, dict[str, str]] = {}  # noqa: RUF012 - a tuple's default, which nobody changes


def parse(raw: bytes, *, now: int, zone: tzinfo | None = None) -> SyslogMessage:
    """
    Read a message of any format.

    One without a usable priority is of user.notice, as RFC 3164, section 4.3.3 has it.

    Args:
        raw: Without framing.
        now: Unix milliseconds; a time without a year is the one nearest to it.
        zone: Of times that do not tell theirs; this machine's by default.

    """
    text = raw.rstrip(b"\r\n\0").decode(errors="replace").removeprefix(_BOM)
    match = _priority(text)
    if match is None or int(match[1]) >= 8 * len(FACILITIES):
        return _bsd(SyslogMessage(text), now, zone)
    facility, severity = divmod(int(match[1]), 8)
    message = SyslogMessage(text[match.end() :], facility, severity)
    return _modern(message, zone) or _bsd(message, now, zone)


def _modern(message: SyslogMessage, zone: tzinfo | None) -> SyslogMessage | None:
    """Read what follows the priority as RFC 5424, section 6; None if it is something else."""
    header = _header_5424(message.text)
    if header is None:
        return None
    rest = message.text[header.end() :]
    structured: dict[str, dict[str, str]] = {}
    nothing = rest.startswith("-")
    rest = rest.removeprefix("-")
    while not nothing and (element := _element(rest)):
        found = {name: _escaped.sub(r"\1", value) for name, value in _parameters(element[2])}
        structured.setdefault(element[1], {}).update(found)
        rest = rest[element.end() :]
    if rest and not rest.startswith(" "):
        return None
    told, host, app, process, kind = header.groups()
    time = _iso_time(told, zone) if told and _time_iso(f"{told} ") else None
    if time is None and told is not None:
        return None
    return message._replace(
        text=rest[1:].removeprefix(_BOM),
        time=time,
        host=host,
        app=app,
        process=process,
        kind=kind,
        structured=structured,
    )


def _bsd(message: SyslogMessage, now: int, zone: tzinfo | None) -> SyslogMessage:
    """Read what follows the priority as RFC 3164, section 4.1, or as the freer forms that are sent in its name."""
    rest, time, host = message.text, None, None
    if match := _time_3164(rest):
        time = nearest_time(match.groups(), now, zone)
        rest = rest[match.end() :]
    elif match := _time_iso(rest):
        time = _iso_time(match[1], zone)
        rest = rest[match.end() :]
    if time is None:
        tag = _tag_with_process(message.text)
        rest = message.text
    else:
        if (tag := _tag(rest)) is None and (match := _host(rest)):
            host, rest = match[1], rest[match.end() :]
            tag = _tag(rest)
    if tag is not None:
        message = message._replace(app=tag[1], process=tag[2])
        rest = rest[tag.end() :]
    return message._replace(text=rest.removeprefix(_BOM), time=time, host=host)


def nearest_time(parts: tuple[str | None, ...], now: int, zone: tzinfo | None) -> int | None:
    """
    Give a moment whose year may not be told: that which is nearest to `now`.

    Args:
        parts: Month's name, day, year or None, hour, minute, second.
        now: Unix milliseconds.
        zone: Of the parts; this machine's by default.

    Returns:
        Unix milliseconds, or None if there is no such moment.

    """
    month, day, year, *clock = parts
    this_year = datetime.fromtimestamp(now / 1000, zone).year
    years = [int(year)] if year else [this_year, this_year - 1, this_year + 1]
    moments = []
    for candidate in years:
        try:
            hour, minute, second = (int(part or 0) for part in clock)
            moment = datetime(candidate, _MONTHS[str(month)], int(day or 0), hour, minute, second, tzinfo=zone)
            moments.append(_unix_ms(moment, zone))
        except (ValueError, OverflowError, OSError):  # such as 29 February
            continue
    return min(moments, key=lambda moment: abs(moment - now), default=None)


def _iso_time(text: str, zone: tzinfo | None) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
        return _unix_ms(moment, zone)
    except (ValueError, OverflowError, OSError):
        return None


def _unix_ms(moment: datetime, zone: tzinfo | None) -> int:
    if moment.tzinfo is None and zone is not None:
        moment = moment.replace(tzinfo=zone)
    return round(moment.timestamp() * 1000)


class FrameSplitter:
    """
    Cut a stream of bytes into messages (RFC 6587), however the bytes arrive.

    A frame starts with its length (section 3.4.1) or ends with LF or NUL (3.4.2); senders may do either, and each
    frame is told apart by itself. What is kept is bounded: of a message over the limit only the first 2 KiB.

    Args:
        limit: Bytes a message may have.

    """

    def __init__(self, limit: int = MAX_MESSAGE) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._length: int | None = None  # of a counted frame whose bytes are coming
        self._skipped = 0  # bytes of an overlong frame that are gone already
        self._searched = 0  # bytes that hold no trailer

    def feed(self, chunk: bytes) -> list[Line]:
        """Take what arrived and give the messages that it completes."""
        self._rest += chunk
        frames: list[Line] = []
        while (frame := self._next()) is not None:
            if frame.raw:
                frames.append(frame)
        self._shorten()
        return frames

    def finish(self) -> tuple[list[Line], bool]:
        """Give what came without an end, and whether that is only part of a message."""
        if not self._rest:
            return [], False
        cut = self._length is not None
        return [self._take(len(self._rest), 0)], cut

    def _next(self) -> Line | None:
        if self._length is None and not self._skipped and (match := _counted(self._rest)):
            self._length = int(match[1])
            del self._rest[: match.end() - 1]
        if self._length is not None:
            have = len(self._rest) + self._skipped
            return self._take(self._length - self._skipped, 0) if have >= self._length else None
        if not self._rest or _perhaps_counted(self._rest):
            return None
        end = _trailer(self._rest, self._searched)
        self._searched = len(self._rest)
        return None if end is None else self._take(end.start(), 1)

    def _take(self, end: int, trailer: int) -> Line:
        size = end + self._skipped
        raw = bytes(self._rest[:end])
        whole = size <= self._limit
        del self._rest[: end + trailer]
        self._length, self._skipped, self._searched = None, 0, 0
        return Line(raw.rstrip(b"\r") if whole else raw[:RAW_EXCERPT_BYTES], size, whole)

    def _shorten(self) -> None:
        """Let go of most of a message that is over the limit already; its first bytes stay in front."""
        excess = len(self._rest) + self._skipped - self._limit
        if excess > 0 and len(self._rest) > RAW_EXCERPT_BYTES:
            self._skipped += len(self._rest) - RAW_EXCERPT_BYTES
            del self._rest[RAW_EXCERPT_BYTES:]
            self._searched = RAW_EXCERPT_BYTES
