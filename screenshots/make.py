"""
Make the pictures of the screen, from the running program on made-up events.

::

    python screenshots/make.py          # the PNG files too, where cairosvg is installed

"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

from screenshots.drawing import svg  # noqa: E402 - likewise
from tui.drawn import drawn, ready  # noqa: E402 - the paths above come first
from tui.fake_session import app_of, screen_strips  # noqa: E402 - likewise
from tui.sample import fallen_back, later_events, sample_session  # noqa: E402 - likewise
from tui.talking import talking_session  # noqa: E402 - likewise

TITLES = ("Q18846", "Toll road", "Köln", "Perovskite solar cell", "Lyon", "Madrid", "Aÿ", "Ελλάδα", "Привет")
SCALE = 1.5
SHOTS: dict[str, tuple[tuple[int, int], list[str]]] = {
    "board-160x45": ((160, 45), []),
    "board-80x24": ((80, 24), []),
    "markets-120x32": ((120, 32), ["right_square_bracket"]),
    "detail-120x32": ((120, 32), ["4", "down", "down", "enter"]),
    "help-120x32": ((120, 32), ["question_mark"]),
    "paused-160x45": ((160, 45), ["4", "space"]),
    "light-160x45": ((160, 45), []),
    "fallback-120x32": ((120, 32), []),
    "talk-160x45": ((160, 45), ["1", "j", "j"]),
    "thread-160x45": ((160, 45), ["3", "G", "k", "c"]),
    "travelling-160x45": ((160, 45), ["t", *["less_than_sign"] * 5]),
    "picker-160x45": ((160, 45), ["plus", "down", "right", "down"]),
    "form-160x45": ((160, 45), ["4", "e"]),
}
TALKING = ("talk", "thread")


async def picture(name: str, size: tuple[int, int], keys: list[str]) -> str:
    """Give an SVG of the screen after some keys."""
    session = talking_session(TITLES, "Köln too?") if name.startswith(TALKING) else sample_session(TITLES)
    app = app_of(session)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        if name.startswith("light"):
            app.theme = "paper"
        await pilot.press(*keys)
        await drawn(pilot)
        if name.startswith("paused"):
            session.happen(*(event for event in later_events() if event.feed == "edits"))
            await session.updates.join()
        if name.startswith("fallback"):
            session.push(*fallen_back())
            await session.updates.join()
        await pilot.pause()
        ground: str = app.screen.styles.background.hex6
        screen_strips(app)
        await pilot.pause()
        return svg(screen_strips(app), ground)


def main() -> None:
    """Write the pictures beside this file."""
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    for name, (size, keys) in SHOTS.items():
        drawn = asyncio.run(picture(name, size, keys))
        (HERE / f"{name}.svg").write_text(drawn)
        try:
            import cairosvg
        except ImportError:
            continue
        cairosvg.svg2png(bytestring=drawn.encode(), write_to=str(HERE / f"{name}.png"), scale=SCALE)


if __name__ == "__main__":
    main()
