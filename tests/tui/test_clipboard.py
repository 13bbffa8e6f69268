"""Copying: by the desktop's program where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from collab_dash.tui.clipboard import clipboard_command, copy_by


def install(folder: Path, name: str, script: str = "exit 0") -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("desktop", "platform", "installed", "chosen"),
    [
        ({"WAYLAND_DISPLAY": "w"}, "linux", ["wl-copy", "xclip"], ["wl-copy"]),
        ({"DISPLAY": ":0"}, "linux", ["xclip"], ["xclip", "-selection", "clipboard"]),
        ({"DISPLAY": ":0"}, "linux", ["xsel"], ["xsel", "--clipboard", "--input"]),
        ({}, "darwin", ["pbcopy"], ["pbcopy"]),
        ({}, "linux", ["wl-copy", "xclip", "xsel", "pbcopy"], None),
        ({"DISPLAY": ":0"}, "linux", [], None),
    ],
)
def test_the_desktops_program_is_chosen(
    tmp_path: Path, desktop: dict[str, str], platform: str, installed: list[str], chosen: list[str] | None
) -> None:
    for name in installed:
        install(tmp_path, name)
    command = clipboard_command({**desktop, "PATH": str(tmp_path)}, platform)
    assert command == (None if chosen is None else [str(tmp_path / chosen[0]), *chosen[1:]])


async def test_a_program_gets_the_text(tmp_path: Path) -> None:
    install(tmp_path, "copy", f"/bin/cat > {tmp_path}/taken")
    assert await copy_by([str(tmp_path / "copy")], "a\x1b é")
    assert (tmp_path / "taken").read_text() == "a\x1b é"


async def test_a_program_that_fails_hangs_or_is_gone_is_no_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collab_dash.tui.clipboard.PATIENCE", 0.05)
    install(tmp_path, "fails", "exit 3")
    install(tmp_path, "hangs", "exec sleep 30")
    assert not await copy_by([str(tmp_path / "fails")], "x")
    assert not await copy_by([str(tmp_path / "hangs")], "x")
    assert not await copy_by([str(tmp_path / "gone")], "x")
