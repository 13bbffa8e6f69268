"""Which proxy of the environment leads to an address; the same for every transport."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from ..errors import FeedFailed

_SCHEMES = ("http", "https", "socks5", "socks5h")
_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_NAMES = {
    "http": ("http", "all", "socks"),
    "https": ("https", "all", "socks"),
    "ws": ("ws", "http", "all", "socks"),
    "wss": ("wss", "https", "all", "socks"),
}


class Proxy(NamedTuple):
    """
    A proxy on the way to an address.

    Args:
        url: With user and password, if it has them; for libraries, not for people.
        shown: As people may see it.
        variable: Where it is set: a variable of the environment, or ``the system's settings``.

    """

    url: str
    shown: str
    variable: str


def proxy_for(url: str) -> Proxy | None:
    """
    Give the proxy that leads to `url`, or None for the direct way.

    ``HTTP_PROXY`` is for ``http`` and ``ws``, ``HTTPS_PROXY`` for ``https`` and ``wss``, ``ALL_PROXY`` for what has no
    other, each in capital or small letters; without any, the system's settings count where the system has them.
    ``NO_PROXY`` lists what is reached directly: ``*``, names, which stand for what is below them too, addresses,
    networks such as ``10.0.0.0/8``, each with a port if need be.

    Raises:
        FeedFailed: If the proxy's address cannot be one; its password is not told.

    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    proxies = getproxies()
    found = next(((name, proxies[name]) for name in _NAMES.get(parts.scheme, ()) if proxies.get(name)), None)
    if found is None or _bypassed(host, port):
        return None
    name, address = found
    variable = _variable(name)
    if name == "socks" and address.startswith("http://"):  # what macOS calls it
        address = "socks5h" + address.removeprefix("http")
    return _checked(address if "://" in address else f"http://{address}", variable)


def _variable(name: str) -> str:
    spelt = (f"{name}_proxy", f"{name}_proxy".upper())
    return next((each for each in spelt if os.environ.get(each)), "the system's settings")


def _checked(address: str, variable: str) -> Proxy:
    hint = f"set {variable} to http://HOST:PORT or socks5h://HOST:PORT where the hub is started"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise FeedFailed(f"{variable} is not the address of a proxy", hint=hint) from None
    if parts.scheme not in _SCHEMES:
        raise FeedFailed(f"{variable} names a proxy of a kind we do not speak: {parts.scheme}", hint=hint)
    if not host:
        raise FeedFailed(f"{variable} names no host", hint=hint)
    shown = f"{parts.scheme}://{_bracketed(host)}{'' if port is None else f':{port}'}"
    return Proxy(_normal(parts), shown, variable)


def _normal(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _bypassed(host: str, port: int) -> bool:
    exceptions = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    if exceptions is None:
        return bool(proxy_bypass(host))  # of the system's settings; without such, always false
    return any(entry == "*" or _matches(entry, host.lower(), port) for entry in _entries(exceptions))


def _entries(exceptions: str) -> Iterator[str]:
    return (entry for entry in (entry.strip().lower() for entry in exceptions.split(",")) if entry)


def _matches(entry: str, host: str, port: int) -> bool:
    with suppress(ValueError):  # it, or the host, is no address
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    name, colon, number = entry.rpartition(":")
    if colon and number.isdigit():
        return int(number) == port and _matches(name, host, port)
    name = entry.lstrip("*").lstrip(".")
    return host == name or host.endswith(f".{name}")
