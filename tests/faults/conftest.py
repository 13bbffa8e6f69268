"""What every test of faults relies on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from faults.authority import Authority
from faults.counts import Counts
from faults.scene import Heard, listening, until

Play = Callable[[Path, Counts, Authority, Heard], Coroutine[None, None, Any]]
Once = Callable[[str, Play], Any]


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "WS_PROXY", "WSS_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="session")
def played() -> dict[str, Any]:
    return {}


@pytest.fixture
def once(played: dict[str, Any], tmp_path: Path, authority: Authority) -> Once:
    """Play what several tests look at, once; see that it logs no error and leaves no task."""

    async def whole(play: Play, patch: pytest.MonkeyPatch) -> Any:
        with listening() as heard:
            result = await play(tmp_path, Counts(patch), authority, heard)
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
        return result

    def outcome(name: str, play: Play) -> Any:
        if name not in played:
            with pytest.MonkeyPatch.context() as patch:
                try:
                    played[name] = asyncio.run(whole(play, patch))
                except Exception as error:  # noqa: BLE001 - every test that looks at it raises it
                    played[name] = error
        if isinstance(played[name], Exception):
            raise played[name]
        return played[name]

    return outcome
