"""The reference of the kit says what the kit has."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import collab_dash.testing as kit
from collab_dash.testing import FeedConformance, Relay, ReplicaServer
from collab_dash.testing.subject import Subject

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reference" / "testing.md").read_text()


def section(heading: str) -> str:
    start = PAGE.index(f"# {heading}\n")
    end = PAGE.find("\n#", start)
    return PAGE[start:end]


def told(text: str) -> set[str]:
    """Give what stands in backticks in the first column of tables, up to a bracket."""
    firsts = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    return set(re.findall(r"`(?:await )?(\w+)[^`]*`", "\n".join(firsts)))


def public(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith(("_", "test_"))}


def test_every_name_is_told() -> None:
    assert told(section("The plugin kit")) == set(kit.__all__)


def test_every_attribute_is_told_with_its_default() -> None:
    text = section("What the class declares")
    assert told(text) == {name for name in Subject.__annotations__ if not name.startswith("_")}
    for name in ("patience", "prompt", "quiet", "subscribe"):
        assert f"| `{name}` | {getattr(FeedConformance, name):g} |" in text


def test_every_method_to_override_is_there() -> None:
    assert told(section("What it may override")) <= public(Subject)


def test_every_check_is_told() -> None:
    checks = {name.removeprefix("test_") for name in dir(FeedConformance) if name.startswith("test_")}
    assert told(section("The checks")) == checks


def test_all_that_a_replica_can_do_is_told() -> None:
    text = section("ReplicaServer")
    names = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", text))))
    assert public(ReplicaServer) - {"serve", "happened", "port"} - names == set()
    arguments = set(inspect.signature(ReplicaServer).parameters) - {"messages"}
    assert {name for name in arguments if f"| `{name}` | " not in text} == set()


def test_all_that_a_relay_can_do_is_told() -> None:
    names = set(re.findall(r"\w+", section("Relay")))
    assert public(Relay) - {"serve", "happened"} - names == set()


def test_the_tests_of_the_guide_pass(tmp_path: Path) -> None:
    guide = (DOCS / "how-to" / "write-a-feed-plugin.md").read_text()
    files = dict(re.findall(r"^```python (\S+\.py)\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL))
    (tmp_path / "collab_dash_ticks.py").write_text(files["feeds/ticks.py"])
    (tmp_path / "test_ticks.py").write_text(files["test_ticks.py"])
    options = ["-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto", "-o", "pythonpath=."]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options], cwd=tmp_path, capture_output=True, text=True, timeout=18
    )
    assert done.returncode == 0, done.stdout
    assert "14 passed" in done.stdout
