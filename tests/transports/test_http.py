"""Every way HTTP goes wrong has words, and says whether trying again can help."""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from collab_dash import __version__
from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.testing import ReplicaServer
from collab_dash.transports import http


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 406, 410, 451])
def test_statuses_that_somebody_must_act_on_are_final_and_have_a_hint(status: int) -> None:
    error = http.status_error("https://a.example/x", status)
    assert isinstance(error, FeedFailed)
    assert f"answers {status}" in str(error)
    assert error.hint


@pytest.mark.parametrize("status", [408, 418, 425, 429, 500, 502, 503, 504, 599])
def test_other_statuses_may_mend_and_carry_retry_after(status: int) -> None:
    error = http.status_error("https://a.example/x", status, "7")
    assert isinstance(error, FeedBroken)
    assert error.retry_after == 7


def test_no_secret_of_an_address_is_shown() -> None:
    assert http.shown("https://ana:pw@a.example:8443/p?token=x#y") == "https://a.example:8443/p"


def raised(error: Exception) -> FeedError:
    with pytest.raises(FeedError) as caught, http.explained("https://a.example/x?token=secret"):
        raise error
    assert "secret" not in str(caught.value)
    return caught.value


def causes(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (httpx.ConnectTimeout("x"), "did not answer within 10 s"),
        (httpx.ReadTimeout("x"), "fell silent"),
        (httpx.PoolTimeout("x"), "fell silent"),
        (httpx.ProxyError("403 Forbidden"), "proxy"),
        (httpx.RemoteProtocolError("peer closed connection"), "broke off"),
        (httpx.ReadError("x"), "failed: x"),
        (causes(httpx.ReadError(""), ConnectionResetError()), "broke the connection off"),
        (causes(httpx.ConnectError("x"), ssl.SSLError(1, "wrong version")), "cannot agree on TLS"),
        (causes(httpx.ConnectError("x"), ssl.SSLCertVerificationError(1, "x")), "certificate"),
        (httpx.DecodingError("bad gzip"), "bad gzip"),
    ],
)
def test_what_may_mend_is_broken(error: Exception, words: str) -> None:
    found = raised(error)
    assert isinstance(found, FeedBroken)
    assert words in str(found)


@pytest.mark.parametrize("error", [httpx.InvalidURL("x"), httpx.UnsupportedProtocol("x"), httpx.TooManyRedirects("x")])
def test_what_cannot_mend_has_failed(error: Exception) -> None:
    assert isinstance(raised(error), FeedFailed)


def test_other_errors_pass_as_they_are() -> None:
    with pytest.raises(ZeroDivisionError), http.explained("https://a.example"):
        raise ZeroDivisionError


async def test_our_client_names_us_and_follows_redirects() -> None:
    async with ReplicaServer(["{}"]) as replica, http.opened() as client:
        replica.answer(302, headers={"Location": "/elsewhere"})
        response = await client.get(replica.poll_url)
        assert response.text == "{}"
        assert [request.path for request in replica.requests] == ["/document", "/elsewhere"]
        assert replica.requests[0].headers["user-agent"] == f"collab-dash/{__version__}"


async def test_a_client_that_was_given_stays_open() -> None:
    async with httpx.AsyncClient() as client:
        async with http.opened(client) as same:
            assert same is client
        assert not client.is_closed


async def test_a_body_over_the_limit_is_refused_by_its_unpacked_size() -> None:
    def parts() -> Iterator[bytes]:
        yield from [b"x" * 60] * 3

    with pytest.raises(FeedBroken, match="more than 100 bytes"):
        await http.read_body("https://a.example", httpx.Response(200, content=_async(parts())), max_size=100)


async def _async(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_tls_with_a_server_without_it_says_so() -> None:
    async with ReplicaServer(["{}"]) as replica, http.opened() as client:
        url = replica.url.replace("http:", "https:")
        with pytest.raises(FeedBroken, match="cannot agree on TLS"), http.explained(url):
            await client.get(url)


async def test_no_address_with_its_secrets_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with ReplicaServer(["{}"]) as replica, http.opened() as client:
        await client.get(replica.poll_url + "?token=secret")
    assert "secret" not in caplog.text
