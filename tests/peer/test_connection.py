from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from collab_dash.announcement import path_of
from collab_dash.errors import HubError
from collab_dash.peer.session import join
from collab_dash.server.process import Address, Terms
from hubs import hub_of, link, publish, workspace_at


def address_with_certificate(folder: Path, *names: str) -> Address:
    """Give an address whose certificate is of an authority that nobody here knows."""
    certificate = trustme.CA().issue_cert(*names)
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "cert.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    return Address(port=0, tls_cert=folder / "cert.pem", tls_key=folder / "key.pem")


@pytest.mark.parametrize("name", ["127.0.0.1", "wall.example"])
async def test_this_machines_own_hub_is_trusted_whoever_certifies_it(tmp_path: Path, name: str) -> None:
    address = address_with_certificate(tmp_path, name)
    async with hub_of(workspace_at(tmp_path), address=address) as hub:
        assert hub.url.startswith("https://127.0.0.1:")
        async with join(link(hub)) as session:
            await publish(session, 1)


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    address = address_with_certificate(tmp_path, "127.0.0.1")
    async with hub_of(workspace_at(tmp_path), Terms(), address=address) as hub:
        path_of(tmp_path / "collab.db").unlink()  # as on another machine
        with pytest.raises(HubError, match="certificate verify failed"):
            async with join(link(hub)):
                pass


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_this_machines_hubs_are_joined_past_the_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    async with hub_of(workspace_at(tmp_path), address=Address(host=host, port=0)) as hub, join(link(hub)) as session:
        await publish(session, 1)
