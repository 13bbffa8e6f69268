"""Alerts on the screen: heard, seen, listed, acknowledged."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.notifications import Notification

from collab_dash.board import Pane
from collab_dash.doc import edits
from collab_dash.errors import RequestRefused
from collab_dash.event import Event
from collab_dash.peer.replica import Replica
from collab_dash.peer.session import Firing, Joined, Lost
from collab_dash.rules import Rule
from collab_dash.tui.desktop import notice_command, notice_sequence, show_notice
from collab_dash.tui.screens.alerts import AlertsDialog
from collab_dash.tui.screens.dialogs import EventDialog
from collab_dash.wire import ACKNOWLEDGE, RULES, Alert
from tui.fake_session import NOON, FakeSession, board, tick, welcome
from tui.opened import Seat, opened

LOG = Pane(feeds=("btc",), view="log", title="Log", width=12)
EVERY = ("bell", "toast", "desktop")


def alert(number: int, **changes: Any) -> Alert:
    facts = {
        "alert": f"a{number}", "rule": "r", "name": "big move", "when": "btc: price > 5", "feed": "btc",
        "key": "BTC-USD", "offset": number, "time": NOON, "text": f"price={number}", "fired": NOON + number * 1000,
        "notify": EVERY,
    }  # fmt: skip
    return Alert(**{**facts, **changes})


def told(offset: int, type_: str, key: str, data: Any) -> Event:
    return Event(offset=offset, feed="alerts", type=type_, key=key, received=NOON, data=msgspec.to_builtins(data))


RULE = Rule(id="r", when="btc: price > 5", name="big move", hold=30.0, notify=("bell", "oncall"))


class AlertSession(FakeSession):
    """A session that knows of alerts."""

    def __init__(self, past: Sequence[Event] = (), *, pane: Pane = LOG, **changes: Any) -> None:
        super().__init__(board(pane), [*(tick(n, float(n)) for n in range(1, 20)), *past], **changes)
        self.acknowledged: list[str] = []
        self.rules = [RULE]

    async def request(
        self, event: str, data: Any = None, *, timeout: float = 10.0, key: str | None = None
    ) -> msgspec.Raw:
        if event == ACKNOWLEDGE:
            self.acknowledged.append(data["alert"])
            if data["alert"] == "a13":
                raise RequestRefused("there is no such alert", code="not_found")
            return msgspec.Raw(b'{"by":"ana"}')
        if event == RULES:
            return msgspec.Raw(msgspec.json.encode(self.rules))
        return await super().request(event, data, timeout=timeout, key=key)


class LonelySession(AlertSession):
    """A session without a shared document."""

    def share(self, replica: Replica) -> None:
        pass


class Heard:
    """What the program did to be noticed."""

    def __init__(self, seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bells = 0
        self.notices: list[str] = []
        self.toasts: list[str] = []
        monkeypatch.setattr(seat.app, "bell", self._bell)
        monkeypatch.setattr(seat.app, "notice", lambda title, text: self.notices.append(f"{title}: {text}"))
        monkeypatch.setattr(seat.app, "notify", lambda text, **more: self.toasts.append(text))

    def _bell(self) -> None:
        self.bells += 1


async def test_the_top_line_counts_what_is_firing() -> None:
    async with opened(AlertSession()) as seat:
        assert "alerts" not in seat.text.splitlines()[0]
        await seat.push(Firing([alert(1), alert(2)]))
        assert "alerts  2! " in seat.text.splitlines()[0]
    async with opened(AlertSession(), size=(80, 24)) as seat:
        await seat.push(Firing([alert(1)]))
        top = seat.text.splitlines()[0]
        assert " 1! " in top
        assert "alerts" not in top


async def test_what_fires_is_heard_and_seen_and_what_was_firing_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(AlertSession()) as seat:
        heard = Heard(seat, monkeypatch)
        await seat.push(Firing([alert(1), alert(2)]))
        assert (heard.bells, heard.toasts, heard.notices) == (0, [], [])
        await seat.push(Firing([alert(1), alert(2), alert(3, text="up\x1b]0;evil\x07 [b]5[/b]")]))
        assert heard.bells == 1
        assert heard.toasts == ["btc BTC-USD  up␛]0;evil␇ [b]5[/b]"]
        assert heard.notices == ["! big move: btc BTC-USD  up␛]0;evil␇ [b]5[/b]"]
        await seat.push(Firing([alert(3)]))
        assert heard.bells == 1, "others were acknowledged: no news"


async def test_each_rule_says_how_it_wants_to_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(AlertSession()) as seat:
        heard = Heard(seat, monkeypatch)
        await seat.push(Firing([]), Firing([alert(1, notify=("oncall",))]))
        assert (heard.bells, len(heard.toasts), len(heard.notices)) == (0, 0, 0)
        await seat.push(Firing([alert(number, notify=("toast",)) for number in range(2, 9)]))
        assert (heard.bells, len(heard.toasts), len(heard.notices)) == (0, 4, 0)
        assert heard.toasts[-1] == "and 4 more alerts; ! lists them"


async def test_what_fired_while_the_link_was_down_is_told_and_another_logs_alerts_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(AlertSession()) as seat:
        heard = Heard(seat, monkeypatch)
        await seat.push(Firing([alert(1)]), Lost("gone", NOON), Joined(welcome(recovered=True)))
        await seat.push(Firing([alert(1), alert(2)]))
        assert heard.toasts == ["btc BTC-USD  price=2"]
        await seat.push(Lost("gone", NOON), Joined(welcome(epoch="e2")), Firing([alert(7), alert(8)]))
        assert len(heard.toasts) == 1


def toasts(seat: Seat) -> list[Notification]:
    """Give what was toasted; tests of the program draw no toasts."""
    return list(seat.app._notifications)


async def test_a_toast_shows_what_it_says_and_obeys_nothing() -> None:
    async with opened(AlertSession()) as seat:
        await seat.push(Firing([]), Firing([alert(3, name="[bold]x[/]", text="[red]5[/red]", notify=("toast",))]))
        [toast] = toasts(seat)
        assert (toast.title, toast.message, toast.markup) == ("! [bold]x[/]", "btc BTC-USD  [red]5[/red]", False)


async def test_a_acknowledges_the_newest() -> None:
    session = AlertSession()
    async with opened(session) as seat:
        await seat.press("a")
        assert session.acknowledged == []
        await seat.push(Firing([alert(1), alert(2)]))
        assert "a Acknowledge" in seat.text
        await seat.press("a")
        await seat.until(lambda: "big move: acknowledged by ana" in [toast.message for toast in toasts(seat)])
        assert session.acknowledged == ["a2"]
        await seat.push(Firing([alert(13)]))
        await seat.press("a")
        await seat.until(lambda: "there is no such alert" in [toast.message for toast in toasts(seat)])


async def test_a_viewer_looks_only() -> None:
    session = AlertSession(role="viewer")
    async with opened(session) as seat:
        await seat.push(Firing([alert(1)]))
        assert "Acknowledge" not in seat.text
        await seat.press("a", "exclamation_mark", "a")
        assert "big move" in seat.line("not acked")
        assert "acknowledge" not in seat.text
        assert session.acknowledged == []


async def test_the_dialog_lists_what_fires_and_what_was_with_who() -> None:
    first, second = alert(1), alert(2, name="quake", feed="quakes", key=None)
    past = [
        told(30, "alert:fire", "a1", first),
        told(31, "alert:failed", "a2", {"alert": "a2", "target": "pager"}),
        told(32, "alert:ack", "a1", {"alert": "a1", "by": "bo"}),
        told(33, "alert:fire", "a9", {"from": "another version"}),
        told(34, "alert:ack", "a1", {"whom": 5}),
    ]
    async with opened(LonelySession(past)) as seat:
        seat.clock.now += 62_000
        await seat.push(Firing([second]))
        await seat.press("exclamation_mark")
        await seat.until(lambda: "Rules" in seat.text)
        assert "Alerts · 1 firing" in seat.text
        parts = [part.split() for line in seat.text.splitlines() for part in line.split("┃") if " 14:00:0" in part]
        assert parts[0] == ["14:00:02", "!", "quake", "quakes", "price=2", "60s", "not", "acked"]
        assert parts[1] == ["14:00:01", "·", "big", "move", "btc", "BTC-USD", "price=1", "61s", "bo"]
        rule = seat.line("for 30s")
        assert "btc: price > 5" in rule
        assert "“big move” · for 30s · bell, oncall" in rule
        await seat.happen(told(35, "alert:fire", "a2", second), told(36, "alert:failed", "a2", {"target": "pager"}))
        await seat.until(lambda: "✗ pager" in seat.text)


async def test_the_dialog_lists_the_rules_that_people_share() -> None:
    session = AlertSession()
    session.shared.edit(lambda document: edits.add_rule(document, Rule(when="btc: price > 7")))
    async with opened(session) as seat:
        await seat.press("exclamation_mark")
        await seat.until(lambda: "btc: price > 7" in seat.text)
        assert "big move" not in seat.text
        session.shared.edit(lambda document: edits.add_rule(document, Rule(when="btc: price > 8", cooldown=90.0)))
        await seat.until(lambda: "btc: price > 8  cooldown 90s · bell, toast" in seat.text)


async def test_the_chosen_one_is_acknowledged_and_its_event_shown() -> None:
    session = AlertSession()
    async with opened(session) as seat:
        await seat.push(Firing([alert(number) for number in (3, 4, 5)]))
        await seat.press("exclamation_mark", "down", "a")
        assert session.acknowledged == ["a4"]
        await seat.push(Firing([alert(3), alert(5), alert(6)]))
        await seat.press("end", "a")
        assert session.acknowledged == ["a4", "a3"]
        await seat.press("enter")
        await seat.until(lambda: isinstance(seat.app.screen, EventDialog))
        assert "ticker:update" in seat.text
        await seat.press("escape", "home", "a")
        assert session.acknowledged[-1] == "a6"
        await seat.push(Firing([alert(7, offset=None)]))
        await seat.press("home", "enter")
        await seat.until(lambda: any("is not in the log" in toast.message for toast in toasts(seat)))
        await seat.press("exclamation_mark")
        assert not isinstance(seat.app.screen, AlertsDialog)


async def test_many_alerts_scroll_with_the_choice() -> None:
    async with opened(AlertSession(), size=(80, 24)) as seat:
        await seat.push(Firing([alert(number) for number in range(100, 180)]))
        await seat.press("exclamation_mark")
        assert "price=179" in seat.text
        await seat.press("end")
        assert "price=100" in seat.text
        await seat.press("up", "pageup")
        assert "price=121" in seat.text
        await seat.press("home")
        assert "price=179" in seat.text
        await seat.pilot.click(offset=(20, 4))
        await seat.press("down")
        dialog = seat.app.screen
        assert isinstance(dialog, AlertsDialog)
        chosen = dialog.chosen()
        assert chosen is not None
        assert f"price={int(chosen.alert[1:]) + 1}" in seat.text.splitlines()[4]


async def test_without_alerts_and_rules_the_dialog_says_so() -> None:
    session = AlertSession()
    session.rules = []
    async with opened(session) as seat:
        await seat.press("exclamation_mark")
        assert "no alerts yet" in seat.text
        assert "no rules" in seat.text
        await seat.press("down", "enter", "a")
        assert session.acknowledged == []


async def test_a_pane_of_alerts_is_live() -> None:
    pane = Pane(feeds=("alerts",), view="log", title="Alerts", columns=("type", "name"), width=12)
    session = AlertSession([told(30, "alert:fire", "a1", alert(1))], pane=pane)
    async with opened(session) as seat:
        assert "●" in seat.line("1 Alerts")
        assert "big move" in seat.line("alert:fire")


# The desktop


def executable(folder: Path, name: str, script: str = "exit 0") -> Path:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_a_desktop_has_a_program_for_notices(tmp_path: Path) -> None:
    notify, osascript = executable(tmp_path, "notify-send"), executable(tmp_path, "osascript")
    environ = {"PATH": str(tmp_path)}
    assert notice_command(environ, "t", "x", "linux") is None, "no desktop"
    command = notice_command({**environ, "DISPLAY": ":0"}, "-t\x1b", "<b>5 & 6</b>\n", "linux")
    assert command == [str(notify), "--app-name=collab-dash", "--", "-t␛", "&lt;b&gt;5 &amp; 6&lt;/b&gt;↵"]
    command = notice_command(environ, 'say "x"', "y", "darwin")
    assert command is not None
    assert command[0] == str(osascript)
    assert command[-3:] == ["--", 'say "x"', "y"]
    assert notice_command({"PATH": "/nowhere", "WAYLAND_DISPLAY": "w"}, "t", "x", "linux") is None


def test_a_terminal_gets_a_notice_that_can_hold_no_other_sequence() -> None:
    title, text = "a;b\x07", "c\x1b\\d\x9c" + "x" * 500
    nine = notice_sequence({"TERM": "xterm-256color"}, title, text)
    assert nine.startswith("\x1b]9;a,b␇: c␛\\d�x")
    assert nine.endswith("…\x1b\\")
    other = notice_sequence({"TERM": "foot"}, title, "c")
    assert other == "\x1b]777;notify;a,b␇;c\x1b\\"
    assert notice_sequence({"VTE_VERSION": "7600"}, "a", "c").startswith("\x1b]777;")
    assert all(sign not in nine[2:-2] + other[2:-2] for sign in "\x1b\x07\x9c")


async def test_a_program_for_notices_that_fails_is_noticed(tmp_path: Path) -> None:
    assert await show_notice([str(executable(tmp_path, "good"))])
    assert not await show_notice([str(executable(tmp_path, "bad", "exit 1"))])
    assert not await show_notice([str(tmp_path / "none")])


async def test_a_notice_goes_by_the_desktops_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path, "notify-send", f'printf "%s|" "$@" > {tmp_path}/said')
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    async with opened(AlertSession()) as seat:
        await seat.push(Firing([]), Firing([alert(1, notify=("desktop",)), alert(2, notify=("desktop",))]))
        if notices := [worker for worker in seat.app.workers if worker.group == "notice"]:
            await seat.app.workers.wait_for_complete(notices)
    said = (tmp_path / "said").read_text()
    assert said == "--app-name=collab-dash|--|! big move|btc BTC-USD  price=2 (and 1 more)|"
