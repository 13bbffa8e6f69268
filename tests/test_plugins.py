from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from collab_dash import plugins
from collab_dash.errors import PluginError
from collab_dash.feed import Feed
from collab_dash.plugins import available, is_trusted, load, trust, untrusted
from collab_dash.trusted import store_path

TICKS = '''
from collections.abc import AsyncIterator
from pydantic import Field
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext, FeedOptions

class TicksOptions(FeedOptions):
    url: str = Field(description="Where the ticks are.")

class _Base(Feed[TicksOptions]):
    """Shared."""

class TicksFeed(_Base):
    summary = "Ticks"

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        yield Event(type="tick:update", data={})
'''


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLLAB_DASH_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def drop_in(workspace: Path, content: str, name: str = "ticks") -> Path:
    path = workspace / "feeds" / f"{name}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    return path


def packaged(monkeypatch: pytest.MonkeyPatch, *entries: tuple[str, str]) -> None:
    found = [EntryPoint(name, value, plugins.GROUP) for name, value in entries]
    monkeypatch.setattr(plugins, "entry_points", lambda group: found)


def test_names_are_found_without_importing_anything() -> None:
    code = (
        "import sys; from collab_dash.plugins import available; found = available()\n"
        "assert found['coinbase'].origin == 'package', found\n"
        "heavy = {'collab_dash_feeds', 'collab_dash.feed', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=15)


def test_an_entry_point_is_imported_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "good_plugin.py").write_text(TICKS)
    monkeypatch.syspath_prepend(tmp_path)
    packaged(monkeypatch, ("good", "good_plugin:TicksFeed"))
    assert load("good").summary == "Ticks"
    sys.modules.pop("good_plugin")


def test_an_unknown_name_suggests_near_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    packaged(monkeypatch, ("coinbase", "a:B"), ("usgs", "a:B"))
    with pytest.raises(PluginError, match="no feed plugin 'coinbsae'") as caught:
        load("coinbsae")
    assert caught.value.hint == "did you mean coinbase?"
    with pytest.raises(PluginError) as caught:
        load("zzz")
    assert "feeds list" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "value", "words"),
    [
        ("\n1 / 0", "bad_plugin:X", r"ZeroDivisionError: division by zero \(.*bad_plugin\.py:2\)"),
        ("x = (", "bad_plugin:X", r"SyntaxError: .* \(.*bad_plugin\.py:1\)"),
        ("raise SystemExit('a\\nb')", "bad_plugin:X", "SystemExit: a b"),
        ("", "bad_plugin:Gone", "AttributeError"),
        ("", "no_such_module_here:X", "ModuleNotFoundError"),
        ("class X: pass", "bad_plugin:X", "not a subclass"),
        ("def X(): pass", "bad_plugin:X", "not a subclass"),
    ],
)
def test_a_plugin_that_fails_on_import_says_where(
    content: str, value: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad_plugin.py").write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    packaged(monkeypatch, ("bad", value))
    with pytest.raises(PluginError, match=words) as caught:
        load("bad")
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    sys.modules.pop("bad_plugin", None)


def test_a_drop_in_runs_only_once_trusted(tmp_path: Path) -> None:
    path = drop_in(tmp_path, TICKS)
    assert available(tmp_path)["ticks"].origin == "drop-in"
    assert untrusted(tmp_path) == [path]
    with pytest.raises(PluginError, match="not trusted yet") as caught:
        load("ticks", tmp_path)
    assert "feeds trust ticks" in caught.value.hint
    trust(path)
    assert untrusted(tmp_path) == []
    feed = load("ticks", tmp_path)
    assert issubclass(feed, Feed)
    assert feed.configure({"url": "x"}).options.url == "x"


def test_a_changed_drop_in_asks_again(tmp_path: Path) -> None:
    path = drop_in(tmp_path, TICKS)
    trust(path)
    path.write_text(TICKS + "\n# changed")
    assert not is_trusted(path)
    with pytest.raises(PluginError, match="changed since it was trusted"):
        load("ticks", tmp_path)
    path.write_text(TICKS)
    assert is_trusted(path)


def test_another_file_with_the_same_content_is_not_trusted(tmp_path: Path) -> None:
    trust(drop_in(tmp_path, TICKS))
    assert not is_trusted(drop_in(tmp_path, TICKS, "other"))


def test_the_trust_store_is_private_and_a_damaged_one_trusts_nothing(tmp_path: Path, data_dir: Path) -> None:
    path = drop_in(tmp_path, TICKS)
    trust(path)
    assert store_path() == data_dir / "trusted.json"
    assert store_path().stat().st_mode & 0o777 == 0o600
    store_path().write_bytes(b"\xff{")
    assert not is_trusted(path)
    trust(path)
    assert is_trusted(path)


def test_an_unusable_data_folder_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = drop_in(tmp_path, TICKS)
    monkeypatch.setenv("COLLAB_DASH_DATA_DIR", str(path / "below-a-file"))
    with pytest.raises(PluginError, match="cannot write"):
        trust(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("\nraise ValueError('boom')", r"ValueError: boom \(.*ticks\.py:2\)"),
        ("import json\njson.loads('{')", r"JSONDecodeError: .*ticks\.py:2\)"),
        ("x = (", r"SyntaxError: .*ticks\.py:1\)"),
        ("x = 1\0", r"(SyntaxError|ValueError): "),
        ("", "found 0"),
        ("from collab_dash.feed import Feed", "found 0"),
        (TICKS + "\nclass Second(TicksFeed): pass", "found 2"),
    ],
)
def test_a_drop_in_that_is_no_plugin_says_why(tmp_path: Path, content: str, words: str) -> None:
    trust(drop_in(tmp_path, content))
    with pytest.raises(PluginError, match=words):
        load("ticks", tmp_path)


def test_two_plugins_of_one_name_are_listed_but_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drop_in(tmp_path, TICKS)
    packaged(monkeypatch, ("ticks", "a:B"))
    assert available(tmp_path)["ticks"].clash.endswith("ticks.py")
    with pytest.raises(PluginError, match="two feed plugins are called 'ticks'"):
        load("ticks", tmp_path)


def test_private_files_and_folders_are_no_drop_ins(tmp_path: Path) -> None:
    drop_in(tmp_path, "", "_shared")
    (tmp_path / "feeds" / "folder.py").mkdir()
    assert untrusted(tmp_path) == []
    assert untrusted(tmp_path / "no-such-folder") == []
