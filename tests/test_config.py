from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from collab_dash.board import Pane
from collab_dash.config import FeedConfig, Workspace, load_workspace
from collab_dash.errors import ConfigError
from collab_dash.workspace_location import BUILTINS, locate
from hubs import workspace_at

PANE = "[[pages]]\n[[pages.panes]]\nview = 'feeds'"


def problems(workspace: Workspace) -> list[str]:
    return [problem.message.removeprefix(f"{workspace.identity}:") for problem in workspace.problems]


def test_a_workspace_that_says_nothing_has_defaults(tmp_path: Path) -> None:
    (tmp_path / "collab.toml").write_text("")
    workspace = load_workspace()
    assert workspace == Workspace(
        identity=str(tmp_path / "collab.toml"),
        name=tmp_path.name,
        folder=tmp_path,
        db=tmp_path / "collab.db",
        board=workspace.board,
    )
    assert (workspace.host, workspace.port, workspace.port_given, workspace.read_only) == (
        "127.0.0.1",
        8765,
        False,
        False,
    )
    assert workspace.board.pages[0].panes == (Pane(view="feeds", width=12),)


@pytest.mark.parametrize(
    ("key", "values"),
    [("port", [1, 2, 3, 4]), ("label", ["A", "B", "C", "D"]), ("read_only", [True, False, True, False])],
)
def test_option_before_environment_before_workspace_before_user_file(
    tmp_path: Path, key: str, values: list[Any]
) -> None:
    def toml(value: Any) -> str:
        return f"[session]\n{key} = {json.dumps(value)}\n"

    environ = {"COLLAB_DASH_CONFIG": str(tmp_path / "user.toml")}
    overrides: dict[str, Any] = {key: None}

    def found() -> tuple[Any, str]:
        workspace = load_workspace(tmp_path, overrides=overrides, environ=environ)
        return getattr(workspace, key), workspace.origins[f"session.{key}"]

    (tmp_path / "collab.toml").write_text("")
    (tmp_path / "user.toml").write_text(toml(values[0]))
    assert found() == (values[0], f"{tmp_path / 'user.toml'}:2")
    (tmp_path / "collab.toml").write_text(toml(values[1]))
    assert found() == (values[1], f"{tmp_path / 'collab.toml'}:2")
    environ[f"COLLAB_DASH_SESSION__{key.upper()}"] = json.dumps(values[2])
    assert found() == (values[2], "environment")
    overrides[key] = values[3]
    assert found() == (values[3], "command line")


def test_the_database_is_where_it_was_located_before(tmp_path: Path) -> None:
    (tmp_path / "wall").mkdir()
    (tmp_path / "wall" / "collab.toml").write_text('[session]\ndb = "file.db"')
    for environ in ({}, {"COLLAB_DASH_DB": "here.db"}):
        environ = {"COLLAB_DASH_CONFIG": "none", **environ}
        for db in (None, "given.db"):
            workspace = load_workspace("wall", overrides={"db": db}, environ=environ)
            assert workspace.db == locate("wall", db=db, environ=environ).db


def test_paths_start_where_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "wall").mkdir()
    file = tmp_path / "wall" / "collab.toml"
    file.write_text('[session]\ntls_cert = "cert.pem"\ntls_key = "~/key.pem"')
    workspace = load_workspace("wall", overrides={"db": "x.db"})
    assert workspace.tls_cert == tmp_path / "wall" / "cert.pem"
    assert workspace.tls_key == Path("~/key.pem").expanduser()
    assert workspace.db == tmp_path / "x.db"


def test_a_port_that_somebody_asked_for_is_insisted_on(tmp_path: Path) -> None:
    assert load_workspace(overrides={"port": 8765}).port_given
    assert workspace_at(tmp_path, "[session]\nport = 8765").port_given
    assert not load_workspace("builtin:demo").port_given


def test_secrets_stay_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "SECRET")
    workspace = workspace_at(tmp_path, '[feeds.a]\nuse = "sse"\nheaders = { A = "Bearer ${TOKEN}" }\n')
    assert workspace.feeds["a"] == FeedConfig("a", "sse", {"headers": {"A": "Bearer ${TOKEN}"}})
    assert "SECRET" not in repr(workspace)


