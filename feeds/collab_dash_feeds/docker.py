"""What containers of a Docker engine print, and what the engine does with them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from collab_dash.board import Pane
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.transports.address import expand

from ._docker_engine import found
from ._docker_follower import PING_EVERY, Follower, Wanted
from ._merged import merged

EngineUrl = Annotated[str, StringConstraints(pattern=r"^(unix|tcp|https?|ssh)://\S+$")]
Name = Annotated[str, StringConstraints(pattern=r"^/?[A-Za-z0-9*?\[\]!_.-]+$")]


class DockerOptions(FeedOptions):
    """Options of the ``docker`` feed."""

    containers: tuple[Name, ...] = Field(
        (), description="Names of containers, patterns such as shop-* allowed. Without any, all of them."
    )
    labels: tuple[Annotated[str, StringConstraints(pattern=r"^[^=]+(=.*)?$")], ...] = Field(
        (), description="Only containers with all of these labels, such as com.docker.compose.project=shop."
    )
    logs: bool = Field(True, description="Tell what the containers print.")
    events: bool = Field(True, description="Tell what the engine does: start, die, pull and the like.")
    streams: Literal["both", "stdout", "stderr"] = Field("both", description="Which of a container's outputs to read.")
    tail: int = Field(
        10, ge=0, le=100_000, description="How many earlier lines of each running container to begin with."
    )
    url: EngineUrl | None = Field(
        None,
        description="The engine's address, such as unix:///run/docker.sock or tcp://10.0.0.5:2375. "
        "By default DOCKER_HOST, Docker's current context, or the usual socket.",
    )


class DockerFeed(Feed[DockerOptions]):
    """
    Lines of containers, of those that start later too, and events of the engine.

    The cursor is how far the engine's events and each container's log were told, to the nanosecond.
    """

    summary = "Docker containers: what they print, and their starts and ends"
    transport = "docker"
    needs = {"aiodocker": "collab-dash[docker]"}  # noqa: RUF012 - as the base class has it
    overflow = "wait"
    silence = 3 * PING_EVERY
    pane = Pane(view="log")

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        Follow the engine's events and the logs of its containers.

        Raises:
            FeedBroken: If the engine cannot be reached or a stream breaks off.
            FeedFailed: If the engine refuses what is asked.

        """
        url = None if self.options.url is None else expand(self.options.url, context.environ)
        async with found(url, context.environ) as engine:
            follower = Follower(engine, self._wanted(), context)
            async with merged(follower.run) as told:
                async for event, mark in told:
                    follower.keep(mark)
                    yield event

    def _wanted(self) -> Wanted:
        options = self.options
        streams = ("stdout", "stderr") if options.streams == "both" else (options.streams,)
        return Wanted(options.containers, options.labels, options.logs, options.events, streams, options.tail)
