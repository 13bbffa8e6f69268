from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from collab_dash.cli.asking import Narration, asking
from collab_dash.errors import HubError, JoinRefused, RequestRefused
from collab_dash.peer import session as peer
from collab_dash.peer.session import Joined, Lost, join
from collab_dash.server.process import Address
from collab_dash.wire import FEED_STATUS, PUBLISH, Welcome
from hubs import hub_of, link, workspace_at


async def test_answers_come_however_much_was_pushed_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "MAX_UPDATES", 4)
    async with hub_of(workspace_at(tmp_path)) as announcement, asking(link(announcement)) as asked:
        for _ in range(10):
            async with join(link(announcement), name="ana"):
                pass  # everybody is told of each who comes and goes
        async with asyncio.timeout(5):
            assert bytes(await asked.ask(FEED_STATUS, {})) == b"[]"


async def test_a_question_waits_for_the_hub_to_come_back(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    async with AsyncExitStack() as whole, asyncio.timeout(15):
        first_life = await whole.enter_async_context(AsyncExitStack())
        first = await first_life.enter_async_context(hub_of(workspace))
        asked = await whole.enter_async_context(asking(link(first)))
        await first_life.aclose()
        waiting = asyncio.create_task(asked.ask_again(FEED_STATUS, {}))
        await whole.enter_async_context(hub_of(workspace, address=Address(port=int(first.url.rpartition(":")[2]))))
        assert bytes(await waiting) == b"[]"


async def test_what_is_refused_for_good_is_not_asked_again(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as announcement, asking(link(announcement, "viewer")) as asked:
        with pytest.raises(RequestRefused, match="needs the role editor"):
            await asked.ask_again(PUBLISH, {"feed": "x", "type": "a:b", "data": {}})


async def test_errors_come_out_as_themselves(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as announcement:
        with pytest.raises(JoinRefused, match="wrong token"):
            async with asking(f"{announcement.url}/#wrong"):
                pass
        with pytest.raises(ZeroDivisionError):
            async with asking(link(announcement)):
                raise ZeroDivisionError
    with pytest.raises(HubError, match="connection refused"):
        async with asking(link(announcement)):
            pass


def test_breaks_and_returns_are_told_once_each(capsys: pytest.CaptureFixture[str]) -> None:
    welcome = Welcome(session="s", epoch="e", offset=0, role="host", client="c", recovered=True, ping=1)
    other = Welcome(session="s", epoch="f", offset=0, role="host", client="c", recovered=False, ping=1)
    narration = Narration()
    for update in (
        Joined(other), Lost("the link broke", 0), Lost("refused", 0), Joined(welcome), Joined(welcome),
        Lost("the hub is going down", 0), Joined(other),
    ):  # fmt: skip
        narration.hear(update)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "collab-dash: the link broke; trying again until it is back (Ctrl-C ends this)",
        "collab-dash: joined again",
        "collab-dash: the hub is going down; trying again until it is back (Ctrl-C ends this)",
        "collab-dash: joined again, but the recording is another one now",
    ]
