"""The tutorial for plugin authors works word for word."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "tutorial-plugin.md"
_FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PORT = "8790"


class Block(NamedTuple):
    """A fenced block: its language, the file it is to be saved as, and its text."""

    language: str
    file: str
    text: str


def parts() -> dict[str, list[Block]]:
    """Give the blocks under each heading, in order."""
    text = PAGE.read_text()
    heads = [(match.start(), match[1]) for match in re.finditer(r"^## (.+)$", _blank_fences(text), re.MULTILINE)]
    found: dict[str, list[Block]] = {name: [] for _, name in heads}
    for match in _FENCE.finditer(text):
        name = [name for start, name in heads if start < match.start()][-1]
        language, _, file = match[1].partition(" ")
        found[name].append(Block(language, file, match[2]))
    return found


def _blank_fences(text: str) -> str:
    return _FENCE.sub(lambda match: " " * len(match[0]), text)


PARTS = parts()


class Reader:
    """Somebody who types what the page says, in a home folder of their own."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = home
        self._done: list[str] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = str(free.getsockname()[1])
        private = {f"COLLAB_DASH_{name}_DIR": str(home / name.lower()) for name in ("RUNTIME", "STATE", "DATA")}
        self._environ = {
            **os.environ,
            **private,
            "COLLAB_DASH_CONFIG": str(home / "config.toml"),
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # which is how pip spells --no-build-isolation in the environment
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "COLUMNS": "200",
        }

    def read(self, upto: str) -> None:
        """Do what the page says under every heading up to this one, unless it was done."""
        for name, blocks in PARTS.items():
            if name not in self._done:
                self._done.append(name)
                for block in blocks:
                    self._follow(block)
            if name == upto:
                return

    def _follow(self, block: Block) -> None:
        if block.language == "sh":
            code, said = self._type(block.text)
            assert code == 0, said
        elif block.language == "console":
            self._compare(block.text)
        elif block.file != "fragment":
            (self._folder / block.file).write_text(block.text)

    def _compare(self, shown: str) -> None:
        for call in re.split(r"^\$ ", shown, flags=re.MULTILINE)[1:]:
            command, _, expected = call.partition("\n")
            _, said = self._type(command)
            said = said.replace(str(self._home), "/home/you")
            assert matches(said, expected), f"$ {command}\n{said}"

    def _type(self, commands: str) -> tuple[int, str]:
        place = self._home / "place"
        script = f"{commands}\ncode=$?; pwd > {place}; exit $code"
        done = subprocess.run(
            ["bash", "-c", script.replace(_PORT, self._port)],
            cwd=self._folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=18,
        )
        self._folder = Path(place.read_text().strip())
        return done.returncode, done.stdout

    def leave(self) -> None:
        """End what the page has started."""
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((self._home / "wall" / "replica.pid").read_text()), 15)


def matches(said: str, shown: str) -> bool:
    """Tell whether output is as shown, where a line ``…`` stands for lines, and ``…`` in a line for characters."""
    lines = ["(.*\n)*?" if line == "…" else _line(line) + "\n" for line in shown.splitlines()]
    return re.fullmatch("".join(lines), said) is not None


def _line(shown: str) -> str:
    return ".*".join(map(re.escape, shown.split("…")))


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    reader = Reader(tmp_path_factory.mktemp("home"))
    yield reader
    reader.leave()


@pytest.mark.parametrize("part", PARTS)
def test_it_works_word_for_word(reader: Reader, part: str) -> None:
    reader.read(part)


def test_the_page_shows_commands_with_their_output_and_files() -> None:
    blocks = [block for found in PARTS.values() for block in found]
    assert len(PARTS) >= 6
    assert {block.language for block in blocks} == {"sh", "console", "python", "json"}
    assert len([block for block in blocks if block.file]) >= 3


@pytest.mark.parametrize(
    ("said", "shown", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\n", False),
        ("a\nx\ny\nb\n", "a\n…\nb\n", True),
        ("a 1.5 s\n", "a … s\n", True),
        ("a 1.5 s\n", "a 1…6 s\n", False),
        ("a.b\n", "axb\n", False),
    ],
)
def test_output_is_compared(said: str, shown: str, same: bool) -> None:
    assert matches(said, shown) is same
