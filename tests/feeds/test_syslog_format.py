from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.event import RAW_EXCERPT_BYTES
from collab_dash_feeds._lines import Line
from collab_dash_feeds._syslog_format import FACILITIES, MAX_MESSAGE, FrameSplitter, SyslogMessage, parse

# Wire forms: the examples of RFC 5424, section 6.5, and RFC 3164, section 5.4, and what common senders make of them.
SAMPLES: dict[str, str] = json.loads((Path(__file__).parent / "samples" / "syslog.json").read_text())
NOW = 1791061111127  # 3 October 2026, 20:58:31 UTC
AUTH, SYSLOG, LOCAL4, LOCAL7 = (FACILITIES.index(name) for name in ("auth", "syslog", "local4", "local7"))


def read(name: str) -> SyslogMessage:
    return parse(SAMPLES[name].encode(), now=NOW, zone=UTC)


def utc(year: int, month: int, day: int, *clock: int) -> int:
    hour, minute, second, micro = (*clock, 0, 0, 0, 0)[:4]
    return round(datetime(year, month, day, hour, minute, second, micro, UTC).timestamp() * 1000)


def test_rfc_5424_example_1_with_a_byte_order_mark() -> None:
    assert read("rfc 5424, example 1") == SyslogMessage(
        "'su root' failed for lonvick on /dev/pts/8",
        AUTH,
        2,
        utc(2003, 10, 11, 22, 14, 15, 3000),
        "mymachine.example.com",
        "su",
        None,
        "ID47",
    )


def test_rfc_5424_example_2_without_one_and_with_an_offset() -> None:
    message = read("rfc 5424, example 2")
    assert message.text == "%% It's time to make the do-nuts."
    assert (message.facility, message.severity) == (FACILITIES.index("local4"), 5)
    assert message.time == utc(2003, 8, 24, 12, 14, 15)
    assert (message.host, message.app, message.process, message.kind) == ("192.0.2.1", "myproc", "8710", None)


def test_rfc_5424_example_3_with_structured_data() -> None:
    message = read("rfc 5424, example 3")
    assert message.structured == {"exampleSDID@32473": {"iut": "3", "eventSource": "Application", "eventID": "1011"}}
    assert message.text == "An application event log entry..."


def test_rfc_5424_example_4_with_structured_data_alone() -> None:
    message = read("rfc 5424, example 4")
    assert list(message.structured) == ["exampleSDID@32473", "examplePriority@32473"]
    assert message.structured["examplePriority@32473"] == {"class": "high"}
    assert message.text == ""


def test_escapes_in_structured_data_are_undone() -> None:
    raw = rb'<14>1 - - - - - [a q="say \"hi\"" b="c:\\d" e="\]" n="\n"][x] rest [y]'
    message = parse(raw, now=NOW)
    assert message.structured == {"a": {"q": 'say "hi"', "b": "c:\\d", "e": "]", "n": "\\n"}, "x": {}}
    assert (message.text, message.host, message.time) == ("rest [y]", None, None)


def test_rfc_3164_example_1() -> None:
    message = read("rfc 3164, example 1")
    assert message == SyslogMessage(
        "'su root' failed for lonvick on /dev/pts/8", AUTH, 2, utc(2026, 10, 11, 22, 14, 15), "mymachine", "su"
    )


def test_rfc_3164_example_2_before_and_after_a_relay() -> None:
    assert read("rfc 3164, example 2") == SyslogMessage("Use the BFG!", 1, 5)
    assert read("rfc 3164, example 2, relayed") == SyslogMessage(
        "Use the BFG!", 1, 5, utc(2027, 2, 5, 17, 32, 18), "10.0.0.99"
    )


def test_rfc_3164_example_3_whose_host_is_a_time_zone() -> None:
    message = read("rfc 3164, example 3")
    assert (message.facility, message.severity, message.host) == (FACILITIES.index("local4"), 5, "CST")
    assert message.text.startswith("1987 mymachine myproc[10]: %% It's time")


def test_rfc_3164_example_4_whose_time_is_none() -> None:
    message = read("rfc 3164, example 4")
    assert (message.facility, message.severity, message.time, message.host) == (0, 0, None, None)
    assert message.text == SAMPLES["rfc 3164, example 4"].removeprefix("<0>")


