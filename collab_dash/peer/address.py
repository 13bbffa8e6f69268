"""Links: where a session is and what lets you in."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from ..errors import HubError

_SECURE = {"http": False, "ws": False, "https": True, "wss": True}


class Address(NamedTuple):
    """
    What a link says.

    Args:
        url: The peer link's address, ``ws(s)://host:port/ws``.
        shown: The link without its token, safe to print.
        token: What lets you in, or an empty string.

    """

    url: str
    shown: str
    token: str


def parse_link(link: str) -> Address:
    """
    Read ``http(s)://host:port/#TOKEN``; ``ws(s)://`` is taken too, and so is a path before the fragment.

    Raises:
        HubError: If it is not such a link.

    """
    parts = urlsplit(link.strip())
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise HubError(f"{_shown(link)!r} is not a link: {error}", hint=_HINT) from None
    if parts.scheme not in _SECURE or not host:
        raise HubError(f"{_shown(link)!r} is not a link", hint=_HINT)
    scheme = "wss" if _SECURE[parts.scheme] else "ws"
    where = f"[{host}]" if ":" in host else host
    if port is not None:
        where = f"{where}:{port}"
    path = parts.path.rstrip("/").removesuffix("/ws")
    shown = f"{'https' if scheme == 'wss' else 'http'}://{where}{path}"
    return Address(f"{scheme}://{where}{path}/ws", shown, parts.fragment)


def is_link(text: str) -> bool:
    """Tell whether `text` is meant as a link rather than a path."""
    return text.split("://", 1)[0].lower() in _SECURE and "://" in text


def _shown(link: str) -> str:
    return link.split("#", 1)[0]


_HINT = "a link looks like http://host:8765/#TOKEN; the one who runs the session gets it from: collab-dash share"
