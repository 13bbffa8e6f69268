"""TLS: one context for all who need no other; own certificates by file; every fault of a file in words."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any

import pydantic
import pytest
import trustme
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.hazmat.primitives.serialization import load_pem_private_key as read_key

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.feed import FeedContext
from collab_dash.testing import collect
from collab_dash.transports import Message, http, json_lines, long_polling, polling, tls
from collab_dash_feeds.json_lines import JsonLinesFeed
from collab_dash_feeds.long_polling import LongPollingFeed
from collab_dash_feeds.polling import PollingFeed
from raw_http import raw_server, saying, whole
from replicas import failure, take

PASSWORD = "hush-password"
ANSWER = saying(whole('{"n":1}\n', "X-Cursor: 1"))
FEEDS = [PollingFeed, LongPollingFeed, JsonLinesFeed]


class Certificates:
    """Authorities, and what they signed, as files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.authority.cert_pem.write_to_path(folder / "ca.pem")
        ours = self.authority.issue_cert("wall.example")
        (folder / "cert.pem").write_bytes(ours.cert_chain_pems[0].bytes())
        ours.private_key_pem.write_to_path(folder / "key.pem")
        ours.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
        key = read_key(ours.private_key_pem.bytes(), None)
        lock = BestAvailableEncryption(PASSWORD.encode())
        locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
        (folder / "locked.pem").write_bytes(locked)
        self.authority.issue_cert("other.example").private_key_pem.write_to_path(folder / "foreign.pem")
        (folder / "empty.pem").touch()
        (folder / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")

    def server(self, *, asks: bool = False) -> ssl.SSLContext:
        """Give a server's side; `asks`: it takes nobody without a certificate of the authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("127.0.0.1").configure_cert(context)
        if asks:
            self.authority.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def context(self, **environ: str) -> FeedContext:
        return FeedContext(name="f", folder=self.folder, environ=environ)


@pytest.fixture
def files(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)


def options(**more: Any) -> PollingFeed:
    feed = PollingFeed.configure({"url": "https://a.example", **more})
    assert isinstance(feed, PollingFeed)
    return feed


def test_all_who_need_nothing_else_share_one_context(files: Certificates) -> None:
    assert tls.default_context() is tls.default_context()
    assert options().options.tls(files.context()) is None


async def test_clients_share_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    create = ssl.create_default_context

    def count(*arguments: Any, **named: Any) -> ssl.SSLContext:
        made.append(1)
        return create(*arguments, **named)

    tls._shared.cache_clear()
    monkeypatch.setattr(ssl, "create_default_context", count)
    async with raw_server(saying(whole("[]"))) as server:
        for _ in range(5):
            await take(polling.connect(server.url), 1)
    assert len(made) == 1


def test_the_same_files_give_the_same_context_until_they_change(files: Certificates) -> None:
    feed = options(ca="ca.pem")
    first = feed.options.tls(files.context())
    assert first is feed.options.tls(files.context())
    assert first is not tls.default_context()
    trustme.CA().cert_pem.write_to_path(files.folder / "ca.pem", append=True)
    assert feed.options.tls(files.context()) is not first


@pytest.mark.parametrize("feed", FEEDS)
async def test_a_feed_trusts_the_authority_it_is_told(feed: Any, files: Certificates) -> None:
    async with raw_server(ANSWER, tls=files.server()) as server:
        trusting = feed.configure({"url": server.url, "ca": "ca.pem"})
        [event] = await collect(trusting, files.context(), 1)
        assert event.data == {"n": 1}
        with pytest.raises(FeedBroken, match="certificate that is not trusted") as caught:
            await collect(feed.configure({"url": server.url}), files.context(), 1)
        assert "set ca" in caught.value.hint


@contextmanager
def refusing(context: ssl.SSLContext) -> Iterator[str]:
    """Refuse one client in the handshake, as OpenSSL does it and asyncio does not: with an alert."""

    def refuse() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.settimeout(5)
            with pytest.raises(ssl.SSLError):
                context.wrap_socket(connection.dup(), server_side=True)
            while connection.recv(65536):  # else the system resets the connection, and the alert may be lost
                pass

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor() as threads:
        refused = threads.submit(refuse)
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        refused.result(timeout=5)


Open = Callable[[str, ssl.SSLContext | None], AbstractAsyncContextManager[AsyncIterator[Message]]]


@pytest.mark.parametrize(
    "opened",
    [
        lambda url, own: polling.connect(url, tls=own),
        lambda url, own: long_polling.connect(url, next_cursor=long_polling.from_header("X-Cursor"), tls=own),
        lambda url, own: json_lines.connect(url, tls=own),
    ],
)
async def test_a_server_that_asks_for_a_certificate(opened: Open, files: Certificates) -> None:
    ours = tls.context(ca=files.folder / "ca.pem", client_cert=files.folder / "both.pem")
    nobody = tls.context(ca=files.folder / "ca.pem")
    async with raw_server(ANSWER, tls=files.server(asks=True)) as server:
        assert len(await take(opened(server.url, ours), 1)) == 1
    with refusing(files.server(asks=True)) as url:
        _, error = await failure(opened(url, nobody))
    assert isinstance(error, FeedBroken)
    assert "does not take us without a certificate" in str(error)
    assert error.hint == "set client_cert and client_key to what the source knows us by"


async def test_a_certificate_of_another_name_is_not_trusted(files: Certificates) -> None:
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    files.authority.issue_cert("shop.example").configure_cert(other)
    async with raw_server(ANSWER, tls=other) as server:
        _, error = await failure(polling.connect(server.url, tls=tls.context(ca=files.folder / "ca.pem")))
    assert "IP address mismatch" in str(error)


@pytest.mark.parametrize("key", [{"client_key": "key.pem"}, {"client_key": "locked.pem"}])
async def test_the_key_may_be_a_file_of_its_own_and_locked(key: dict[str, str], files: Certificates) -> None:
    async with raw_server(ANSWER, tls=files.server(asks=True)) as server:
        feed = PollingFeed.configure(
            {"url": server.url, "ca": "ca.pem", "client_cert": "cert.pem", "client_key_password": "${KEY}", **key}
        )
        [event] = await collect(feed, files.context(KEY=PASSWORD), 1)
    assert event.data == {"n": 1}


async def test_the_environment_names_whom_all_trust(files: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(files.folder / "ca.pem"))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    async with raw_server(ANSWER, tls=files.server()) as server:
        assert len(await take(polling.connect(server.url), 1)) == 1


async def test_own_certificates_are_trusted_beside_the_others(
    files: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(files.folder / "ca.pem"))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    trustme.CA().cert_pem.write_to_path(tmp_path / "another.pem")
    async with raw_server(ANSWER, tls=files.server()) as server:
        assert len(await take(polling.connect(server.url, tls=tls.context(ca=tmp_path / "another.pem")), 1)) == 1


@pytest.mark.parametrize(("variable", "words"), [("SSL_CERT_FILE", "no file"), ("SSL_CERT_DIR", "which is no folder")])
def test_an_environment_that_names_nothing_is_told(
    variable: str, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "gone"))
    with pytest.raises(FeedFailed, match=f"{variable}.*{words}|{words}.*gone") as caught:
        tls.default_context()
    assert variable in str(caught.value)
    assert "unset it" in caught.value.hint


def test_a_machine_without_certificates_gets_those_of_the_http_client(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(ssl, "create_default_context", lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    paths = ssl.get_default_verify_paths()._replace(capath=str(tmp_path))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    assert tls._trusting("", "", ()).cert_store_stats()["x509_ca"] > 50


PAIR = {"client_cert": "cert.pem", "client_key": "key.pem"}


@pytest.mark.parametrize(
    ("given", "words", "hint"),
    [
        ({"ca": "gone.pem"}, r"^ca: there is no file \S+/gone.pem$", "workspace's folder"),
        ({"ca": "."}, r"^ca: \S+ is a folder, not a file$", "workspace's folder"),
        ({"ca": "empty.pem"}, r"^ca: \S+/empty.pem holds no certificate$", "PEM"),
        ({"ca": "key.pem"}, r"^ca: \S+/key.pem holds no certificate$", "PEM"),
        ({"ca": "broken.pem"}, r"^ca: \S+/broken.pem cannot be understood: ", "PEM"),
        ({"ca": "a\0b"}, "^ca: .* cannot be read: ", "workspace's folder"),
        (PAIR | {"client_cert": "gone.pem"}, r"^client_cert: there is no file \S+/gone.pem$", "workspace's folder"),
        (PAIR | {"client_cert": "key.pem"}, r"^client_cert: \S+/key.pem holds no certificate$", "PEM"),
        (PAIR | {"client_cert": "broken.pem"}, r"^client_cert: \S+/broken.pem and its key cannot be used", "PEM"),
        (PAIR | {"client_key": "gone.pem"}, r"^client_key: there is no file \S+/gone.pem$", "workspace's folder"),
        (PAIR | {"client_key": "cert.pem"}, r"^client_key: \S+/cert.pem holds no private key$", "PEM"),
        ({"client_cert": "cert.pem"}, r"^client_cert: \S+/cert.pem holds no private key$", "set client_key"),
        (PAIR | {"client_key": "foreign.pem"}, r"^client_key: .* is not that of the certificate in", "belong together"),
        (PAIR | {"client_key": "locked.pem"}, "is locked with a password$", 'client_key_password = "\\${NAME}"'),
        (
            PAIR | {"client_key": "locked.pem", "client_key_password": "hush-wrong"},
            "is locked with another password than client_key_password$",
            "in the environment of the hub",
        ),
        (PAIR | {"client_key_password": "${NOT_SET}"}, "the environment variable NOT_SET is not set", "set NOT_SET"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(given: dict[str, str], words: str, hint: str, files: Certificates) -> None:
    feed = options(**given)
    with pytest.raises(FeedFailed, match=words) as caught:
        feed.options.tls(files.context())
    assert hint.replace("\\", "") in caught.value.hint
    assert "hush" not in f"{caught.value} {caught.value.hint}"


def test_a_file_that_may_not_be_read_is_told(files: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(FeedFailed, match="may not be read by the hub"):
        options(ca="ca.pem").options.tls(files.context())


@pytest.mark.parametrize("given", [{"client_key": "key.pem"}, {"client_key_password": "x"}])
def test_a_key_without_a_certificate_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(pydantic.ValidationError, match="of no use without client_cert"):
        options(**given)


def test_no_certificate_of_ours_is_shown() -> None:
    feed = options(**PAIR, client_key_password=PASSWORD)
    assert "hush" not in repr(feed.options)
    assert "pem" not in repr(feed.options)


def test_a_handshake_that_fails_may_be_for_want_of_a_certificate() -> None:
    error = ssl.SSLError(1, "x")
    error.reason = "SSLV3_ALERT_HANDSHAKE_FAILURE"
    assert "client_cert" in http.broken_connection("https://a.example", error).hint
