"""Themes, sixteen colours and none: no meaning by colour alone."""

from __future__ import annotations

import pytest
from rich.color import ColorType

from collab_dash.tui.theme import CALM, PALETTE, default_theme
from tui.fake_session import screen_strips
from tui.opened import opened
from tui.sample import sample_session


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"TERM": "xterm-256color"}, CALM.name),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, CALM.name),
        ({"TERM": "xterm-direct"}, CALM.name),
        ({"TERM": "xterm"}, PALETTE.name),
        ({"TERM": "linux", "COLORTERM": ""}, PALETTE.name),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, PALETTE.name),
        ({}, PALETTE.name),
    ],
)
def test_the_look_follows_the_terminal(environ: dict[str, str], name: str) -> None:
    assert default_theme(environ) == name


@pytest.mark.parametrize("theme", ["calm", "paper", "ansi", "textual-light", "nord"])
async def test_every_theme_shows_the_same_words_and_the_focus(theme: str) -> None:
    async with opened(sample_session(), size=(160, 45)) as seat:
        before = seat.text
        seat.app.theme = theme
        await seat.settle()
        await seat.until(lambda: seat.text == before)


async def test_sixteen_colours_are_the_terminals_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLORTERM")
    async with opened(sample_session(), size=(160, 45)) as seat:
        colours = {
            segment.style.color.type
            for strip in screen_strips(seat.app)
            for segment in strip
            if segment.style and segment.style.color
        }
        assert colours <= {ColorType.DEFAULT, ColorType.STANDARD}


async def test_without_colours_focus_cursor_and_badges_still_stand_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(sample_session(), size=(160, 45)) as seat:
        await seat.press("4", "down")
        reversed_text = [
            segment.text
            for strip in screen_strips(seat.app)
            for segment in strip
            if segment.style and segment.style.reverse
        ]
        assert any("13:59:59" in text for text in reversed_text)
        assert any("PINNED" in text for text in reversed_text)
        assert any("DEMO" in text for text in reversed_text)
        assert "┏━ 4 Wikipedia edits" in seat.text
