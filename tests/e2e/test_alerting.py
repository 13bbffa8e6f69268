"""A hub is killed between an alert and its acknowledgement; programs and servers on the other end are real."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collab_dash.peer.session import Session, join
from collab_dash.wire import ACKNOWLEDGE, FIRING, Alert
from hub.test_alerts import firing, shake
from processes import hub_process, output_of, terminal

WORKSPACE = """
[[rules]]
when = "quakes: mag >= 4.5"
name = "big"
notify = ["bell", "pager"]

[[rules]]
when = "quakes: mag >= 4.5"
name = "lasting"
for = "30s"

[targets.pager]
command = ["{python}", "-c", "import sys; open('paged', 'a').write(sys.stdin.read())"]
"""


async def asked(session: Session) -> list[Alert]:
    return msgspec.json.decode(await session.request(FIRING), type=list[Alert])


async def paged(folder: Path, count: int) -> list[str]:
    """Wait until the pager was told so often; give what of."""
    file = folder / "paged"
    async with asyncio.timeout(10):
        while not file.exists() or file.read_text().count("\n") < count:
            await asyncio.sleep(0.01)  # nothing tells of what another process does
    return [json.loads(line)["alert"] for line in file.read_text().splitlines()]


async def alerts_recorded(database: Path) -> list[dict[str, Any]]:
    lines = (await output_of("tail", database, "alerts", "--since", 0, "--no-follow")).splitlines()
    return [json.loads(line) for line in lines]


async def test_what_was_firing_when_the_hub_was_killed_is_firing_after_it_and_nothing_is_twice(tmp_path: Path) -> None:
    file = tmp_path / "collab.toml"
    file.write_text(WORKSPACE.format(python=sys.executable))
    async with hub_process(file) as hub, join(hub.editor, name="ana") as ana:
        await shake(ana, 4.8, "first")
        await shake(ana, 5.8, "second")
        first, second = await firing(ana, 2)
        await ana.request(ACKNOWLEDGE, {"alert": first.alert})
        await paged(tmp_path, 2)
        hub.running.signal(signal.SIGKILL)
        assert await hub.running.ended() == -signal.SIGKILL
    async with hub_process(file) as hub, join(hub.editor, name="bo") as bo:
        assert await firing(bo, 1) == [second]
        await shake(bo, 4.9, "second")
        answer = await bo.request(ACKNOWLEDGE, {"alert": second.alert})
        assert msgspec.json.decode(answer) == {"by": "bo"}
        assert await asked(bo) == []
    told = [(event["type"], event["key"]) for event in await alerts_recorded(tmp_path / "collab.db")]
    assert sorted(told) == sorted(
        (kind, each.alert) for kind in ("alert:ack", "alert:fire") for each in (first, second)
    )
    assert sorted(await paged(tmp_path, 2)) == sorted((first.alert, second.alert))


async def test_a_terminal_is_rung_and_shows_a_notice_and_obeys_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "VTE_VERSION"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "collab.toml"
    file.write_text('[[rules]]\nwhen = "deploys: ok = false"\nname = "deploy"\nnotify = ["bell", "toast", "desktop"]\n')
    failed = json.dumps({"ok": False, "text": "shop \x1b]0;evil\x07\x9c\nfailed"})
    async with terminal(file, "--name", "ana") as ana:
        await ana.shows("ana")
        await ana.shows("LIVE")
        before = len(ana.output)
        await output_of("publish", file, "deploys", "deploy:finish", failed)
        await ana.shows("\x1b]9;! deploy: deploys  shop ␛]0;evil␇� failed\x1b\\", after=before)
        await ana.shows("\x07", after=before)
        await ana.shows("alerts ", after=before)
        assert b"\x1b]0;evil" not in ana.output
        seen = len(ana.output)
        ana.press("!")
        await ana.shows("not acked", after=seen)
        ana.press("a")
        await ana.shows("acknowledged by ana", after=seen)
        ana.press("qq")
        assert await ana.ended() == 0
    told = await alerts_recorded(tmp_path / "collab.db")
    assert [event["type"] for event in told] == ["alert:fire", "alert:ack"]
    assert told[1]["data"]["by"] == "ana"