@pytest.mark.parametrize(
    ("name", "host", "app", "process", "text"),
    [
        ("logger", "web1", "deploy", None, "released 1.4.2"),
        ("logger, bsd", "web1", "deploy", "77", "released 1.4.2"),
        ("python", None, None, None, "cache: 3 keys dropped"),
        ("python, with a tag", None, "worker", "31", "done"),
        ("nginx", "web1", "nginx", None, '192.0.2.7 "GET / HTTP/1.1" 200'),
        ("rsyslog, forwarded", "web1", "sshd", "2211", "Accepted publickey for operator"),
        ("no host", None, "sudo", None, "operator : TTY=pts/0"),
        ("a switch", "sw-3", "%LINK-3-UPDOWN", None, "Interface Gi0/1, changed state to down"),
        ("ipv6", "2001:db8::7", "cron", "9", "job started"),
    ],
)
def test_what_common_senders_make_of_it(
    name: str, host: str | None, app: str | None, process: str | None, text: str
) -> None:
    message = read(name)
    assert (message.host, message.app, message.process, message.text) == (host, app, process, text)


@pytest.mark.parametrize(
    ("now", "written", "expected"),
    [
        (utc(2026, 1, 1, 0, 0, 5), "Dec 31 23:59:58", utc(2025, 12, 31, 23, 59, 58)),
        (utc(2026, 12, 31, 23, 59, 58), "Jan  1 00:00:01", utc(2027, 1, 1, 0, 0, 1)),
        (utc(2026, 6, 1), "Jun  1 12:00:00", utc(2026, 6, 1, 12)),
        (utc(2024, 3, 1), "Feb 29 12:00:00", utc(2024, 2, 29, 12)),
        (utc(2025, 3, 1), "Feb 29 12:00:00", utc(2024, 2, 29, 12)),
        (utc(2026, 6, 1), "Jun  1 2024 12:00:00", utc(2024, 6, 1, 12)),
    ],
)
def test_a_time_without_a_year_is_the_nearest(now: int, written: str, expected: int) -> None:
    message = parse(f"<13>{written} web1 app: x".encode(), now=now, zone=UTC)
    assert (message.time, message.host, message.app, message.text) == (expected, "web1", "app", "x")


def test_a_time_that_is_none_leaves_the_message_as_it_is() -> None:
    for written in ("Feb 30 12:00:00", "Jun  1 25:00:00", "2026-13-01T00:00:00Z"):
        message = parse(f"<13>{written} web1 app: x".encode(), now=NOW, zone=UTC)
        assert (message.text, message.time, message.host) == (f"{written} web1 app: x", None, None)


def test_a_time_without_zone_is_in_ours() -> None:
    east = timezone(timedelta(hours=5))
    assert parse(b"<13>Jun  1 12:00:00 h a: x", now=utc(2026, 6, 1), zone=east).time == utc(2026, 6, 1, 7)
    assert parse(b"<13>2026-06-01T12:00:00 h a: x", now=NOW, zone=east).time == utc(2026, 6, 1, 7)


@pytest.mark.parametrize(
    "raw",
    [
        "<14>1 yesterday h a - - - x",
        "<14>1 - h a - - [broken x",
        "<14>1 - h a - - -x",
        "<14>1 - h a - - -[a]",
        '<14>1 - h a - - [a b="c"]x',
        "<14>1 1791061111127 h a - - - x",
        "<14>2 - h a - - - x",
    ],
)
def test_what_is_nearly_rfc_5424_is_kept_whole(raw: str) -> None:
    assert parse(raw.encode(), now=NOW).text == raw.removeprefix("<14>")


@pytest.mark.parametrize("raw", ["", "<", "<>", "<192>x", "<999>x", "<-1>x", "hello", "<14", "<1x>y"])
def test_what_has_no_priority_is_a_notice_of_a_user(raw: str) -> None:
    assert parse(raw.encode(), now=NOW) == SyslogMessage(raw, 1, 5)


