"""What the feeds of exchanges share: tickers and trades under the same names, so that one pane may mix exchanges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec

from collab_dash.event import Event, rejected
from collab_dash.mapping import as_unix_ms

_MAX_PRODUCT = 64
_decode = msgspec.json.Decoder().decode


def read_object(raw: str | bytes) -> dict[str, Any] | None:
    """Decode a message; None if it is no JSON object."""
    try:
        message = _decode(raw)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def number(value: Any) -> float | None:
    """
    Read a figure, which exchanges write as a number or as text.

    Returns:
        The number, or None where there is none: null or empty text.

    Raises:
        ValueError: If it is something else, or not finite.

    """
    if value is None or value == "":
        return None
    figure = math.nan
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number or (isinstance(value, str) and "_" not in value):  # Python alone reads 1_000 as a number
        with suppress(ValueError, OverflowError):
            figure = float(value)
    if not math.isfinite(figure):
        raise ValueError(f"{value!r:.40}")
    return figure


def ticker(
    message: Mapping[str, Any],
    raw: str | bytes,
    *,
    product: Any,
    figures: Mapping[str, str],
    time: Any,
) -> Event:
    """
    Make ``ticker:update`` of an exchange's message, or the ``feed:rejected`` that says why it is none.

    Args:
        message: The message, decoded.
        raw: As it came.
        product: What it is about.
        figures: Our names, each with the exchange's; ``price`` must be among them. ``change_24h``, in percent, is
            worked out from ``open_24h`` where the exchange does not tell it, and has two decimals.
        time: The exchange's time, as it wrote it.

    """
    read = _figures("ticker", message, raw, product, figures)
    if isinstance(read, Event):
        return read
    data = {"price": read.pop("price")}
    change, opened = read.pop("change_24h", None), read.get("open_24h")
    if change is None and opened:
        change = (data["price"] / opened - 1) * 100
    if change is not None and math.isfinite(change):
        data["change_24h"] = round(change, 2)
    return Event(type="ticker:update", key=product, time=as_unix_ms(time), data=data | read)


def trade(
    message: Mapping[str, Any],
    raw: str | bytes,
    *,
    product: Any,
    figures: Mapping[str, str],
    time: Any,
    **more: Any,
) -> Event:
    """
    Make ``trade:create`` of an exchange's message, or the ``feed:rejected`` that says why it is none.

    Args:
        message: The message, decoded.
        raw: As it came.
        product: What it is about.
        figures: Our names, ``price`` and ``size``, each with the exchange's.
        time: The exchange's time, as it wrote it.
        more: Further fields of the event; those that are None are left out.

    """
    read = _figures("trade", message, raw, product, figures)
    if isinstance(read, Event):
        return read
    data = read | {name: value for name, value in more.items() if value is not None}
    return Event(type="trade:create", key=product, time=as_unix_ms(time), data=data)


def _figures(
    what: str, message: Mapping[str, Any], raw: str | bytes, product: Any, figures: Mapping[str, str]
) -> dict[str, Any] | Event:
    key = product if isinstance(product, str) and 0 < len(product) <= _MAX_PRODUCT else None
    try:
        read = {ours: number(message.get(theirs)) for ours, theirs in figures.items()}
    except ValueError as error:
        return rejected(f"{what} with a figure that is no number: {error}", raw, key=key)
    if key is None or read["price"] is None:
        return rejected(f"{what} without a product or a price", raw, key=key)
    return {name: figure for name, figure in read.items() if figure is not None}


def words(said: Any) -> str:
    """Give what an exchange said in an error: one line of at most 300 characters."""
    text = said if isinstance(said, str) else msgspec.json.encode(said).decode()
    return "".join(character if character.isprintable() else " " for character in text[:300])
