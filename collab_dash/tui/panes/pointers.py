"""Where others have their cursors in a pane of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...glance import LONGEST
from ...wire import Person


class Tag(NamedTuple):
    """
    What a row is known by on every screen, whatever row it is there.

    Args:
        offset: The event's number in the log; None for one that is not there.
        key: Its key where a row stands for one, otherwise empty; people are told the beginning of a long one.

    """

    offset: int | None = None
    key: str = ""

    def is_under(self, person: Person) -> bool:
        """Tell whether somebody has the cursor on it."""
        if self.key:
            return person.key == self.key[:LONGEST]
        return self.offset is not None and not person.key and person.offset == self.offset


def pointing(people: Sequence[Person]) -> list[Person]:
    """Give those who have a cursor."""
    return [person for person in people if person.offset is not None or person.key]
