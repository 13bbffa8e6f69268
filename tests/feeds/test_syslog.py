from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from logging.handlers import SysLogHandler
from pathlib import Path
from typing import Any, NamedTuple

import pydantic
import pytest

from collab_dash.errors import FeedFailed
from collab_dash.event import REJECTED, Event, record
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance
from collab_dash.testing.upstream import NO_FAULTS
from collab_dash_feeds import syslog as module
from collab_dash_feeds._syslog_format import MAX_MESSAGE
from collab_dash_feeds.syslog import SyslogFeed

SAMPLES: dict[str, str] = json.loads((Path(__file__).parent / "samples" / "syslog.json").read_text())


class Listening(NamedTuple):
    """A feed that listens, and where."""

    events: Any
    udp: tuple[str, int]
    tcp: tuple[str, int]

    async def take(self, count: int) -> list[Event]:
        async with asyncio.timeout(10):
            return [await anext(self.events) for _ in range(count)]

    def send(self, *datagrams: str) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for datagram in datagrams:
                sender.sendto(datagram.encode(), self.udp)

    async def stream(self, data: bytes) -> asyncio.StreamWriter:
        _, writer = await asyncio.open_connection(*self.tcp)
        writer.write(data)
        return writer


@asynccontextmanager
async def listening(**options: Any) -> AsyncIterator[Listening]:
    """Run a feed on free ports, until it said where."""
    feed = SyslogFeed.configure({"port": 0, **options})
    noted: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    events: Any = feed.events(FeedContext(name="s", note=noted.set_result))
    waiting = asyncio.ensure_future(anext(events))
    async with asyncio.timeout(10):
        await asyncio.wait([noted, waiting], return_when=asyncio.FIRST_COMPLETED)
    if waiting.done():
        await waiting
    note = await noted
    places = dict(place.split(" ") for place in note.removeprefix("listening on ").partition(";")[0].split(", "))
    ports = {name: int(place.rpartition(":")[2]) for name, place in places.items()}

    async def all_events() -> AsyncIterator[Event]:
        yield await waiting
        async for event in events:
            yield event

    try:
        yield Listening(all_events(), ("127.0.0.1", ports.get("udp", 0)), ("127.0.0.1", ports.get("tcp", 0)))
    finally:
        if not waiting.done():
            waiting.cancel()
            await asyncio.wait([waiting])
        await events.aclose()


async def test_a_datagram_is_a_line() -> None:
    async with listening() as feed:
        feed.send(SAMPLES["rfc 5424, example 3"])
        [event] = await feed.take(1)
    assert (event.type, event.key, event.time) == ("log:line", "mymachine.example.com", 1065910455003)
    assert event.data == {
        "line": "An application event log entry...",
        "level": "info",
        "severity": "notice",
        "facility": "local4",
        "host": "mymachine.example.com",
        "app": "evntslog",
        "msgid": "ID47",
        "structured": {"exampleSDID@32473": {"iut": "3", "eventSource": "Application", "eventID": "1011"}},
        "peer": "127.0.0.1",
    }


async def test_a_sender_that_does_not_name_itself_is_known_by_its_address() -> None:
    async with listening() as feed:
        feed.send("Use the BFG!", SAMPLES["python, with a tag"])
        bare, tagged = await feed.take(2)
    assert (bare.key, bare.time, bare.data["host"], bare.data["level"]) == ("127.0.0.1", None, "127.0.0.1", "info")
    assert (tagged.data["app"], tagged.data["pid"]) == ("worker", 31)


