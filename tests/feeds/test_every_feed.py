"""What every built-in feed must have: checks by the kit, a page, samples, a pane, light imports, extras that exist."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from collab_dash.board import VIEWS
from collab_dash.feed import Feed
from collab_dash.plugins import available, load
from collab_dash.tui.panes.columns import Column
from collab_dash.workspace_models import PaneTable

TESTS = Path(__file__).parent.parent
ROOT = TESTS.parent
SAMPLES = TESTS / "feeds" / "samples"
SOURCES = {name: source.entry.module for name, source in available().items() if source.entry}
MODULES = {name: module for name, module in SOURCES.items() if module.startswith("collab_dash_feeds.")}
FEEDS = {name: load(name) for name in MODULES}
NEEDS = {library: extra for feed in FEEDS.values() for library, extra in feed.needs.items()}
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]

every_feed = pytest.mark.parametrize(("name", "feed"), FEEDS.items(), ids=list(FEEDS))


def is_public(feed: type[Feed[Any]]) -> bool:
    """Tell whether it reads, unless told otherwise, what somebody serves to everybody."""
    url = feed.options_model().model_fields.get("url")
    host = urlsplit(url.default).hostname if url is not None and isinstance(url.default, str) else None
    return host not in {None, "localhost", "127.0.0.1"}


def conformance_classes() -> Iterator[tuple[str, bool]]:
    """Read from the tests which plugins the kit checks: the name of each one's class, and whether it resumes."""
    for path in TESTS.rglob("test_*.py"):
        text = path.read_text()
        if "FeedConformance" not in text:
            continue
        known: dict[str, dict[str, ast.expr]] = {"FeedConformance": {}}
        for node in ast.parse(text).body:
            bases = [base.id for base in getattr(node, "bases", []) if isinstance(base, ast.Name) and base.id in known]
            if not isinstance(node, ast.ClassDef) or not bases:
                continue
            said = {
                target.id: line.value
                for line in node.body
                if isinstance(line, ast.Assign)
                for target in line.targets
                if isinstance(target, ast.Name)
            }
            known[node.name] = said = known[bases[0]] | said
            plugin, resumes = said.get("plugin"), said.get("resumes")
            if node.name.startswith("Test") and isinstance(plugin, ast.Name):
                yield plugin.id, isinstance(resumes, ast.Constant) and resumes.value is True


CONFORMING = list(conformance_classes())


def test_these_are_all_feeds_of_the_package() -> None:
    found = {path.stem for path in (ROOT / "feeds" / "collab_dash_feeds").glob("[a-z]*.py")}
    assert {module.rpartition(".")[2] for module in MODULES.values()} == found
    assert all(module.rpartition(".")[2] == name.replace("-", "_") for name, module in MODULES.items())


@every_feed
def test_the_kit_checks_it(name: str, feed: type[Feed[Any]]) -> None:
    assert feed.__name__ in {plugin for plugin, _ in CONFORMING}, (
        f"no class derived from FeedConformance is about {name}"
    )


@every_feed
def test_it_has_a_page(name: str, feed: type[Feed[Any]]) -> None:
    assert (ROOT / "docs" / "reference" / "feeds" / f"{name}.md").read_text().startswith(f"# {name}\n\n")


@every_feed
def test_a_public_source_has_samples_of_what_it_sends(name: str, feed: type[Feed[Any]]) -> None:
    assert not is_public(feed) or json.loads((SAMPLES / f"{name}.json").read_text())


@pytest.mark.parametrize("path", SAMPLES.iterdir(), ids=lambda path: path.name)
def test_a_sample_is_of_a_feed_whose_tests_read_it(path: Path) -> None:
    feed = path.stem.partition("_")[0]
    assert feed in FEEDS
    assert path.suffix != ".json" or json.loads(path.read_text())
    tests = "".join(test.read_text() for test in TESTS.glob(f"feeds/test_{feed}*.py"))
    assert f'"{path.name}"' in tests or f'"{path.stem}"' in tests


@every_feed
def test_it_says_in_a_line_of_its_own_what_it_brings(name: str, feed: type[Feed[Any]]) -> None:
    assert re.fullmatch(r"[A-Z].{9,88}[^.\s]", feed.summary)
    assert [other.summary for other in FEEDS.values()].count(feed.summary) == 1


