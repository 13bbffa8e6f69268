"""What was heard already."""

from __future__ import annotations

from collections.abc import Iterable

MOST = 50_000


class Known:
    """The ids of what was heard, of very many the latest; it outlives a document that begins anew."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def news(self, ids: Iterable[str]) -> list[str]:
        """Give those that were never heard before, and remember them."""
        fresh = [id_ for id_ in ids if id_ not in self._ids]
        self._ids.update(dict.fromkeys(fresh))
        if len(self._ids) > MOST:
            self._ids = dict.fromkeys(list(self._ids)[-MOST // 2 :])
        return fresh
