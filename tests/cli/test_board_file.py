"""``config export``: from a hub and from a recording, to standard output and into files."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from cli.conftest import Cli
from collab_dash.board import Pane
from collab_dash.config import load_workspace
from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.rules import Rule
from hubs import hub_of, link, workspace_at
from sharing import Peer, sharing

TEXT = """\
[session]
name = "wall"    # ours

[feeds.demo]
use = "demo"     # invented

# what matters
[[pages]]
title = "First"

[[pages.panes]]
feed = "demo"
title = "One"    # the first
"""
CHANGED = TEXT.replace('"One" ', '"Two" ')


async def retitle(peer: Peer, title: str) -> None:
    (pane,) = peer.replica.document.panes
    with peer.replica.edit() as document:
        edits.change(document, "panes", pane, title=title)
    await peer.shared()


def ran(folder: Path, text: str = TEXT, title: str = "Two") -> Path:
    """Let a hub run for a while on a workspace, and somebody change the board."""
    workspace = workspace_at(folder, text)

    async def run() -> None:
        async with hub_of(workspace) as hub, sharing(link(hub)) as ana:
            await retitle(ana, title)

    asyncio.run(run())
    return folder / "collab.toml"


def titles(document: Document) -> list[str]:
    return [pane.title for pane in document.panes.values()]


def test_the_recordings_board_is_printed(cli: Cli, tmp_path: Path) -> None:
    file = ran(tmp_path)
    assert cli("config", "export", file) == (0, CHANGED, "")
    assert file.read_text() == TEXT


def test_the_file_is_written_whole_keeps_its_mode_and_is_not_planted_again(cli: Cli, tmp_path: Path) -> None:
    file = ran(tmp_path)
    file.chmod(0o640)
    linked = tmp_path / "link.toml"
    linked.symlink_to(file)
    code, out, err = cli("config", "export", linked, "--write")
    assert (code, out) == (0, "")
    assert err == f"collab-dash: wrote {linked}, with the board from {tmp_path / 'collab.db'}\n"
    assert linked.is_symlink()
    assert file.read_text() == CHANGED
    assert file.stat().st_mode & 0o777 == 0o640
    assert cli("config", "export", file, "--write") == (0, "", f"collab-dash: {file} has the board already\n")
    assert sorted(path.name for path in tmp_path.iterdir() if "toml" in path.name) == ["collab.toml", "link.toml"]

    async def again() -> None:
        async with hub_of(load_workspace(file)) as hub, sharing(link(hub)) as ana:
            assert titles(ana.replica.document) == ["Two"]
            assert len(ana.replica.document.entries["panes"]) == 1

    asyncio.run(again())


async def test_the_running_hubs_board_is_written_and_later_edits_outlive_its_end(cli: Cli, tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, TEXT)
    file = tmp_path / "collab.toml"
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana:
        await retitle(ana, "Two")
        assert await asyncio.to_thread(cli, "config", "export", file) == (0, CHANGED, "")
        code, _, err = await asyncio.to_thread(cli, "config", "export", file, "--write")
        assert (code, err) == (0, f"collab-dash: wrote {file}, with the board from the running hub\n")
        assert file.read_text() == CHANGED
        await retitle(ana, "Three")
    async with hub_of(load_workspace(file)) as hub, sharing(link(hub)) as ana:
        assert titles(ana.replica.document) == ["Three"]


def test_pages_that_were_changed_by_hand_are_not_written_over_unasked(cli: Cli, tmp_path: Path) -> None:
    file = ran(tmp_path)
    file.write_text(by_hand := TEXT + "width = 4\n")
    words = f"pages or rules in {file} were changed since a hub last read them"
    code, out, err = cli("config", "export", file, "--write")
    assert (code, out, file.read_text()) == (1, "", by_hand)
    assert words in err
    assert "--force writes what is shared over them" in err
    code, out, err = cli("config", "export", file)
    assert (code, out) == (0, CHANGED + "width = 6\n")
    assert words in err
    assert cli("config", "export", file, "--write", "--force").code == 0
    assert file.read_text() == CHANGED + "width = 6\n"


async def test_rules_are_written_as_people_have_them(cli: Cli, tmp_path: Path) -> None:
    rules = '\n# wakes us\n[[rules]]\nname = "big"   # the name\nwhen = "demo: mag >= 6"\n'
    workspace = workspace_at(tmp_path, TEXT + rules)
    file = tmp_path / "collab.toml"
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana:
        (rule,) = ana.replica.document.rules
        with ana.replica.edit() as document:
            edits.change(document, "rules", rule.id, name="huge", hold=90.0)
            edits.add_rule(document, Rule(when="demo: mag >= 4", notify=("toast",)))
        await ana.shared()
        assert (await asyncio.to_thread(cli, "config", "export", file, "--write")).code == 0
        assert file.read_text() == TEXT + (
            '\n# wakes us\n[[rules]]\nname = "huge"   # the name\nwhen = "demo: mag >= 6"\nfor = "90s"\n'
            '\n[[rules]]\nwhen = "demo: mag >= 4"\nnotify = ["toast"]\n'
        )
        with ana.replica.edit() as document:
            edits.change(document, "rules", rule.id, enabled=False)
        await ana.shared()
    async with hub_of(load_workspace(file)) as hub, sharing(link(hub)) as ana:
        assert [(each.name, each.enabled) for each in ana.replica.document.rules] == [("huge", False), ("", True)]


def test_another_file_is_written_and_one_that_is_there_is_not_replaced_unasked(cli: Cli, tmp_path: Path) -> None:
    file, other = ran(tmp_path), tmp_path / "other.toml"
    assert cli("config", "export", file, "--output", other).code == 0
    assert (file.read_text(), other.read_text()) == (TEXT, CHANGED)
    code, _, err = cli("config", "export", file, "--output", other)
    assert (code, err) == (1, f"collab-dash: {other} is there already\n  --force replaces it\n")
    assert cli("config", "export", file, "--output", other, "--force").code == 0
    assert cli("config", "export", file, "--output", file).code == 0
    assert file.read_text() == CHANGED
    code, _, err = cli("config", "export", file, "--output", tmp_path / "none" / "x.toml")
    assert code == 1
    assert f"cannot write {tmp_path / 'none' / 'x.toml'}: No such file or directory" in err


def test_a_built_in_workspace_becomes_a_file(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def run() -> None:
        async with hub_of(load_workspace("builtin:demo")) as hub, sharing(link(hub)) as ana:
            page = next(iter(ana.replica.document.pages))
            with ana.replica.edit() as document:
                edits.add_pane(document, page, Pane(view="people", title="Who"))
            await ana.shared()

    asyncio.run(run())
    code, _, err = cli("config", "export", "builtin:demo", "--write")
    assert (code, err) == (
        1,
        "collab-dash: builtin:demo is built in and has no file to write\n  --output collab.toml makes one\n",
    )
    assert cli("config", "export", "builtin:demo", "--output", "collab.toml").code == 0
    assert load_workspace(tmp_path).board.pages[0].panes[-1] == Pane(view="people", title="Who")


def test_what_a_file_cannot_say_is_told(cli: Cli, tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, TEXT)

    async def run() -> None:
        async with hub_of(workspace) as hub, sharing(link(hub)) as ana:
            page = next(iter(ana.replica.document.pages))
            with ana.replica.edit() as document:
                edits.add_pane(document, page, Pane(title="no feed"))
            await ana.shared()

    asyncio.run(run())
    code, out, err = cli("config", "export", tmp_path)
    assert (code, out) == (0, TEXT + '\n[[pages.panes]]\ntitle = "no feed"\n')
    assert err.startswith("collab-dash: not all of this board can be said in a workspace file\n")


def test_where_there_is_no_document_that_can_be_read_it_says_so(cli: Cli, tmp_path: Path) -> None:
    file, db = tmp_path / "collab.toml", tmp_path / "collab.db"
    file.write_text(TEXT)
    assert f"there is no log at {db}" in cli("config", "export", file).err
    ran(tmp_path)
    with sqlite3.connect(db) as connection:
        connection.execute("UPDATE doc_updates SET data = x'ff01'")
    connection.close()
    code, out, err = cli("config", "export", file)
    assert (code, out) == (1, "")
    assert f"the shared document in {db} cannot be read: not an update" in err
    with sqlite3.connect(db) as connection:
        connection.execute("DROP TABLE doc_updates")
    connection.close()
    code, out, err = cli("config", "export", file)
    assert (code, out) == (1, "")
    assert f"{db} holds no shared document yet" in err


async def test_the_hub_of_another_workspace_is_not_asked(cli: Cli, tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, TEXT)
    other = tmp_path / "other.toml"
    other.write_text(TEXT)
    async with hub_of(workspace):
        code, _, err = await asyncio.to_thread(cli, "config", "export", other)
    assert code == 1
    assert f"runs {tmp_path / 'collab.toml'}, not {other}" in err


def test_write_and_output_exclude_each_other(cli: Cli, tmp_path: Path) -> None:
    workspace_at(tmp_path, TEXT)
    assert cli("config", "export", tmp_path, "--write", "--output", "x").code == 2
