"""What every test relies on."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def private_dirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep announcements, tokens, trust and settings of a test to itself, and its working directory too."""
    private = tmp_path / "private"
    for name in ("RUNTIME", "STATE", "DATA"):
        monkeypatch.setenv(f"COLLAB_DASH_{name}_DIR", str(private / name.lower()))
    monkeypatch.setenv("COLLAB_DASH_CONFIG", str(private / "config.toml"))
    monkeypatch.chdir(tmp_path)
    return private
