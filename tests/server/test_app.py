"""What is on the port beside the peer link."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from collab_dash.server.app import LOOPBACK, hosts_for
from hubs import hub_of, workspace_at


async def test_health_says_which_log_this_is(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, httpx.AsyncClient() as client:
        health = (await client.get(f"{hub.url}/health")).json()
        assert (health["status"], health["epoch"], health["protocol"]) == ("ok", hub.epoch, 1)


async def test_the_front_page_says_how_to_join_and_gives_no_token(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, httpx.AsyncClient() as client:
        page = (await client.get(hub.url)).text
        assert "collab-dash join" in page
        assert not any(token in page for token in (hub.host, hub.editor, hub.viewer))


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
async def test_other_host_names_and_other_sites_are_turned_away(tmp_path: Path, headers: dict[str, str]) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, httpx.AsyncClient() as client:
        assert (await client.get(f"{hub.url}/health", headers=headers)).status_code == 403


def test_a_hub_answers_to_the_address_it_is_bound_to() -> None:
    assert hosts_for("127.0.0.1") == LOOPBACK
    assert "box.example" in (hosts_for("box.example") or ())
    assert hosts_for("0.0.0.0") is None
