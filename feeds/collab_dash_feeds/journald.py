"""The systemd journal, entry by entry, as ``journalctl`` reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any

import msgspec
from pydantic import Field, StringConstraints

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext, FeedOptions

from . import _child
from ._child import STDERR, Command
from ._levels import LEVELS, SEVERITIES
from ._lines import MAX_LINE_BYTES, Line

_UNITS = ("OBJECT_SYSTEMD_UNIT", "COREDUMP_UNIT", "UNIT", "USER_UNIT", "_SYSTEMD_USER_UNIT", "_SYSTEMD_UNIT")
_NUMBER = r"[0-7]|emerg|alert|crit|err|warning|notice|info|debug"
_COMMENTARY = b"-- "
_BAD_OPTION = ("Failed to parse", "Unknown log level", "Bad --priority", "unrecognized option", "invalid option")

Priority = Annotated[str, StringConstraints(pattern=rf"^({_NUMBER})(\.\.({_NUMBER}))?$")]
Match = Annotated[str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]*=[^\x00]*$")]
FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Z_][A-Z0-9_]*$")]
Word = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00]+$")]


class JournaldOptions(FeedOptions):
    """Options of the ``journald`` feed."""

    units: tuple[Word, ...] = Field((), description="Only these units, such as nginx.service; patterns are understood.")
    priority: Priority | None = Field(
        None, description="Only entries of this priority and graver ones, such as warning, or a range: err..info."
    )
    identifiers: tuple[Word, ...] = Field((), description="Only programs that call themselves so, such as sshd.")
    matches: tuple[Match, ...] = Field((), description="Only entries with these fields, such as _UID=1000.")
    kernel: bool = Field(False, description="Only messages of the kernel, of this boot.")
    boot: bool = Field(False, description="Only entries of this boot.")
    since: Word | None = Field(
        None, description="Where to begin the first time, as journalctl understands it: today, -1h, 2026-11-24 08:00."
    )
    lines: int = Field(
        10, ge=0, le=100_000, description="How many earlier entries to begin with the first time, without since."
    )
    fields: tuple[FieldName, ...] = Field(
        (), description="Further fields to keep under their own names, such as CODE_FILE."
    )
    directory: Path | None = Field(
        None, description="Another folder of journal files, from the workspace's folder if not absolute."
    )
    program: Command = Field(("journalctl",), description="The program that reads the journal.")


class JournaldFeed(Feed[JournaldOptions]):
    """
    Entries of the systemd journal.

    The cursor is the journal's own, of the last entry, so that a hub that comes back goes on with the next one.
    """

    summary = "The systemd journal: units, kernel, programs"
    transport = "local"
    overflow = "wait"
    pane = Pane(view="log")

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        Follow the journal until ``journalctl`` ends.

        Raises:
            FeedBroken: When it ends.
            FeedFailed: If it cannot be run, or does not accept the options.

        """
        child = await _child.start(
            [*self.options.program, *self._arguments(context)],
            context.folder,
            hint="this feed needs systemd's journalctl; install it, or set program to its full path",
        )
        context.note("following the journal")
        complaint = ""
        try:
            async with aclosing(child.lines()) as lines:
                async for fd, line in lines:
                    if fd == STDERR or line.raw.startswith(_COMMENTARY):
                        complaint = _child.printable(line.raw) or complaint
                        context.note(complaint)
                    elif (event := self._read(line, context)) is not None:
                        yield event
        finally:
            await child.end()
        raise self._ending(child.returncode, complaint, context)

    def _arguments(self, context: FeedContext) -> list[str]:
        options = self.options
        arguments = ["--output=json", "--all", "--no-pager", "--follow"]
        if context.cursor:
            # Not --after-cursor: where the entry itself is gone by now it also skips the one that took its place.
            arguments += [f"--cursor={context.cursor}", "--lines=all"]
        elif options.since is not None:
            arguments += [f"--since={options.since}", "--lines=all"]
        else:
            arguments.append(f"--lines={options.lines}")
        if options.directory is not None:
            arguments.append(f"--directory={context.folder / options.directory.expanduser()}")
        arguments += [f"--unit={unit}" for unit in options.units]
        arguments += [f"--identifier={name}" for name in options.identifiers]
        arguments += [f"--priority={options.priority}"] if options.priority else []
        arguments += ["--dmesg"] if options.kernel else []
        arguments += ["--boot"] if options.boot else []
        return [*arguments, *options.matches]

    def _read(self, line: Line, context: FeedContext) -> Event | None:
        if not line.whole:
            return rejected(f"entry of {line.size:,} bytes is over the limit of {MAX_LINE_BYTES:,}", line.raw)
        try:
            entry = msgspec.json.decode(line.raw, type=dict[str, Any])
            event = self._event(entry)
            cursor = entry.get("__CURSOR")
        except (ValueError, TypeError, RecursionError) as error:
            return rejected(f"not an entry of the journal: {error}", line.raw)
        if isinstance(cursor, str):
            if cursor == context.cursor:
                return None  # the entry the hub recorded last, with which journalctl begins
            context.cursor = cursor
        return event

    def _event(self, entry: dict[str, Any]) -> Event:
        text = {name: _text(value) for name, value in entry.items()}
        unit = next((text[name] for name in _UNITS if text.get(name)), None)
        identifier = text.get("SYSLOG_IDENTIFIER") or text.get("_COMM")
        severity = _number(text.get("PRIORITY"))
        message = text.get("MESSAGE")
        data: dict[str, Any] = {} if message is None else {"line": message}
        if severity is not None and 0 <= severity < len(SEVERITIES):
            data |= {"level": LEVELS[severity], "priority": SEVERITIES[severity]}
        found = {
            "unit": unit,
            "identifier": identifier,
            "pid": _number(text.get("_PID") or text.get("SYSLOG_PID")),
            "host": text.get("_HOSTNAME"),
            "transport": text.get("_TRANSPORT"),
            **{name: text.get(name) for name in self.options.fields},
        }
        data |= {name: value for name, value in found.items() if value is not None}
        when = _number(text.get("__REALTIME_TIMESTAMP"))
        # A session's scope, such as session-3.scope, says less than the program that speaks in it.
        key = identifier if identifier and (unit is None or unit.endswith(".scope")) else unit
        return Event(type="log:line", key=key, time=None if when is None else when // 1000, data=data)

    def _ending(self, code: int | None, complaint: str, context: FeedContext) -> FeedBroken | FeedFailed:
        program = self.options.program[0]
        if code and complaint.startswith(_BAD_OPTION):
            return FeedFailed(f"{program} does not accept the options: {complaint}", hint="check since and priority")
        if code and "seek to cursor" in complaint:
            context.cursor = ""
            return FeedBroken(f"{program} does not know where we were ({complaint}); it begins anew")
        try:
            _child.check_exit(program, code, complaint)
        except FeedBroken as error:
            return error
        return FeedBroken(f"{program} ended")


def _text(value: Any) -> str | None:
    """
    Read a field: text, or a list of numbers for bytes that are not printable UTF-8, or a list of these for a
    field that is repeated.

    None stands for what ``journalctl`` left out.
    """
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise TypeError(f"a field is a {type(value).__name__}")
    if all(type(item) is int for item in value):
        return bytes(value).decode(errors="replace")
    return "\n".join(_text(item) or "" for item in value)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else None
