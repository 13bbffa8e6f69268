"""WebSocket frames made once and written to many links."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from ..wire import Close, encode_events
from .edges import Edges, short_binary

EXTENSION = "collab_dash.link"
_FIN_TEXT = 0x81
_FIN_BINARY = 0x82


def text_frame(payload: bytes) -> bytes:
    """
    Frame a text message as a server sends it: final, unmasked.

    RFC 6455 section 5.2. Only right on links without compression.
    """
    return _frame(_FIN_TEXT, payload)


def binary_frame(payload: bytes) -> bytes:
    """Frame a binary message likewise."""
    return _frame(_FIN_BINARY, payload)


def _frame(head: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((head, size)) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", head, 126, size) + payload
    return struct.pack("!BBQ", head, 127, size) + payload


class WebSocketFormat:
    """Events as ``feed:events`` pushes in text frames, messages of the y-protocols in binary ones."""

    def wrap(self, events: Sequence[bytes]) -> bytes:
        """Give the frames that carry these events."""
        return b"".join(map(text_frame, encode_events(events)))

    def pack(self, messages: Sequence[bytes]) -> bytes:
        """Give the frames that carry these messages."""
        return b"".join(map(binary_frame, messages))


class PreparedFrames(WebSocketsSansIOProtocol):
    """
    uvicorn's WebSocket protocol, which also writes frames that are ready.

    A system call for each event and peer is what fan-out costs; here a batch is framed once, and each link takes it
    in one write. The endpoint finds this object in ``scope["extensions"]["collab_dash.link"]``.

    Attributes:
        at_once: Told each binary message as it comes; tells whether that was all there is to do about it.

    """

    at_once: Callable[[bytes], bool] | None = None
    _edges: Edges | None = None

    def data_received(self, data: bytes) -> None:
        """
        Take what came; one message that is all there is, and that `at_once` takes, past the parser too.

        Most of what the hub hears is such: cursors that move. The parser is a third of what each costs.
        """
        edges = self._edges
        if edges is not None:
            if edges.clean and self.at_once is not None and not self.close_sent:
                message = short_binary(data)
                if message is not None and self.at_once(message):
                    return
            edges.pass_over(data)
        super().data_received(data)

    def send_receive_event_to_app(self) -> None:
        """Hand on a message, past the queue where `at_once` takes it: no task has to wake for it."""
        if self.at_once is not None and self.curr_msg_data_type == "bytes" and not self.close_sent:
            self.frames = [b"".join(self.frames)]
            if self.at_once(self.frames[0]):
                self.frames = []
                return
        super().send_receive_event_to_app()

    def handle_connect(self, event: Request) -> None:
        """Offer this object to the endpoint; its task was scheduled but has not run yet."""
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][EXTENSION] = self
            self._edges = Edges()

    def write_prepared(self, frames: bytes) -> None:
        """Write frames at once; nothing happens unless the link is open."""
        if self.handshake_complete and not (self.close_sent or self.disconnected):
            self.transport.write(frames)

    def backlog(self) -> int:
        """Give the bytes written but not yet taken by the network."""
        return 0 if self.disconnected else self.transport.get_write_buffer_size()

    async def drained(self) -> None:
        """Wait until the write buffer is below its low-water mark, or the link is gone."""
        await self.writable.wait()

    def abort(self) -> None:
        """Drop the link and what it has not taken, at once."""
        self.transport.abort()

    def keepalive_timeout(self) -> None:
        """Close a link whose peer answers no ping; what is buffered for it is in the log."""
        self.pong_timer = None
        self.pending_ping_payload = None
        if not (self.close_sent or self.transport.is_closing()):
            self.conn.fail(Close.TOO_SLOW, "no answer to a ping; come back when you can")
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
            self.transport.abort()
