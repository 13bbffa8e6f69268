"""What a replica can be asked to do wrong."""

from __future__ import annotations

from collections.abc import Mapping

from .script import Fault, Script


class Misbehaviour:
    """
    Faults, in the order they are asked for, each for the next connection or the next `times` of them.

    How messages are played, slowly, twice, out of order or with wrong times, holds for all connections.

    Args:
        script: What is to go wrong.

    """

    def __init__(self, script: Script) -> None:
        self._script = script

    def answer(
        self,
        status: int,
        body: str | bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        times: int = 1,
    ) -> None:
        """Answer the next requests of any kind, WebSocket handshakes too, with just this."""
        raw = body.encode() if isinstance(body, str) else body
        self._script.add_fault(Fault("answer", status=status, headers=headers or {}, body=raw), times)

    def answer_html(self, *, times: int = 1) -> None:
        """Answer the next requests with a web page, as a captive portal does."""
        page = "<!doctype html><title>Sign in</title>"
        self.answer(200, page, headers={"Content-Type": "text/html; charset=utf-8"}, times=times)

    def answer_garbage(self, *, times: int = 1) -> None:
        """Answer the next requests with bytes that are no HTTP."""
        self._script.add_fault(Fault("garbage"), times)

    def cut(self, *, after: int = 0, times: int = 1) -> None:
        """Cut the next streams in the midst of the message that follows the first `after`."""
        self._script.add_fault(Fault("cut", after), times)

    def go_silent(self, *, after: int = 0, times: int = 1) -> None:
        """Say nothing more on the next streams after `after` messages; pings stay unanswered too."""
        self._script.add_fault(Fault("silent", after), times)

    def never_answer(self, *, times: int = 1) -> None:
        """Accept the next connections and never say a word, as a host that died does."""
        self._script.add_fault(Fault("mute"), times)

    def go_slow(self, pause: float, *, bytewise: bool = False) -> None:
        """
        Pause before each message, or before each byte, from now on.

        Args:
            pause: Seconds; 0 is as fast as it goes.
            bytewise: Whether every byte is sent alone.

        """
        manner = self._script.manner
        manner.pause, manner.bytewise = pause, bytewise

    def repeat(self, times: int = 2) -> None:
        """Play every message so many times, one after the other; streams only, and before anybody connects."""
        self._script.manner.repeat = times

    def swap(self) -> None:
        """Play every two messages in the wrong order; streams only, and before anybody connects."""
        self._script.manner.swapped = True

    def skew(self, seconds: float, *fields: str) -> None:
        """
        Have a clock that is wrong.

        Args:
            seconds: By how much; negative is the past. The ``Date`` of answers is shifted.
            fields: Names under which times stand in messages, at any depth, to be shifted as well.

        """
        manner = self._script.manner
        manner.skew, manner.times = seconds, fields