def test_every_priority_is_told_apart() -> None:
    found = {(m.facility, m.severity) for m in (parse(f"<{number}>x".encode(), now=NOW) for number in range(192))}
    assert len(found) == 192


def test_ends_of_lines_and_nuls_are_no_part_of_it_and_bad_bytes_are_shown_as_such() -> None:
    assert parse(b"<14>caf\xe9\r\n\0", now=NOW).text == "caf\ufffd"


def test_what_is_malicious_takes_no_time() -> None:
    for raw in (b'<14>1 - - - - - [a b="' + b'\\"' * 30_000, b"<14>" + b"a" * MAX_MESSAGE, b"<14>1 " + b"- " * 30_000):
        parse(raw, now=NOW)


@given(st.sampled_from(sorted(SAMPLES.values())), st.integers(0, 150), st.binary(max_size=6))
def test_damaged_messages_are_read_somehow(sample: str, at: int, noise: bytes) -> None:
    raw = sample.encode()
    message = parse(raw[:at] + noise + raw[at + len(noise) :], now=NOW)
    assert 0 <= message.severity <= 7
    assert 0 <= message.facility < len(FACILITIES)


@given(st.binary(max_size=200))
def test_no_bytes_are_refused(raw: bytes) -> None:
    parse(raw, now=NOW)


def split(stream: bytes, *, at: int = 1 << 20, limit: int = MAX_MESSAGE) -> tuple[list[Line], bool]:
    splitter = FrameSplitter(limit)
    frames = [frame for start in range(0, len(stream), at) for frame in splitter.feed(stream[start : start + at])]
    rest, cut = splitter.finish()
    return frames + rest, cut


STREAM = b"<1>one\n18 <2>of two\nlines..\x00<3>nul\x00<4>crlf\r\n\n\n5 <5>xx6 <6>yyy12 is no count\n7\n<7>last"
MESSAGES = [b"<1>one", b"<2>of two\nlines..\x00", b"<3>nul", b"<4>crlf", b"<5>xx", b"<6>yyy", b"12 is no count", b"7"]


@pytest.mark.parametrize("at", [1, 2, 3, 7, 1 << 20])
def test_both_framings_are_told_apart_frame_by_frame_wherever_they_are_cut(at: int) -> None:
    frames, cut = split(STREAM, at=at)
    assert [frame.raw for frame in frames] == [*MESSAGES, b"<7>last"]
    assert not cut


def test_a_counted_message_that_is_cut_off_is_told() -> None:
    assert split(b"100 <1>only half") == ([Line(b"<1>only half", 12)], True)
    assert split(b"100 <1>only half"[:3]) == ([Line(b"100", 3)], False)


@pytest.mark.parametrize("at", [1000, 1 << 20])
@pytest.mark.parametrize("counted", [True, False])
def test_of_a_message_over_the_limit_the_beginning_is_kept_and_the_next_is_read(counted: bool, at: int) -> None:
    long = b"<1>" + b"x" * 9997
    stream = (b"10000 " + long if counted else long + b"\n") + b"<2>next\n"
    frames, _ = split(stream, at=at, limit=5000)
    assert frames == [Line(long[:RAW_EXCERPT_BYTES], 10000, whole=False), Line(b"<2>next", 7)]


def test_what_it_keeps_is_bounded() -> None:
    splitter = FrameSplitter(5000)
    for start in (b"4000000000 <1>", b"\0<1>"):
        for _ in range(50):
            splitter.feed(start + b"x" * 1000)
            start = b""
            assert len(splitter._rest) <= 6000


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=6), st.integers(1, 9), st.data())
def test_any_messages_survive_any_cut(bodies: list[bytes], at: int, data: st.DataObject) -> None:
    stream, expected = b"", []
    for body in bodies:
        message = b"<9>" + body
        if data.draw(st.booleans()) or set(b"\n\0\r") & set(body):
            stream += b"%d %b" % (len(message), message)
        else:
            stream += message + data.draw(st.sampled_from([b"\n", b"\0", b"\r\n"]))
        expected.append(message.rstrip(b"\r"))
    frames: list[Any] = [frame.raw for frame in split(stream, at=at)[0]]
    assert frames == expected
