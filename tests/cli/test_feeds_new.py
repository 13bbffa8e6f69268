"""``feeds new`` writes packages that work as they are."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cli.conftest import Cli
from collab_dash.cli.scaffold import derive

ODD = "my-ticks.v2"


def run(folder: Path, *arguments: str, **environ: str) -> str:
    """Run Python there; give what it says, and insist on success."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=18,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture
def package(cli: Cli, tmp_path: Path) -> Path:
    assert cli("feeds", "new", ODD, "--in", tmp_path).code == 0
    return tmp_path / "collab-dash-my-ticks-v2"


def test_it_prints_the_files_and_what_to_type_next(cli: Cli, tmp_path: Path) -> None:
    code, out, err = cli("feeds", "new", ODD, "--in", tmp_path / "some folder")
    home = tmp_path / "some folder" / "collab-dash-my-ticks-v2"
    assert code == 0
    assert {Path(line) for line in out.splitlines()} == {path for path in home.rglob("*") if path.is_file()}
    assert err.splitlines() == [
        "next:",
        f"  cd '{home}'",
        "  python -m pytest",
        "  pip install --editable .",
        f"  collab-dash feeds info {ODD}",
    ]


def test_its_tests_pass_at_once(package: Path) -> None:
    said = run(package, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
    assert "26 passed" in said


def test_its_types_are_strict_and_its_style_is_clean(package: Path) -> None:
    assert "Success" in run(package, "-m", "mypy", "--strict", "--cache-dir", os.devnull)
    assert "All checks passed" in run(package, "-m", "ruff", "check", "--isolated", "--no-cache", ".")
    run(package, "-m", "ruff", "format", "--check", "--no-cache", ".")


def test_its_wheel_is_found_where_it_is_installed(package: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    run(package, "-m", "pip", "wheel", "-q", *offline, "--wheel-dir", str(tmp_path), ".")
    [wheel] = tmp_path.glob("*.whl")
    assert wheel.name == "collab_dash_my_ticks_v2-0.1.0-py3-none-any.whl"
    run(package, "-m", "pip", "install", "-q", *offline, "--target", str(target), str(wheel))
    listed = run(tmp_path, "-m", "collab_dash", "feeds", "list", PYTHONPATH=str(target))
    [line] = [line for line in listed.splitlines() if line.startswith(ODD)]
    assert line.split()[1] == "sse"
    assert line.endswith("collab-dash-my-ticks-v2 0.1.0")
    told = run(tmp_path, "-m", "collab_dash", "feeds", "info", ODD, PYTHONPATH=str(target))
    assert "Only these symbols; all by default." in told


@pytest.mark.parametrize(
    ("name", "package", "module", "prefix"),
    [
        ("ticks", "collab-dash-ticks", "collab_dash_ticks", "Ticks"),
        (ODD, "collab-dash-my-ticks-v2", "collab_dash_my_ticks_v2", "MyTicksV2"),
        ("3d", "collab-dash-3d", "collab_dash_3d", "The3d"),
        ("x-_.", "collab-dash-x", "collab_dash_x", "X"),
    ],
)
def test_other_names_follow_from_the_plugins(name: str, package: str, module: str, prefix: str) -> None:
    names = derive(name)
    assert (names.package, names.module, names.prefix) == (package, module, prefix)
    assert f"{names.prefix}Feed".isidentifier()
    assert names.module.isidentifier()


def test_the_entry_point_and_the_oldest_version_are_told(package: Path) -> None:
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["collab_dash.feeds"] == {ODD: "collab_dash_my_ticks_v2:MyTicksV2Feed"}
    assert project["dependencies"] == ["collab-dash>=0.1.0"]


@pytest.mark.parametrize(
    ("name", "perhaps"),
    [
        ("Ticks!", "; perhaps ticks"),
        ("my ticks", "; perhaps my-ticks"),
        ("-", ""),
        ("hub", ""),
        ("x" * 65, "; perhaps "),
    ],
)
def test_names_that_no_feed_can_have_are_wrong_usage(cli: Cli, tmp_path: Path, name: str, perhaps: str) -> None:
    code, out, err = cli("feeds", "new", "--in", tmp_path, "--", name)
    assert (code, out) == (2, "")
    assert f"{name!r} is no name for a feed" in err
    assert f"digits, _ . -{perhaps}" in err
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_told(cli: Cli, tmp_path: Path) -> None:
    code, out, err = cli("feeds", "new", "coinbase", "--in", tmp_path)
    assert (code, out) == (1, "")
    assert err.startswith("collab-dash: there is a feed plugin 'coinbase' already, in collab-dash ")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(cli: Cli, package: Path) -> None:
    (package / "README.md").write_text("mine")
    code, out, err = cli("feeds", "new", ODD, "--in", package.parent)
    assert (code, out) == (1, "")
    assert err == f"collab-dash: {package} is there already, and not empty\n  choose another --in, or another name\n"
    assert (package / "README.md").read_text() == "mine"


def test_an_empty_folder_is_used(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "collab-dash-ticks").mkdir()
    assert cli("feeds", "new", "ticks", "--in", tmp_path).code == 0


def test_a_place_that_cannot_be_written_is_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, out, err = cli("feeds", "new", "ticks", "--in", tmp_path / "file")
    assert (code, out) == (1, "")
    assert err.startswith(f"collab-dash: cannot write {tmp_path / 'file'}")
    assert "Traceback" not in err