def test_the_environment_adds_to_feeds_and_makes_new_ones(tmp_path: Path) -> None:
    (tmp_path / "collab.toml").write_text('[feeds.a]\nuse = "usgs"\nx = 1\ny = 2\n')
    environ = {
        "COLLAB_DASH_CONFIG": "none",
        "COLLAB_DASH_FEEDS__A__Y": "3",
        "COLLAB_DASH_FEEDS__B__USE": "system",
    }
    workspace = load_workspace(environ=environ)
    assert workspace.feeds == {
        "a": FeedConfig("a", "usgs", {"x": 1, "y": 3}),
        "b": FeedConfig("b", "system", {}),
    }
    assert workspace.board.feeds == ("a", "b")
    assert workspace.feeds["a"].source.at(("feeds", "a", "y")) == "environment"
    assert workspace.feeds["a"].source.at(("feeds", "a", "x")) == f"{tmp_path / 'collab.toml'}:3"


@pytest.mark.parametrize("name", BUILTINS)
def test_the_built_in_workspaces_are_valid(name: str) -> None:
    workspace = load_workspace(f"builtin:{name}")
    assert not workspace.problems
    assert workspace.feeds
    assert workspace.label == ("DEMO" if name == "demo" else "")


def test_without_pages_each_feed_has_a_pane(tmp_path: Path) -> None:
    board = workspace_at(tmp_path, '[feeds.a]\nuse = "x"\n[feeds.b]\nuse = "y"\n').board
    assert [pane.feeds for pane in board.pages[0].panes] == [("a",), ("b",)]
    assert {pane.width for pane in board.pages[0].panes} == {6}
    assert workspace_at(tmp_path, '[feeds.a]\nuse = "x"\n').board.pages[0].panes[0].width == 12


def test_pages_and_panes_are_taken_as_written(tmp_path: Path) -> None:
    workspace = workspace_at(
        tmp_path,
        """
        feeds.a.use = "x"
        [[pages]]
        title = "One"
        [[pages.panes]]
        feeds = ["a"]
        view = "line"
        columns = ["key", "spark(price)"]
        types = ["ticker:*"]
        filter = "price > 3"
        span = "15m"
        width = 4
        [[pages]]
        [[pages.panes]]
        view = "people"
        """,
    )
    assert not workspace.problems
    one, two = workspace.board.pages
    assert (one.title, two.title) == ("One", "Page 2")
    assert one.panes == (
        Pane(
            feeds=("a",),
            view="line",
            columns=("key", "spark(price)"),
            types=("ticker:*",),
            filter="price > 3",
            span=900,
            width=4,
        ),
    )
    assert two.panes == (Pane(view="people"),)


@pytest.mark.parametrize(
    ("text", "messages", "hint"),
    [
        ("[feeds.A]\nuse = 'x'", ["1: a feed cannot be called 'A'"], "lower-case letters"),
        ("[feeds]\na = 3", ["2: feeds.a is not a table"], "write [feeds.a]"),
        ("[feeds.a]\nurl = 'x'", ["1: [feeds.a] does not say which plugin to use"], 'add use = "…"'),
        ("[feeds.a]\nuse = 3", ["1: [feeds.a] does not say which plugin to use"], 'add use = "…"'),
        ("[[pages]]\ntitel = 'x'", ["2: page 1 has no key 'titel'"], "did you mean 'title'?"),
        ("pages = [3]", ["1: page 1: should be a table"], ""),
        ("[[pages]]\npanes = 3", ["2: page 1, pane 1: should be a table"], ""),
        ("[[pages]]\n[[pages.panes]]\nview = 'log'", ["2: page 1, pane 1 names no feed"], 'add feed = "…"'),
        (
            "[feeds.orders]\nuse = 'x'\n[[pages]]\n[[pages.panes]]\nfeed = 'order'",
            ["5: page 1, pane 1 shows 'order', which is no feed"],
            "did you mean 'orders'?",
        ),
        (
            "[[pages]]\n[[pages.panes]]\nview = 'peple'",
            [
                "3: page 1, pane 1 view: there is no view 'peple'; did you mean 'people'?",
                "2: page 1, pane 1 names no feed",
            ],
            "",
        ),
        (
            f"{PANE}\nwdith = 3",
            ["4: page 1, pane 1 has no key 'wdith'"],
            "did you mean",
        ),
        (
            f"{PANE}\nwidth = 13",
            ["4: page 1, pane 1 width: Input should be less"],
            "",
        ),
        (f"{PANE}\nspan = '0s'", ["4: page 1, pane 1 span: a span is at least"], ""),
        (f"{PANE}\nspan = 'x'", ["4: page 1, pane 1 span: 'x' is not a span"], ""),
        (f"{PANE}\ntypes = ['x']", ["4: page 1, pane 1 types: 'x' is not an"], ""),
        (f"{PANE}\nfilter = 'a >'", ["4: page 1, pane 1 filter: filter 'a >'"], ""),
        (
            f"{PANE}\nfeed = 'a'\nfeeds = ['b']",
            ["2: page 1, pane 1: give either feed or feeds, not both"],
            "",
        ),
    ],
)
def test_what_is_wrong_with_one_feed_or_pane_stops_only_that(
    tmp_path: Path, text: str, messages: list[str], hint: str
) -> None:
    workspace = workspace_at(tmp_path, f"{text}\n")
    found = problems(workspace)
    assert len(found) == len(messages)
    for message, expected in zip(found, messages, strict=True):
        assert message.startswith(expected)
    assert workspace.problems[0].hint.startswith(hint)


