from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.people import COLOURS, ON_LIGHT, colour_for, distinct_names
from collab_dash.tui.theme import CALM, PAPER


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([], []),
        (["ana", "bo"], ["ana", "bo"]),
        (["ana", "bo", "ana", "ana"], ["ana", "bo", "ana·2", "ana·3"]),
        (["ana·2", "ana", "ana"], ["ana·2", "ana", "ana·3"]),
        (["ana", "ana", "ana·2"], ["ana", "ana·2", "ana·2·2"]),
    ],
)
def test_whoever_comes_later_has_a_number(names: list[str], shown: list[str]) -> None:
    assert distinct_names(names) == shown


@given(st.lists(st.sampled_from(["ana", "bo", "ana·2", "ana·3", ""])))
def test_no_two_are_called_the_same_and_nobody_changes_when_somebody_comes(names: list[str]) -> None:
    shown = distinct_names(names)
    assert len(set(shown)) == len(names)
    assert distinct_names(names[:-1]) == shown[: max(len(names) - 1, 0)]


def test_a_colour_is_the_chosen_one_or_follows_from_the_id() -> None:
    assert colour_for("pink", "0" * 12) == "pink"
    assert colour_for("", "0" * 12) == colour_for("mauve", "0" * 12) == "red"
    assert {colour_for("", f"{number:012x}") for number in range(8)} == set(COLOURS)


def luminance(colour: str) -> float:
    """Give the relative luminance of WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("colours", "theme"), [(COLOURS, CALM), (ON_LIGHT, PAPER)])
def test_every_colour_can_be_read_on_its_ground(colours: dict[str, str], theme: object) -> None:
    assert tuple(colours) == tuple(COLOURS)
    for ground in (getattr(theme, "background"), getattr(theme, "surface")):  # noqa: B009 - the theme's own words
        assert min(contrast(colour, ground) for colour in colours.values()) >= 4.5
