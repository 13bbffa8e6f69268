"""
The feed plugin API: everything a source needs to become a pane.

A plugin is a `Feed` subclass registered as an entry point of the group ``collab_dash.feeds``, or a ``.py`` file in
the workspace's ``feeds/`` folder::

    class TicksOptions(FeedOptions):
        url: str = Field(description="Where the ticks are.")

    class TicksFeed(Feed[TicksOptions]):
        summary = "Ticks of the example exchange"
        transport = "websocket"

        async def events(self, context: FeedContext) -> AsyncIterator[Event]:
            async with websocket.connect(self.options.url) as messages:
                async for message in messages:
                    yield Event(type="tick:update", data=json.loads(message.data))

One call of `Feed.events` is one connection's worth: it raises `FeedBroken` when the connection breaks and never
tries again by itself; the hub's runner does, with backoff, and calls `events` anew with the last cursor.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar, cast, get_args, get_origin

import pydantic

from .board import Pane
from .event import Event, unix_ms

Overflow = Literal["sample", "conflate", "wait"]


class FeedOptions(pydantic.BaseModel):
    """
    Base of a plugin's options: what may stand in a workspace's ``[feeds.NAME]`` beside ``use``.

    Give every field a description: ``collab-dash feeds info`` shows them. An unknown key is an error.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


OptionsT = TypeVar("OptionsT", bound=FeedOptions)


@dataclass(slots=True)
class FeedContext:
    """
    What a feed is given for one connection.

    Args:
        name: The feed's name in the workspace.
        cursor: Upstream's own position after the last recorded event, as the feed last set it, or None. Set it just
            before yielding the event it follows, or alone when upstream moved on without an event: the hub writes
            event and cursor in one transaction.
        folder: The workspace's folder; relative paths in options start there.
        environ: The environment, for options that name secrets.
        clock: The time now, Unix milliseconds.
        log: Where to narrate; never secrets.
        note: Tells people something short while the feed is healthy, such as ``next poll in 31 s``.

    """

    name: str
    cursor: str | None = None
    folder: Path = field(default_factory=Path.cwd)
    environ: Mapping[str, str] = field(default_factory=dict)
    clock: Callable[[], int] = unix_ms
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("collab_dash.feed"))
    note: Callable[[str], None] = lambda text: None

    def carry(self, events: Sequence[Event], cursor: str | None) -> Iterator[Event]:
        """
        Yield the events of one message; the cursor moves with the last of them, or at once if there are none.

        A hub that ends in the midst then asks upstream for the whole message again, and loses nothing.

        Args:
            events: What the message became.
            cursor: Upstream's position after the message.

        """
        yield from events[:-1]
        self.cursor = cursor
        yield from events[-1:]


class Feed(ABC, Generic[OptionsT]):
    """
    One source of events.

    Class attributes describe the plugin; an instance is one configured feed, which may set its own `silence`,
    `patience`, `overflow` and `fallbacks`.

    Args:
        options: The validated options.

    Attributes:
        summary: One line for ``collab-dash feeds list``.
        transport: How it talks upstream, for people: ``websocket``, ``sse``, ``polling``, ``local``, …
        silence: Seconds without any sign of life after which a connection counts as dead, or None for sources that
            may rightly be quiet. A sign of life is an event or a call of `FeedContext.note`.
        fallbacks: Feeds that bring the same events in other ways, best first; the hub takes them while this one does
            not work, and comes back to it later.
        patience: Seconds in which a connection has to show a first sign of life, where there is another way.
        pane: How its events look best; the pane's view, columns, field and the like are defaults for this feed's panes.
        needs: Libraries it imports that may be absent, each with what to install: ``{"redis": "collab-dash[redis]"}``.
            Such a library is imported inside functions, so that the plugin can be described without it.
        overflow: What becomes of events above the feed's rate limit, unless the workspace says otherwise: ``sample``
            leaves some out, ``conflate`` keeps the latest of each key, ``wait`` slows the source down, where it loses
            nothing by waiting.

    """

    summary: ClassVar[str] = ""
    transport: ClassVar[str] = "local"
    needs: ClassVar[Mapping[str, str]] = {}
    overflow: Overflow = "sample"
    silence: float | None = None
    patience: float = 10.0
    fallbacks: Sequence[Feed[Any]] = ()
    pane: ClassVar[Pane] = Pane()

    def __init__(self, options: OptionsT) -> None:
        self.options = options

    @classmethod
    def options_model(cls) -> type[FeedOptions]:
        """Give the options class named in ``Feed[...]``."""
        for base in cls.__mro__:
            for generic in getattr(base, "__orig_bases__", ()):
                if get_origin(generic) is Feed:
                    (model,) = get_args(generic)
                    if isinstance(model, type):
                        return model
        return FeedOptions

    @classmethod
    def configure(cls, options: Mapping[str, Any]) -> Feed[Any]:
        """
        Build a feed from what the workspace file says.

        Raises:
            pydantic.ValidationError: If the options are not valid.

        """
        return cls(cast("OptionsT", cls.options_model().model_validate(options)))

    @classmethod
    def missing(cls) -> list[str]:
        """Give what has to be installed before the feed can run, each once; nothing is imported to find out."""
        return list(dict.fromkeys(package for library, package in cls.needs.items() if find_spec(library) is None))

    @abstractmethod
    def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        Connect once and yield events until the connection ends.

        Returning means that the source has ended for good (a file that was read to its end, a child that exited).
        A message that cannot become an event is yielded as `collab_dash.event.rejected`.

        Raises:
            FeedBroken: If the connection broke; the runner tries again.
            FeedFailed: If trying again cannot help.

        """