async def test_the_key_may_be_the_program() -> None:
    async with listening(key="app") as feed:
        feed.send(SAMPLES["rfc 3164, example 1"], "no program")
        assert [event.key for event in await feed.take(2)] == ["su", "127.0.0.1"]


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
async def test_the_handler_of_pythons_logging_is_understood(kind: socket.SocketKind) -> None:
    async with listening() as feed:
        address = feed.udp if kind == socket.SOCK_DGRAM else feed.tcp
        handler = SysLogHandler(address, facility=SysLogHandler.LOG_DAEMON, socktype=kind)
        handler.setFormatter(logging.Formatter("shop[%(process)d]: %(message)s"))
        try:
            for level in (logging.CRITICAL, logging.WARNING):
                handler.emit(logging.LogRecord("shop", level, __file__, 1, "Grüße", None, None))
            events = await feed.take(2)
        finally:
            handler.close()
    assert [event.data["level"] for event in events] == ["fatal", "warn"]
    assert [event.data["severity"] for event in events] == ["crit", "warning"]
    assert {event.data["line"] for event in events} == {"Grüße"}
    assert {(event.data["facility"], event.data["app"]) for event in events} == {("daemon", "shop")}


async def test_streams_of_either_framing_are_read() -> None:
    async with listening() as feed:
        writer = await feed.stream(b"<11>one\n7 <12>two<13>three\0<14>four")
        first = await feed.take(3)
        writer.close()
        [last] = await feed.take(1)
    assert [event.data["line"] for event in [*first, last]] == ["one", "two", "three", "four"]


async def test_a_message_over_the_limit_is_kept_in_part_and_the_next_is_read() -> None:
    async with listening() as feed:
        writer = await feed.stream(b"<11>" + b"x" * MAX_MESSAGE + b"\n<12>next\n")
        first, second = await feed.take(2)
        writer.close()
    assert (first.type, first.key) == (REJECTED, "127.0.0.1")
    assert "over the limit of 65,536" in first.data["reason"]
    assert second.data["line"] == "next"


async def test_a_message_that_is_cut_off_is_kept_and_told() -> None:
    async with listening() as feed:
        (await feed.stream(b"999 <11>only half of")).close()
        [event] = await feed.take(1)
    assert (event.type, event.data["raw"]) == (REJECTED, "<11>only half of")
    assert "in the midst of a message" in event.data["reason"]


async def test_a_stream_of_many_messages_loses_none() -> None:
    count = 5 * module._MOST_WAITING
    async with listening() as feed:
        writer = await feed.stream(b"".join(b"<14>%d\n" % number for number in range(count)))
        events = await feed.take(count)
        writer.close()
    assert [event.data["line"] for event in events] == [str(number) for number in range(count)]


async def test_a_line_break_is_part_of_a_datagram_and_of_a_counted_message() -> None:
    async with listening() as feed:
        feed.send("<14>one\ntwo")
        [datagram] = await feed.take(1)
        writer = await feed.stream(b"11 <14>one\ntwo")
        [counted] = await feed.take(1)
        writer.close()
    assert datagram.data["line"] == counted.data["line"] == "one\ntwo"


async def test_what_came_too_fast_over_udp_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING", 3)
    inbox = module._Inbox(1)
    monkeypatch.setattr(module, "_Inbox", lambda most: inbox)
    async with listening() as feed:
        feed.send("<14>first")
        await feed.take(1)
        feed.send(*(f"<14>{number}" for number in range(10)))
        async with asyncio.timeout(10):
            while inbox._dropped < 7:
                await asyncio.sleep(0)
        events = await feed.take(4)
    assert [event.data.get("line") for event in events] == [None, "0", "1", "2"]
    assert "7 messages over UDP were dropped" in events[0].data["reason"]
    record(events[0], feed="s", received=1)


async def test_a_sender_over_tcp_waits_while_nobody_takes_its_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = module._Inbox(1)
    monkeypatch.setattr(module, "_Inbox", lambda most: inbox)
    async with listening() as feed:
        writer = await feed.stream(b"<14>first\n")
        await feed.take(1)
        writer.write(b"<14>another\n" * 500_000)
        async with asyncio.timeout(10):
            while not any(peer._paused for peer in inbox.peers):
                await asyncio.sleep(0)
        assert len(inbox._waiting) < 100_000
        writer.transport.abort()


