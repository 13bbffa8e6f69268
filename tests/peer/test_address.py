from __future__ import annotations

import pytest

from collab_dash.errors import HubError
from collab_dash.peer.address import Address, is_link, parse_link


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("http://h:1/#t", Address("ws://h:1/ws", "http://h:1", "t")),
        ("https://h/#t", Address("wss://h/ws", "https://h", "t")),
        ("ws://h:1/ws#t", Address("ws://h:1/ws", "http://h:1", "t")),
        ("wss://h:1", Address("wss://h:1/ws", "https://h:1", "")),
        (" http://[::1]:8765/#t ", Address("ws://[::1]:8765/ws", "http://[::1]:8765", "t")),
        ("http://h:1/behind/proxy/#t", Address("ws://h:1/behind/proxy/ws", "http://h:1/behind/proxy", "t")),
    ],
)
def test_links_are_read(link: str, address: Address) -> None:
    assert parse_link(link) == address


@pytest.mark.parametrize("link", ["", "h:1", "ftp://h/#t", "http:///#t", "http://h:port/#t", "http://h:99999/#t"])
def test_what_is_no_link_is_refused_without_showing_its_token(link: str) -> None:
    with pytest.raises(HubError, match="is not a link") as refused:
        parse_link(link)
    assert "#t" not in str(refused.value)


def test_links_and_paths_are_told_apart() -> None:
    assert is_link("http://h/#t")
    assert is_link("WSS://h")
    assert not is_link("folder/collab.toml")
    assert not is_link("builtin:demo")
