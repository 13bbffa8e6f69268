from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from cli.conftest import Cli
from collab_dash.cli import board
from collab_dash.identity import Identity, load_identity, remember
from hubs import hub_of, link, workspace_at
from processes import terminal


class Opened:
    """What would have been drawn, and joined for it."""

    def __init__(self) -> None:
        self.board: dict[str, Any] = {}
        self.joined: tuple[Any, ...] = ()
        self.name = ""
        self.ask = False
        self.rest: dict[str, Any] = {}

    def draw(self, connect: Callable[[Callable[[], None]], Any], you: Identity, *, ask: bool, **board: Any) -> None:
        self.board, self.ask = board, ask
        connect(lambda: None)

    def open_session(self, location: Any, you: Identity, **rest: Any) -> None:
        self.joined, self.name, self.rest = (location,), you.name, rest

    def join(self, *where: Any, name: str, **rest: Any) -> None:
        self.joined, self.name = where, name


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    found = Opened()
    monkeypatch.setattr(board, "interactive", lambda: True)
    monkeypatch.setattr("collab_dash.tui.run_board", found.draw)
    monkeypatch.setattr("collab_dash.peer.launch.open_session", found.open_session)
    monkeypatch.setattr("collab_dash.peer.session.join", found.join)
    return found


@pytest.mark.parametrize("arguments", [(), (".",), ("demo",), ("join", "http://127.0.0.1:1/#x"), ("--page", "x")])
def test_without_a_terminal_there_is_help_and_exit_code_2(child: Cli, arguments: tuple[str, ...]) -> None:
    ran = child(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: collab-dash")
    assert ran.err.endswith("collab-dash: the board needs a terminal; for pipes there are serve, tail and query\n")


def test_what_is_piped_in_needs_a_terminal_to_draw_on(child: Cli) -> None:
    ran = child("-", stdin="line\n")
    assert (ran.code, ran.out) == (2, "")
    assert "- watches what is piped in, on a terminal: some-program | collab-dash -" in ran.err


@pytest.mark.parametrize(
    ("arguments", "identity", "label"),
    [
        ((), "builtin:starter", ""),
        (("wall.toml",), "{}/wall.toml", "WALL"),
        (("sub",), "{}/sub/collab.toml", ""),
        (("demo",), "builtin:demo", "DEMO"),
    ],
)
def test_the_workspace_meant_is_opened(
    cli: Cli, opened: Opened, tmp_path: Path, arguments: tuple[str, ...], identity: str, label: str
) -> None:
    (tmp_path / "wall.toml").write_text('[session]\nlabel = "WALL"')
    (tmp_path / "sub").mkdir()
    workspace_at(tmp_path / "sub")
    assert cli(*arguments) == (0, "", "")
    (location,) = opened.joined
    assert location.identity == identity.format(tmp_path)
    assert opened.board == {"page": None, "first": label}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--page", "Two", "--name", "ana"),
        (".", "--page", "Two", "--name", "ana"),
        ("--page", "Two", ".", "--name", "ana"),
        ("demo", "--page", "Two", "--name", "ana"),
        ("join", "http://h/#x", "--name", "ana", "--page", "Two"),
    ],
)
def test_page_and_name_may_stand_anywhere(cli: Cli, opened: Opened, arguments: tuple[str, ...]) -> None:
    assert cli(*arguments).code == 0
    assert (opened.name, opened.board["page"]) == ("ana", "Two")


@pytest.mark.parametrize("arguments", [("--approve",), ("--approve", "."), (".", "--approve"), ("demo", "--approve")])
def test_newcomers_wait_where_that_is_wanted(cli: Cli, opened: Opened, tmp_path: Path, arguments: tuple[str]) -> None:
    workspace_at(tmp_path)
    assert cli(*arguments).code == 0
    assert opened.rest["approve"] is True


@pytest.mark.parametrize("command", [("demo",), ("serve",), ("join", "http://h/#x")])
def test_to_let_newcomers_wait_is_never_silently_left_aside(cli: Cli, command: tuple[str, ...]) -> None:
    code, _, err = cli("--approve", *command)
    assert code == 2
    assert "--approve stands behind the command" in err


@pytest.mark.parametrize("arguments", [(), ("join", "http://h/#x")])
def test_a_name_is_the_options_then_the_environments_then_the_user_files_then_the_remembered_then_the_logins(
    cli: Cli,
    opened: Opened,
    arguments: tuple[str, ...],
    private_dirs: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("USER", "login")
    cli(*arguments)
    assert (opened.name, opened.ask) == ("login", True)
    remember(structs.replace(load_identity(), name="kept"))
    cli(*arguments)
    assert (opened.name, opened.ask) == ("kept", False)
    (private_dirs / "config.toml").write_text('[user]\nname = "file"')
    cli(*arguments)
    assert opened.name == "file"
    monkeypatch.setenv("COLLAB_DASH_USER__NAME", "environment")
    cli(*arguments)
    assert opened.name == "environment"
    cli(*arguments, "--name", "option")
    assert opened.name == "option"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("join", "nonsense"), "'nonsense' is not a link\n  a link looks like"),
        (("join", "http://h:x/#T"), "is not a link: Port could not be cast"),
        (("bad.toml",), "bad.toml:1: not TOML"),
    ],
)
def test_what_cannot_be_opened_is_one_clear_line(
    cli: Cli, opened: Opened, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    (tmp_path / "bad.toml").write_text("x = y")
    code, out, err = cli(*arguments)
    assert (code, out) == (1, "")
    assert words in err
    assert not opened.board


@pytest.mark.parametrize("target", ["wrong token", "nobody there"])
async def test_a_refused_join_leaves_the_screen_and_says_why(tmp_path: Path, target: str) -> None:
    async with hub_of(workspace_at(tmp_path)) as announcement:
        url = f"{announcement.url}/#wrong" if target == "wrong token" else "http://127.0.0.1:1/#x"
        async with terminal("join", url) as joined:
            words = "refused: wrong token" if target == "wrong token" else "connection refused"
            place = await joined.shows("\x1b[?1049l")  # the screen that was there before is back
            await joined.shows(words, after=place)
            assert await joined.ended() == 1


async def test_a_viewer_joins_and_leaves(tmp_path: Path) -> None:
    async with (
        hub_of(workspace_at(tmp_path)) as announcement,
        terminal("join", link(announcement, "viewer"), "--name", "ana") as joined,
    ):
        await joined.shows("ana")
        joined.press("q")
        assert await joined.ended() == 0


async def test_a_feed_whose_plugin_fails_stops_that_feed_and_not_the_board(tmp_path: Path) -> None:
    text = '[feeds.bad]\nuse = "nope"\n[feeds.good]\nuse = "system"\n[[pages]]\n[[pages.panes]]\nview = "feeds"\n'
    async with hub_of(workspace_at(tmp_path, text)) as announcement, terminal("join", link(announcement)) as joined:
        await joined.shows("bad")
        await joined.shows("LIVE")
        joined.press("q")
        assert await joined.ended() == 0
