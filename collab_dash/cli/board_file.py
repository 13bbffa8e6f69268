"""``config export``: what people share, board and rules, as a workspace file."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click

from ..announcement import Announcement
from ..board import Page, as_written
from ..config import Workspace, load_workspace, read_pages
from ..doc.document import BadUpdate, Document
from ..doc.seed import digest_of_pages, digest_of_rules
from ..errors import ConfigError, HubError, LogRefused
from ..peer.replica import Replica
from ..peer.session import Session, join
from ..store.docs import Updates
from ..store.log import read_log
from ..wire import WRITTEN
from ..workspace_export import write_board, write_rules
from ..workspace_location import find_source, locate, source_text
from .targets import hub_of

READY_TIMEOUT = 15.0


class Shared(NamedTuple):
    """
    The shared document, and where it is.

    Args:
        document: As it is now.
        where: Where it was read, for a person.
        tell: Lets the hub know what the workspace file has now.

    """

    document: Document
    where: str
    tell: Callable[[Workspace], Awaitable[object]]


class Destination(NamedTuple):
    """
    Where the workspace file is to go.

    Args:
        file: The file; None for standard output.
        own: Whether that is the workspace's own file.
        force: Whether to replace what may be worth keeping.

    """

    file: Path | None
    own: bool
    force: bool


def export(target: str | None, *, write: bool, output: Path | None, force: bool) -> None:
    """
    Give the workspace file with the board and the rules as people have them now.

    Args:
        target: The workspace.
        write: Whether to write the workspace's own file.
        output: Another file to write; None for none.
        force: Whether to write over a file that is there, or whose pages or rules were changed by hand.

    Raises:
        ConfigError: If the workspace cannot be read, or the file must not or cannot be written.
        HubError: If the hub runs another workspace, or shares no document.
        LogError: If there is no hub, and no document can be read in the database.

    """
    source, _ = find_source(target)
    asyncio.run(_export(target, _destination(source, write=write, output=output, force=force)))


def _destination(source: Path | str, *, write: bool, output: Path | None, force: bool) -> Destination:
    if write and not isinstance(source, Path):
        raise ConfigError(f"{source} is built in and has no file to write", hint="--output collab.toml makes one")
    own = source if isinstance(source, Path) and (write or output == source or _is_same(output, source)) else None
    if own is None and output is not None and output.exists() and not force:
        raise ConfigError(f"{output} is there already", hint="--force replaces it")
    return Destination(own or output, own is not None, force)


def _is_same(output: Path | None, source: Path) -> bool:
    return output is not None and output.exists() and output.samefile(source)


async def _export(target: str | None, destination: Destination) -> None:
    workspace = load_workspace(target)
    source, _ = find_source(target)
    text = source.read_bytes().decode() if isinstance(source, Path) else source_text(source)
    async with _shared(target) as shared:
        written = _written(text, workspace, shared.document)
        if written != text and not _began_from(shared.document, workspace):
            _changed_by_hand(workspace, destination)
        if destination.file is None:
            click.echo(written, nl=False)
        elif destination.own and written == text:
            click.echo(f"collab-dash: {destination.file} has the board already", err=True)
        else:
            _replace(destination.file, written)
            click.echo(f"collab-dash: wrote {destination.file}, with the board from {shared.where}", err=True)
        if destination.own:
            await shared.tell(load_workspace(target))


def _written(text: str, workspace: Workspace, document: Document) -> str:
    board = document.board(workspace.board)
    written = write_board(text, workspace.board, board)
    if _board_in(written) not in ((), as_written(board.pages)):
        click.echo("collab-dash: not all of this board can be said in a workspace file", err=True)
        click.echo("  collab-dash config validate names what cannot", err=True)
    # a document of before there were rules has none to give
    return write_rules(written, workspace.rules, document.rules) if document.meta.rules else written


def _began_from(document: Document, workspace: Workspace) -> bool:
    pages, rules = digest_of_pages(workspace.board.pages), digest_of_rules(workspace.rules)
    return document.meta.seed == pages and document.meta.rules in ("", rules)


def _changed_by_hand(workspace: Workspace, destination: Destination) -> None:
    """Say that the file is not what the document began from; do not write over it unasked."""
    what = (
        f"pages or rules in {workspace.identity} were changed since a hub last read them, or are not this recording's"
    )
    if destination.own and not destination.force:
        raise ConfigError(
            what, hint="--force writes what is shared over them; a hub that starts now shows the file's instead"
        )
    click.echo(f"collab-dash: {what}", err=True)


def _board_in(text: str) -> tuple[Page, ...]:
    pages = (Page(title=page.title, panes=tuple(filter(None, page.panes))) for page in read_pages(text))
    return as_written(tuple(pages))


# Where the document is


@asynccontextmanager
async def _shared(target: str | None) -> AsyncIterator[Shared]:
    """Give the document of the running hub, or else the one in the database."""
    location = locate(target)
    announcement = await hub_of(location.db)
    if announcement is None:
        yield Shared(await _kept(location.db), str(location.db), _nobody_to_tell)
        return
    if announcement.workspace != location.identity:
        raise HubError(
            f"the hub that records to {location.db} runs {announcement.workspace}, not {location.identity}",
            hint=f"name that workspace: collab-dash config export {announcement.workspace}",
        )
    async with _asked(announcement) as shared:
        yield shared


@asynccontextmanager
async def _asked(announcement: Announcement) -> AsyncIterator[Shared]:
    async with join(f"{announcement.url}/#{announcement.host}", feeds=()) as session:
        document = await _synced(session)
        yield Shared(document, "the running hub", partial(_tell, session))


async def _tell(session: Session, workspace: Workspace) -> None:
    digests = {"pages": digest_of_pages(workspace.board.pages), "rules": digest_of_rules(workspace.rules)}
    await session.request(WRITTEN, digests)


async def _synced(session: Session) -> Document:
    if not session.welcome.doc:
        raise HubError("the hub has no shared document", hint="its log says why; collab-dash doctor names the folder")
    replica = Replica(session)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(replica.run(), name="replica")
        session.share(replica)
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_TIMEOUT):
                await replica.ready.wait()
        running.cancel()
    if not replica.ready.is_set():
        raise HubError(f"the hub did not give its shared document within {READY_TIMEOUT:g} s")
    return replica.document


async def _kept(db: Path) -> Document:
    log = await read_log(db)
    try:
        document = Document()
        for update in await Updates(log).load():
            document.apply(update)
    except BadUpdate as error:
        raise LogRefused(
            f"the shared document in {db} cannot be read: {error}", hint="it was left as it is; a newer version may"
        ) from None
    finally:
        await log.close()
    document.settle()
    if not document.meta.epoch:
        raise LogRefused(f"{db} holds no shared document yet", hint="a hub that starts on it makes one: collab-dash")
    return document


async def _nobody_to_tell(workspace: Workspace) -> None:
    """Do nothing: the hub that starts next sees for itself that file and document are the same."""


# The file


def _replace(file: Path, text: str) -> None:
    """Write a file whole or not at all; one that was there keeps its mode, and a link to it stays one."""
    file = file.resolve()
    new = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        try:
            with new.open("xb") as opened:
                if file.exists():
                    os.fchmod(opened.fileno(), file.stat().st_mode & 0o7777)
                opened.write(text.encode())
                opened.flush()
                os.fsync(opened.fileno())
            new.replace(file)
        finally:
            new.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}", hint="it was left as it was") from None
