from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.conftest import Cli, Ran
from collab_dash.announcement import Announcement
from collab_dash.cli.asking import asking
from collab_dash.hub import subscriber
from collab_dash.peer.session import join
from collab_dash.server.process import Terms
from collab_dash.wire import PUBLISH
from hubs import hub_of, link, publish, workspace_at
from processes import hub_process, program


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Announcement]:
    """A hub whose log holds pub 1, 2, …, 20 with an alarm after each fifth."""
    async with hub_of(workspace_at(tmp_path)) as announcement:
        async with join(link(announcement)) as session:
            for number in range(1, 21):
                await publish(session, number)
                if number % 5 == 0:
                    alarm = {"feed": "alarms", "type": "alarm:fire", "data": {"n": number, "text": "a\u009bb"}}
                    await session.request("feed:publish", alarm)
        yield announcement


async def everywhere(cli: Cli, hub: Announcement, *arguments: object) -> list[Ran]:
    """Tail by link, workspace and database file, without following."""
    targets = (link(hub, "viewer"), Path(hub.db).parent, hub.db)
    return [await asyncio.to_thread(cli, "tail", target, *arguments, "--no-follow") for target in targets]


@pytest.mark.parametrize(
    ("arguments", "offsets"),
    [
        ((), range(1, 25)),
        (("--since", 20), range(21, 25)),
        (("--since", 3, "--limit", 2), [4, 5]),
        (("--since", "0"), range(1, 25)),
        (("--since", "1h", "--limit", 1), [1]),
        (("--since", "9999"), []),
        (("--since", "2999-01-01"), []),
        (("--limit", 3), [22, 23, 24]),
        (("alarms",), [6, 12, 18, 24]),
        (("alarms", "nobody", "--limit", 1), [24]),
        (("--type", "alarm:*"), [6, 12, 18, 24]),
        (("--type", "*:fire", "--type", "other:*", "--limit", 2), [18, 24]),
        (("--where", "n > 18"), [22, 23, 24]),
        (("--where", "n = 5", "--limit", 5), [5, 6]),
        (("pub", "--where", "n < 3", "--since", 1), [2]),
    ],
    ids=str,
)
async def test_link_workspace_and_file_give_the_same_bytes(
    cli: Cli, hub: Announcement, arguments: tuple[object, ...], offsets: list[int]
) -> None:
    ran = await everywhere(cli, hub, *arguments)
    assert ran[0].out == ran[1].out == ran[2].out
    assert [each.code for each in ran] == [0, 0, 0]
    assert [int(line.split(",")[0].removeprefix('{"offset":')) for line in ran[0].out.splitlines()] == list(offsets)


async def test_lines_are_the_events_of_the_contract_with_nothing_a_terminal_obeys(cli: Cli, hub: Announcement) -> None:
    for ran in await everywhere(cli, hub, "--limit", 1):
        head, _, rest = ran.out.partition(',"time":')
        assert head == '{"offset":24,"feed":"alarms","type":"alarm:fire","key":null'
        assert rest.endswith('"data":{"n":20,"text":"a\\u009bb"}}\n')


