"""The demo's invented world: every event is a pure function of a seed, a number and a moment."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from random import Random

from collab_dash.event import Event

DAY = 86_400.0
Maker = Callable[[str, int, int], Event]

SYMBOLS = {
    "DEMO-AUR": 84_600.0,
    "DEMO-BOR": 2_610.0,
    "DEMO-CYG": 143.0,
    "DEMO-DEL": 38.2,
    "DEMO-ERI": 6.41,
    "DEMO-FOR": 0.9998,
    "DEMO-GRU": 0.2119,
    "DEMO-HYA": 0.01312,
}
_PLACES = (
    ("Vesper Harbor", 12.4, -141.2),
    ("Cape Lantern", 48.1, 152.7),
    ("Old Tarn", -33.6, -71.9),
    ("Mirra Atoll", -17.8, 178.3),
    ("Stonefall", 61.2, -150.3),
    ("Quill Island", 37.9, 142.1),
    ("Lower Ember", 19.3, -155.2),
    ("Saltmarsh", 38.8, -122.8),
)
_DIRECTIONS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
_TITLES = (
    "Lighthouse",
    "Perovskite",
    "Albatross",
    "Köln Cathedral",
    "東京",
    "Toll road",
    "Tide table",
    "Kite",
    "Marmalade",
    "Suspension bridge",
    "Comet",
    "Chess opening",
    "Glacier",
    "Harpsichord",
)
_USERS = ("ana", "bo", "cy", "dee", "eli", "fay", "gus", "TidyBot", "LinkBot")
_WIKIS = ("demo-enwiki", "demo-enwiki", "demo-commons", "demo-wikidata", "demo-dewiki", "demo-frwiki")
_COMMENTS = ("fix typo", "add source", "copyedit", "revert vandalism", "update figures", "new section", "")
_ROUTES = ("GET /orders", "GET /orders/42", "POST /orders", "GET /prices", "PUT /cart", "GET /health")


def market(seed: str, number: int, now: int) -> Event:
    """A ticker with the fields of the coinbase feed; its price is a function of the moment."""
    draw = _dice(f"{seed}:ticker:{number}")
    symbol, base = draw.choice(list(SYMBOLS.items()))
    digits = max(2, 5 - math.floor(math.log10(base) + 1))
    price = base * math.exp(_walk(f"{seed}:{symbol}", now / 1000))
    opened, low, high = (base * math.exp(move) for move in _day(f"{seed}:{symbol}", now // 60_000))
    turnover = 4e7 * math.exp(9 * _walk(f"{seed}:{symbol}:volume", now / 1000))
    data = {
        "price": round(price, digits),
        "open_24h": round(opened, digits),
        "change_24h": round((price / opened - 1) * 100, 2),
        "volume_24h": round(turnover / base, 2),
        "low_24h": round(min(low, price), digits),
        "high_24h": round(max(high, price), digits),
        "bid": round(price * 0.99995, digits),
        "ask": round(price * 1.00005, digits),
        "size": round(draw.expovariate(base / 900), 6),
        "side": draw.choice(("buy", "sell")),
        "trade_id": number,
        "sequence": number,
        "demo": True,
    }
    return Event(type="ticker:update", key=symbol, time=now, data=data)


def quakes(seed: str, number: int, now: int) -> Event:
    """An earthquake with the fields of the usgs feed; magnitudes as rare as they are in earnest."""
    draw = _dice(f"{seed}:quake:{number}")
    name, lat, lon = draw.choice(_PLACES)
    mag = round(min(1.0 + draw.expovariate(1.1), 8.4), 1)
    place = f"DEMO {draw.randint(2, 90)} km {draw.choice(('N', 'NE', 'E', 'SE', 'S', 'SW', 'W', 'NW'))} of {name}"
    data = {
        "mag": mag,
        "place": place,
        "depth": round(draw.expovariate(1 / 25), 1),
        "lat": round(lat + draw.gauss(0, 0.4), 4),
        "lon": round(lon + draw.gauss(0, 0.4), 4),
        "mag_type": "ml" if mag < 4.5 else "mww",
        "alert": None if mag < 5.5 else "green" if mag < 6.5 else "orange",
        "tsunami": int(mag >= 7),
        "felt": None if mag < 3 else draw.randint(1, 400),
        "status": "automatic",
        "url": None,
        "title": f"M {mag} - {place}",
        "updated": now,
        "demo": True,
    }
    return Event(type="quake:create", key=f"demo{number:06}", time=now, data=data)


def edits(seed: str, number: int, now: int) -> Event:
    """An edit of an invented wiki with the fields of the wikimedia feed."""
    draw = _dice(f"{seed}:edit:{number}")
    user, title = draw.choice(_USERS), f"Demo: {draw.choice(_TITLES)}"
    data = {
        "wiki": draw.choice(_WIKIS),
        "title": title,
        "user": f"demo {user}",
        "bot": user.endswith("Bot"),
        "minor": draw.random() < 0.3,
        "delta": round(draw.gauss(0, 1) * 10 ** draw.uniform(0.5, 3.2)),
        "comment": draw.choice(_COMMENTS),
        "url": None,
        "namespace": 0,
        "revision": 1_000_000 + number,
        "demo": True,
    }
    return Event(type="edit:create", key=title, time=now, data=data)


def log(seed: str, number: int, now: int) -> Event:
    """A line of an invented service's log."""
    draw = _dice(f"{seed}:log:{number}")
    roll, route, took = draw.random(), draw.choice(_ROUTES), round(draw.lognormvariate(3, 0.9))
    if roll < 0.70:
        level, text = "info", f"{route} 200 {took} ms"
    elif roll < 0.86:
        level, text = "debug", f"cache hit for {route.split()[1]}"
    elif roll < 0.96:
        level, text = "warn", f"{route} slow: {took * 20} ms, pool {draw.randint(17, 20)}/20"
    else:
        level, text = "error", f"{route} 503 upstream timed out after {took * 100} ms"
    service = f"demo-{draw.choice(('api', 'web', 'worker'))}"
    data = {"line": f"{service} {level.upper():5} {text}", "level": level, "service": service, "demo": True}
    return Event(type="log:line", key=service, time=now, data=data)


def _walk(seed: str, seconds: float) -> float:
    """
    Give a random walk's value at any moment, within about ±0.15.

    Value noise in octaves, each half as long and √2 times weaker, as in Brownian motion.
    """
    total, period, weight = 0.0, DAY * 2, 0.05
    while period > 4:
        step, part = divmod(seconds / period, 1)
        ease = part * part * (3 - 2 * part)
        here, there = _noise(seed, period, int(step)), _noise(seed, period, int(step) + 1)
        total += weight * (here + (there - here) * ease)
        period, weight = period / 2, weight / math.sqrt(2)
    return total


@lru_cache(maxsize=64)
def _day(seed: str, minute: int) -> tuple[float, float, float]:
    """Give the walk's value a day before that minute, and its least and greatest since."""
    day = [_walk(seed, minute * 60 - hour * 3600) for hour in range(25)]
    return day[-1], min(day), max(day)


@lru_cache(maxsize=16_384)
def _noise(seed: str, period: float, step: int) -> float:
    return _dice(f"{seed}:{period}:{step}").uniform(-1, 1)


def _dice(seed: str) -> Random:
    return Random(seed)  # noqa: S311 - a demo, not a secret


STREAMS: dict[str, Maker] = {"market": market, "quakes": quakes, "edits": edits, "log": log}
