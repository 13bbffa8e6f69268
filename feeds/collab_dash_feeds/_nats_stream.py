"""Reading a JetStream stream from a place in it, in order and without a gap."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from collab_dash.errors import FeedBroken
from collab_dash.event import Event, rejected
from collab_dash.feed import FeedContext

from ._broker import ANSWER_WITHIN

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js.api import ConsumerConfig

_SHORTEST_HEARTBEAT = 0.1
_KEPT_WITHOUT_US = 30.0


class StreamCursor(msgspec.Struct, frozen=True):
    """
    A place in a stream.

    Args:
        stream: Its name.
        created: When it was made: one that was made anew counts from one again.
        sequence: The last message that was told.

    """

    stream: str
    created: str
    sequence: int


class Place(NamedTuple):
    """
    Where a message is in its stream.

    Args:
        number: Its number.
        time: When it was stored, Unix milliseconds.

    """

    number: int
    time: int


class Reader:
    """
    An ephemeral consumer that asks for no acknowledgements.

    The server sends no more than was taken, and a heartbeat where there is nothing to send. A message that is missing
    breaks the connection; the next one reads it again.

    Args:
        client: A connection.
        stream: The stream's name.
        subjects: The part of it to read.
        where: The address as people may see it.

    """

    def __init__(self, client: Client, stream: str, subjects: Sequence[str], where: str) -> None:
        self._client = client
        self._stream = stream
        self._subjects = [] if ">" in subjects else list(subjects)
        self._where = where
        self._created = ""
        self._inbox = client.new_inbox()
        self._delivered = 0

    async def begin(
        self, context: FeedContext, take: Callable[[Msg], Awaitable[None]], *, new: bool, heartbeat: float
    ) -> list[Event]:
        """
        Have the server send what comes after the cursor.

        Args:
            context: Its cursor is set to where reading begins.
            take: Given each message; nothing more comes while it waits.
            new: Without a cursor, whether to begin after the stream's last message.
            heartbeat: Seconds of silence after which the server says that it is there.

        Returns:
            What has to be told of messages that are gone.

        """
        jetstream = self._client.jetstream(timeout=ANSWER_WITHIN)
        info = await jetstream.stream_info(self._stream)
        self._created = str(info.created)
        first, last = info.state.first_seq, info.state.last_seq
        known = self._known(context.cursor, last)
        begin = known if known is not None else last if new else 0
        await self._client.subscribe(self._inbox, cb=take)
        await jetstream.add_consumer(self._stream, self._consumer(begin + 1, heartbeat))
        context.cursor = self.cursor(begin)
        context.note(f"reads stream {self._stream}")
        if known is None or self._subjects or first <= begin + 1:
            return []
        gone = f"messages {begin + 1:,} to {first - 1:,} were removed from the stream before they were read"
        return [rejected(gone, b"", key=self._stream)]

    def _known(self, cursor: str | None, last: int) -> int | None:
        try:
            known = msgspec.json.decode(cursor or "", type=StreamCursor)
        except ValueError:
            return None
        if (known.stream, known.created) != (self._stream, self._created) or not 0 <= known.sequence <= last:
            return None
        return known.sequence

    def _consumer(self, sequence: int, heartbeat: float) -> ConsumerConfig:
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

        return ConsumerConfig(
            deliver_subject=self._inbox,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=sequence,
            ack_policy=AckPolicy.NONE,
            max_deliver=1,
            flow_control=True,
            idle_heartbeat=max(heartbeat, _SHORTEST_HEARTBEAT),
            inactive_threshold=_KEPT_WITHOUT_US,
            mem_storage=True,
            num_replicas=1,
            filter_subject=self._subjects[0] if len(self._subjects) == 1 else None,
            filter_subjects=self._subjects if len(self._subjects) > 1 else None,
        )

    async def place(self, message: Msg) -> Place | None:
        """
        Give where a message is in the stream; None for what the server says of the stream itself.

        Raises:
            FeedBroken: If a message before it is missing.

        """
        if message.subject == self._inbox:
            # Flow control: the server goes on when it hears that what it sent was taken.
            stalled = (message.headers or {}).get("Nats-Consumer-Stalled")
            if reply := message.reply or stalled:
                await self._client.publish(reply)
            return None
        metadata = message.metadata
        if metadata.sequence.consumer != self._delivered + 1:
            raise FeedBroken(f"{self._where} left out messages of the stream; reading them again")
        self._delivered = metadata.sequence.consumer
        return Place(metadata.sequence.stream, int(metadata.timestamp.timestamp() * 1000))

    def cursor(self, number: int) -> str:
        """Give the cursor of a place in the stream."""
        return msgspec.json.encode(StreamCursor(self._stream, self._created, number)).decode()
