"""Who you are on this machine: a secret that proves it, and the name and colour you chose."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from .announcement import state_dir, write_private
from .errors import HubError


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """
    Somebody, as their own machine knows them.

    Args:
        secret: Told to hubs alone; others see `collab_dash.wire.person_id` of it.
        name: What they chose to be called, an empty string before they did.
        color: The colour they chose, one of `collab_dash.people.COLOURS`, or an empty string.

    """

    secret: str
    name: str = ""
    color: str = ""


def identity_file() -> Path:
    """Give the file it is kept in, private, in the state folder."""
    return state_dir() / "person.json"


def load_identity() -> Identity:
    """Give who we are, made on first use; where nothing can be kept it lasts as long as this program."""
    known = _kept()
    if known is not None:
        return known
    import secrets  # a board that is known already opens without it

    fresh = Identity(secret=secrets.token_urlsafe(24))
    with suppress(HubError):
        write_private(identity_file(), msgspec.json.encode(fresh), replace=False)
        if _kept() is None:
            remember(fresh)  # in the place of a file that is damaged
    return _kept() or fresh  # of two programs that start at once, both take what the first one wrote


def _kept() -> Identity | None:
    try:
        known = msgspec.json.decode(identity_file().read_bytes(), type=Identity)
    except (OSError, msgspec.MsgspecError):
        return None
    return known if known.secret else None


def remember(identity: Identity) -> None:
    """
    Keep a chosen name and colour.

    Raises:
        HubError: If they cannot be kept.

    """
    write_private(identity_file(), msgspec.json.encode(identity))
