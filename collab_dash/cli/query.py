"""``query``: read-only SQL over a recording."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from . import render


@click.command()
@click.argument("sql")
@click.option("--db", type=click.Path(path_type=Path), help="The recording; the workspace's by default.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How to write the rows.",
)
def query(sql: str, db: Path | None, form: str) -> None:
    """Run read-only SQL over a recording; safe while the hub writes.

    The table is events(offset, feed, type, key, time, received, data); times are Unix milliseconds.
    table and csv show control characters instead of writing them; json keeps every character.

    Example: collab-dash query "select feed, count(*) from events group by feed"
    """
    from ..store.query import run_query

    with run_query(db or _workspace_db(), sql, timeout=None) as answer:
        _WRITERS[form](answer.columns, answer.rows)


def _workspace_db() -> Path:
    from ..workspace_location import locate

    return locate(None).db


def _write_table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    for line in render.table((_shown(row) for row in rows), heads):
        click.echo(line)


def _shown(row: Sequence[Any]) -> list[object]:
    return [f"<{len(cell)} bytes>" if isinstance(cell, bytes) else cell for cell in row]


def _write_json(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    separator = b"[\n"
    for row in rows:
        line = json.dumps(dict(zip(heads, map(_plain, row), strict=True)), ensure_ascii=False)
        click.echo(separator + render.harmless(line.encode(errors="replace")), nl=False)
        separator = b",\n"
    click.echo("[]" if separator == b"[\n" else "\n]")


def _plain(cell: Any) -> Any:
    """Give what JSON can say of a cell: bytes as hexadecimal digits; there is no infinity."""
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    return cell.hex() if isinstance(cell, bytes) else cell


def _write_csv(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(map(render.clean, heads))
    for row in rows:
        writer.writerow([render.clean(cell, kept="\n\t") if isinstance(cell, str) else _plain(cell) for cell in row])


_WRITERS = {"table": _write_table, "json": _write_json, "csv": _write_csv}
