"""Copying: by the desktop's own clipboard program where there is one."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping

from .programs import went_well

PATIENCE = 2.0


def clipboard_command(environ: Mapping[str, str], platform: str = sys.platform) -> list[str] | None:
    """
    Give the command that takes the clipboard's new text on standard input, None where there is none.

    Args:
        environ: The environment; it tells which desktop this is, if any.
        platform: As in `sys.platform`.

    """
    commands: list[list[str]] = []
    if platform == "darwin":
        commands.append(["pbcopy"])
    if "WAYLAND_DISPLAY" in environ:
        commands.append(["wl-copy"])
    if "DISPLAY" in environ:
        commands += [["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"]]
    for command in commands:
        if program := shutil.which(command[0], path=environ.get("PATH")):
            return [program, *command[1:]]
    return None


async def copy_by(command: list[str], text: str) -> bool:
    """Hand `text` to a clipboard program; tell whether it took it."""
    return await went_well(command, told=text, within=PATIENCE)
