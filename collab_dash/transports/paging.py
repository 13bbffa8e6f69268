"""Documents that come in pages: where the next one is, and whether it may be asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from ..errors import FeedFailed
from . import http
from .address import may_be_told, origin

MAX_PAGES = 10

_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[^\s=;,"]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s";,]*))?)*)')
_PARAMETER = re.compile(r';\s*([^\s=;,"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s";,]*))')

NextPage = Callable[[Mapping[str, str], bytes], str | None]
"""Finds the address of the next page in a page's headers (lower-case names) and body; it may be relative."""


class Paging(NamedTuple):
    """
    How to go through pages.

    Args:
        next: Finds the next page.
        wanted: Asked when a page was taken: whether the next one may hold anything new.
        most: How many pages one look goes through at most.

    """

    next: NextPage
    wanted: Callable[[], bool]
    most: int = MAX_PAGES


def from_link(headers: Mapping[str, str], body: bytes) -> str | None:
    """Give the target of the header ``Link`` whose relation is ``next``, RFC 8288 section 3; see `NextPage`."""
    for target, parameters in _LINK.findall(headers.get("link", "")):
        for name, quoted, plain in _PARAMETER.findall(parameters):
            if name.lower() == "rel":
                if "next" in (quoted or plain).lower().split():
                    return str(target)
                break  # section 3.3: a relation that is named again does not count
    return None


def resolve(home: str, base: str, target: str) -> str:
    """
    Give the address of the next page.

    Args:
        home: The address the feed was told; what is sent along is meant for its origin.
        base: The address of the page that names the next one.
        target: How it does so.

    Raises:
        FeedFailed: If it is at another origin, where what is sent along must not go, or no address.

    """
    try:
        url = urljoin(base, target)
        there = origin(url)
    except ValueError:
        there, url = ("", "", None), target
    if not may_be_told(origin(home), there):
        raise FeedFailed(
            f"{http.shown(home)} has its next page elsewhere: {http.shown(url)}",
            hint="headers go to one origin only: set url to where the pages are, or check next",
        )
    return url


def with_parameter(url: str, name: str, value: str) -> str:
    """Give `url` with one parameter of its query set, or set anew."""
    parts = urlsplit(url)
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != name]
    return parts._replace(query=urlencode([*pairs, (name, value)])).geturl()
