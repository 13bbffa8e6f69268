"""Where the hub sends alerts: commands and ntfy topics of the host's own workspace file."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from ..errors import CollabDashError
from ..rules import SCREEN_WAYS
from ..transports.address import expand, expand_headers
from ..transports.http import broken_connection, opened
from ..wire import Alert
from ..workspace_rules import Target

WITHIN = 10.0
AT_ONCE = 3
MOST_WAITING = 100

_log = logging.getLogger("collab_dash.hub")


class Undelivered(Exception):
    """A target did not take an alert; the text says why, and nothing of where it is."""


class Targets:
    """
    Sends alerts, a few at a time, each once: what fails is told and not tried again.

    Args:
        targets: By name.
        folder: Where commands run.
        environ: Where secrets are; by default the process's own.

    Attributes:
        failed: Called with the alert, the target's name and the reason when a target did not take it.

    """

    def __init__(self, targets: Mapping[str, Target], folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        self.failed: Callable[[Alert, str, str], None] = lambda alert, target, reason: None
        self._targets = targets
        self._folder = folder
        self._environ = environ
        self._waiting: asyncio.Queue[tuple[Alert, Target]] = asyncio.Queue(MOST_WAITING)

    def send(self, alert: Alert) -> None:
        """Have the targets that an alert names take it; never waits."""
        for name in alert.notify:
            if name in SCREEN_WAYS:
                continue
            target = self._targets.get(name)
            if target is None:
                self.failed(alert, name, "the host's workspace file has no such target")
                continue
            try:
                self._waiting.put_nowait((alert, target))
            except asyncio.QueueFull:
                self.failed(alert, name, f"{MOST_WAITING} alerts wait already")

    async def run(self) -> None:
        """Deliver; cancel to stop."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(AT_ONCE):
                    tasks.create_task(self._deliver())
        finally:
            if waiting := self._waiting.qsize():
                _log.warning("the hub ends; %d alerts were not sent to their targets", waiting)

    async def _deliver(self) -> None:
        while True:
            alert, target = await self._waiting.get()
            try:
                async with asyncio.timeout(WITHIN):
                    await self._hand_over(alert, target)
            except TimeoutError:
                self.failed(alert, target.name, f"it did not take it within {WITHIN:g} s")
            except (Undelivered, CollabDashError) as error:
                self.failed(alert, target.name, str(error))
            except Exception:  # noqa: BLE001 - the other alerts must go out
                _log.exception("the target %s failed", target.name)
                self.failed(alert, target.name, "it failed; the hub's log says why")

    async def _hand_over(self, alert: Alert, target: Target) -> None:
        if target.command:
            await run_command(target.command, self._folder, msgspec.json.encode(alert) + b"\n")
        else:
            headers = expand_headers(target.headers, self._environ)
            await post_ntfy(expand(target.ntfy, self._environ), headers, alert)


async def run_command(command: Sequence[str], folder: Path, payload: bytes) -> None:
    """
    Run a program that takes `payload` on its standard input; no shell does.

    Its standard error is the hub's. If this is cancelled, the program and what it started end.

    Raises:
        Undelivered: If it cannot be started, or fails.

    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, stdin=PIPE, stdout=DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise Undelivered(f"its program cannot be started: {error.strerror}") from None
    try:
        await process.communicate(payload)
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode:
        raise Undelivered(f"its program ended with code {process.returncode}")


async def post_ntfy(url: str, headers: Mapping[str, str], alert: Alert) -> None:
    """
    Publish an alert to an ntfy topic.

    Args:
        url: The topic's address; a secret, since whoever knows it may read along.
        headers: Sent along; they go before ours.
        alert: What to publish.

    Raises:
        Undelivered: If the server cannot be reached, or does not take it.

    """
    import httpx  # 60 ms: only for those who use it

    ours = {"Title": _header(alert.name), "Tags": "rotating_light", "Content-Type": "text/plain; charset=utf-8"}
    try:
        async with opened() as client:
            request = client.build_request("POST", url, headers={**ours, **headers}, content=_message(alert))
            response = await client.send(request, stream=True, follow_redirects=False)
            await response.aclose()
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError):  # their texts quote what is secret
        raise Undelivered("its address or headers cannot be used") from None
    except (httpx.HTTPError, OSError) as error:
        raise Undelivered(str(broken_connection("its server", error))) from None
    if not response.is_success:
        raise Undelivered(f"its server answers {response.status_code}")


def _message(alert: Alert) -> bytes:
    about = f"{alert.feed} {alert.key}" if alert.key else alert.feed
    more = f"\n{alert.left_out:,} more were left out" if alert.left_out else ""
    return f"{alert.text or alert.when}\n{about}{more}".encode(errors="replace")


def _header(text: str) -> str:
    """Write a text as a header can hold it: as it is, or as an encoded word of RFC 2047, section 2."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    if shown.isascii():
        return shown.strip()
    return f"=?UTF-8?B?{b64encode(shown.encode(errors='replace')).decode()}?="
