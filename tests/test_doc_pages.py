"""The pages of the documentation hold together, and what stands in their blocks works."""

from __future__ import annotations

import ast
import re
import textwrap
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from collab_dash import FeedContext
from collab_dash.config import load_workspace
from collab_dash.hub.configure import configure_feed
from collab_dash.plugins import FOLDER, GROUP, trust
from collab_dash.plugins import load as load_plugin
from collab_dash.testing import collect
from collab_dash.workspace_models import SettingsFile
from pages import PAGES, REFERENCE, ROOT, Block, anchors, blocks, links, plugin_blocks


def test_every_link_leads_somewhere() -> None:
    inner = [(page, target) for page, target in links() if "://" not in target]
    assert len(inner) > 40
    for page, target in inner:
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(there), f"{page.name}: {target}"


def test_every_page_is_in_an_index() -> None:
    indexes = {ROOT / "docs" / "index.md", REFERENCE / "feeds.md"}
    told = {(page.parent / target.partition("#")[0]).resolve() for page, target in links() if page in indexes}
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} <= told | indexes


@pytest.mark.parametrize("block", blocks("toml"), ids=lambda block: block.page.name)
def test_toml_is_valid(block: Block, tmp_path: Path) -> None:
    if block.mark == "settings":
        SettingsFile.model_validate(tomllib.loads(block.text))
    elif block.mark == "package":
        assert GROUP in tomllib.loads(block.text)["project"]["entry-points"]
    else:
        assert block.mark == "workspace", "say what it is: workspace, settings or package"
        (tmp_path / FOLDER).mkdir()
        for plugin in plugin_blocks(block.page):
            (tmp_path / plugin.mark).write_text(plugin.text)
            trust(tmp_path / plugin.mark)
        (tmp_path / "collab.toml").write_text(block.text)
        workspace = load_workspace(tmp_path)
        assert workspace.problems == []
        for feed in workspace.feeds.values():
            configure_feed(workspace, feed)


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.page.name)
def test_python_is_valid(block: Block) -> None:
    text = block.text
    if block.mark == "fragment":
        text = f"async def fragment():\n{textwrap.indent(text, '    ')}"
    for statement in ast.walk(ast.parse(text, block.page.name)):
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").split(".")[0] == "collab_dash":
            module = import_module(statement.module or "")
            assert {name.name for name in statement.names if not hasattr(module, name.name)} == set()


async def test_the_plugin_of_the_guide_works(tmp_path: Path) -> None:
    [block] = plugin_blocks(ROOT / "docs" / "how-to" / "write-a-feed-plugin.md")
    path = tmp_path / block.mark
    path.parent.mkdir()
    path.write_text(block.text)
    trust(path)
    context = FeedContext(name="clock", cursor="7")
    events = await collect(load_plugin(path.stem, tmp_path).configure({"every": 0.001}), context, 2)
    assert [event.data for event in events] == [{"number": 8}, {"number": 9}]
    assert context.cursor == "9"


def test_the_readme_has_the_commands_that_are_run() -> None:
    readme = (ROOT / "README.md").read_text()
    lone = [block.text.strip() for block in blocks("sh") if block.page.name == "README.md"]
    install = [line for line in readme.splitlines() if line.startswith("python3 -m venv")]
    board_line, test_line = install
    assert board_line in lone
    assert test_line in lone
    assert board_line.endswith(" && .venv/bin/collab-dash")
    assert test_line.endswith(" && .venv/bin/pytest")
    for line, locked in ((board_line, "requirements/app.txt"), (test_line, "requirements/dev.txt")):
        assert f"pip install -qr {locked} " in line
        assert (ROOT / locked).is_file()
    pattern = re.search(r"sed -n '/(.+)/p' README\.md", (ROOT / ".ci" / "run").read_text())
    assert pattern is not None
    assert [line for line in readme.splitlines() if re.search(pattern[1], line)] == [test_line]
    assert len(readme.splitlines()) <= 75
