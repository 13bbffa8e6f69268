"""What is wrong is to be seen in ``status --json`` and in the pane: the reason, the next try, and the key to press."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from collab_dash.cli.run import run
from collab_dash.event import unix_ms
from collab_dash.identity import Identity
from collab_dash.peer.session import join
from collab_dash.testing import ReplicaServer
from collab_dash.tui.app import BoardApp
from collab_dash.wire import RECONNECT
from faults.line import Line, line_to
from faults.scene import Peer, until, watched
from faults.upstreams import SECRET
from hubs import hub_of, link, workspace_at
from tui.fake_session import screen_text

HOUR = 3600
BOARD = '[[pages]]\ntitle = "All"\n[[pages.panes]]\nfeed = "ticks"\nview = "log"\n'


@dataclass
class Stage:
    """
    A hub with one feed, which is live, and a pane for it.

    Args:
        url: Joins the hub as its host.
        folder: The workspace's.
        where: The source's address, as people may see it.
        source: The source.
        line: Leads there.
        peer: Looks on.

    """

    url: str
    folder: Path
    where: str
    source: ReplicaServer
    line: Line
    peer: Peer

    async def waits(self) -> None:
        """Have the source ask for an hour's pause."""
        self.line.answer(429, "", {"Retry-After": str(HOUR)})
        await self.peer.goes("ticks", "waiting", "answers 429")

    async def fails(self) -> None:
        """Have the source be gone."""
        self.line.answer(404)
        await self.peer.goes("ticks", "failed", "answers 404")

    async def status(self, capfd: pytest.CaptureFixture[str]) -> dict[str, Any]:
        """Give what ``collab-dash status --json`` says of the feed."""
        capfd.readouterr()
        assert await asyncio.to_thread(run, ["status", str(self.folder), "--json"]) == 0
        out, err = capfd.readouterr()
        assert (err, SECRET in out) == ("", False)
        [feed] = json.loads(out)["feeds"]
        return dict(feed)

    @asynccontextmanager
    async def board(self) -> AsyncIterator[Screen]:
        """Open the board, and quit in order."""
        app = BoardApp(lambda _: join(self.url, name="ana"), Identity(secret="of-ana", name="ana"))
        async with app.run_test(size=(100, 24)) as pilot:
            yield Screen(pilot)
            app.exit()
            await until(lambda: not app.is_running)


class Screen:
    """What somebody sees, and the keys."""

    def __init__(self, pilot: Any) -> None:
        self._pilot = pilot

    async def shows(self, *texts: str) -> str:
        """Wait until all of this is on the screen."""
        text = ""
        try:
            async with asyncio.timeout(8):
                while not text or not all(each in text for each in texts):
                    await self._pilot.pause()
                    text = screen_text(self._pilot.app)
        except TimeoutError:
            pytest.fail(f"{texts} never came to be seen on\n{text}")
        assert SECRET not in text
        return text

    async def press(self, key: str) -> None:
        """Press a key."""
        await self._pilot.press(key)


@pytest.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setenv("TERM", "xterm-256color")
    async with ReplicaServer() as source, line_to(source.port) as line:
        where = f"http://127.0.0.1:{line.port}/events"
        feed = f'[feeds.ticks]\nuse = "sse"\nurl = "{where}?token={SECRET}"\ntype = "tick:update"\n'
        async with hub_of(workspace_at(tmp_path, feed + BOARD)) as hub, watched(link(hub)) as peer:
            await peer.goes("ticks", "live")
            yield Stage(link(hub), tmp_path, where, source, line, peer)


async def test_status_says_why_a_feed_waits_and_until_when(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    await stage.waits()
    feed = await stage.status(capfd)
    assert (feed["state"], feed["reason"]) == ("waiting", f"{stage.where} answers 429: too many requests")
    assert HOUR - 60 < (feed["retry_at"] - unix_ms()) / 1000 <= HOUR


async def test_status_says_why_a_feed_failed_and_what_to_do(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    await stage.fails()
    feed = await stage.status(capfd)
    assert (feed["state"], feed["reason"]) == ("failed", f"{stage.where} answers 404")
    assert (feed["retry_at"], feed["hint"]) == (None, "check the feed's url")


async def test_status_says_nothing_of_trouble_that_is_over(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    await stage.fails()
    await stage.line.mend()
    await stage.peer.session.request(RECONNECT, {"feed": "ticks"})
    await stage.peer.goes("ticks", "live", after=len(stage.peer.told("ticks")))
    feed = await stage.status(capfd)
    assert (feed["state"], feed["reason"], feed["hint"], feed["retry_at"], feed["attempt"]) == ("live", "", "", None, 0)


async def test_the_pane_of_a_feed_that_waits(stage: Stage) -> None:
    async with stage.board() as screen:
        stage.source.play({"word": "alpha"})
        await screen.shows("alpha")
        await stage.waits()
        await screen.shows("alpha", "STALE", "next try in", "answers 429: too many requests", "r reconnect")


async def test_the_pane_of_a_feed_that_failed_before_its_first_event(stage: Stage) -> None:
    await stage.fails()
    async with stage.board() as screen:
        await screen.shows("ticks is failed", "answers 404", "check the feed's url", "r tries again now")


async def test_the_pane_of_a_feed_that_is_live_after_the_key_was_pressed(stage: Stage) -> None:
    async with stage.board() as screen:
        await stage.waits()
        await screen.shows("ticks is waiting", "answers 429", "next try in", "r tries again now")
        await stage.line.mend()
        await screen.press("r")
        stage.source.play({"word": "omega"})
        text = await screen.shows("omega", "LIVE")
        assert "answers 429" not in text
        assert "reconnect" not in text
