"""Figures of a program that Prometheus could read, too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext
from collab_dash.transports import http
from collab_dash.transports.address import HttpHeaders, HttpUrl, expand, expand_headers

from ._prometheus_metrics import Choice, Watch, read
from ._source import TlsOptions

if TYPE_CHECKING:
    import httpx

_ACCEPT = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.7,*/*;q=0.1"
_MOST_BYTES = 16 << 20
_SMALL = 100_000
_ANSWER_WITHIN = 30.0
_OPENMETRICS = "application/openmetrics-text"

Pattern = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_:*?\[][A-Za-z0-9_:*?\[\]!.-]*$")]


class PrometheusOptions(TlsOptions):
    """Options of the ``prometheus`` feed."""

    url: HttpUrl = Field(
        "http://127.0.0.1:9100/metrics",
        description="The metrics endpoint; ${NAME} comes from the environment. By default a node exporter's.",
    )
    metrics: tuple[Pattern, ...] = Field(
        (), description="Names of metrics, patterns such as http_* allowed. Without any, all of them."
    )
    ignore: tuple[Pattern, ...] = Field(
        ("*_created", "go_*", "promhttp_*", "python_gc_*"),
        description="Names of metrics to leave out, patterns allowed.",
    )
    interval: float = Field(5.0, ge=0.1, le=3600, description="Seconds between two looks.")
    limit: int = Field(
        500, ge=1, le=20_000, description="How many series at most; the note tells how many are left out."
    )
    buckets: bool = Field(False, description="Tell the buckets of histograms and the quantiles of summaries, too.")
    unchanged: bool = Field(False, description="Tell series that did not change, too.")
    headers: HttpHeaders = Field(
        default_factory=dict, repr=False, description="Sent along; ${NAME} comes from the environment."
    )


class PrometheusFeed(Feed[PrometheusOptions]):
    """Series of numbers when they are first seen and whenever they change, counters with their rate per second."""

    summary = "Figures of any program with a Prometheus metrics endpoint"
    transport = "polling"
    needs = {"prometheus_client": "collab-dash[prometheus]"}  # noqa: RUF012 - as the base class has it
    overflow = "conflate"
    pane = Pane(view="table", columns=("key", "value", "rate", "spark(value)", "age"))

    def __init__(self, options: PrometheusOptions) -> None:
        super().__init__(options)
        self._choice = Choice(options.metrics, options.ignore, options.buckets, options.limit)
        self._watch = Watch(unchanged=options.unchanged)

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        Look every few seconds; the cursor is a hash of what was there, so that the same is not told anew.

        Raises:
            FeedBroken: If a look fails in a way that may mend itself.
            FeedFailed: If trying again cannot help.

        """
        options, clock = self.options, asyncio.get_running_loop().time
        url, headers = expand(options.url, context.environ), expand_headers(options.headers, context.environ)
        async with http.opened(tls=options.tls(context)) as client:
            while True:
                began = clock()
                body, kind = await _fetch(client, url, headers)
                digest = blake2b(body, digest_size=12).hexdigest()
                for event in context.carry(
                    await self._look(body, kind, context, told=digest == context.cursor), digest
                ):
                    yield event
                await asyncio.sleep(max(options.interval - (clock() - began), 0.05))

    async def _look(self, body: bytes, kind: str, context: FeedContext, *, told: bool) -> list[Event]:
        """Give the events of what is there; none if it was told already, when nothing is known of it yet."""
        text, openmetrics = body.decode(errors="replace"), kind == _OPENMETRICS
        try:
            if len(body) < _SMALL:
                found, left_out = read(text, self._choice, openmetrics=openmetrics)
            else:
                found, left_out = await asyncio.to_thread(read, text, self._choice, openmetrics=openmetrics)
        except ValueError as error:
            return [] if told else [rejected(f"not metrics: {error}", body)]
        note = f"{len(found):,} series, {left_out:,} left out: raise limit, or set metrics" if left_out else ""
        context.note(note or f"{len(found):,} series")
        is_first = self._watch.is_new
        events = self._watch.look(found, asyncio.get_running_loop().time())
        return [] if told and is_first else events


async def _fetch(client: httpx.AsyncClient, url: str, headers: Mapping[str, str]) -> tuple[bytes, str]:
    """Give what is there, and its media type."""
    asked = {"accept": _ACCEPT, **headers}
    try:
        async with (
            asyncio.timeout(_ANSWER_WITHIN),
            http.streamed(client, url, headers=asked, within=_ANSWER_WITHIN) as response,
        ):
            http.check_status(url, response)
            http.check_data(url, response)
            with http.explained(url):
                return await http.read_body(url, response, max_size=_MOST_BYTES), http.media_type(response)
    except TimeoutError:
        raise FeedBroken(f"{http.shown(url)} took over {_ANSWER_WITHIN:.0f} s to answer") from None
