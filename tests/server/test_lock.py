from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from collab_dash.errors import HubError
from collab_dash.server.lock import HubRuns, locked

HOLD = """
import sys
from pathlib import Path
from collab_dash.server.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_hub_for_a_database(tmp_path: Path) -> None:
    db = tmp_path / "collab.db"
    with locked(db), pytest.raises(HubRuns, match="already records") as refused, locked(db):
        pass
    assert "collab-dash stop" in refused.value.hint
    with locked(db), locked(tmp_path / "other.db"):
        pass


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    db = tmp_path / "collab.db"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, db], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(HubRuns), locked(db):
            pass
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    with locked(db):
        pass


def test_a_folder_that_takes_no_files_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HubError, match="Not a directory") as refused, locked(tmp_path / "file" / "collab.db"):
        pass
    assert "--db" in refused.value.hint
