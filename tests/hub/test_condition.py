"""How an upstream is doing, and who hears of it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from collab_dash.hub.condition import Condition
from collab_dash.hub.intake import Intake
from collab_dash.hub.recorder import Recorder
from collab_dash.hub.ways import Ways
from collab_dash.store.log import open_log
from collab_dash.wire import FeedStatus

from .test_runner import Scripted


async def condition_of(tmp_path: Path, told: list[FeedStatus]) -> Condition:
    log = await open_log(tmp_path / "x.db")
    recorder = Recorder(log, lambda first, records: None)
    await log.close()
    return Condition("scripted", Ways(Scripted(), None), [Intake(feed, recorder) for feed in ("a", "b")], told.append)


async def test_each_feed_is_told_of_under_its_own_name(tmp_path: Path) -> None:
    told: list[FeedStatus] = []
    condition = await condition_of(tmp_path, told)
    condition.note("subscribed")
    assert condition.live
    assert [(status.feed, status.state, status.note) for status in told] == [
        ("a", "live", "subscribed"),
        ("b", "live", "subscribed"),
    ]
    condition.note("subscribed")
    assert len(told) == 2


async def test_trouble_is_logged_once_and_its_end_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "collab_dash.hub")
    condition = await condition_of(tmp_path, [])
    for attempt in (1, 2):
        condition.enter("connecting")
        condition.enter("waiting", reason="refused", pause=1.0)
        assert condition.of("b").attempt == attempt
    condition.enter("connecting")
    assert condition.of("a").reason == "refused"
    condition.enter("live")
    condition.enter("live")
    assert [record.getMessage() for record in caplog.records] == ["feed a: refused", "feed a: live again"]
    assert condition.of("a").attempt == 0
