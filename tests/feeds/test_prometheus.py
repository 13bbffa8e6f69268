from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary, start_http_server

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import REJECTED, Event, record
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, ReplicaServer, collect
from collab_dash_feeds import prometheus as module
from collab_dash_feeds._prometheus_metrics import Choice, Watch, read
from collab_dash_feeds.prometheus import PrometheusFeed
from replicas import until_noted

# What endpoints say, each of which is one look.
SAMPLES: list[str] = json.loads((Path(__file__).parent / "samples" / "prometheus.json").read_text())
TEXT, OPENMETRICS = SAMPLES[:2]
EVERYTHING = Choice((), (), buckets=False, most=1000)


@contextmanager
def serving(registry: CollectorRegistry) -> Iterator[str]:
    """Serve metrics as any Python program does, and give the address."""
    server, thread = start_http_server(0, "127.0.0.1", registry)
    try:
        yield f"http://127.0.0.1:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def data(events: list[Event]) -> dict[str | None, dict[str, Any]]:
    return {event.key: event.data for event in events}


def looks(
    *texts: str, choice: Choice = EVERYTHING, unchanged: bool = False, openmetrics: bool = False
) -> list[list[Event]]:
    """Give the events of looks ten seconds apart."""
    watch = Watch(unchanged=unchanged)
    return [
        watch.look(read(text, choice, openmetrics=openmetrics)[0], at=10.0 * number)
        for number, text in enumerate(texts, 1)
    ]


async def test_a_real_servers_metrics_become_events() -> None:
    registry = CollectorRegistry()
    requests = Counter("shop_requests", "Requests served", ["method"], registry=registry)
    requests.labels("GET").inc(5)
    Gauge("shop_queue_bytes", "Waiting", unit="bytes", registry=registry).set(1.5)
    took = Histogram("shop_took_seconds", "Time taken", registry=registry)
    took.observe(0.25)
    took.observe(0.75)
    Summary("shop_size", "Sizes", registry=registry).observe(4)
    Info("shop", "Version", registry=registry).info({"version": "1.4"})
    Enum("shop_state", "State", states=["up", "down"], registry=registry).state("up")
    with serving(registry) as url:
        feed, context = PrometheusFeed.configure({"url": url, "interval": 0.1}), FeedContext(name="m")
        events = await collect(feed, context, 7)
        requests.labels("GET").inc(2)
        [changed] = await collect(feed, context, 1)
    assert {event.type for event in events} == {"metric:update"}
    told = data(events)
    assert told["shop_requests_total{method=GET}"] == {
        "name": "shop_requests_total",
        "value": 5,
        "kind": "counter",
        "help": "Requests served",
        "labels": {"method": "GET"},
    }
    assert told["shop_queue_bytes"]["unit"] == "bytes"
    assert {"count": 2, "sum": 1, "mean": 0.5, "value": 0.5}.items() <= told["shop_took_seconds"].items()
    assert told["shop_size"]["mean"] == 4
    assert told["shop_info{version=1.4}"]["value"] == 1
    assert [told[f"shop_state{{shop_state={state}}}"]["value"] for state in ("up", "down")] == [1, 0]
    assert changed.data["value"] == 7
    assert changed.data["rate"] > 0
    for event in events:
        record(event, feed="m", received=1)


@pytest.mark.parametrize("kind", ["text/plain; version=0.0.4", "application/openmetrics-text; version=1.0.0"])
async def test_the_format_is_told_by_the_content_type(kind: str) -> None:
    async with ReplicaServer() as replica:
        replica.answer(200, OPENMETRICS if "open" in kind else TEXT, headers={"Content-Type": kind})
        feed = PrometheusFeed.configure({"url": replica.poll_url, "ignore": []})
        events = await collect(feed, FeedContext(name="m"), 3)
    assert replica.requests[0].headers["accept"].startswith("application/openmetrics-text")
    assert data(events)["http_requests_total{code=200,method=post}"]["value"] == 1027
    assert events[0].time == 1395066363000


def test_counters_have_a_rate_per_second_and_resets_are_understood() -> None:
    text = "# TYPE a_total counter\na_total {}\n"
    first, second, third, fourth, fifth = looks(*map(text.format, (100, 150, 30, 30, 30)))
    assert "rate" not in first[0].data
    assert (second[0].data["value"], second[0].data["rate"]) == (150, 5)
    assert (third[0].data["value"], third[0].data["rate"]) == (30, 3)  # counted since it was reset
    assert fourth[0].data["rate"] == 0  # told once
    assert fifth == []


def test_of_a_histogram_the_mean_since_the_last_look_is_told() -> None:
    text = '# TYPE h histogram\nh_bucket{{le="+Inf"}} {0}\nh_sum {1}\nh_count {0}\n'
    looked = looks(text.format(2, 10), text.format(4, 30), text.format(1, 7), text.format(1, 7), text.format(0, 0))
    assert [events[0].data.get("mean") for events in looked] == [5, 10, 7, 7, None]
    assert [events[0].data.get("rate") for events in looked] == [None, 0.2, 0.1, 0, 0]


def test_buckets_and_quantiles_are_told_where_they_are_wanted() -> None:
    choice = EVERYTHING._replace(buckets=True)
    [events] = looks(TEXT, choice=choice)
    told = data(events)
    assert told["http_request_duration_seconds_bucket{le=0.05}"]["value"] == 24054
    assert told["rpc_duration_seconds{quantile=0.99}"]["value"] == 76656
    [events] = looks(TEXT)
    assert not [event for event in events if "bucket" in str(event.key) or "quantile" in str(event.key)]


