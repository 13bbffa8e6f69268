from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from cli.conftest import Cli
from collab_dash.cli import doctor
from collab_dash.trusted import trust
from hubs import hub_of, workspace_at


def findings(out: str) -> dict[str, tuple[str, str]]:
    """Give the mark and the words of each line, by what it is about."""
    return {line[4:26].strip(): (line[:4].strip(), line[26:]) for line in out.splitlines()}


def test_a_healthy_place_has_nothing_to_mend(cli: Cli, tmp_path: Path) -> None:
    workspace_at(tmp_path)
    code, out, err = cli("doctor")
    assert (code, err) == (0, "")
    found = findings(out)
    for what in ("python", "sqlite", "collab-dash", "textual", "runtime folder", "state folder", "feeds"):
        assert found[what][0] == "ok", what
    assert found["workspace"] == ("ok", str(tmp_path / "collab.toml"))
    assert found["terminal"][1].endswith(", not a terminal")
    assert not (tmp_path / "private" / "runtime").exists(), "looking makes nothing"


@pytest.mark.parametrize(
    ("environ", "colours"),
    [
        ({"NO_COLOR": "1", "COLORTERM": "truecolor"}, "none, NO_COLOR is set"),
        ({"COLORTERM": "truecolor"}, "16 million"),
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "xterm"}, "16"),
        ({"TERM": "dumb"}, "none"),
    ],
)
def test_the_terminal_s_abilities(
    cli: Cli, environ: dict[str, str], colours: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "COLORTERM", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert findings(cli("doctor").out)["colours"] == ("", colours)


def test_what_must_be_mended_is_marked_and_the_exit_code_says_so(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "new.py").write_text("")
    monkeypatch.setenv("COLLAB_DASH_RUNTIME_DIR", str(tmp_path / "file"))
    monkeypatch.setattr(doctor, "PACKAGES", ("no-such-package-here",))
    code, out, _ = cli("doctor")
    found = findings(out)
    assert code == 1
    assert found["runtime folder"] == ("BAD", f"{tmp_path / 'file'} cannot be written")
    assert found["no-such-package-here"] == ("BAD", "not installed")
    assert found["feed new"][0] == "BAD"
    assert "read it, then run: collab-dash feeds trust new" in found["feed new"][1]


def test_a_workspace_that_cannot_be_read_is_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "collab.toml").write_text("name = ops")
    code, out, _ = cli("doctor")
    assert code == 1
    assert findings(out)["workspace"][0] == "BAD"
    assert "collab.toml:1: not TOML" in out


async def test_the_hub_that_runs_is_shown(cli: Cli, tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as announcement:
        ran = await asyncio.to_thread(cli, "doctor")
    assert findings(ran.out)["hub"] == ("ok", f"runs at {announcement.url}, pid {announcement.pid}")


def test_addresses_are_tried_only_when_asked(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as there, socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        addresses = {"Coinbase": there.getsockname(), "Usgs": bound.getsockname()}
        monkeypatch.setattr(doctor, "_public", lambda plugin: addresses.get(plugin.__name__.removesuffix("Feed")))
        assert "(network)" not in cli("doctor").out
        ran = cli("doctor", "--network")
    found = findings(ran.out)
    assert ran.code == 1
    assert found["coinbase (network)"][0] == "ok"
    assert found["usgs (network)"][0] == "BAD"
    assert "Connection refused" in found["usgs (network)"][1]


FAR = """
from collections.abc import AsyncIterator
from collab_dash import Event, Feed, FeedContext, FeedOptions

class FarOptions(FeedOptions):
    url: str = "wss://source.invalid/live"

class FarFeed(Feed[FarOptions]):
    needs = {"no_such_library": "far[away]"}

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        yield Event(type="a:b", data={})
"""


def test_a_feed_whose_library_is_missing_is_told_and_is_no_illness(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "far.py").write_text(FAR)
    trust(tmp_path / "feeds" / "far.py")
    tried: list[tuple[str, int]] = []

    def reachable(name: str, host: str, port: int) -> doctor.Finding:
        tried.append((host, port))
        return doctor.Finding(True, name, "answers")

    monkeypatch.setattr(doctor, "_reachable", reachable)
    code, out, _ = cli("doctor", "--network")
    assert code == 0
    assert findings(out)["feed far"] == ("", "needs a library: pip install 'far[away]', where collab-dash is installed")
    assert {("source.invalid", 443), ("ws-feed.exchange.coinbase.com", 443), ("earthquake.usgs.gov", 443)} <= set(tried)
    assert all(host not in ("127.0.0.1", "localhost") for host, _ in tried)
