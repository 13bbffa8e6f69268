"""A board that people changed, written back by the program itself while the hub runs, and shown by the next hub."""

from __future__ import annotations

import signal
from pathlib import Path

from collab_dash.board import Pane
from collab_dash.config import load_workspace
from collab_dash.doc import edits
from processes import hub_process, output_of
from sharing import sharing

TEXT = """\
# The wall.
[session]
name = "wall"

[feeds.demo]
use = "demo"        # invented

[[pages]]
title = "Market"    # the first tab

# the prices
[[pages.panes]]
feed = "demo"       # of the demo
types = ["ticker:*"]
width = 8           # two thirds

# the quakes
[[pages.panes]]
feed = "demo"
types = ["quake:*"]
"""

EXPORTED = """\
# The wall.
[session]
name = "wall"

[feeds.demo]
use = "demo"        # invented

[[pages]]
title = "Market"    # the first tab

# the quakes
[[pages.panes]]
feed = "demo"
types = ["quake:*"]

# the prices
[[pages.panes]]
feed = "demo"       # of the demo
title = "Prices"
types = ["ticker:*"]
width = 4           # two thirds

[[pages]]
title = "People"

[[pages.panes]]
title = "Here"
view = "people"
"""


async def test_what_people_made_of_the_board_is_written_into_its_file(tmp_path: Path) -> None:
    file = tmp_path / "collab.toml"
    file.write_text(TEXT)
    async with hub_process(file) as hub:
        async with sharing(hub.editor) as ana:
            first, second = ana.replica.document.panes
            with ana.replica.edit() as document:
                edits.change(document, "panes", first, title="Prices", width=4)
                edits.move_pane(document, first, after=second)
                page = edits.add_page(document, "People")
                edits.add_pane(document, page, Pane(view="people", title="Here"))
            await ana.shared()
            assert await output_of("config", "export", file) == EXPORTED
            assert await output_of("config", "export", file, "--write") == ""
            assert file.read_text() == EXPORTED
            with ana.replica.edit() as document:
                edits.change(document, "panes", second, title="Quakes")
            await ana.shared()
        hub.running.signal(signal.SIGTERM)
        assert await hub.running.ended() == 0
    async with hub_process(file) as hub, sharing(hub.viewer) as bo:
        board = bo.replica.document.board(load_workspace(file).board)
        assert [[pane.title for pane in page.panes] for page in board.pages] == [["Quakes", "Prices"], ["Here"]]
        assert [page.title for page in board.pages] == ["Market", "People"]
