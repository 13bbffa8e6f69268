"""How a peer gets in: where it starts, and what it is told."""

from __future__ import annotations

from typing import NamedTuple

from ..wire import PING_INTERVAL, Hello, Welcome, person_id, shown_name
from .hub import Hub
from .subscriber import Link, Subscriber


class Start(NamedTuple):
    """
    Where a peer starts.

    Args:
        offset: It has everything up to there.
        recovered: Whether it goes on where it was.

    """

    offset: int
    recovered: bool


def start_of(hello: Hello, *, epoch: str, last: int) -> Start:
    """
    Give where a peer starts.

    Args:
        hello: What it asked.
        epoch: Of the log that is here.
        last: The offset of its last delivered event.

    """
    if hello.resume is not None:
        here = hello.resume.epoch == epoch and 0 <= hello.resume.offset <= last
        return Start(hello.resume.offset, recovered=True) if here else Start(last, recovered=False)
    if hello.since is not None:
        return Start(min(max(hello.since, 0), last), recovered=False)
    return Start(last, recovered=False)


def welcomed(hub: Hub, link: Link, hello: Hello, *, role: str, client: str) -> tuple[Subscriber, Welcome]:
    """
    Make a peer a subscriber; the caller sends the welcome, lets it enter the hub, and then runs it.

    Args:
        hub: Whose.
        link: Its connection.
        hello: What it asked.
        role: What its token allows.
        client: Its id in this session.

    """
    start = start_of(hello, epoch=hub.log.epoch, last=hub.fanout.last)
    subscriber = Subscriber(
        link,
        hub.fanout,
        hub.log,
        client=client,
        name=shown_name(hello.name),
        person=person_id(hello.person),
        color=hello.color,
        role=role,
        feeds=None if "*" in hello.feeds else frozenset(hello.feeds),
        sent=start.offset,
        edit_rate=hub.shared.edit_rate,
    )
    welcome = Welcome(
        session=hub.session,
        epoch=hub.log.epoch,
        offset=start.offset,
        role=role,
        client=subscriber.client,
        person=subscriber.person,
        recovered=start.recovered,
        ping=PING_INTERVAL,
        doc=hub.shared.epoch,
    )
    return subscriber, welcome
