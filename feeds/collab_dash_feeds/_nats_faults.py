"""What NATS and its library say when something is wrong, in words, and how to sign in with keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.transports.http import CONNECT_TIMEOUT, broken_connection

_HINT_USER = "check username and password, token, credentials or nkey"


@contextmanager
def explained(where: str, troubles: Sequence[Exception] = ()) -> Iterator[None]:
    """
    Turn what the library raises in the block into words.

    Args:
        where: The address as people may see it.
        troubles: What the library told beside, latest last.

    Raises:
        FeedBroken: If trying again may help.
        FeedFailed: If it cannot.

    """
    from nats.errors import Error

    try:
        yield
    except FeedError:
        raise
    except (Error, OSError, EOFError, ValueError, TimeoutError) as error:
        raise fault(where, *troubles, error) from error


def fault(where: str, *troubles: Exception | None) -> FeedError:
    """Say what is wrong: of several troubles the one that people can do most about."""
    found = [_known(where, trouble) for trouble in reversed(troubles) if trouble is not None]
    for kind in (FeedFailed, FeedBroken):
        for error in found:
            if isinstance(error, kind):
                return error
    real = [trouble for trouble in troubles if trouble is not None and type(trouble).__name__ != "NoServersError"]
    if not real:
        return FeedBroken(f"{where} ended the connection")
    return broken_connection(where, real[-1])


def _known(where: str, error: Exception) -> FeedError | None:
    from nats import errors
    from nats.js.errors import APIError, NotFoundError

    words = " ".join(str(error).split())[:300]
    said = words.lower()
    if isinstance(error, NotFoundError):
        return FeedFailed(f"{where} has no such stream: {error.description}", hint="check stream, or create it first")
    if isinstance(error, APIError):
        return _refused(where, error)
    if isinstance(error, errors.NoRespondersError):
        return FeedBroken(f"{where} has no JetStream", hint="is it started with JetStream, and allowed to this user?")
    if isinstance(error, errors.AuthorizationError) or "authorization violation" in said or "authentication" in said:
        return FeedFailed(f"{where} does not know this user, or the password is wrong", hint=_HINT_USER)
    if "permissions violation" in said:
        return FeedFailed(
            f"{where} does not let this user read here: {words}", hint="check subjects and the user's rights"
        )
    if isinstance(error, errors.SecureConnRequiredError | errors.SecureConnWantedError):
        return FeedFailed(f"{where} and we do not agree on TLS: {words}", hint="write tls://, or nats:// without TLS")
    if isinstance(error, errors.UnexpectedEOF | errors.StaleConnectionError | errors.ConnectionClosedError):
        return FeedBroken(f"{where} ended the connection")
    if isinstance(error, errors.TimeoutError):
        return FeedBroken(f"{where} did not answer within {CONNECT_TIMEOUT:.0f} s", hint="check url and network")
    return None


def _refused(where: str, error: Any) -> FeedError:
    said = f"{where} refuses: {error.description or error}"
    if (error.code or 500) >= 500:
        return FeedBroken(said, hint="is JetStream enabled there?")
    return FeedFailed(said, hint="check stream and subjects")


def sign_in(folder: Path, *, credentials: str | None, nkey: str | None) -> dict[str, Any]:
    """
    Give what the library needs to sign in with a file.

    Args:
        folder: Relative paths start there.
        credentials: A .creds file, or None.
        nkey: A file with a seed, or None.

    Raises:
        FeedFailed: If the file cannot be read, or the library that signs is not installed.

    """
    option, name = ("nkey", nkey) if credentials is None else ("credentials", credentials)
    path = folder / Path(name or "").expanduser()
    try:
        path.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise FeedFailed(
            f"{option}: {path} cannot be read: {reason}", hint="check the file's name and rights"
        ) from None
    if find_spec("nkeys") is None:
        raise FeedFailed(f"{option} needs a library that is not installed", hint="pip install 'nats-py[nkeys]'")
    return {"user_credentials": str(path)} if option == "credentials" else {"nkeys_seed": str(path)}


@contextmanager
def usable(*, credentials: str | None, nkey: str | None) -> Iterator[None]:
    """
    Say so if the library cannot use a file to sign in with: it raises whatever comes of that.

    Raises:
        FeedFailed: If so.

    """
    from nats.errors import Error

    try:
        yield
    except (Error, OSError, FeedError):
        raise
    except Exception as error:
        name, option = (nkey, "nkey") if credentials is None else (credentials, "credentials")
        if name is None:
            raise
        raise FeedFailed(f"{option}: {name} holds nothing to sign in with", hint="check the file") from error
