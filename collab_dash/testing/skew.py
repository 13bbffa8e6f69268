"""Setting the times in a message wrong."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import msgspec

from ..transports import Message


def skewed(message: Message, seconds: float, fields: Collection[str]) -> Message:
    """
    Give `message` with the times in it shifted.

    Args:
        message: JSON; anything else stays as it is.
        seconds: By how much; negative is the past.
        fields: The names under which times stand, at any depth: Unix s, ms, µs or ns, or RFC 3339.

    """
    try:
        value = msgspec.json.decode(message.data)
    except msgspec.DecodeError:
        return message
    data = msgspec.json.encode(_shift(value, seconds, fields))
    return msgspec.structs.replace(message, data=data if isinstance(message.data, bytes) else data.decode())


def _shift(value: Any, seconds: float, fields: Collection[str]) -> Any:
    if isinstance(value, list):
        return [_shift(item, seconds, fields) for item in value]
    if isinstance(value, dict):
        return {
            name: _shift_time(item, seconds) if name in fields else _shift(item, seconds, fields)
            for name, item in value.items()
        }
    return value


def _shift_time(value: Any, seconds: float) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        unit = next((unit for unit in (1, 1_000, 1_000_000) if abs(value) < 1e11 * unit), 1_000_000_000)
        return type(value)(value + seconds * unit)
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return (moment + timedelta(seconds=seconds)).isoformat()
    return value