async def test_pages_join_without_gap_or_duplicate(
    cli: Cli, hub: Announcement, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await everywhere(cli, hub, "--since", 2)
    latest = await everywhere(cli, hub, "--limit", 9)
    monkeypatch.setattr("collab_dash.cli.past.PAGE", 4)
    assert await everywhere(cli, hub, "--since", 2) == whole
    assert await everywhere(cli, hub, "--limit", 9) == latest


@pytest.mark.parametrize("target", ["link", "workspace", "file"])
async def test_following_begins_with_the_past_and_goes_on(hub: Announcement, target: str) -> None:
    where = {"link": link(hub, "viewer"), "workspace": Path(hub.db).parent, "file": hub.db}[target]
    async with program("tail", where, "--since", 22) as tail, join(link(hub)) as session:
        await tail.has(2)
        await publish(session, 21)
        await tail.has(3)
        assert [event["offset"] for event in tail.events] == [23, 24, 25]


async def test_following_without_since_begins_now(hub: Announcement) -> None:
    async with program("tail", link(hub), "--limit", 2) as tail, asking(link(hub)) as asked:
        while tail.count < 2:
            await asked.ask(PUBLISH, {"feed": "pub", "type": "test:tick", "data": {}})
        assert await tail.ended() == 0
        assert tail.events[0]["offset"] > 24


async def test_what_the_hub_skips_is_fetched(hub: Announcement, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriber, "REPLAY_LIMIT", 10)
    monkeypatch.setattr(subscriber, "REPLAY_PAGE", 3)
    async with program("tail", link(hub), "--since", 0, "--limit", 24) as tail:
        assert await tail.ended() == 0
        assert [event["offset"] for event in tail.events] == list(range(1, 25))


async def test_a_file_that_nobody_records_to_is_read_to_its_end(cli: Cli, tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as announcement, join(link(announcement)) as session:
        await publish(session, 1)
    ran = await asyncio.to_thread(cli, "tail", tmp_path / "collab.db")
    assert ran.code == 0
    assert ran.out.startswith('{"offset":1,')
    assert ran.err == f"collab-dash: no hub records to {tmp_path / 'collab.db'}; this is all there is\n"


async def test_a_feed_that_is_not_configured_is_told(child: Cli, hub: Announcement) -> None:
    ran = await asyncio.to_thread(child, "tail", link(hub), "alarms", "--since", 0, "--limit", 4)
    assert (ran.code, len(ran.out.splitlines())) == (0, 4)
    assert ran.err == "collab-dash: no feed here is called alarms; waiting for what is published to it\n"


async def test_the_hub_that_records_is_joined_whatever_workspace_it_runs(child: Cli, hub: Announcement) -> None:
    Path("other.toml").write_text("")
    ran = await asyncio.to_thread(child, "tail", "other.toml", "--since", 22, "--limit", 2)
    assert (ran.code, len(ran.out.splitlines()), ran.err) == (0, 2, "")


async def test_a_break_and_the_return_are_told_once(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    async with hub_process(workspace_at(tmp_path).folder) as first:
        port = first.editor.split(":")[2].split("/")[0]
        tail = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "collab_dash", "tail", first.editor, "--since", "0"),
            stdout=subprocess.PIPE,
            stderr=writing,
        )
        os.close(writing)
        assert tail.stdout is not None
        async with join(first.editor) as session:
            await publish(session, 1)
        assert (await tail.stdout.readline()).startswith(b'{"offset":1,')
        first.running.signal(signal.SIGKILL)
        await first.running.ended()
    async with hub_process(tmp_path, port=int(port)) as second, join(second.editor) as session:
        await publish(session, 2)
        assert (await tail.stdout.readline()).startswith(b'{"offset":2,')
        tail.send_signal(signal.SIGINT)
        assert await tail.wait() == 130
    with os.fdopen(reading) as narration:
        broke, back = narration.read().splitlines()
    assert broke.endswith("trying again until it is back (Ctrl-C ends this)")
    assert back == "collab-dash: joined again"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--since", "yesterday"), "'yesterday' is not an offset, a time such as"),
        (("--type", "zork"), "'zork' is not an event type such as ticker:update or ticker:*"),
        (("--type", "A:b"), "is not an event type"),
        (("--where", "mag >>"), "character 6: expected a value"),
        (("--limit", "0"), "0 is not in the range"),
        ((), "Missing argument 'TARGET'"),
    ],
)
def test_wrong_usage_is_exit_code_2(cli: Cli, arguments: tuple[str, ...], words: str) -> None:
    ran = cli("tail", *(("collab.db", *arguments) if arguments else ()))
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


@pytest.mark.parametrize(
    ("target", "words", "hint"),
    [
        ("http://127.0.0.1:1/#TOKEN", "cannot reach http://127.0.0.1:1: connection refused", "check the address"),
        ("http://127.0.0.1:99999/#TOKEN", "is not a link: Port out of range", "a link looks like"),
        ("http:///#TOKEN", "'http:///' is not a link", "a link looks like"),
        ("nowhere", "there is no workspace at", "collab-dash config init"),
        ("text.db", "text.db is not a SQLite database", "name another file"),
        ("old.toml", "old.toml:1: not TOML", "strings need quotes"),
    ],
)
def test_a_target_that_is_none_is_one_clear_line(cli: Cli, tmp_path: Path, target: str, words: str, hint: str) -> None:
    (tmp_path / "text.db").write_text("not a database, though it is called one")
    (tmp_path / "old.toml").write_text("name = ops")
    code, out, err = cli("tail", target, "--no-follow")
    assert (code, out) == (1, "")
    assert words in err
    assert f"\n  {hint}" in err
    assert "TOKEN" not in err.replace("#TOKEN; the one", "")


async def test_a_wrong_token_is_told_so_and_gets_nothing(cli: Cli, hub: Announcement) -> None:
    for arguments in ((), ("--no-follow",), ("--since", "0"), ("--since", "1h")):
        ran = await asyncio.to_thread(cli, "tail", f"{hub.url}/#wrong", *arguments)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith(f"collab-dash: {hub.url} refused: wrong token")


async def test_the_reader_going_away_ends_it_cleanly_even_in_silence(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path), Terms()) as announcement:
        reading, writing = os.pipe()
        tail = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "collab_dash", "tail", link(announcement), "--since", "0"),
            stdout=writing,
            stderr=subprocess.PIPE,
        )
        os.close(writing)
        async with join(link(announcement)) as session:
            await publish(session, 1)
        assert await asyncio.to_thread(os.read, reading, 10) == b'{"offset":'
        os.close(reading)
        _, err = await tail.communicate()
        assert (tail.returncode, err) == (0, b"")


async def test_an_interrupt_is_130(hub: Announcement) -> None:
    async with program("tail", link(hub), "--since", 0) as tail:
        await tail.has(24)
        tail.signal(signal.SIGINT)
        assert await tail.ended() == 130
