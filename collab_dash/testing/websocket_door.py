"""A replica's WebSocket side, on the sans-I/O half of websockets so that it can be cut anywhere."""

from __future__ import annotations

import asyncio

from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from ..transports import Message
from .http_door import write
from .script import Fault, Script, raw

_HALF_A_FRAME = b"\x81\x7e\x01\x00only half of a mess"


class WebSocketDoor:
    """
    One connection.

    Args:
        script: What to play.
        fault: How it goes wrong.
        reader: The client's side.
        writer: The client's side.
        subscribe: How many messages the client must send first.
        compression: Whether to agree to compress.

    """

    def __init__(
        self,
        script: Script,
        fault: Fault,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        subscribe: int,
        compression: bool,
    ) -> None:
        self._script = script
        self._fault = fault
        self._reader = reader
        self._writer = writer
        self._subscribe = subscribe
        self._heard = 0
        self._protocol = ServerProtocol(
            extensions=[ServerPerMessageDeflateFactory()] if compression else None,
            select_subprotocol=lambda _, offered: next(iter(offered), None),
            max_size=None,
        )

    async def run(self, head: bytes) -> None:
        """Shake hands, play and listen until either side ends it."""
        self._protocol.receive_data(head)
        for handshake in self._protocol.events_received():
            if isinstance(handshake, Request):
                self._protocol.send_response(self._protocol.accept(handshake))
        await self._flush()
        async with asyncio.TaskGroup() as group:
            player = group.create_task(self._play())
            try:
                await self._listen()
            finally:
                player.cancel()

    async def _listen(self) -> None:
        while data := await self._reader.read(65536):
            self._protocol.receive_data(data)
            for frame in self._protocol.events_received():
                if isinstance(frame, Frame) and frame.opcode in {Opcode.TEXT, Opcode.BINARY}:
                    self._hear(frame)
            answer = b"".join(self._protocol.data_to_send())
            if self._fault.kind != "silent":
                await write(self._writer, answer)
            if self._protocol.close_expected():
                return

    def _hear(self, frame: Frame) -> None:
        data = bytes(frame.data)
        self._heard += 1
        self._script.received.append(data.decode() if frame.opcode is Opcode.TEXT else data)
        self._script.happened()

    async def _play(self) -> None:
        await self._script.until(lambda: self._heard >= self._subscribe)
        script, place = self._script, self._script.start()
        while await script.has(place, self._fault):
            self._send(script.message(script.number(place)))
            script.was_heard(place)
            place += 1
            last = place in {len(script.messages) * script.manner.repeat, self._fault.after}
            if last or place % 64 == 0 or script.manner.pause:
                await self._flush()
        if self._fault.kind == "cut":
            await self._flush()
            await write(self._writer, _HALF_A_FRAME)
            self._writer.close()
        elif script.ended is not None:
            self._protocol.send_close(*script.ended)
            await self._flush()

    def _send(self, message: Message) -> None:
        binary = isinstance(message.data, bytes)
        (self._protocol.send_binary if binary else self._protocol.send_text)(raw(message))

    async def _flush(self) -> None:
        await self._script.write(self._writer, b"".join(self._protocol.data_to_send()))
