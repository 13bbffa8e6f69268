"""Figures of the machine: rates and shares out of psutil's counters. Blocking; to be called in a thread."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil

from collab_dash.event import Event

_SCAN_SHARE = 0.01
_DENIED = (psutil.Error, OSError, RuntimeError, NotImplementedError, AttributeError, ValueError)


class Machine:
    """
    What psutil tells, as events. What it cannot tell here, as in some containers, is left out.

    Args:
        processes: How many of the busiest processes to tell of, 0 for none.
        monotonic: The clock for rates.

    """

    def __init__(self, processes: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rates = _Rates(monotonic)
        self._busiest = Busiest(processes, monotonic)

    def sample(self, now: int) -> list[Event]:
        """
        Give the present figures; rates and shares are those since the last call.

        Args:
            now: Unix milliseconds, for the events.

        """
        figures = (_cpu, _memory, self._network, self._disks, self._busiest.figures)
        return [
            Event(type=kind, key=key, time=now, data=data)
            for figure in figures
            for kind, key, data in _tolerated(figure)
        ]

    def _network(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        counters = psutil.net_io_counters(pernic=True)
        used = {name: io for name, io in counters.items() if io.bytes_recv or io.bytes_sent}
        for name, io in used.items():
            if name == "lo" and len(used) > 1:
                continue
            rates = self._rates.since_last(f"net:{name}", {"rx": io.bytes_recv, "tx": io.bytes_sent})
            yield "network:update", name, {**rates, "rx": io.bytes_recv, "tx": io.bytes_sent}

    def _disks(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        counters = psutil.disk_io_counters(perdisk=True) or {}
        for mount, device in _mounts().items():
            usage = psutil.disk_usage(mount)
            data = {"used": usage.used, "total": usage.total, "percent": usage.percent}
            io = counters.get(Path(os.path.realpath(device)).name)
            if io is not None:
                totals = {"read": io.read_bytes, "write": io.write_bytes}
                data |= self._rates.since_last(f"disk:{mount}", totals)
            yield "disk:update", mount, data


def _tolerated(
    figure: Callable[[], Iterator[tuple[str, str, dict[str, Any]]]],
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    try:
        yield from figure()
    except _DENIED:
        return


def _cpu() -> Iterator[tuple[str, str, dict[str, Any]]]:
    shares = psutil.cpu_times_percent()
    total: dict[str, Any] = {"percent": psutil.cpu_percent()}
    for name in ("user", "system", "iowait", "steal"):
        if hasattr(shares, name):
            total[name] = getattr(shares, name)
    if hasattr(os, "getloadavg"):
        total["load1"], total["load5"], total["load15"] = (round(load, 2) for load in os.getloadavg())
    yield "cpu:update", "total", total
    for number, percent in enumerate(psutil.cpu_percent(percpu=True)):
        yield "cpu:update", f"cpu{number}", {"percent": percent}


def _memory() -> Iterator[tuple[str, str, dict[str, Any]]]:
    memory = psutil.virtual_memory()
    used = memory.total - memory.available
    data = {"used": used, "total": memory.total, "percent": memory.percent}
    try:
        swap = psutil.swap_memory()
        data |= {"swap_used": swap.used, "swap_total": swap.total, "swap_percent": swap.percent}
    except _DENIED:
        pass
    yield "memory:update", "memory", data


def _mounts() -> dict[str, str]:
    """Give each real file system once, by its first mount point; in a container the root at least."""
    mounts: dict[str, str] = {}
    for partition in psutil.disk_partitions():
        real = partition.fstype != "squashfs" and not partition.device.startswith("/dev/loop")
        if real and partition.device not in mounts.values() and Path(partition.mountpoint).is_dir():
            mounts[partition.mountpoint] = partition.device
    return mounts or {"/": ""}


class _Rates:
    """Counters into rates in units per second."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._last: dict[str, tuple[float, Mapping[str, int]]] = {}

    def since_last(self, name: str, counters: Mapping[str, int]) -> dict[str, float]:
        """Give ``NAME_per_s`` for each counter, 0 the first time and when it was reset."""
        now = self._monotonic()
        then, before = self._last.get(name, (now, counters))
        self._last[name] = (now, counters)
        span = max(now - then, 0.001)
        return {
            f"{key}_per_s": round(max(value - before.get(key, value), 0) / span, 1) for key, value in counters.items()
        }


class Busiest:
    """
    The processes that use the most processor time.

    Looking at all processes takes time in proportion to their number, so it is done as often as a hundredth
    of a core allows. Only the second look, the first that can tell shares, comes as soon as it is asked for.

    Args:
        count: How many.
        monotonic: The clock.

    """

    def __init__(self, count: int, monotonic: Callable[[], float]) -> None:
        self._count = count
        self._monotonic = monotonic
        self._not_before: float | None = None
        self._told: dict[int, dict[str, Any]] = {}

    def figures(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Tell of the busiest, and once more of those that no longer are, so that none lingers."""
        start = self._monotonic()
        if not self._count or (self._not_before is not None and start < self._not_before):
            return
        shares = _shares()
        if self._not_before is None:
            self._not_before = start
            return
        busy = [process for process, share in shares.items() if share > 0]
        busiest = sorted(busy, key=lambda process: shares[process], reverse=True)[: self._count]
        told = {process.pid: data for process in busiest if (data := _described(process, shares[process]))}
        left = {
            pid: {**data, "cpu": next((shares[p] for p in shares if p.pid == pid), 0.0)}
            for pid, data in self._told.items()
            if pid not in told
        }
        self._told = told
        self._not_before = start + (self._monotonic() - start) / _SCAN_SHARE
        for pid, data in (told | left).items():
            yield "process:update", str(pid), data


def _shares() -> dict[psutil.Process, float]:
    """Give every process's share of one core in percent since the last call."""
    shares = {}
    for process in psutil.process_iter():
        try:
            shares[process] = process.cpu_percent()
        except _DENIED:
            continue
    return shares


def _described(process: psutil.Process, cpu: float) -> dict[str, Any] | None:
    try:
        with process.oneshot():
            memory, user = process.memory_info().rss, process.username()
            return {"pid": process.pid, "name": process.name(), "cpu": cpu, "memory": memory, "user": user}
    except _DENIED:
        return None
