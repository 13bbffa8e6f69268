from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection
from websockets.frames import Frame, Opcode

from collab_dash.doc.sync import Kind, Presence, write, write_presence
from collab_dash.server.edges import Edges, short_binary
from hubs import hub_of, workspace_at
from server.test_websocket import closed_with, hello, socket_to

SIZES = st.sampled_from([0, 1, 125, 126, 300, 65_535, 65_536])
OPCODES = st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.PING])


def frame(opcode: Opcode, payload: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, payload, fin).serialize(mask=True)


def said(page: str, clock: int = 1, client: int = 7) -> bytes:
    """Give a message of somebody who says where they look."""
    return write(Kind.AWARENESS, write_presence([Presence(client, clock, b'{"page":"%s"}' % page.encode())]))


@st.composite
def streams(draw: st.DrawFn) -> list[list[bytes]]:
    """Draw messages, each of one frame or of several with a ping between."""
    messages: list[list[bytes]] = []
    for _ in range(draw(st.integers(1, 4))):
        opcode, payload = draw(OPCODES), bytes(draw(SIZES))
        if opcode is Opcode.PING:
            messages.append([frame(opcode, payload[:125])])
        elif draw(st.booleans()):
            messages.append([frame(opcode, payload)])
        else:
            messages.append(
                [frame(opcode, payload, fin=False), frame(Opcode.PING, b"?"), frame(Opcode.CONT, b"end")],
            )
    return messages


@given(streams(), st.lists(st.integers(1, 200_000), max_size=12))
def test_between_messages_and_only_there_it_is_clean(messages: list[list[bytes]], cuts: list[int]) -> None:
    whole = b"".join(b"".join(frames) for frames in messages)
    ends, end = {0}, 0
    for frames in messages:
        end += len(b"".join(frames))
        ends.add(end)
    edges, at = Edges(), 0
    for cut in [*sorted(each % (len(whole) + 1) for each in cuts), len(whole)]:
        edges.pass_over(whole[at:cut])
        at = cut
        assert edges.clean == (at in ends)
    assert edges.clean


@given(st.binary(min_size=1, max_size=125))
def test_a_short_binary_frame_is_read_as_it_was_written(payload: bytes) -> None:
    written = frame(Opcode.BINARY, payload)
    assert short_binary(written) == payload
    others = (written[:-1], written + b"x", written * 2, frame(Opcode.TEXT, payload))
    parts = (frame(Opcode.BINARY, payload, fin=False), frame(Opcode.CONT, payload))
    unmasked = Frame(Opcode.BINARY, payload).serialize(mask=False)
    assert not any(map(short_binary, (*others, *parts, unmasked, b"", written[:5])))


@pytest.mark.parametrize("size", [0, 126, 70_000])
def test_no_other_frame_is_taken_for_one(size: int) -> None:
    assert short_binary(frame(Opcode.BINARY, bytes(size))) is None


async def looks(socket: ClientConnection, page: str) -> None:
    """Wait until others are told that somebody looks at a page."""
    async for got in socket:
        if isinstance(got, bytes) and page.encode() in got:
            return
    raise AssertionError("the link ended")


async def test_what_looks_like_a_message_within_another_is_none(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as socket, socket_to(hub) as other:
        await hello(socket, hub.editor, name="ana")
        await hello(other, hub.editor, name="bo")
        await other.send(write(Kind.ASK_AWARENESS))
        await socket.send(said("one"))
        await looks(other, "one")
        await socket.send([b'{"id":5,"event":', b'"session:board","data":{}}'], text=True)
        await socket.send(said("two", 2))
        await looks(other, "two")
        inner = frame(Opcode.BINARY, said("three", 3))
        socket.transport.write(bytes((0x82, 0x80 | len(inner))) + bytes(4))  # a mask that changes nothing
        await other.send(said("four", client=8))  # meanwhile this arrives, so that what follows is a piece of its own
        await looks(other, "four")
        socket.transport.write(inner)
        assert await closed_with(socket) == 4400


async def test_what_cannot_be_read_closes_the_link(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as socket:
        await hello(socket, hub.editor, name="ana")
        await socket.send(said("one")[:-1] + b"x")
        assert await closed_with(socket) == 4400
