"""Who counts attempts where nobody can evade it."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest

from collab_dash.hub import runner

NAME = "source.invalid"
PAUSE = 0.02


class Counts:
    """
    Counts connections and look-ups, and has the hub's runners draw short delays, counted too.

    Args:
        patch: Undoes it all.

    Attributes:
        delays: How many were drawn, by the feed's name.
        lost: Ports of sources whose name, `NAME`, cannot be found just now.

    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.delays: Counter[str] = Counter()
        self.lost: set[int] = set()
        self._knocks: list[tuple[int, float]] = []
        connect, self._look_up = socket.socket.connect, socket.getaddrinfo

        def counted(sock: socket.socket, address: Any) -> None:
            if isinstance(address, tuple):
                self._knocks.append((address[1], monotonic()))
            connect(sock, address)

        patch.setattr(socket.socket, "connect", counted)
        patch.setattr(socket, "getaddrinfo", self._find)
        patch.setattr(runner, "backoff", self._backoff)

    def knocks(self, port: int) -> list[float]:
        """Give when somebody tried to connect to a port, in vain or not, in seconds of the monotonic clock."""
        return [at for knocked, at in self._knocks if knocked == port]

    def _find(self, host: Any, port: Any, *more: Any, **named: Any) -> Any:
        """Stand in for the name service; called in threads."""
        if host not in (NAME, NAME.encode()):
            return self._look_up(host, port, *more, **named)
        if int(port) in self.lost:
            self._knocks.append((int(port), monotonic()))
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self._look_up("127.0.0.1", port, *more, **named)

    def _backoff(self) -> Iterator[float]:
        while True:
            task = asyncio.current_task()
            assert task is not None
            self.delays[task.get_name().removeprefix("feed ")] += 1
            yield PAUSE
