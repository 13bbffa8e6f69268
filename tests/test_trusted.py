from __future__ import annotations

import re
from pathlib import Path

import pytest

from collab_dash.errors import PluginError
from collab_dash.trusted import is_trusted, read_trusted, store_path, trust


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    file = tmp_path / "plugin.py"
    file.write_text("x = 1")
    return file


def test_only_the_content_that_was_seen_is_trusted(plugin: Path) -> None:
    with pytest.raises(PluginError, match="is not trusted yet"):
        read_trusted(plugin)
    trust(plugin)
    assert read_trusted(plugin) == b"x = 1"
    plugin.write_text("x = 2")
    with pytest.raises(PluginError, match="changed since it was trusted") as caught:
        read_trusted(plugin)
    assert caught.value.hint == "read it, then run: collab-dash feeds trust plugin"
    trust(plugin)
    assert is_trusted(plugin)


def test_a_name_is_the_file_it_leads_to(plugin: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.py"
    link.symlink_to(plugin)
    trust(link)
    assert is_trusted(plugin)


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone.py"
    for action in (trust, read_trusted):
        with pytest.raises(PluginError, match=re.escape(f"cannot read feed plugin {gone}: No such file")):
            action(gone)
    assert not is_trusted(gone)


def test_what_was_trusted_before_stays_so_and_no_half_file_is_left(plugin: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text("")
    trust(plugin)
    trust(other)
    assert is_trusted(plugin)
    assert is_trusted(other)
    assert list(store_path().parent.iterdir()) == [store_path()]


def test_without_the_variable_it_is_kept_in_the_user_s_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLLAB_DASH_DATA_DIR")
    assert store_path().name == "trusted.json"
    assert store_path().parent.name == "collab-dash"