async def test_connections_over_the_limit_are_refused_and_told() -> None:
    async with listening(connections=1) as feed:
        first = await feed.stream(b"<14>in\n")
        await feed.take(1)
        second = await feed.stream(b"")
        [told] = await feed.take(1)
        first.close()
        second.close()
    assert "1 TCP connections were refused" in told.data["reason"]


async def test_escapes_and_markup_stay_text() -> None:
    text = "\x1b]0;owned\x07[bold]x[/] $(id) '; DROP TABLE events;--"
    async with listening() as feed:
        feed.send(f"<14>{text}")
        [event] = await feed.take(1)
    assert event.data["line"] == text


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
async def test_a_port_in_use_fails_and_says_what_to_do(protocol: str) -> None:
    async with listening(protocol=protocol) as feed:
        port = feed.udp[1] or feed.tcp[1]
        with pytest.raises(FeedFailed, match=f"127.0.0.1:{port}: another program does already") as caught:
            async with listening(protocol=protocol, port=port):
                pass
    assert "another port" in caught.value.hint


async def test_an_address_of_another_machine_fails() -> None:
    with pytest.raises(FeedFailed, match="no such address"):
        async with listening(host="192.0.2.1"):
            pass


async def test_a_port_is_free_again_at_once() -> None:
    async with listening() as feed:
        udp, tcp = feed.udp[1], feed.tcp[1]
        writer = await feed.stream(b"<14>x\n")
        await feed.take(1)
    for protocol, port in (("udp", udp), ("tcp", tcp)):
        async with listening(protocol=protocol, port=port):
            pass
    writer.close()


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
async def test_the_port_is_free_when_the_feed_has_ended(protocol: str) -> None:
    async with listening(protocol=protocol) as feed:
        address = feed.udp if protocol == "udp" else feed.tcp
        if protocol == "udp":
            feed.send("<14>x")
            await feed.take(1)
    with socket.socket(type=socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM) as next_one:
        next_one.bind(address)


async def test_cancelling_frees_the_ports() -> None:
    noted: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def run() -> None:
        stream: Any = SyslogFeed.configure({"port": 0}).events(FeedContext(name="s", note=noted.set_result))
        async with aclosing(stream):
            async for _ in stream:
                pytest.fail("nobody sent anything")

    task = asyncio.create_task(run())
    place = (await noted).partition("tcp 127.0.0.1:")[2]
    task.cancel()
    await asyncio.wait([task])
    async with listening(protocol="tcp", port=int(place)):
        pass


async def test_being_open_to_the_network_is_said(caplog: pytest.LogCaptureFixture) -> None:
    notes: list[str] = []
    feed = SyslogFeed.configure({"host": "::", "port": 0, "protocol": "udp"})
    stream: Any = feed.events(FeedContext(name="s", note=notes.append))
    waiting = asyncio.ensure_future(anext(stream))
    async with asyncio.timeout(10):
        while not notes:
            await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert notes[0].startswith("listening on udp [::]:")
    assert notes[0].endswith("open to the network")
    assert "whoever reaches it can write here" in caplog.text


@pytest.mark.parametrize("options", [{"host": "localhost"}, {"port": 70000}, {"protocol": "tls"}, {"key": "line"}])
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        SyslogFeed.configure(options)


class Sender:
    """A program that sends to a port, as soon as somebody listens there."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    async def play(self, *messages: str) -> None:
        async with asyncio.timeout(5):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    break
                except ConnectionRefusedError:
                    await asyncio.sleep(0)
        for message in messages:
            writer.write(b"%d %b" % (len(message.encode()), message.encode()))
        await writer.drain()
        writer.close()


class TestConformance(FeedConformance):
    plugin = SyslogFeed
    messages = tuple(text for text in SAMPLES.values() if text.startswith("<"))
    malformed = ("<14>" + "x" * MAX_MESSAGE,)
    faults = NO_FAULTS

    @asynccontextmanager
    async def upstream(self) -> AsyncIterator[Sender]:
        yield Sender()

    def options(self, upstream: Sender) -> dict[str, Any]:
        return {"port": upstream.port}
