"""Options that name a source: its address, and secrets from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

import pydantic

from ..errors import FeedFailed

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def expand(text: str, environ: Mapping[str, str]) -> str:
    """
    Put variables of the environment in the place of each ``${NAME}``.

    Raises:
        FeedFailed: If one is not set.

    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in environ:
            raise FeedFailed(f"the environment variable {name} is not set", hint=f"set {name} where the hub is started")
        return environ[name]

    return _VARIABLE.sub(value, text)


def expand_headers(headers: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """
    Expand the values of headers.

    Raises:
        FeedFailed: If a variable is not set, or a value cannot stand in a header; the value is not told.

    """
    expanded = {name: expand(value, environ).strip(" \t") for name, value in headers.items()}
    for name, value in expanded.items():
        if not value.isprintable():
            raise FeedFailed(
                f"the header {name} holds a line break or another control character",
                hint="check the environment variable it comes from",
            )
    return expanded


Origin = tuple[str, str, int | None]
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def origin(url: str) -> Origin:
    """
    Give scheme, host and port of an address: what a server is trusted as.

    Raises:
        ValueError: If it is no address.

    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)


def may_be_told(home: Origin, there: Origin) -> bool:
    """Tell whether what is meant for `home`, secrets among it, may go `there`: the same place, or it made safer."""
    return there in (home, ("https", home[1], 443))


def _check_url(url: str, schemes: tuple[str, ...]) -> str:
    wanted = " or ".join(f"{scheme}://" for scheme in schemes)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"not a usable address: {error}") from None
    if parts.scheme not in schemes:
        raise ValueError(f"should start with {wanted}")
    if not parts.hostname:
        raise ValueError(f"has no host name; write {schemes[0]}://HOST/PATH")
    if any(character.isspace() or not character.isprintable() for character in url):
        raise ValueError("holds a space or a control character")
    return url


def _check_http(url: str) -> str:
    return _check_url(url, ("https", "http"))


def _check_websocket(url: str) -> str:
    return _check_url(url, ("wss", "ws"))


def _check_headers(headers: dict[str, str]) -> dict[str, str]:
    for name in headers:
        if re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) is None:
            raise ValueError(f"{name!r} cannot be the name of a header")
    return headers


HttpUrl = Annotated[str, pydantic.AfterValidator(_check_http)]
WebSocketUrl = Annotated[str, pydantic.AfterValidator(_check_websocket)]
HttpHeaders = Annotated[dict[str, str], pydantic.AfterValidator(_check_headers)]
