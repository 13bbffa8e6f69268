"""Notices on the desktop: by its own program where there is one, otherwise by the terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from html import escape

from .drawing.text import clean, cut
from .programs import went_well

PATIENCE = 5.0
MOST_CELLS = 200

_OSASCRIPT = ("on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run")
_OSC_777 = ("foot", "rxvt")


def notice_command(environ: Mapping[str, str], title: str, text: str, platform: str = sys.platform) -> list[str] | None:
    """
    Give the command that shows a notice, None where there is none.

    Args:
        environ: The environment; it tells which desktop this is, if any.
        title: The notice's title.
        text: What it says.
        platform: As in `sys.platform`.

    """
    title, text = _safe(title), _safe(text)
    path = environ.get("PATH")
    if platform == "darwin" and (program := shutil.which("osascript", path=path)):
        lines = [word for line in _OSASCRIPT for word in ("-e", line)]
        return [program, *lines, "--", title, text]
    desktop = "DISPLAY" in environ or "WAYLAND_DISPLAY" in environ
    if desktop and (program := shutil.which("notify-send", path=path)):
        return [program, "--app-name=collab-dash", "--", title, escape(text, quote=False)]  # the body may be markup
    return None


def notice_sequence(environ: Mapping[str, str], title: str, text: str) -> str:
    """Give the control sequence by which a terminal shows a notice: OSC 777 for those that have only that, or OSC 9."""
    title, text = _safe(title).replace(";", ","), _safe(text)
    if environ.get("TERM", "").startswith(_OSC_777) or "VTE_VERSION" in environ:
        return f"\x1b]777;notify;{title};{text}\x1b\\"
    return f"\x1b]9;{title}: {text}\x1b\\"


def _safe(text: str) -> str:
    return cut(clean(text), MOST_CELLS)


async def show_notice(command: list[str]) -> bool:
    """Run a command of `notice_command`; tell whether it went well."""
    return await went_well(command, within=PATIENCE)
