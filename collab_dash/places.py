"""Where on the board somebody looks: from what programs tell each other to what people read."""

from __future__ import annotations

from .board import Board, Page, Pane, name_of


def spot_of(pane: Pane, number: int) -> str:
    """Give what it is called among the panes of its page, of which two may have one title."""
    return f"{number} {name_of(pane)}"


def is_page(page: Page, told: str) -> bool:
    """Tell whether a page is the one that somebody named: by its id, or by its title where there is no document."""
    return bool(told) and told in (page.id, page.title)


def is_pane(pane: Pane, number: int, told: str) -> bool:
    """Tell whether a pane is the one that somebody named, likewise."""
    return bool(told) and told in (pane.id, spot_of(pane, number))


def titles(board: Board, page: str, pane: str) -> tuple[str, str]:
    """
    Give what a page and one of its panes are called; empty for what is not there.

    Args:
        board: As it is now.
        page: The page that somebody named.
        pane: The pane that they named.

    """
    shown = next((each for each in board.pages if is_page(each, page)), None)
    if shown is None:
        return ("", "") if any(each.id for each in board.pages) else (page, pane)
    spots = (spot_of(each, number) for number, each in enumerate(shown.panes, 1) if is_pane(each, number, pane))
    return shown.title, next(spots, "")
