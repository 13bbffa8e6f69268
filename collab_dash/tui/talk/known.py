"""What was heard already."""

from __future__ import annotations

from collections.abc import Iterable

MOST = 50_000

Place = tuple[int, int, str]


class Known:
    """The ids of what was heard, of very many the latest; it outlives a document that begins anew."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}

    def news(self, ids: Iterable[str], now: int) -> list[str]:
        """Give those that were never heard before, and remember them, and that it is now, Unix milliseconds."""
        fresh = [id_ for id_ in ids if id_ not in self._ids]
        self._ids.update(dict.fromkeys(fresh, now))
        if len(self._ids) > MOST:
            self._ids = dict(list(self._ids.items())[-MOST // 2 :])
        return fresh

    def place(self, id_: str, at: int) -> Place:
        """Give where to put what is dated so: no later than it was heard, for its author's clock may be ahead."""
        return min(at, self._ids.get(id_, at)), at, id_
