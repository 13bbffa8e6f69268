"""The documentation, read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from collab_dash.plugins import FOLDER

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")] + sorted(ROOT.glob("docs/**/*.md"))
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: its language, what stands behind that, and its text."""

    page: Path
    language: str
    mark: str
    text: str


def blocks(*languages: str) -> list[Block]:
    found = []
    for page in PAGES:
        for info, text in FENCE.findall(page.read_text()):
            language, _, mark = info.strip().partition(" ")
            if language in languages:
                found.append(Block(page, language, mark, text))
    return found


def sections(page: Path) -> dict[str, str]:
    """Give the text under each heading of a page, up to the next heading; what comes first under an empty name."""
    text = FENCE.sub(lambda match: match[0].replace("\n#", "\n"), page.read_text())
    parts = re.split(r"^#+ +(.+)$", text, flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def quoted(text: str) -> set[str]:
    """Give what stands in backticks."""
    return set(re.findall(r"`([^`\n]+)`", text))


def keys_told(section: str) -> set[str]:
    """Give the words in backticks in the first column of a section's tables."""
    firsts = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")]
    return quoted("\n".join(firsts))


def anchors(page: Path) -> set[str]:
    """Give the names that headings can be linked by."""
    heads = [head for head in sections(page) if head]
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        yield from ((page, target) for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text())))


def plugin_blocks(page: Path) -> Iterable[Block]:
    return [block for block in blocks("python") if block.page == page and block.mark.startswith(f"{FOLDER}/")]
