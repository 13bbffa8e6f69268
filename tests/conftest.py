"""What every test relies on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from collab_dash.peer.hub_process import reap

PATIENCE = 10.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests whose boards start hubs in one process: side by side, one hub would come back where another is."""
    for item in items:
        if item.path.parent.name == "e2e" or item.path.name == "test_launch.py":
            item.add_marker(pytest.mark.xdist_group("boards that start hubs"))


@pytest.fixture(autouse=True)
def private_dirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep announcements, tokens, trust and settings of a test to itself, and its working directory too."""
    private = tmp_path / "private"
    for name in ("RUNTIME", "STATE", "DATA"):
        monkeypatch.setenv(f"COLLAB_DASH_{name}_DIR", str(private / name.lower()))
    monkeypatch.setenv("COLLAB_DASH_CONFIG", str(private / "config.toml"))
    monkeypatch.chdir(tmp_path)
    return private


@pytest.fixture(scope="session", autouse=True)
def last_hubs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """End the hubs that boards started and that wait for somebody to come back; they outlive the boards on purpose."""
    yield
    hubs = [process for process in psutil.process_iter() if _is_hub(process, tmp_path_factory.getbasetemp())]
    for hub in hubs:
        hub.terminate()
    _, deaf = psutil.wait_procs(hubs, timeout=PATIENCE)
    for hub in deaf:
        hub.kill()
    assert not deaf, f"hubs that do not end when they are told to: {deaf}"
    reap()


def _is_hub(process: psutil.Process, folder: Path) -> bool:
    """Tell whether a process is a hub that a board started, on a database in a folder."""
    try:
        words = process.cmdline()
    except psutil.Error:
        return False
    return "--linger" in words and any(word.startswith(f"{folder}/") for word in words)
