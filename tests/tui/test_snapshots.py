"""The board as it looks, at the sizes it is drawn for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from collab_dash.tui.app import BoardApp
from tui.drawn import drawn, ready
from tui.fake_session import app_of
from tui.sample import later_events, sample_session
from tui.talking import talking_session

Compare = Callable[..., bool]


def after(*keys: str, later: bool = False) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Wait for the board, then press keys, then perhaps let more events come."""

    async def run(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, BoardApp)
        await ready(pilot)
        await pilot.press(*keys)
        await drawn(pilot)
        if later:
            app.live.streams.take(later_events())
        await pilot.pause()
        app.live.frames.flush()
        await pilot.pause()

    return run


CASES: dict[str, tuple[tuple[int, int], tuple[str, ...], bool]] = {
    "board-160x45": ((160, 45), (), False),
    "board-80x24": ((80, 24), (), False),
    "paused-160x45": ((160, 45), ("4", "space"), True),
    "markets-80x24": ((80, 24), ("right_square_bracket",), False),
    "raw-160x45": ((160, 45), ("right_square_bracket", "right_square_bracket"), False),
    "zoomed-160x45": ((160, 45), ("2", "z"), False),
    "detail-80x24": ((80, 24), ("4", "down", "enter"), False),
    "help-160x45": ((160, 45), ("question_mark",), False),
    "follow-120x32": ((120, 32), ("F",), False),
    "people-80x24": ((80, 24), ("P",), False),
    "picker-160x45": ((160, 45), ("plus", "down", "right", "down"), False),
    "picker-80x24": ((80, 24), ("plus", "down"), False),
    "form-160x45": ((160, 45), ("4", "e"), False),
    "form-80x24": ((80, 24), ("4", "e"), False),
    "travelling-160x45": ((160, 45), ("t", *["less_than_sign"] * 5), False),
    "travelling-80x24": ((80, 24), ("t", *["less_than_sign"] * 5), False),
}


@pytest.mark.parametrize("case", CASES)
def test_the_board_looks_as_it_did(case: str, snap_compare: Compare) -> None:
    size, keys, later = CASES[case]
    assert snap_compare(app_of(sample_session()), terminal_size=size, run_before=after(*keys, later=later))


TALK: dict[str, tuple[tuple[int, int], tuple[str, ...]]] = {
    "talk-160x45": ((160, 45), ("1", "j", "j")),
    "talk-80x24": ((80, 24), ("3",)),
    "thread-160x45": ((160, 45), ("3", "G", "k", "c", "up", "up")),
    "chat-80x24": ((80, 24), ("C",)),
}


@pytest.mark.parametrize("case", TALK)
def test_talk_looks_as_it_did(case: str, snap_compare: Compare) -> None:
    size, keys = TALK[case]
    assert snap_compare(app_of(talking_session()), terminal_size=size, run_before=after(*keys))
