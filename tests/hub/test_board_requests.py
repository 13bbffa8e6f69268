"""What a hub is told about the workspace file."""

from __future__ import annotations

from pathlib import Path

import pytest

from collab_dash.errors import RequestRefused
from collab_dash.wire import WRITTEN, Code
from hubs import hub_of, link, workspace_at
from sharing import sharing

DIGESTS = {"pages": "0123456789abcdef", "rules": "fedcba9876543210"}


async def test_only_the_host_tells_what_the_file_has(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub:
        async with sharing(link(hub, "editor")) as ana:
            with pytest.raises(RequestRefused) as refused:
                await ana.session.request(WRITTEN, DIGESTS)
            assert refused.value.code == Code.FORBIDDEN
        async with sharing(link(hub)) as bo:
            with pytest.raises(RequestRefused) as refused:
                await bo.session.request(WRITTEN, DIGESTS | {"rules": "no digest"})
            assert refused.value.code == Code.INVALID_PAYLOAD
            await bo.session.request(WRITTEN, DIGESTS)
            await bo.until(lambda: bo.replica.document.meta.rules == DIGESTS["rules"])
            assert bo.replica.document.meta.seed == DIGESTS["pages"]
