"""
Ways to talk upstream. Each is one connection: it yields messages, raises when it breaks, and never retries.

All of them are used alike::

    async with sse.connect(url, cursor=context.cursor, note=context.note) as messages:
        async for message in messages:
            ...

Every failure is raised as `collab_dash.errors.FeedBroken` or `FeedFailed` with a reason for people; no
exception of a network library leaves this package. No reason holds a query string, a password or a header.
"""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct, frozen=True, gc=False):
    """
    One message as it came.

    Args:
        data: Its text, or its bytes where the transport carries bytes.
        event: The name upstream gave it, or an empty string.
        cursor: Upstream's position after this message, or None where it has none.

    """

    data: str | bytes
    event: str = ""
    cursor: str | None = None


def unheard(text: str) -> None:
    """Take a note that nobody asked for."""