def test_a_pane_may_be_wrong_in_more_than_one_way(tmp_path: Path) -> None:
    found = problems(workspace_at(tmp_path, f"{PANE}\nwidth = 'x'\nfeed = 'a'\nfeeds = ['b']\n"))
    assert found == [
        "4: page 1, pane 1 width: should be a whole number",
        "2: page 1, pane 1: give either feed or feeds, not both",
    ]


def test_the_rest_of_a_pane_is_kept(tmp_path: Path) -> None:
    text = "[feeds.a]\nuse = 'x'\n[[pages]]\n[[pages.panes]]\nfeed = 'a'\nview = 'tabel'\nwidth = 3\ntitle = 'T'\n"
    assert workspace_at(tmp_path, text).board.pages[0].panes == (Pane(feeds=("a",), width=3, title="T"),)


def test_a_feed_that_is_wrong_is_told_once_not_for_each_pane(tmp_path: Path) -> None:
    panes = "[[pages.panes]]\nfeed = 'gone'\n" * 3
    assert len(workspace_at(tmp_path, f"[[pages]]\n{panes}").problems) == 1


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("[session]\nnmae = 'x'", ":2: [session] has no key 'nmae'", "did you mean 'name'?"),
        ("[session]\nport = 'x'", ":2: [session] port: should be a whole number", ""),
        ("[session]\nport = 70000", ":2: [session] port: Input should be less than or equal to 65535", ""),
        ("[session]\nname = ''", ":2: [session] name: String should have at least 1 character", ""),
        ("[session]\nread_only = 'x'", ":2: [session] read_only: should be true or false", ""),
        ("[session]\ntls_cert = 'x'", "tls_cert and tls_key go together", "give both"),
        ("[sessions]\nname = 'x'", ":1: there is no [sessions] here", "did you mean 'session'?"),
        ("session = 3", ":1: session is not a table", "write [session]"),
        ("feeds = []", ":1: feeds is not a table", "write [feeds.NAME]"),
        ("[pages]", ":1: pages is not a table", "write [[pages]]"),
        ("x = y", ":1: not TOML", "strings need quotes"),
    ],
)
def test_what_is_wrong_with_the_whole_is_an_error(tmp_path: Path, text: str, words: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        workspace_at(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "collab.toml")) or words.startswith("tls")
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"COLLAB_DASH_PORT": "x"}, "environment: [session] port: should be a whole number"),
        ({"COLLAB_DASH_SESSION__PROT": "1"}, "environment: [session] has no key 'prot'"),
        ({"COLLAB_DASH_SESSIO__PORT": "1"}, "environment: there is no [sessio] here"),
        ({"COLLAB_DASH_USER__NMAE": "x"}, "environment: [user] has no key 'nmae'"),
    ],
)
def test_a_wrong_variable_is_told(environ: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)):
        load_workspace(environ={"COLLAB_DASH_CONFIG": "none", **environ})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = y", ":1: not TOML"),
        ("[user]\nnmae = 'x'", ":2: [user] has no key 'nmae'"),
        ("[feeds.a]\nuse = 'x'", ":1: there is no [feeds] here"),
    ],
)
def test_what_is_wrong_in_the_user_file_is_told_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    user = tmp_path / "user.toml"
    user.write_text(text)
    with pytest.raises(ConfigError, match=re.escape(f"{user}{words}")):
        load_workspace(environ={"COLLAB_DASH_CONFIG": str(user)})


def test_the_name_of_the_person_comes_from_the_environment_or_the_user_file(tmp_path: Path) -> None:
    user = tmp_path / "user.toml"
    user.write_text("[user]\nname = 'file'")
    environ = {"COLLAB_DASH_CONFIG": str(user)}
    assert load_workspace(environ=environ).user == "file"
    assert load_workspace(environ={**environ, "COLLAB_DASH_USER__NAME": "ana"}).user == "ana"
