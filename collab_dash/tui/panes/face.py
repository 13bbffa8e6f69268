"""What a pane's border says, and what an empty pane says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ...wire import FeedStatus
from ..drawing.numbers import clock, span
from ..drawing.row import Row
from ..drawing.text import clean, wrap
from ..state import GLYPHS, HEALTH, OFFLINE, TRANSPORTS, brief, worst

if TYPE_CHECKING:
    from .base import Pane


def title(pane: Pane) -> Row:
    """Say which pane this is: number, title, feeds, transports, filter."""
    name, dim = pane.name_on_screen, pane.ink("dim")
    row = Row(f"{pane.number} " if pane.number else "", pane.ink("accent" if pane.has_focus else "dim"))
    row.add(clean(name), pane.ink("focus" if pane.has_focus else "strong"))
    if pane.news:
        row.add(f" · {pane.news}", pane.ink("warn"))
    feeds = ", ".join(pane.spec.feeds)
    if not feeds:
        return row
    if name != feeds:
        row.add(f" · {clean(feeds)}", dim)
    transports = dict.fromkeys(status.transport for status in pane.statuses() if status.transport)
    if transports:
        row.add(f" · {' '.join(clean(TRANSPORTS.get(name, name)) for name in transports)}", dim)
    if pane.filter:
        row.add(f" · /{clean(pane.filter)}", pane.ink("accent"))
    return row


def marks(pane: Pane, stale: str) -> Row:
    """Say who looks at it, whether it stands still, how its feeds are, and how old its last event is."""
    row = Row()
    for person in pane.onlookers():
        ink = pane.ink("dim") if person.away else pane.ink_of(person)
        row.add(f"{pane.live.state.name_of(person)}{'(z)' if person.away else ''} ", ink)
    if pane.frozen:
        row.add(pane.frozen, pane.ink("badge")).add(f" +{pane.new:,} new ", pane.ink("accent"))
    elif stale and pane.last is not None:
        row.add("STALE", pane.ink("alarm")).add(" ", pane.ink("dim"))
    if pane.live.travel.position is not None:
        row.add("❚❚", pane.ink("accent")) if pane.spec.feeds else row.add("live", pane.ink("dim"))
    elif pane.live.state.lost is not None:
        row.add(OFFLINE, pane.ink("dim"))
    elif pane.spec.feeds:
        health = worst(pane.statuses())
        row.add(GLYPHS.get(health, "?"), pane.ink(HEALTH.get(health, "warn")))
    if pane.last is not None:
        age = span((pane.live.clock() - pane.last.received) / 1000)
        row.add(f" {age:>4}", pane.ink("dim"))
    return row


def below(pane: Pane, stale: str) -> Row:
    """Say how much is shown, or why it is not live."""
    if stale and not pane.frozen:
        return Row(stale, pane.ink("warn"))
    if pane.frozen == "PAUSED":
        return Row(f"frozen at {clock(pane.frozen_at)} · nothing is lost", pane.ink("dim"))
    row = Row(pane.summary(), pane.ink("dim"))
    for aside in asides(pane.statuses() if pane.spec.feeds else ()):
        row.add(f"{' · ' if row.cells else ''}{aside}", pane.ink("warn"))
    return row


def asides(statuses: Iterable[FeedStatus]) -> Iterator[str]:
    """Say of live feeds what is not as it should be: the transport, and what a rate limit left out."""
    for status in statuses:
        if status.fallback:
            transport = clean(TRANSPORTS.get(status.transport, status.transport))
            yield f"on {transport}, {brief(status.fallback)}"
        if status.left_out:
            yield f"{status.left_out:,} left out"


def beside(pane: Pane) -> Row:
    """Offer the key that brings it back to life, if it is not."""
    if pane.frozen == "PAUSED":
        return _hint(pane, "space", "resume")
    if pane.frozen:
        return _hint(pane, "L", "live")
    if pane.may_reconnect:
        return _hint(pane, "r", "reconnect")
    return Row()


def _hint(pane: Pane, key: str, what: str) -> Row:
    return Row(key, pane.ink("accent")).add(f" {what}", pane.ink("dim"))


def empty(pane: Pane, width: int, height: int) -> list[Row]:
    """Say what the pane waits for, since when, and what to press."""
    dim, text, accent = pane.ink("dim"), pane.ink("text"), pane.ink("accent")
    if pane.live.travel.position is not None:
        return [Row()] * max((height - 2) // 3, 0) + _nothing_then(pane)
    if pane.filter or pane.live.state.room_filter:
        rows = _unmatched(pane)
    else:
        names = clean(", ".join(pane.spec.feeds))
        waited = span((pane.live.state.clock() - pane.since) / 1000)
        rows = [Row("Waiting for the first event of ", dim).add(names, text)]
        if pane.spec.types:
            rows.append(Row("of type ", dim).add(clean(", ".join(pane.spec.types)), text))
        rows.append(Row(f"since {clock(pane.since)}Z, for {waited}", dim))
    rows.append(Row())
    for status in pane.statuses():
        ink = pane.ink(HEALTH.get(status.state, "warn"))
        rows.append(Row(f"{GLYPHS.get(status.state, '?')} ", ink).add(f"{clean(status.feed)} is {status.state}", text))
        for line in wrap(clean(status.reason or status.note), width - 2):
            rows.append(Row(f"  {line}", dim))
        for line in wrap(clean(status.hint), width - 2):
            rows.append(Row(f"  {line}", dim))
    if pane.may_reconnect:
        rows.append(Row("r", accent).add(" tries again now", dim))
    return [Row()] * max((height - len(rows)) // 3, 0) + rows


def _unmatched(pane: Pane) -> list[Row]:
    """Say which filters nothing matches, and what changes them."""
    dim, text, accent = pane.ink("dim"), pane.ink("text"), pane.ink("accent")
    room, row, rows = pane.live.state.room_filter, Row("Nothing matches ", dim), []
    if pane.filter:
        row.add(clean(pane.filter), text)
        own = pane.filter != pane.spec.filter
        rows.append(Row("Esc" if own else "/", accent).add(f" {'clears' if own else 'changes'} the filter", dim))
    if room:
        row.add(" and " if pane.filter else "", dim).add(clean(room), text).add(" (room filter)", dim)
        if pane.live.sharing.may_edit:
            rows.append(Row("f", accent).add(" changes the room filter", dim))
    return [row, *rows]


def _nothing_then(pane: Pane) -> list[Row]:
    dim, text = pane.ink("dim"), pane.ink("text")
    what = f"matching {pane.filter}" if pane.filter else f"of {', '.join(pane.spec.feeds)}"
    row = Row("Nothing ", dim).add(clean(what), text).add(f" until {clock(pane.live.clock())}Z", dim)
    return [row, Row("L", pane.ink("accent")).add(" returns to the present", dim)]
