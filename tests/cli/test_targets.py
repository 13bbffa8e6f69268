from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from collab_dash.cli.targets import hub_of, target_of
from collab_dash.errors import ConfigError
from collab_dash.workspace_location import Location
from hubs import hub_of as serving
from hubs import workspace_at


def test_a_link_is_taken_as_it_is() -> None:
    for link in ("http://127.0.0.1:1/#x", "wss://h/#y"):
        assert target_of(link) == link


@pytest.mark.parametrize("name", ["collab.db", "record", "x.sqlite3"])
def test_a_database_file_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    with sqlite3.connect(tmp_path / name) as connection:
        connection.execute("CREATE TABLE t(a)")
    connection.close()
    assert target_of(name) == tmp_path / name


def test_a_file_called_like_a_database_is_one_even_when_it_is_not(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("text")
    assert target_of("notes.db") == tmp_path / "notes.db"


def test_a_folder_or_a_toml_file_is_a_workspace(tmp_path: Path) -> None:
    workspace_at(tmp_path)
    for text in (".", str(tmp_path), "collab.toml"):
        found = target_of(text)
        assert isinstance(found, Location)
        assert (found.identity, found.db) == (str(tmp_path / "collab.toml"), tmp_path / "collab.db")


def test_the_folder_one_is_in_needs_no_workspace_file(tmp_path: Path) -> None:
    found = target_of(".")
    assert isinstance(found, Location)
    assert (found.identity, found.db) == ("builtin:starter", tmp_path / "collab.db")


def test_nothing_there_is_an_error() -> None:
    with pytest.raises(ConfigError, match="there is no workspace at"):
        target_of("nowhere")


async def test_the_hub_of_a_database_is_found_whatever_workspace_it_runs(tmp_path: Path) -> None:
    assert await hub_of(tmp_path / "collab.db") is None
    async with serving(workspace_at(tmp_path)) as announcement:
        assert await hub_of(tmp_path / "collab.db") == announcement
    assert await hub_of(tmp_path / "collab.db") is None
