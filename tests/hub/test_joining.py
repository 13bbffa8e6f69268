"""Where a peer starts."""

from __future__ import annotations

import pytest

from collab_dash.hub.joining import Start, start_of
from collab_dash.wire import PROTOCOL, Hello, Resume


def hello(*, resume: Resume | None = None, since: int | None = None) -> Hello:
    return Hello(protocol=PROTOCOL, resume=resume, since=since)


@pytest.mark.parametrize(
    ("asked", "start"),
    [
        (hello(), Start(50, recovered=False)),
        (hello(since=20), Start(20, recovered=False)),
        (hello(since=-1), Start(0, recovered=False)),
        (hello(since=51), Start(50, recovered=False)),
        (hello(resume=Resume(epoch="here", offset=20)), Start(20, recovered=True)),
        (hello(resume=Resume(epoch="here", offset=50)), Start(50, recovered=True)),
        (hello(resume=Resume(epoch="here", offset=51)), Start(50, recovered=False)),
        (hello(resume=Resume(epoch="here", offset=-1)), Start(50, recovered=False)),
        (hello(resume=Resume(epoch="other", offset=20), since=30), Start(50, recovered=False)),
    ],
)
def test_a_peer_goes_on_where_it_was_in_the_same_log_and_else_starts_where_it_asks_or_now(
    asked: Hello, start: Start
) -> None:
    assert start_of(asked, epoch="here", last=50) == start
