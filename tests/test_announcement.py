from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from collab_dash.announcement import Announcement, announce, announced, path_of, runtime_dir, state_dir, write_private
from collab_dash.errors import HubError


def announcement(db: Path, pid: int | None = None) -> Announcement:
    return Announcement(
        url="http://127.0.0.1:1",
        host="h",
        editor="e",
        viewer="v",
        pid=os.getpid() if pid is None else pid,
        db=str(db),
        workspace="builtin:demo",
        epoch="x",
    )


def test_what_a_hub_says_of_itself_is_found_by_its_database(tmp_path: Path) -> None:
    db = tmp_path / "collab.db"
    assert announced(db) is None
    path = announce(announcement(db))
    assert path == path_of(db)
    assert announced(db) == announcement(db)
    assert announced(tmp_path / "other.db") is None
    (tmp_path / "link").symlink_to(tmp_path)
    assert announced(tmp_path / "link" / "collab.db") == announcement(db)


def test_it_is_private(tmp_path: Path) -> None:
    path = announce(announcement(tmp_path / "collab.db"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_others_may_read_or_that_is_damaged_or_stale_is_not_trusted(tmp_path: Path) -> None:
    db = tmp_path / "collab.db"
    path = announce(announcement(db))
    path.chmod(0o640)
    assert announced(db) is None
    path.chmod(0o600)
    assert announced(db) is not None
    path.write_text("{")
    assert announced(db) is None
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    announce(announcement(db, ended.pid))
    assert announced(db) is None


def test_the_folders_are_those_of_the_environment_or_private_ones_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (runtime_dir(), state_dir()) == (tmp_path / "private" / "runtime", tmp_path / "private" / "state")
    monkeypatch.delenv("COLLAB_DASH_RUNTIME_DIR")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert runtime_dir() == tmp_path / "collab-dash"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "gone"))
    monkeypatch.setattr(os, "getuid", lambda: 2**31)
    assert runtime_dir() == state_dir() / "run"
    monkeypatch.delenv("COLLAB_DASH_STATE_DIR")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_dir().name == "collab-dash"
    assert state_dir().is_relative_to(tmp_path)


def test_what_cannot_be_written_says_which_variable_helps(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "x.json"
    with pytest.raises(HubError, match=re.escape(f"cannot write {path}: ")) as caught:
        write_private(path, b"{}")
    assert "COLLAB_DASH_RUNTIME_DIR" in caught.value.hint


def test_a_write_leaves_the_old_content_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x"
    write_private(path, b"old")
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert [each.name for each in path.parent.iterdir()] == ["x"]
