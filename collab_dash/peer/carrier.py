"""What a replica and awareness see of a session."""

from __future__ import annotations

from typing import Protocol


class Wire(Protocol):
    """What carries messages."""

    async def send_message(self, message: bytes) -> bool:
        """Send a binary message; tell whether there was a link to send it by."""
