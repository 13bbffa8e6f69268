from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Cli, Ran
from collab_dash.announcement import Announcement
from collab_dash.event import MAX_EVENT_BYTES
from hubs import hub_of, link, workspace_at


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Announcement]:
    async with hub_of(workspace_at(tmp_path)) as announcement:
        yield announcement


async def recorded(cli: Cli, hub: Announcement) -> list[dict[str, Any]]:
    ran = await asyncio.to_thread(cli, "tail", hub.db, "--no-follow")
    return [json.loads(line) for line in ran.out.splitlines()]


async def test_one_event(cli: Cli, hub: Announcement) -> None:
    for target in (link(hub, "editor"), Path(hub.db).parent):
        ran = await asyncio.to_thread(cli, "publish", target, "deploys", "deploy:finish", '{"v":1}', "--key", "web")
        assert (ran.code, ran.err) == (0, "")
    assert ran.out == '{"offset":2}\n'
    for event in await recorded(cli, hub):
        assert (event["feed"], event["type"], event["key"], event["data"]) == (
            "deploys",
            "deploy:finish",
            "web",
            {"v": 1},
        )


@pytest.mark.parametrize(("data", "payload"), [(None, {}), ("3", {"value": 3}), ('"é"', {"value": "é"})])
async def test_data_that_is_no_object_is_wrapped(cli: Cli, hub: Announcement, data: str | None, payload: Any) -> None:
    await asyncio.to_thread(cli, "publish", link(hub), "deploys", "a:b", *([] if data is None else [data]))
    assert [event["data"] for event in await recorded(cli, hub)] == [payload]


async def publish_lines(child: Cli, hub: Announcement, type_: str, lines: Iterable[str]) -> Ran:
    return await asyncio.to_thread(
        child, "publish", link(hub), "deploys", *([type_] if type_ == "-" else [type_, "-"]), stdin="\n".join(lines)
    )


async def test_each_line_gets_one_answer_in_order(child: Cli, cli: Cli, hub: Announcement) -> None:
    lines = ['{"n":1}', "", "nonsense", "[2]", "NaN", "[" * 100_000, '"' + "x" * MAX_EVENT_BYTES + '"', '{"n":3}']
    ran = await publish_lines(child, hub, "a:b", lines)
    answers = [json.loads(line) for line in ran.out.splitlines()]
    codes = [answer["error"]["code"] if "error" in answer else answer["offset"] for answer in answers]
    assert codes == [1, "invalid_payload", 2, "invalid_payload", "invalid_payload", "too_large", 3]
    assert answers[1]["error"]["message"].startswith("not JSON: ")
    assert ran.code == 1
    assert ran.err == "collab-dash: 4 of 7 lines were refused; see the answers\n"
    assert [event["data"] for event in await recorded(cli, hub)] == [{"n": 1}, {"value": [2]}, {"n": 3}]


async def test_whole_events_by_line(child: Cli, cli: Cli, hub: Announcement) -> None:
    lines = [
        '{"type":"a:b","key":"k","time":5,"data":{"n":1}}',
        '{"offset":9,"feed":"other","type":"c:d","received":7,"key":null,"data":{}}',  # a line of tail
        '{"type":"a:b"}',
    ]
    ran = await publish_lines(child, hub, "-", lines)
    assert (ran.code, ran.out, ran.err) == (0, '{"offset":1}\n{"offset":2}\n{"offset":3}\n', "")
    first, second, third = await recorded(cli, hub)
    assert (first["type"], first["key"], first["time"], first["data"]) == ("a:b", "k", 5, {"n": 1})
    assert (second["feed"], second["type"], second["offset"]) == ("deploys", "c:d", 2)
    assert third["data"] == {}


@pytest.mark.parametrize(
    ("line", "words", "path"),
    [
        ("null", "each line must be an object with a type", []),
        ('{"data":{}}', "each line must be an object with a type", []),
        ('{"type":"zork"}', "an event type is domain:action", ["data", "type"]),
        ('{"type":"a:b","data":3}', "", ["data", "data"]),
        ('{"type":"a:b","key":3}', "", ["data", "key"]),
    ],
)
async def test_a_wrong_line_is_told_with_its_place(
    child: Cli, hub: Announcement, line: str, words: str, path: list[str]
) -> None:
    ran = await publish_lines(child, hub, "-", [line])
    error = json.loads(ran.out)["error"]
    assert ran.code == 1
    assert (error["code"], error["path"], error["retry"]) == ("invalid_payload", path, False)
    assert words in error["message"]


async def test_a_line_over_the_link_s_limit_does_not_cost_the_link(child: Cli, hub: Announcement) -> None:
    ran = await publish_lines(child, hub, "a:b", ['"' + "x" * (2 << 20) + '"', "1"])
    big, small = map(json.loads, ran.out.splitlines())
    assert big["error"]["code"] == "too_large"
    assert small == {"offset": 1}


async def test_lines_are_answered_at_once_and_an_interrupt_waits_for_none(hub: Announcement) -> None:
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "collab_dash", "publish", link(hub), "deploys", "a:b", "-"),
        stdin=reading,
        stdout=subprocess.PIPE,
    )
    os.close(reading)
    assert process.stdout is not None
    for number in (1, 2):
        os.write(writing, b"{}\n")
        assert await process.stdout.readline() == b'{"offset":%d}\n' % number
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(5):
        assert await process.wait() == 130
    os.close(writing)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("deploys", "zork", "{}"), 1, "an event type is domain:action"),
        (("DEPLOYS", "a:b", "{}"), 1, "a feed's name is lower-case letters"),
        (("deploys", "a:b", "{"), 2, "Invalid value for DATA: not JSON"),
        (("deploys", "a:b", "NaN"), 2, "NaN is no number in JSON"),
        (("deploys",), 2, "Missing argument 'TYPE'"),
    ],
)
async def test_what_cannot_be_published(
    cli: Cli, hub: Announcement, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ran = await asyncio.to_thread(cli, "publish", link(hub), *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err
    assert not await recorded(cli, hub)


async def test_a_viewer_a_stranger_and_a_recording_change_nothing(cli: Cli, hub: Announcement) -> None:
    viewer = await asyncio.to_thread(cli, "publish", link(hub, "viewer"), "deploys", "a:b")
    assert (viewer.code, viewer.out) == (1, "")
    assert viewer.err.startswith("collab-dash: feed:publish needs the role editor; this link is for a viewer")
    stranger = await asyncio.to_thread(cli, "publish", f"{hub.url}/#wrong", "deploys", "a:b")
    assert (stranger.code, stranger.out) == (1, "")
    assert "wrong token" in stranger.err
    file = await asyncio.to_thread(cli, "publish", hub.db, "deploys", "a:b")
    assert (file.code, file.out) == (2, "")
    assert "is a recording; publish to a link or a workspace" in file.err
    assert not await recorded(cli, hub)


async def test_answers_hold_nothing_a_terminal_obeys(child: Cli, hub: Announcement) -> None:
    ran = await publish_lines(child, hub, "-", ['{"type":"\u009b[2J"}'])
    assert "\u009b" not in ran.out
