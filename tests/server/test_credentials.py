from __future__ import annotations

from pathlib import Path

import pytest

from collab_dash.announcement import state_dir
from collab_dash.server.credentials import Credentials, load_credentials, save_credentials

SOME = Credentials(host="h" * 32, editor="e" * 32, viewer="v" * 32)


@pytest.mark.parametrize(
    ("token", "role", "read_only_role"),
    [
        (SOME.host, "host", "host"),
        (SOME.editor, "editor", "viewer"),
        (SOME.viewer, "viewer", "viewer"),
        ("", None, None),
        (SOME.viewer[:-1], None, None),
        ("é", None, None),
    ],
)
def test_a_token_stands_for_a_role(token: str, role: str | None, read_only_role: str | None) -> None:
    assert SOME.role(token, read_only=False) == role
    assert SOME.role(token, read_only=True) == read_only_role


def test_links_outlive_the_hub_and_are_kept_private(tmp_path: Path) -> None:
    db = tmp_path / "collab.db"
    first = load_credentials(db)
    first.port = 4711
    save_credentials(db, first)
    assert load_credentials(db) == first
    (kept,) = state_dir().glob("*.json")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert load_credentials(tmp_path / "other.db").editor != first.editor


def test_tokens_cannot_be_guessed_from_each_other(tmp_path: Path) -> None:
    found = load_credentials(tmp_path / "collab.db")
    tokens = {found.host, found.editor, found.viewer}
    assert len(tokens) == 3
    assert min(map(len, tokens)) >= 32


def test_a_damaged_file_gives_new_tokens(tmp_path: Path) -> None:
    db = tmp_path / "collab.db"
    save_credentials(db, load_credentials(db))
    (kept,) = state_dir().glob("*.json")
    kept.write_text("{")
    assert len(load_credentials(db).host) >= 32
