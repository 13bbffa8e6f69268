"""pycrdt's own room server, for `shared_relay.py`: prints its port, then serves."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn
from pycrdt.websocket import ASGIServer, WebsocketServer


async def main() -> None:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.bind(("127.0.0.1", 0))
    bound.listen(100)
    async with WebsocketServer(auto_clean_rooms=False) as rooms:
        app: Any = ASGIServer(rooms)
        config = uvicorn.Config(app, log_level="critical", ws_per_message_deflate=False, lifespan="off")
        server = uvicorn.Server(config)
        print(bound.getsockname()[1], flush=True)
        await server.serve(sockets=[bound])


if __name__ == "__main__":
    asyncio.run(main())
