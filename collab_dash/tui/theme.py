"""The looks of our own: dark, light, and in the colours of the terminal. Each has one accent colour."""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import BUILTIN_THEMES, Theme

from ..people import COLOURS, ON_LIGHT

CALM = Theme(
    name="calm",
    primary="#5fb3b3",
    secondary="#4b8f8f",
    accent="#5fb3b3",
    foreground="#c5cdd6",
    background="#0f1418",
    surface="#151b21",
    panel="#1c242c",
    success="#8dbf7a",
    warning="#d9a95f",
    error="#df6b6f",
    dark=True,
    variables={"footer-key-foreground": "#5fb3b3", "input-selection-background": "#5fb3b3 35%"},
)

PAPER = Theme(
    name="paper",
    primary="#0f6e6e",
    secondary="#3d7f7f",
    accent="#0f6e6e",
    foreground="#23303a",
    background="#fbfaf7",
    surface="#f2f0ea",
    panel="#e7e4dc",
    success="#3b7a2a",
    warning="#955f00",
    error="#b3333a",
    dark=False,
    variables={"footer-key-foreground": "#0f6e6e", "input-selection-background": "#0f6e6e 25%"},
)

PALETTE = Theme(
    name="ansi",
    ansi=True,
    primary="ansi_cyan",
    secondary="ansi_cyan",
    accent="ansi_cyan",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    variables=BUILTIN_THEMES["ansi-dark"].variables,
)


_OF_THE_TERMINAL = {
    "red": "ansi_red",
    "orange": "ansi_bright_red",
    "yellow": "ansi_yellow",
    "green": "ansi_green",
    "teal": "ansi_cyan",
    "blue": "ansi_blue",
    "violet": "ansi_magenta",
    "pink": "ansi_bright_magenta",
}


def person_colours(theme: Theme) -> dict[str, str]:
    """Give the variables of people's colours, such as can be read on the theme's ground."""
    colours = _OF_THE_TERMINAL if theme.ansi else COLOURS if theme.dark else ON_LIGHT
    return {f"person-{name}": colour for name, colour in colours.items()}


def default_theme(environ: Mapping[str, str]) -> str:
    """Give the look for a terminal: its own sixteen colours where it has no more, or where none are wanted."""
    terminal = environ.get("TERM", "")
    many = environ.get("COLORTERM") or "256" in terminal or "direct" in terminal
    return CALM.name if many and "NO_COLOR" not in environ else PALETTE.name
