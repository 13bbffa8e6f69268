"""What a metrics endpoint says, as series of numbers, and what changed since the last time."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from collab_dash.event import Event

_LONGEST_KEY = 512
_COUNTERS = ("counter",)
_TOTALS = ("histogram", "summary", "gaugehistogram")


class Series(NamedTuple):
    """
    One number that is measured again and again.

    Args:
        name: Of the sample, such as ``http_requests_total``.
        kind: The metric's type: ``counter``, ``gauge``, ``histogram``, ``summary``, ``info``, ``unknown``, …
        unit: Its unit, or an empty string.
        help: What it measures, or an empty string.
        labels: By name.
        value: The number; of a histogram or summary, the count.
        total: Of a histogram or summary, the sum; otherwise None.
        time: Unix milliseconds, where the source tells it.

    """

    name: str
    kind: str
    unit: str
    help: str
    labels: dict[str, str]
    value: float
    total: float | None
    time: int | None

    @property
    def key(self) -> str:
        """The series as people write it: ``name{label=value}``."""
        if not self.labels:
            return self.name
        inside = ",".join(f"{name}={value}" for name, value in sorted(self.labels.items()))
        return f"{self.name}{{{inside}}}"[:_LONGEST_KEY]


class Choice(NamedTuple):
    """
    Which series are wanted.

    Args:
        metrics: Patterns of names; empty for all.
        ignore: Patterns of names left out.
        buckets: Whether the buckets and quantiles of histograms and summaries are series of their own.
        most: How many at most.

    """

    metrics: Sequence[str]
    ignore: Sequence[str]
    buckets: bool
    most: int

    def has(self, name: str, family: str) -> bool:
        """Tell whether a name is wanted; that of the metric is as good as that of the sample."""
        if any(fnmatch.fnmatchcase(each, pattern) for pattern in self.ignore for each in (name, family)):
            return False
        return not self.metrics or any(
            fnmatch.fnmatchcase(each, pattern) for pattern in self.metrics for each in (name, family)
        )


def read(text: str, choice: Choice, *, openmetrics: bool) -> tuple[dict[str, Series], int]:
    """
    Read what an endpoint says.

    Args:
        text: In the text format 0.0.4, or in OpenMetrics 1.0.
        choice: Which series are wanted.
        openmetrics: Which of the two it is.

    Returns:
        The wanted series by key, and how many of them were left out because there are too many.

    Raises:
        ValueError: If it is not of that format.

    """
    from prometheus_client import parser
    from prometheus_client.openmetrics import parser as openmetrics_parser

    parse: Any = (openmetrics_parser if openmetrics else parser).text_string_to_metric_families
    found: dict[str, Series] = {}
    left_out = 0
    try:
        for family in parse(text):
            for series in _series(family, choice):
                if len(found) >= choice.most and series.key not in found:
                    left_out += 1
                else:
                    found[series.key] = series
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    return found, left_out


def _series(family: Any, choice: Choice) -> Iterator[Series]:
    """Give a metric's series; of a histogram or summary one with its count and sum, and its parts if wanted."""
    sums: dict[tuple[tuple[str, str], ...], float] = {}
    parted = family.type in _TOTALS
    if parted:
        sums = {_labels(sample): float(sample.value) for sample in family.samples if sample.name.endswith("sum")}
    for sample in family.samples:
        suffix = sample.name.removeprefix(family.name)
        if suffix == "_created" or (parted and suffix in ("_sum", "_gsum")):
            continue
        counted = parted and suffix in ("_count", "_gcount")
        if parted and not counted and not choice.buckets:
            continue
        name = family.name if counted else sample.name
        value = float(sample.value)
        if not choice.has(name, family.name) or not math.isfinite(value):
            continue
        yield Series(
            name,
            family.type,
            family.unit,
            family.documentation,
            dict(sample.labels),
            value,
            sums.get(_labels(sample)) if counted else None,
            _unix_ms(sample.timestamp),
        )


def _labels(sample: Any) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(sample.labels.items()))


def _unix_ms(timestamp: Any) -> int | None:
    seconds = None if timestamp is None else float(timestamp)
    return None if seconds is None or not 0 < seconds < 1e11 else round(seconds * 1000)


class _Known(NamedTuple):
    """What was measured the last time: the count or value, the sum, and when (seconds of a clock that only grows)."""

    value: float
    total: float | None
    at: float


class Watch:
    """
    Turns looks at an endpoint into events: a series when it is first seen and whenever it changed.

    Args:
        unchanged: Whether to tell series that did not change, too.

    """

    def __init__(self, *, unchanged: bool) -> None:
        self._unchanged = unchanged
        self._known: dict[str, _Known] | None = None
        self._moving: set[str] = set()

    @property
    def is_new(self) -> bool:
        """Whether there was no look yet."""
        return self._known is None

    def look(self, found: Mapping[str, Series], at: float) -> list[Event]:
        """
        Give the events of a look.

        A counter that fell was reset: what it shows was counted since. A rate that was told is told once more when it
        falls to nothing.

        Args:
            found: Series by key.
            at: When, in seconds of a clock that only grows.

        """
        events = []
        moving = set()
        for key, series in found.items():
            before = (self._known or {}).get(key)
            changed = before is None or before.value != series.value or before.total != series.total
            if changed or self._unchanged or key in self._moving:
                events.append(_event(key, series, before, at))
            if changed and before is not None and series.kind in (*_COUNTERS, *_TOTALS):
                moving.add(key)
        self._moving = moving
        self._known = {key: _Known(series.value, series.total, at) for key, series in found.items()}
        return events


def _event(key: str, series: Series, before: _Known | None, at: float) -> Event:
    number: dict[str, Any] = {"value": _number(series.value)}
    if series.kind in _TOTALS and series.total is not None:
        number = {"count": _number(series.value), "sum": _number(series.total)}
        number["mean"] = series.total / series.value if series.value else None
    if before is not None and at > before.at and series.kind in (*_COUNTERS, *_TOTALS):
        counted = series.value - before.value if series.value >= before.value else series.value
        number["rate"] = round(counted / (at - before.at), 6)
        if "mean" in number and counted and before.total is not None:
            was_reset = series.value < before.value
            more = (series.total or 0.0) - (0.0 if was_reset else before.total)
            number["mean"] = more / counted
    if "mean" in number:
        number["value"] = number["mean"] = None if number["mean"] is None else round(number["mean"], 9)
    data: dict[str, Any] = {"name": series.name, **number, "kind": series.kind}
    data |= {name: text for name, text in (("unit", series.unit), ("help", series.help)) if text}
    if series.labels:
        data["labels"] = series.labels
    data = {name: value for name, value in data.items() if value is not None}
    return Event(type="metric:update", key=key, time=series.time, data=data)


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) < 1 << 53 else value
