"""
What can go wrong, as one tree.

::

    CollabDashError
    ├── ConfigError          a workspace, settings or option that cannot be used
    ├── PluginError          a feed plugin that cannot be found, trusted or imported
    ├── FeedError            a feed's connection ended
    │   ├── FeedBroken       it may work again: the runner tries again
    │   └── FeedFailed       trying again cannot help until somebody changes something
    ├── LogError             the event log
    │   ├── LogRefused       this file is not a log of ours, or of a newer version
    │   ├── LogUnavailable   it cannot be written just now (disk full, read-only)
    │   └── LogClosed        it was closed
    ├── BadFrame             bytes on the peer link that are not protocol version 1
    ├── HubError             the hub cannot start or cannot be reached
    └── SessionError         what a hub answered to a peer
        ├── JoinRefused      final: wrong token, removed, other protocol version
        └── RequestRefused   one request was answered with an error; the link lives

Every error's text is one line for a person: what, where, the likely cause; `hint` says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence


class CollabDashError(Exception):
    """
    Base of every error this package raises on purpose.

    Args:
        message: What went wrong, where, and the likely cause, in one line.
        hint: What to do about it, or an empty string.

    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(CollabDashError):
    """A workspace, a settings file or an option cannot be used as written."""


class PluginError(CollabDashError):
    """A feed plugin cannot be found, is not trusted, or fails on import."""


class FeedError(CollabDashError):
    """A feed's connection ended; see the two kinds below it."""


class FeedBroken(FeedError):
    """
    The connection broke in a way that may mend itself.

    Args:
        message: Why, in one line.
        retry_after: Seconds the source asked us to wait, when it said so.
        hint: What a person could do meanwhile.
        planned: Whether the source ended the connection in order, as some do once a day: the runner comes back at once.

    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, hint: str = "", planned: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        self.planned = planned


class FeedFailed(FeedError):
    """The connection cannot work until somebody changes something."""


class LogError(CollabDashError):
    """The event log cannot do what was asked."""


class LogRefused(LogError):
    """The file is not an event log of ours, or was written by a newer version."""


class LogUnavailable(LogError):
    """The log cannot be written just now: a full disk, a read-only folder, an I/O error."""


class LogClosed(LogError):
    """The log was closed."""


class BadFrame(CollabDashError):
    """Bytes on the peer link that protocol version 1 does not allow."""


class HubError(CollabDashError):
    """A hub cannot start, or cannot be found or reached."""


class SessionError(CollabDashError):
    """What a hub answered to a peer."""


class JoinRefused(SessionError):
    """
    The hub refused this peer for good; trying again gives the same answer.

    Args:
        message: What the hub said.
        code: The WebSocket close code, 4400 or above, or 0 where there was none.
        hint: What to do.

    """

    def __init__(self, message: str, *, code: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class RequestRefused(SessionError):
    """
    A request was answered with an error.

    Args:
        message: The hub's words.
        code: One of the protocol's error codes, such as ``forbidden``.
        path: Where in the payload the fault is, outermost key first.
        retry: Whether the same request may succeed later.

    """

    def __init__(self, message: str, *, code: str, path: Sequence[str | int] = (), retry: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.path = list(path)
        self.retry = retry
