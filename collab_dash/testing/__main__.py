"""
``python -m collab_dash.testing sample.json`` plays a sample file for ever, to be looked at with any client.

Every message is played in turn, over each of the addresses that it prints, until it is interrupted.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path

from .replica import ReplicaServer

_AT_MOST = 1_000_000  # messages: a replica keeps what it played


def read_arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m collab_dash.testing", description="Play a sample file for ever.")
    parser.add_argument("sample", type=Path, help="a JSON list of messages, or a text file of lines")
    parser.add_argument("--rate", type=float, default=1.0, help="messages a second (1)")
    parser.add_argument("--port", type=int, default=0, help="listen on this port; any that is free by default")
    parser.add_argument("--limit", type=int, default=_AT_MOST, help="stop after so many messages")
    arguments = parser.parse_args(words)
    if arguments.rate <= 0:
        parser.error("--rate must be above 0")
    return arguments


async def play(arguments: argparse.Namespace) -> None:
    """Print the addresses and play."""
    sample = ReplicaServer.from_file(arguments.sample).messages
    if not sample:
        raise ValueError("there is no message in it")
    async with ReplicaServer(port=arguments.port) as replica:
        for name in ("ws_url", "sse_url", "lines_url", "poll_url", "long_poll_url"):
            print(f"{name:<14} {getattr(replica, name)}", flush=True)  # noqa: T201 - its output
        for message in islice(cycle(sample), arguments.limit):
            replica.play(message)
            await asyncio.sleep(1 / arguments.rate)


def main() -> None:
    """Run the command."""
    arguments = read_arguments()
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(play(arguments))
    except (OSError, ValueError) as error:  # JSON that cannot be read is a ValueError
        sys.exit(f"cannot play {arguments.sample}: {error}")


if __name__ == "__main__":
    main()
