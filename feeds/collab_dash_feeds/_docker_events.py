"""What a Docker engine says, as events."""

from __future__ import annotations

from typing import Any

from collab_dash.event import Event, event_type, rejected

from ._docker_logs import LogLine
from ._lines import MAX_LINE_BYTES, level_of


def log_event(log: LogLine, name: str, identity: str) -> Event:
    """Make the event of a line that a container printed."""
    time = log.time // 1_000_000 or None
    if not log.line.whole:
        reason = f"line of {log.line.size:,} bytes is over the limit of {MAX_LINE_BYTES:,}"
        return rejected(reason, log.line.raw, key=name)
    text = log.line.raw.decode(errors="replace")
    data = {"line": text, "stream": log.stream, "id": identity[:12]}
    if level := level_of(text):
        data["level"] = level
    return Event(type="log:line", key=name, time=time, data=data)


def engine_event(kind: str, action: str, name: Any, identity: str, attributes: dict[str, Any], time: int) -> Event:
    """Make the event of what the engine did."""
    action, _, detail = action.partition(": ")
    code = str(attributes.get("exitCode") or "")
    image = attributes.get("image")
    short = identity if kind in ("image", "plugin") else identity[:12]
    said = [action, detail, f"exit code {code}" if code else "", f"({image})" if image else ""]
    found: dict[str, Any] = {
        "message": " ".join(each for each in said if each),
        "level": "warn" if code not in ("", "0") or action == "oom" or detail == "unhealthy" else None,
        "action": action,
        "status": detail or None,
        "image": image,
        "exit_code": int(code) if code.isascii() and code.isdigit() and len(code) < 10 else None,
        "signal": attributes.get("signal"),
        "id": short,
    }
    key = name if isinstance(name, str) and name else short
    data = {field: value for field, value in found.items() if value is not None}
    return Event(type=event_type(kind, action), key=key, time=time // 1_000_000 or None, data=data)


def name_of(listed: Any) -> str | None:
    """Give the name of a container in a list."""
    names = listed.get("Names") if isinstance(listed, dict) else None
    return names[0].removeprefix("/") if isinstance(names, list) and names and isinstance(names[0], str) else None


def started_at(about: Any) -> str | None:
    """Give when a container that runs was started, as the engine tells it, or None if it does not run."""
    state = about.get("State") if isinstance(about, dict) else None
    return str(state.get("StartedAt")) if isinstance(state, dict) and state.get("Running") is True else None
