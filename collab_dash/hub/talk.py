"""What people say, as the hub sees it: who signs, and how much of the chat is kept."""

from __future__ import annotations

from ..doc.document import Changed
from ..doc.edits import forget_chat
from ..doc.entries import Author
from .shared import Shared
from .subscriber import Subscriber

KEPT_LINES = 2000
AT_ONCE = 200


def author(subscriber: Subscriber) -> Author:
    """Give how what a peer asks for is signed."""
    return Author(id=subscriber.person, name=subscriber.name, color=subscriber.color)


def trim(shared: Shared, changed: Changed) -> None:
    """Keep the latest lines of the chat; the older ones go many at a time, for each time is an edit."""
    if any(root == "chat" for root, _ in changed) and len(shared.document.chat) >= KEPT_LINES + AT_ONCE:
        with shared.edit() as document:
            forget_chat(document, keep=KEPT_LINES)
