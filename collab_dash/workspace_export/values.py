"""Values as the house writes them in TOML."""

from __future__ import annotations

import json
import re
from typing import Any

_SHOWN_AS_CODE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def written(value: Any) -> str:
    """Write text, a number, a truth value, or a list of these."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(written, value))}]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    """Write text in quotes, those that need no escapes if that can be; nothing in it moves a cursor or turns a line."""
    plain = not _SHOWN_AS_CODE.search(text)
    if plain and "'" not in text and ('"' in text or "\\" in text):
        return f"'{text}'"
    return _SHOWN_AS_CODE.sub(lambda found: f"\\u{ord(found[0]):04X}", json.dumps(text, ensure_ascii=False))
