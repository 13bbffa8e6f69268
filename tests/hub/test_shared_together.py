"""Peers on a real hub, over sockets that break and a hub that ends and begins again in their midst: all end equal."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from collab_dash.doc import edits
from collab_dash.doc.entries import Author, ChatLine
from collab_dash.server.process import Address
from doc.replicas import NOON
from hubs import hub_of, link, workspace_at
from memory import raw
from sharing import Peer, sharing

WORKSPACE = """
[session]
name = "test"
edit_limit = "off"
[[pages]]
title = "First"
[[pages.panes]]
view = "feeds"
"""


def act(lots: random.Random, peer: Peer, name: str) -> str:
    """Have a peer edit, and its link break now and then; give what it said."""
    with peer.replica.edit() as document:
        for pane in document.panes:
            edits.change(document, "panes", pane, title=name, width=lots.randint(1, 12))
        said = edits.say(document, ChatLine(text="hi", by=Author(name=name), at=NOON))
    if lots.random() < 0.2 and peer.session._socket is not None:
        peer.session._socket.transport.abort()
        peer.session.retry_now()
    return said


async def together(peers: dict[str, Peer], said: set[str]) -> None:
    """Wait until everybody has the same, all that was said included."""
    for peer in peers.values():
        peer.session.retry_now()
        await peer.until(lambda peer=peer: peer.replica.document.chat.keys() >= said)  # type: ignore[misc]
        await peer.shared()
    for peer in peers.values():
        await peer.until(
            lambda peer=peer: raw(peer.replica.document) == raw(peers["ana"].replica.document)  # type: ignore[misc]
        )


@pytest.mark.parametrize("number", range(5))
async def test_all_end_equal(tmp_path: Path, number: int) -> None:
    lots = random.Random(number)
    workspace = workspace_at(tmp_path, WORKSPACE)
    said: set[str] = set()
    async with AsyncExitStack() as stack:
        async with hub_of(workspace) as hub:
            port = int(hub.url.rpartition(":")[2])
            peers = {name: await stack.enter_async_context(sharing(link(hub), name)) for name in ("ana", "bo", "cy")}
            for _ in range(40):
                name = lots.choice(list(peers))
                said.add(act(lots, peers[name], name))
                if lots.random() < 0.2:
                    await peers[name].until(lambda name=name: peers[name].replica.ready.is_set())  # type: ignore[misc]
        for name, peer in peers.items():
            await peer.until(lambda peer=peer: not peer.replica.ready.is_set())  # type: ignore[misc]
            said.add(act(lots, peer, name))
        async with hub_of(workspace, address=Address(port=port)) as hub:
            await together(peers, said)
