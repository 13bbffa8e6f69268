"""The terminal a board is drawn on, and what becomes of the board when it goes or somebody ends the program."""

from __future__ import annotations

import os
import select
import signal
from asyncio import TimerHandle
from collections.abc import Callable
from threading import Timer
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from .app import BoardApp

LOOKED_AFTER = 1.0
PATIENCE = 3.0
BUFFERED = 1 << 13
CODES = {signal.SIGHUP: 129, signal.SIGTERM: 143}


class Terminal(LinuxDriver):
    """
    Draws on a terminal and reads its keys.

    A terminal that is not the program's controlling one goes without a signal; Textual's driver then reads nothing
    for ever and waits for room to write. This one has the board leave the session, as it has upon SIGHUP and SIGTERM,
    and ends the program where that takes longer than `PATIENCE`.

    Args:
        app: What is drawn.

    """

    _app: BoardApp

    def __init__(self, app: BoardApp, **rest: Any) -> None:
        super().__init__(app, **rest)
        self._file: Any = Output(self._file, lambda: self._end_by(signal.SIGHUP))
        self._handlers: dict[signal.Signals, Any] = {}
        self._next_look: TimerHandle | None = None
        self._ending = False

    def start_application_mode(self) -> None:
        """Take the terminal, and watch it."""
        super().start_application_mode()  # type: ignore[no-untyped-call]  # of Textual
        for number in CODES:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
                self._handlers[number] = signal.signal(number, self._on_signal)
        self._look()

    def write(self, data: str) -> None:
        """Write something, if there was a terminal to take."""
        if self._writer_thread is not None:
            super().write(data)

    def close(self) -> None:
        """Give it back."""
        if self._next_look is not None:
            self._next_look.cancel()
        super().close()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()

    def _look(self) -> None:
        if self._writer_thread is None or hung_up(self.fileno):
            self._end_by(signal.SIGHUP)
        else:
            self._next_look = self._loop.call_later(LOOKED_AFTER, self._look)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)  # whoever sends it again means at once
        self._end_by(signal.Signals(number))

    def _end_by(self, number: signal.Signals) -> None:
        """Leave the session, from whichever thread; not for longer than anybody would wait, whatever it waits for."""
        if not self._ending:
            self._ending = True
            code = CODES[number]
            last = Timer(PATIENCE, os._exit, (code,))
            last.daemon = True
            last.start()
            self._loop.call_soon_threadsafe(self._app.leave, code)


class Output:
    """
    What a driver's thread writes to: a terminal, or nothing once that is gone.

    Args:
        terminal: The terminal.
        on_gone: Called when it turns out to be gone, in the thread that writes.

    """

    def __init__(self, terminal: TextIO, on_gone: Callable[[], None]) -> None:
        self._fd = terminal.fileno()
        self._encoding = terminal.encoding, terminal.errors or "replace"
        self._on_gone = on_gone
        self._waiting = bytearray()
        self._gone = False

    def fileno(self) -> int:
        """Give the terminal's file descriptor."""
        return self._fd

    def write(self, text: str) -> None:
        """Write a text, now or with what follows it."""
        self._waiting += text.encode(*self._encoding)
        if len(self._waiting) >= BUFFERED:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        data, self._waiting = memoryview(self._waiting), bytearray()
        while data and not self._gone:
            data = data[self._write(data) :]

    def _write(self, data: memoryview) -> int:
        try:
            return os.write(self._fd, data)
        except BlockingIOError:  # another program on this terminal made it so
            select.select([], [self._fd], [])
            return 0
        except OSError:
            self._gone = True
            self._on_gone()
            return 0


def hung_up(fd: int) -> bool:
    """Tell whether nobody is at the other end of a terminal any more."""
    asked = select.poll()
    asked.register(fd, 0)
    return any(what & select.POLLHUP for _, what in asked.poll(0))
