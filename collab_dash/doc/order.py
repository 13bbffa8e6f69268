"""
Places in an order that many edit at once: a key between any two keys, so that a move is one edit of one entry.

Keys are strings that sort as they are compared, digits of a fraction in base 62; see Figma's description of the method,
"Realtime editing of ordered sequences". Two people may give two entries the same key: the entries' ids then decide.
"""

from __future__ import annotations

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LONGEST = 100


def between(before: str, after: str) -> str:
    """
    Give a key that sorts after `before` and before `after`.

    Args:
        before: A key, or an empty string for the beginning.
        after: A key, or an empty string for the end. If it does not sort after `before`, it counts as the end.

    """
    if after <= before:
        after = ""
    key = ""
    for place in range(LONGEST):
        low = _digit(before, place, 0)
        high = _digit(after, place, 0) if after else len(DIGITS)
        if high - low > 1:
            return key + DIGITS[(low + high) // 2]
        key += DIGITS[low]
        if high > low:
            after = ""  # smaller than `after` at this place already: whatever follows is before it
    return key + DIGITS[len(DIGITS) // 2]


def _digit(key: str, place: int, beyond: int) -> int:
    if place >= len(key):
        return beyond
    return max(DIGITS.find(key[place]), 0)


def row_of(count: int) -> list[str]:
    """Give so many keys in order, for a list that is written at one go."""
    keys: list[str] = []
    for _ in range(count):
        keys.append(between(keys[-1] if keys else "", ""))
    return keys
