from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collab_dash.errors import ConfigError
from collab_dash.workspace_location import (
    BUILTINS,
    environment,
    find_source,
    locate,
    parse,
    read_settings,
    read_source,
    settings_path,
    source_text,
    user_name,
)


def test_no_target_is_the_file_here_or_else_the_starter(tmp_path: Path) -> None:
    for target in (None, ".", tmp_path):
        assert find_source(target) == ("builtin:starter", tmp_path)
    (tmp_path / "collab.toml").write_text("")
    for target in (None, ".", tmp_path, "collab.toml"):
        assert find_source(target) == (tmp_path / "collab.toml", tmp_path)


def test_another_folder_must_have_a_file(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    with pytest.raises(ConfigError, match=re.escape(f"there is no workspace at {tmp_path / 'sub' / 'collab.toml'}")):
        find_source("sub")
    (tmp_path / "sub" / "wall.toml").write_text("")
    assert find_source("sub/wall.toml") == (tmp_path / "sub" / "wall.toml", tmp_path / "sub")


@pytest.mark.parametrize("name", BUILTINS)
def test_built_in_workspaces_record_in_the_folder_one_is_in(name: str, tmp_path: Path) -> None:
    location = locate(f"builtin:{name}")
    assert (location.identity, location.folder, location.db) == (f"builtin:{name}", tmp_path, tmp_path / "collab.db")
    assert location.label == ("DEMO" if name == "demo" else "")


def test_an_unknown_built_in_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="there is no built-in workspace 'nope'") as caught:
        find_source("builtin:nope")
    assert caught.value.hint == "there are starter, demo, stdin"


def test_the_database_is_the_option_s_then_the_environment_s_then_the_file_s_then_the_user_s(tmp_path: Path) -> None:
    folder = tmp_path / "wall"
    folder.mkdir()
    environ = {"COLLAB_DASH_CONFIG": str(tmp_path / "config.toml")}

    def db(given: str | None = None) -> Path:
        return locate(folder, db=given, environ=environ).db

    file = folder / "collab.toml"
    file.write_text("")
    assert db() == folder / "collab.db"
    (tmp_path / "config.toml").write_text('[session]\ndb = "user.db"')
    assert db() == folder / "user.db"
    file.write_text('[session]\ndb = "file.db"')
    assert db() == folder / "file.db"
    environ["COLLAB_DASH_DB"] = "environment.db"
    assert db() == tmp_path / "environment.db"
    assert db("option.db") == tmp_path / "option.db"
    file.write_text(f'[session]\ndb = "{tmp_path / "absolute.db"}"')
    del environ["COLLAB_DASH_DB"]
    assert db() == tmp_path / "absolute.db"


@pytest.mark.parametrize(
    ("variables", "tables"),
    [
        ({"COLLAB_DASH_PORT": "9"}, {"session": {"port": 9}}),
        ({"COLLAB_DASH_SESSION__READ_ONLY": "true"}, {"session": {"read_only": True}}),
        ({"COLLAB_DASH_USER__NAME": "ana"}, {"user": {"name": "ana"}}),
        ({"COLLAB_DASH_FEEDS__BTC__PRODUCTS": '["A", "B"]'}, {"feeds": {"btc": {"products": ["A", "B"]}}}),
        (
            {"COLLAB_DASH_FEEDS__A__X": "1", "COLLAB_DASH_FEEDS__A__Y": "a = b"},
            {"feeds": {"a": {"x": 1, "y": "a = b"}}},
        ),
        ({"COLLAB_DASH_SESSION__NAME": "1\nx = 2"}, {"session": {"name": "1\nx = 2"}}),
        ({"COLLAB_DASH_RUNTIME_DIR": "/x", "COLLAB_DASH_CONFIG": "/y", "COLLAB_DASHPORT": "1", "PORT": "2"}, {}),
    ],
)
def test_variables_are_nested_tables(variables: dict[str, str], tables: dict[str, Any]) -> None:
    assert environment(variables) == tables


def test_the_user_file_may_be_missing_or_be_somewhere_else(tmp_path: Path) -> None:
    assert read_settings({"COLLAB_DASH_CONFIG": str(tmp_path / "none.toml")}) == {}
    assert settings_path({}).parts[-2:] == ("collab-dash", "config.toml")
    (tmp_path / "mine.toml").write_text('[user]\nname = "ana"')
    environ = {"COLLAB_DASH_CONFIG": str(tmp_path / "mine.toml")}
    assert user_name(environ) == "ana"
    assert locate(environ=environ).user == "ana"
    assert user_name({**environ, "COLLAB_DASH_USER__NAME": "bo"}) == "bo"


@pytest.mark.parametrize(
    ("text", "line"),
    [("x = ", "1"), ("a = 1\n\nb = ops", "3"), ("[a]\n[a]", "2"), ('x = "open', "1")],
)
def test_what_is_not_toml_is_told_with_its_line(text: str, line: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"wall.toml:{line}: not TOML: ")) as caught:
        parse(text, "wall.toml")
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes('name = "é"'.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin.toml is not UTF-8 text"):
        source_text(tmp_path / "latin.toml")
    with pytest.raises(ConfigError, match=r"cannot read .*: Is a directory"):
        source_text(tmp_path)


@pytest.mark.parametrize("session", ["session = 3", "[session]\ndb = 3\nlabel = []", "[session]\ndb = ''"])
def test_a_wrong_type_is_left_for_the_check_that_names_it(session: str, tmp_path: Path) -> None:
    (tmp_path / "collab.toml").write_text(session)
    assert locate().db == tmp_path / "collab.db"
    assert locate().label == ""


def test_built_ins_are_toml() -> None:
    for name in BUILTINS:
        assert read_source(f"builtin:{name}")["feeds"]


def test_it_is_read_before_the_first_paint_and_so_imports_little() -> None:
    code = (
        "import sys, collab_dash.workspace_location\n"
        "heavy = {'pydantic', 'asyncio', 'textual', 'rich', 'msgspec', 'platformdirs'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=15)
