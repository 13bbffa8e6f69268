"""TLS: whom to trust, and what to show for ourselves."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from ..errors import FeedFailed

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_TRUSTED = b"-----BEGIN TRUSTED CERTIFICATE-----"
_KEY = b"PRIVATE KEY-----"
_HINT_PEM = "it should be a PEM file, text that begins with -----BEGIN"
_HINT_FILE = "relative paths start at the workspace's folder"


WEB = ("http/1.1",)


def default_context() -> ssl.SSLContext:
    """
    Give the context that all connections share which have no certificates of their own.

    It trusts what this machine trusts, or what ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name; where the machine has no
    certificates, those that come with the HTTP client. A context costs 20 ms and most of a megabyte, so there is one
    for the process, made when it is first asked for. Nobody may change it.

    Raises:
        FeedFailed: If ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` names what cannot be used.

    """
    return _shared(os.environ.get("SSL_CERT_FILE") or "", os.environ.get("SSL_CERT_DIR") or "")


@lru_cache(maxsize=4)
def _shared(file: str, folder: str) -> ssl.SSLContext:
    return _trusting(file, folder, WEB)


def _trusting(file: str, folder: str, alpn: tuple[str, ...]) -> ssl.SSLContext:
    """Make a new context that trusts what the environment or the machine says."""
    if file:
        _read("SSL_CERT_FILE", Path(file), hint="point SSL_CERT_FILE to a file with certificates, or unset it")
    if folder and not any(Path(each).is_dir() for each in folder.split(os.pathsep)):
        raise FeedFailed(
            f"SSL_CERT_DIR names {folder}, which is no folder",
            hint="point SSL_CERT_DIR to a folder with certificates, or unset it",
        )
    context = ssl.create_default_context()
    if not file and not folder and not _has_certificates(context):
        import certifi

        context.load_verify_locations(certifi.where())
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


def _has_certificates(context: ssl.SSLContext) -> bool:
    """Tell whether the machine has any; those in a folder are read when they are needed, and not counted before."""
    folder = ssl.get_default_verify_paths().capath or ""
    return bool(context.cert_store_stats()["x509_ca"]) or (bool(folder) and any(Path(folder).iterdir()))


def context(
    *,
    ca: Path | None = None,
    client_cert: Path | None = None,
    client_key: Path | None = None,
    password: str | None = None,
    alpn: tuple[str, ...] = WEB,
) -> ssl.SSLContext:
    """
    Make a context with certificates of its own, beside what `default_context` trusts.

    The same files, unchanged, give the same context again. Nobody may change it.

    Args:
        ca: Certificates to trust as well, PEM.
        client_cert: What to show a server that asks who we are, PEM; what leads up to it may follow it.
        client_key: Its private key, PEM; by default it is in `client_cert`.
        password: What the key is locked with.
        alpn: The application protocols to offer; empty for servers that speak none of the web's, of which some refuse
            that.

    Raises:
        FeedFailed: If a file is missing, cannot be read or holds something else; the text names it.

    """
    stamps = [(str(path), _stamp(path)) if path else None for path in (ca, client_cert, client_key)]
    environment = os.environ.get("SSL_CERT_FILE") or "", os.environ.get("SSL_CERT_DIR") or ""
    return _own(ca, client_cert, client_key, password, environment, alpn, tuple(stamps))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return None  # reading it will say why
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


@lru_cache(maxsize=16)
def _own(
    ca: Path | None,
    client_cert: Path | None,
    client_key: Path | None,
    password: str | None,
    environment: tuple[str, str],
    alpn: tuple[str, ...],
    stamps: tuple[object, ...],
) -> ssl.SSLContext:
    own = _trusting(*environment, alpn)
    if ca is not None:
        _trust(own, ca)
    if client_cert is not None:
        _show(own, client_cert, client_key, password)
    return own


def _trust(own: ssl.SSLContext, ca: Path) -> None:
    text = _read("ca", ca)
    if _CERTIFICATE not in text and _TRUSTED not in text:
        raise FeedFailed(f"ca: {ca} holds no certificate", hint=_HINT_PEM)
    try:
        own.load_verify_locations(ca)
    except (OSError, ValueError) as error:
        raise FeedFailed(f"ca: {ca} cannot be understood: {_words(error)}", hint=_HINT_PEM) from None


def _show(own: ssl.SSLContext, cert: Path, key: Path | None, password: str | None) -> None:
    if _CERTIFICATE not in _read("client_cert", cert):
        raise FeedFailed(f"client_cert: {cert} holds no certificate", hint=_HINT_PEM)
    name, holder = ("client_key", key) if key else ("client_cert", cert)
    if _KEY not in _read(name, holder):
        hint = _HINT_PEM if key else "set client_key to the file with the private key"
        raise FeedFailed(f"{name}: {holder} holds no private key", hint=hint)
    asked, tell = _once_asked(password)
    try:
        own.load_cert_chain(cert, key, tell)
    except (OSError, ValueError) as error:
        raise _refused(name, holder, cert, error, asked=bool(asked), password=password) from None


def _once_asked(password: str | None) -> tuple[list[bool], Callable[[], str]]:
    """Give what tells OpenSSL the password, so that it asks nobody at a terminal, and notes whether it wanted one."""
    asked: list[bool] = []

    def tell() -> str:
        asked.append(True)
        return password or ""

    return asked, tell


def _refused(name: str, holder: Path, cert: Path, error: Exception, *, asked: bool, password: str | None) -> FeedFailed:
    reason = getattr(error, "reason", None) or ""
    if "MISMATCH" in reason:
        return FeedFailed(
            f"{name}: the private key in {holder} is not that of the certificate in {cert}",
            hint="client_cert and client_key should belong together, the certificate first in its file",
        )
    if asked:
        which = "another password than client_key_password" if password else "a password"
        return FeedFailed(
            f"{name}: the private key in {holder} is locked with {which}",
            hint='set client_key_password = "${NAME}", and NAME in the environment of the hub',
        )
    return FeedFailed(f"client_cert: {cert} and its key cannot be used: {_words(error)}", hint=_HINT_PEM)


def _read(option: str, path: Path, *, hint: str = _HINT_FILE) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FeedFailed(f"{option}: there is no file {path}", hint=hint) from None
    except IsADirectoryError:
        raise FeedFailed(f"{option}: {path} is a folder, not a file", hint=hint) from None
    except PermissionError:
        raise FeedFailed(f"{option}: {path} may not be read by the hub", hint="check who may read the file") from None
    except (OSError, ValueError) as error:
        raise FeedFailed(f"{option}: {path} cannot be read: {_words(error)}", hint=hint) from None


def _words(error: Exception) -> str:
    """Say what OpenSSL or the system said, without the place in its source."""
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return str(reason).lower().replace("_", " ")
