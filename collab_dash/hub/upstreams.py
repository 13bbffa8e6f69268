"""From configured feeds to runners: one for each upstream, however many feeds want it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import LogError
from ..event import Record, as_record
from ..store.log import Log
from ..wire import FeedStatus
from .condition import Condition
from .configure import ConfiguredFeed
from .intake import Intake
from .overlap import REMEMBERED
from .recorder import Recorder
from .runner import Runner
from .ways import Ways

_log = logging.getLogger("collab_dash.hub")


async def make_runners(
    feeds: Mapping[str, ConfiguredFeed],
    recorder: Recorder,
    *,
    folder: Path,
    changed: Callable[[FeedStatus], None],
) -> list[Runner]:
    """
    Make a runner for each upstream.

    Feeds that want the same of the same source, and are at the same place there, share one.

    Args:
        feeds: By name.
        recorder: Where their events go; its log knows the cursors.
        folder: The workspace's folder.
        changed: Called for each feed whenever its state changes.

    """
    cursors = await recorder.log.cursors()
    upstreams: list[tuple[ConfiguredFeed, str | None, list[Intake]]] = []
    for name, wanted in feeds.items():
        cursor = cursors.get(name)
        intakes = next((to for known, at, to in upstreams if at == cursor and known.same_upstream(wanted)), None)
        if intakes is None:
            upstreams.append((wanted, cursor, intakes := []))
        intakes.append(Intake(name, recorder, wanted.limit))
    runners = []
    for wanted, cursor, intakes in upstreams:
        ways = Ways(wanted.feed, cursor, await _lately(recorder.log, intakes[0].feed, wanted))
        runners.append(Runner(Condition(wanted.plugin, ways, intakes, changed), ways, intakes, folder=folder))
    return runners


async def _lately(log: Log, name: str, wanted: ConfiguredFeed) -> list[Record]:
    """Give what was recorded lately of a feed, if another way may bring it again."""
    if not wanted.feed.fallbacks:
        return []
    try:
        page = await log.read_back(before=log.last + 1, limit=REMEMBERED, feeds=[name])
    except LogError as error:
        _log.warning("feed %s: what it told lately cannot be read: %s", name, error)
        return []
    return [as_record(event) for event in page.events]
