from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Cli
from cli.json_schema import faults
from collab_dash.cli.described import HIDDEN
from collab_dash.config import load_workspace
from collab_dash.plugins import available
from hubs import workspace_at

BUILT_IN = Path(__file__).parents[2] / "collab_dash" / "workspaces"


def shown(cli: Cli, *arguments: object) -> dict[str, Any]:
    code, out, err = cli("config", "show", *arguments)
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found


def test_path_names_both_files(cli: Cli, tmp_path: Path, private_dirs: Path) -> None:
    code, out, err = cli("config", "path")
    assert (code, out) == (0, f"builtin:starter\n{private_dirs / 'config.toml'}\n")
    assert err == f"{private_dirs / 'config.toml'} does not exist; it is optional\n"
    workspace_at(tmp_path)
    assert cli("config", "path").out.splitlines()[0] == str(tmp_path / "collab.toml")


def test_show_says_where_each_value_comes_from(
    cli: Cli, tmp_path: Path, private_dirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private_dirs.mkdir()
    (private_dirs / "config.toml").write_text('[session]\nport = 1\nlabel = "MINE"\n[user]\nname = "ana"\n')
    workspace_at(tmp_path, '[session]\nname = "wall"\nport = 2\n[feeds.m]\nuse = "system"\n')
    monkeypatch.setenv("COLLAB_DASH_PORT", "3")
    monkeypatch.setenv("COLLAB_DASH_FEEDS__M__PROCESSES", "4")
    found = shown(cli)
    assert found["workspace"] == str(tmp_path / "collab.toml")
    assert (found["session"]["name"], found["session"]["port"], found["session"]["label"]) == ("wall", 3, "MINE")
    assert found["session"]["db"] == str(tmp_path / "collab.db")
    assert found["user"] == {"name": "ana"}
    assert found["feeds"] == {"m": {"use": "system", "processes": 4}}
    assert found["pages"] == [{"title": "Overview", "panes": [{"feeds": ["m"], "width": 12}]}]
    assert found["from"] == {
        "session.port": "environment",
        "session.label": f"{private_dirs / 'config.toml'}:3",
        "session.name": f"{tmp_path / 'collab.toml'}:2",
        "feeds.m.processes": "environment",
    }


def test_show_hides_what_is_secret(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "SECRET1")
    workspace_at(
        tmp_path,
        """
        [feeds.orders]
        use = "websocket"
        url = "wss://ana:SECRET2@shop.example/live?key=SECRET3#SECRET4"
        headers = { Authorization = "Bearer SECRET5", X = "${SHOP_TOKEN}" }
        send = ['{"token":"SECRET6"}']
        [feeds.other]
        use = "collab"
        url = "http://127.0.0.1:8765/#SECRET7"
        [feeds.unknown]
        use = "not-installed"
        api_key = "SECRET8"
        nested = { password = "SECRET9", plain = "http://h/${SHOP_TOKEN}" }
        """,
    )
    ran = cli("config", "show")
    assert "SECRET" not in ran.out + ran.err
    feeds = json.loads(ran.out)["feeds"]
    assert feeds["orders"]["url"] == f"wss://{HIDDEN}@shop.example/live?{HIDDEN}#{HIDDEN}"
    assert feeds["orders"]["headers"] == feeds["orders"]["send"] == HIDDEN
    assert feeds["unknown"] == {
        "use": "not-installed",
        "api_key": HIDDEN,
        "nested": {"password": HIDDEN, "plain": "http://h/${SHOP_TOKEN}"},
    }


def test_validate_counts_what_is_well(cli: Cli, tmp_path: Path) -> None:
    workspace_at(tmp_path, '[feeds.a]\nuse = "system"\n[feeds.b]\nuse = "usgs"\n')
    assert cli("config", "validate") == (0, f"{tmp_path / 'collab.toml'}: valid, 2 feeds, 2 panes\n", "")


def test_validate_tells_of_variables_that_are_not_set_here(cli: Cli, tmp_path: Path) -> None:
    workspace_at(tmp_path, '[feeds.a]\nuse = "sse"\nurl = "http://h/"\nheaders = { A = "${NOPE}", H = "${HOME}" }\n')
    code, _, err = cli("config", "validate")
    assert (code, err) == (0, "collab-dash: [feeds.a] needs NOPE, which is not set in this environment\n")


def test_validate_and_show_know_limits(cli: Cli, tmp_path: Path) -> None:
    workspace_at(tmp_path, '[feeds.a]\nuse = "system"\nlimit = "30/m"\noverflow = "sample"\n')
    assert cli("config", "validate").code == 0
    assert json.loads(cli("config", "show").out)["feeds"] == {
        "a": {"use": "system", "limit": "30/m", "overflow": "sample"}
    }
    assert not faults(json.loads(cli("config", "schema").out), tomllib.loads((tmp_path / "collab.toml").read_text()))
    workspace_at(tmp_path, '[feeds.a]\nuse = "system"\nlimit = "much"\n')
    code, _, err = cli("config", "validate")
    assert code == 1
    assert f"{tmp_path / 'collab.toml'}:3: [feeds.a] limit: 'much' is not a rate such as 2000/s or 30/m" in err


def test_validate_names_every_fault_with_its_line(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "wall.toml"
    file.write_text(
        """[feeds.btc]
use = "coinbsae"
[feeds.quakes]
use = "usgs"
intervall = 3
[[pages]]
titel = "x"
[[pages.panes]]
feed = "quaks"
view = "tabel"
"""
    )
    code, out, err = cli("config", "validate", file)
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        f"collab-dash: {file}:7: page 1 has no key 'titel'",
        "  did you mean 'title'?",
        f"collab-dash: {file}:10: page 1, pane 1 view: there is no view 'tabel'; did you mean 'table'?",
        f"collab-dash: {file}:9: page 1, pane 1 shows 'quaks', which is no feed",
        "  did you mean 'quakes'?",
        f"collab-dash: {file}:2: [feeds.btc]: there is no feed plugin 'coinbsae'",
        "  did you mean coinbase or binance?",
        f"collab-dash: {file}:5: [feeds.quakes] has no key 'intervall'",
        "  did you mean 'interval'?",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[session]\nname = ops", "wall.toml:2: not TOML: Invalid value\n  strings need quotes"),
        (b'[session]\nname = "\xff"', "wall.toml is not UTF-8 text\n  save it as UTF-8"),
        (b'[session]\nnmae = "x"', "wall.toml:2: [session] has no key 'nmae'\n  did you mean 'name'?"),
        (b'[sesion]\nname = "x"', "wall.toml:1: there is no [sesion] here\n  did you mean 'session'?"),
        (b'[session]\nport = "x"', "wall.toml:2: [session] port: should be a whole number"),
        (b"feeds = 3", "wall.toml:1: feeds is not a table\n  write [feeds.NAME]"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_line(cli: Cli, tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "wall.toml").write_bytes(content)
    for command in (("config", "validate"), ("config", "show"), ("serve",)):
        code, out, err = cli(*command, "wall.toml")
        assert (code, out) == (1, "")
        assert words in err


def test_the_schema_accepts_what_is_valid_and_knows_every_plugin(cli: Cli, tmp_path: Path) -> None:
    code, out, err = cli("config", "schema")
    assert (code, err) == (0, "")
    schema = json.loads(out)
    feeds = {feed["properties"]["use"]["const"]: feed for feed in schema["$defs"]["FeedTable"]["oneOf"]}
    assert set(feeds) == set(available(tmp_path))
    assert feeds["coinbase"]["additionalProperties"] is False
    assert feeds["websocket"]["required"] == ["use", "url"]
    assert feeds["coinbase"]["properties"]["products"]["description"]
    cli("config", "init")
    for file in (tmp_path / "collab.toml", *BUILT_IN.glob("*.toml")):
        assert not faults(schema, tomllib.loads(file.read_text()))


@pytest.mark.parametrize(
    "text",
    [
        "[sesion]",
        "[session]\nnmae = 'x'",
        "[session]\nport = 'x'",
        "[feeds.a]\nuse = 'nope'",
        "[feeds.a]\nuse = 'coinbase'\nprodcts = []",
        "[feeds.a]\nuse = 'websocket'",
        "[[pages]]\n[[pages.panes]]\nview = 'tabel'",
    ],
)
def test_the_schema_refuses_what_is_not(cli: Cli, text: str) -> None:
    assert faults(json.loads(cli("config", "schema").out), tomllib.loads(text))


def test_init_writes_an_example_that_is_valid_and_replaces_nothing(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / 'my "ops" wall'
    code, out, err = cli("config", "init", folder)
    assert (code, out) == (0, f"{folder / 'collab.toml'}\n")
    assert err == "open it with: collab-dash\n"
    text = (folder / "collab.toml").read_text()
    assert text.count("#") > 5
    assert not load_workspace(folder).problems
    assert load_workspace(folder).name == "my ops wall"
    assert cli("config", "validate", folder).code == 0
    (folder / "collab.toml").write_text("# mine")
    again = cli("config", "init", folder)
    assert (again.code, again.out) == (1, "")
    assert again.err.endswith("collab.toml is there already\n  --force replaces it\n")
    assert (folder / "collab.toml").read_text() == "# mine"
    assert cli("config", "init", folder, "--force").code == 0
    assert (folder / "collab.toml").read_text() == text


def test_init_where_nothing_can_be_written(cli: Cli, tmp_path: Path) -> None:
    code, _, err = cli("config", "init", "/proc/nowhere")
    assert code == 1
    assert err.startswith("collab-dash: cannot write /proc/nowhere/collab.toml: No such file or directory")
    (tmp_path / "file").write_text("")
    assert cli("config", "init", "file").code == 2
