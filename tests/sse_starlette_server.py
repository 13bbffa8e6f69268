"""
A program of its own that streams numbers by sse-starlette under uvicorn, from after ``Last-Event-ID``, without end.

Prints its port. Ids are not all ASCII; every seventh event has two lines of data.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from itertools import count

import uvicorn
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

PREFIX = "größe-"


async def numbers(request: Request) -> EventSourceResponse:
    """Stream what follows the client's last id; ``burst`` says after how many it falls quiet, ``sep`` the line end."""
    last = request.headers.get("last-event-id", "").encode("latin-1").decode()
    start = int(last.removeprefix(PREFIX)) + 1 if last else 1
    burst = int(request.query_params.get("burst", sys.maxsize))

    async def events() -> AsyncIterator[ServerSentEvent]:
        for number in count(start):
            if number - start >= burst:
                await asyncio.Event().wait()
            data = f'{{"n":\n{number}}}' if number % 7 == 0 else f'{{"n":{number}}}'
            yield ServerSentEvent(data, id=f"{PREFIX}{number}", event="number", retry=40)

    ping = float(request.query_params.get("ping", 15))
    return EventSourceResponse(events(), ping=ping, sep=request.query_params.get("sep"))


def main() -> None:
    """Serve until killed, on the port given or one of the system's choosing."""
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as bound:
        print(bound.getsockname()[1], flush=True)
        app = Starlette(routes=[Route("/numbers", numbers)])
        uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None)).run(sockets=[bound])


if __name__ == "__main__":
    main()