@every_feed
def test_every_option_says_what_it_is_for(name: str, feed: type[Feed[Any]]) -> None:
    schema = feed.options_model().model_json_schema(by_alias=True)
    for model in (schema, *schema.get("$defs", {}).values()):
        for option, said in model.get("properties", {}).items():
            assert re.search(r"\w.*[.]$", said.get("description", "")), f"{model.get('title')}.{option}"


@every_feed
def test_its_pane_is_one_that_a_workspace_could_describe(name: str, feed: type[Feed[Any]]) -> None:
    pane = feed.pane
    values = {key: value for key, value in msgspec.structs.asdict(pane).items() if value}
    PaneTable.model_validate({key: list(value) if isinstance(value, tuple) else value for key, value in values.items()})
    assert pane.view in VIEWS
    assert not pane.feeds, "the feed it shows is the workspace's to say"
    assert not pane.columns or pane.view in {"table", "log"}
    assert pane.columns or pane.view != "table"
    assert bool(pane.field or pane.by) == (pane.view in {"line", "stat", "bars"})
    assert len({Column(column).label for column in pane.columns}) == len(pane.columns)


@every_feed
def test_its_overflow_loses_no_more_than_it_must(name: str, feed: type[Feed[Any]]) -> None:
    if feed.overflow == "wait":  # whoever waits has to get later what is said meanwhile
        assert feed.transport == "local" or (feed.__name__, True) in CONFORMING
    if feed.overflow == "conflate":  # the latest of what?
        assert re.search(r"\bkey\b", (ROOT / "docs" / "reference" / "feeds" / f"{name}.md").read_text())
    if is_public(feed) and feed.transport == "polling":  # a document waits
        assert feed.overflow != "sample"


LOOK = """
import importlib, json, sys
import collab_dash.feed
loaded = {}
for module in sys.argv[1:]:
    before = set(sys.modules)
    importlib.import_module(module)
    loaded[module] = sorted(set(sys.modules) - before)
json.dump(loaded, sys.stdout)
"""
LIGHT = {"collab_dash", "collab_dash_feeds", "python_socks", "websockets"}
HEAVY = {"httpx", "httpcore", "aiohttp", "rich", "textual", "uvicorn", "starlette"}
HEAVY_OF_PYTHON = {"ctypes", "multiprocessing", "sqlite3", "unittest", "xml"}


def test_to_import_a_feed_is_to_import_little() -> None:
    installed = set(metadata.packages_distributions())
    assert installed >= HEAVY | set(NEEDS), "what is not installed is not imported anyhow"
    command = [sys.executable, "-c", LOOK, *MODULES.values()]
    loaded = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=15).stdout)
    assert set(loaded) == set(MODULES.values())
    found = {module: {other.partition(".")[0] for other in others} for module, others in loaded.items()}
    too_much = {module: names & (installed | HEAVY_OF_PYTHON) - LIGHT for module, names in found.items()}
    assert {module: names for module, names in too_much.items() if names} == {}


def brought_by(requirement: str) -> set[str]:
    """Give what is installed by a requirement: the distribution and what that requires itself."""
    wanted = Requirement(requirement)
    brought: set[str] = {canonicalize_name(wanted.name)}
    for line in metadata.requires(wanted.name) or []:
        inner = Requirement(line)
        extras = wanted.extras or {""}
        if inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in extras):
            brought.add(canonicalize_name(inner.name))
    return brought


@pytest.mark.parametrize(("library", "extra"), NEEDS.items())
def test_what_a_feed_needs_is_installed_by_the_extra_it_names(library: str, extra: str) -> None:
    wanted = Requirement(extra)
    [name] = wanted.extras
    assert wanted.name == "collab-dash"
    distributions = {canonicalize_name(each) for each in metadata.packages_distributions()[library]}
    assert distributions <= set().union(*map(brought_by, EXTRAS[name]))


def test_there_is_an_extra_for_all() -> None:
    [everything] = map(Requirement, EXTRAS["all"])
    assert everything.name == "collab-dash"
    assert everything.extras == set(EXTRAS) - {"all"}


@pytest.mark.parametrize("library", NEEDS)
def test_a_feed_whose_library_is_missing_says_what_to_install(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {name: feed.missing() for name, feed in FEEDS.items() if feed.missing()} == {}
    monkeypatch.setattr("collab_dash.feed.find_spec", lambda name: None if name == library else find_spec(name))
    lacking = {name: feed.missing() for name, feed in FEEDS.items() if feed.missing()}
    assert lacking == {name: [feed.needs[library]] for name, feed in FEEDS.items() if library in feed.needs}
    assert lacking