def test_gauges_have_no_rate_and_what_is_no_number_is_left_out() -> None:
    first, second = looks("# TYPE g gauge\ng 1\nn NaN\n", "# TYPE g gauge\ng 2\nn +Inf\n")
    assert [event.key for event in first + second] == ["g", "g"]
    assert "rate" not in second[0].data


def test_unchanged_series_are_told_where_they_are_wanted() -> None:
    assert [len(events) for events in looks("a 1\nb 2\n", "a 1\nb 3\n")] == [2, 1]
    assert [len(events) for events in looks("a 1\nb 2\n", "a 1\nb 3\n", unchanged=True)] == [2, 2]


@pytest.mark.parametrize(
    ("metrics", "ignore", "expected"),
    [
        ((), (), ["a_x", "b", "c_total"]),
        (("a_*", "c"), (), ["a_x", "c_total"]),
        (("c_total",), (), ["c_total"]),
        ((), ("a*", "c"), ["b"]),
        (("a*",), ("*x",), []),
    ],
)
def test_metrics_are_chosen_by_pattern(metrics: Any, ignore: Any, expected: list[str]) -> None:
    found, _ = read(
        "a_x 1\nb 2\n# TYPE c_total counter\nc_total 3\n", Choice(metrics, ignore, False, 9), openmetrics=False
    )
    assert list(found) == expected


async def test_over_the_limit_it_says_how_many_are_left_out() -> None:
    notes: list[str] = []
    text = "".join(f'a{{n="{number}"}} 1\n' for number in range(30))
    async with ReplicaServer([text]) as replica:
        feed = PrometheusFeed.configure({"url": replica.poll_url, "limit": 10})
        await collect(feed, FeedContext(name="m", note=notes.append), 10)
    assert notes == ["10 series, 20 left out: raise limit, or set metrics"]


async def test_large_answers_are_read_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SMALL", 10)
    async with ReplicaServer(["a_long_name 1\n"]) as replica:
        [event] = await collect(PrometheusFeed.configure({"url": replica.poll_url}), FeedContext(name="m"), 1)
    assert event.key == "a_long_name"


async def test_the_same_is_not_told_anew_after_a_break() -> None:
    context = FeedContext(name="m")
    async with ReplicaServer(["a 1\nb 2\n"]) as replica:
        options = {"url": replica.poll_url, "interval": 0.1}
        await collect(PrometheusFeed.configure(options), context, 2)
        await until_noted(PrometheusFeed.configure(options), context)
        feed = PrometheusFeed.configure(options)
        await until_noted(feed, context)
        replica.play("a 1\nb 3\n")
        [event] = await collect(feed, context, 1)
    assert (event.key, event.data["value"]) == ("b", 3)


@pytest.mark.parametrize("body", ["oops", '{"a": 1}', "# TYPE a gauge\na x\n"])
async def test_what_are_no_metrics_is_kept_once(body: str) -> None:
    async with ReplicaServer([body]) as replica:
        feed, context = PrometheusFeed.configure({"url": replica.poll_url, "interval": 0.1}), FeedContext(name="m")
        [event] = await collect(feed, context, 1)
        replica.play("a 1\n")
        [after] = await collect(feed, context, 1)
    assert (event.type, event.data["raw"]) == (REJECTED, body)
    assert after.type == "metric:update"


async def test_secrets_are_sent_and_never_told() -> None:
    async with ReplicaServer() as replica:
        replica.answer(401)
        options = {"url": f"{replica.poll_url}?key=${{KEY}}", "headers": {"Authorization": "Bearer ${KEY}"}}
        feed = PrometheusFeed.configure(options)
        with pytest.raises(FeedFailed) as caught:
            await collect(feed, FeedContext(name="m", environ={"KEY": "s3cret"}), 1)
    assert replica.requests[0].headers["authorization"] == "Bearer s3cret"
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


async def test_an_endpoint_that_stalls_in_the_midst_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ANSWER_WITHIN", 0.1)
    stalled = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\na 1")
        await stalled.wait()
        writer.close()

    async with await asyncio.start_server(stall, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        feed = PrometheusFeed.configure({"url": f"http://127.0.0.1:{port}/metrics"})
        with pytest.raises(FeedBroken, match="took over"):
            await collect(feed, FeedContext(name="m"), 1)
        stalled.set()


async def test_an_endpoint_that_is_not_there_is_broken() -> None:
    async with ReplicaServer() as replica:
        replica.refuse()
        with pytest.raises(FeedBroken, match="refuses connections"):
            await collect(PrometheusFeed.configure({"url": replica.poll_url}), FeedContext(name="m"), 1)


@pytest.mark.parametrize(
    "options", [{"url": "x"}, {"metrics": ["a b"]}, {"interval": 0}, {"limit": 0}, {"ignore": ["{}"]}]
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        PrometheusFeed.configure(options)


@given(st.sampled_from([TEXT, OPENMETRICS]), st.integers(0, 1500), st.text(max_size=6), st.booleans())
def test_damaged_metrics_are_read_or_refused(text: str, at: int, noise: str, openmetrics: bool) -> None:
    try:
        found, _ = read(text[:at] + noise + text[at + len(noise) :], EVERYTHING, openmetrics=openmetrics)
    except ValueError:
        return
    for event in Watch(unchanged=False).look(found, at=1.0):
        record(event, feed="m", received=1)


class TestConformance(FeedConformance):
    plugin = PrometheusFeed
    messages = SAMPLES[2:]
    malformed = ("oops",)
    resumes = True

    def upstream(self) -> ReplicaServer:
        return ReplicaServer([""])  # an endpoint without any metrics yet

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.poll_url, "interval": 0.1}
