"""Addresses are checked with clear words; secrets come from the environment and are not told."""

from __future__ import annotations

import pydantic
import pytest

from collab_dash.errors import FeedFailed
from collab_dash.transports.address import HttpHeaders, HttpUrl, WebSocketUrl, expand, expand_headers

http_url = pydantic.TypeAdapter[str](HttpUrl)
websocket_url = pydantic.TypeAdapter[str](WebSocketUrl)
headers = pydantic.TypeAdapter[dict[str, str]](HttpHeaders)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("shop.example/events", "should start with https:// or http://"),
        ("wss://shop.example", "should start with https:// or http://"),
        ("https:///events", "has no host name"),
        ("https://shop.example:99999/", "not a usable address"),
        ("https://shop.example/a b", "holds a space"),
        ("https://[::1", "not a usable address"),
    ],
)
def test_a_bad_address_is_refused_with_the_reason(url: str, words: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=words):
        http_url.validate_python(url)


@pytest.mark.parametrize("url", ["https://shop.example/e?key=${KEY}", "http://[::1]:80/", "HTTP://a.example"])
def test_good_addresses_pass(url: str) -> None:
    assert http_url.validate_python(url) == url


def test_websocket_addresses_have_their_own_schemes() -> None:
    assert websocket_url.validate_python("ws://a.example") == "ws://a.example"
    with pytest.raises(pydantic.ValidationError, match="should start with wss:// or ws://"):
        websocket_url.validate_python("https://a.example")


def test_header_names_are_checked() -> None:
    with pytest.raises(pydantic.ValidationError, match="cannot be the name of a header"):
        headers.validate_python({"X Key": "v"})


def test_variables_are_put_in() -> None:
    assert expand("Bearer ${A}/${B_2} $A ${", {"A": "1", "B_2": "2"}) == "Bearer 1/2 $A ${"


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(FeedFailed, match="SHOP_TOKEN is not set"):
        expand_headers({"Authorization": "Bearer ${SHOP_TOKEN}"}, {})


def test_space_around_a_value_is_no_part_of_it() -> None:
    assert expand_headers({"X-Key": "${KEY}"}, {"KEY": " a b\t"}) == {"X-Key": "a b"}


def test_a_value_that_cannot_be_a_header_is_refused_without_telling_it() -> None:
    with pytest.raises(FeedFailed) as caught:
        expand_headers({"X-Key": "${KEY}"}, {"KEY": "secret\nHost: evil"})
    assert "secret" not in str(caught.value)
