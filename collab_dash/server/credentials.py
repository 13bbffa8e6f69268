"""Tokens: who may do what is fixed by the link, and links outlive the hub."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

import msgspec

from ..announcement import name_of, state_dir, write_private


class Credentials(msgspec.Struct, kw_only=True):
    """
    A workspace's tokens and the port it had last, so that links stay good when the hub is started again.

    Args:
        host: For this machine's screens.
        editor: For links that let people change things.
        viewer: For links that only let people watch.
        port: The port the hub listened on last, 0 before the first time.

    """

    host: str
    editor: str
    viewer: str
    port: int = 0

    def role(self, token: str, *, read_only: bool) -> str | None:
        """
        Give the role a token stands for, None for a wrong one; takes the same time for each.

        Args:
            token: What the peer sent.
            read_only: Whether everybody is a viewer here, the host aside.

        """
        given = token.encode()
        found = None
        for role in ("host", "editor", "viewer"):
            if hmac.compare_digest(given, getattr(self, role).encode()):
                found = role
        return "viewer" if read_only and found == "editor" else found


def new_token() -> str:
    """Give a token that nobody can guess."""
    return secrets.token_urlsafe(24)


def _path(db: Path) -> Path:
    return state_dir() / f"{name_of(db)}.json"


def load_credentials(db: Path) -> Credentials:
    """Give the tokens of this database's session, new ones where there are none or they cannot be read."""
    try:
        return msgspec.json.decode(_path(db).read_bytes(), type=Credentials)
    except (OSError, msgspec.MsgspecError):
        return Credentials(host=new_token(), editor=new_token(), viewer=new_token())


def save_credentials(db: Path, credentials: Credentials) -> None:
    """Keep the tokens and the port in a private file."""
    write_private(_path(db), msgspec.json.encode(credentials))
