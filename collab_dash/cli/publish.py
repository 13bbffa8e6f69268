"""``publish``: put events into a session's log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import RequestRefused
from ..event import MAX_EVENT_BYTES, as_payload
from ..wire import PUBLISH, Code

if TYPE_CHECKING:
    from .asking import Asking

_KEYS = ("type", "key", "time", "data")


@click.command()
@click.argument("target")
@click.argument("feed")
@click.argument("type_", metavar="TYPE")
@click.argument("data", required=False)
@click.option("--key", metavar="TEXT", help="What the event is about.")
@click.pass_context
def publish(context: click.Context, target: str, feed: str, type_: str, data: str | None, key: str | None) -> None:
    """Publish an event of TYPE, such as deploy:finish, on FEED; DATA is JSON.

    TARGET is a session's link or a workspace. With - for DATA, each line of standard input is the data of one
    event; with - for TYPE, each line is {"type":…,"key":…,"data":{…}}. Every line is answered by one, in order:
    {"offset":…} or {"error":…}; the exit code is 1 if any was refused.
    """
    event = {"feed": feed, "key": key}
    if type_ != "-":
        event["type"] = type_
    if "-" not in (type_, data):
        asyncio.run(_publish_one(target, event | {"data": as_payload(_given(data or "{}"))}))
        return
    lines, refused = asyncio.run(_publish_lines(target, event))
    if refused:
        click.echo(f"collab-dash: {refused} of {lines} lines were refused; see the answers", err=True)
    context.exit(1 if refused else 0)


def _given(text: str) -> Any:
    try:
        return _parsed(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="DATA") from None


def _parsed(text: str | bytes) -> Any:
    """
    Read JSON as the standard has it, which knows no NaN.

    Raises:
        ValueError: If it is not JSON.

    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")


async def _publish_one(target: str, event: dict[str, Any]) -> None:
    async with _session(target) as session:
        _say(bytes(await session.ask(PUBLISH, event)))


async def _publish_lines(target: str, event: dict[str, Any]) -> tuple[int, int]:
    from .standard_input import lines

    count = refused = 0
    async with _session(target) as session:
        async for line in lines():
            if line.strip():
                count += 1
                answer = await _answer(session, event, line)
                refused += answer.startswith(b'{"error"')
                _say(answer)
    return count, refused


async def _answer(session: Asking, event: dict[str, Any], line: bytes) -> bytes:
    """Publish one line and give what to answer."""
    if len(line) > 2 * MAX_EVENT_BYTES:
        return _fault(Code.TOO_LARGE, f"a line of {len(line):,} bytes; an event is at most {MAX_EVENT_BYTES:,}")
    try:
        return bytes(await session.ask(PUBLISH, event | _told(_parsed(line), whole="type" not in event)))
    except RequestRefused as error:
        return _fault(error.code, str(error), path=error.path, retry=error.retry)
    except ValueError as error:
        return _fault(Code.INVALID_PAYLOAD, str(error))


def _told(value: Any, *, whole: bool) -> dict[str, Any]:
    if not whole:
        return {"data": as_payload(value)}
    if not isinstance(value, dict) or "type" not in value:
        raise ValueError('each line must be an object with a type: {"type":"deploy:finish","data":{}}')
    return {"data": {}} | {name: value[name] for name in _KEYS if name in value}


def _fault(code: str, message: str, *, path: list[str | int] | None = None, retry: bool = False) -> bytes:
    error = {"code": code, "message": message, "path": path or [], "retry": retry}
    return json.dumps({"error": error}, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


@asynccontextmanager
async def _session(target: str) -> AsyncIterator[Asking]:
    from .asking import asking
    from .targets import link_of, target_of

    where = target_of(target)
    if isinstance(where, Path):
        raise click.UsageError(f"{target} is a recording; publish to a link or a workspace")
    async with asking(await link_of(where)) as session:
        yield session


def _say(answer: bytes) -> None:
    from .render import harmless

    click.echo(harmless(answer))
