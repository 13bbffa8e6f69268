"""What is only for the source reaches the source, and nobody and nothing else: peers, the log, files, narration."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import websockets

from collab_dash.testing import ReplicaRequest
from processes import Hub, hub_process, output_of
from raw_http import raw_server, reset, stall, whole

TOKEN = "hush-token"
PROXY_PASSWORD = "hush-proxy"

STATES = {
    "well": "live",
    "unauthorized": "failed",
    "busy": "waiting",
    "page": "waiting",
    "cut": "waiting",
    "garbage": "waiting",
    "hanging": "live",
    "stream": "failed",
    "socket": "failed",
    "guarded": "failed",
}
KINDS = {"hanging": "long-polling", "stream": "sse", "socket": "websocket"}


async def play(request: ReplicaRequest, writer: asyncio.StreamWriter) -> None:
    """Answer by the path; whatever is asked for with TLS is asked of us as a proxy."""
    answers = {
        "/well": whole('[{"id":1}]'),
        "/unauthorized": whole("who are you?", status="401 Unauthorized"),
        "/busy": whole("", "Retry-After: 1", status="503 Service Unavailable"),
        "/page": whole("<title>Sign in</title>", "Content-Type: text/html"),
        "/garbage": b"\x00\xff no protocol\r\n\r\n",
        "/hanging": whole('{"id":2,"cursor":"9"}') if "cursor" not in request.query else b"",
        "/stream": whole("no", status="403 Forbidden"),
        "/socket": whole("no", status="401 Unauthorized"),
    }
    if request.method == "CONNECT":
        writer.write(whole("no", status="407 Proxy Authentication Required"))
    elif request.path == "/cut":
        await reset(request, writer)
    elif answer := answers[request.path]:
        writer.write(answer)
    else:
        await stall(request, writer)


def workspace(url: str) -> str:
    """Describe a feed for each state, each with the token in its address and in a header."""
    feeds = []
    for name in STATES:
        kind = KINDS.get(name, "polling")
        base = {"websocket": url.replace("http", "ws")}.get(kind, "https://a.invalid" if name == "guarded" else url)
        feeds.append(
            f'[feeds.{name}]\nuse = "{kind}"\nurl = "{base}/{name}?key=${{SHOP_TOKEN}}"\n'
            'headers = { Authorization = "Bearer ${SHOP_TOKEN}", X-Key = "${SHOP_TOKEN}" }\n'
        )
    panes = "".join(f'[[pages.panes]]\nfeed = "{name}"\n' for name in STATES)
    return "\n".join([*feeds, '[[pages]]\ntitle = "All"\n', panes])


async def heard_by_a_peer(hub: Hub, link: str) -> str:
    """Join as any peer does; give all that the hub says until every feed is as expected."""
    parts = urlsplit(link)
    heard, states = [], dict.fromkeys(STATES, "")
    async with asyncio.timeout(15), websockets.connect(f"ws://{parts.netloc}/ws", proxy=None) as peer:
        hello = {
            "protocol": 1,
            "token": parts.fragment,
            "name": "ben",
            "feeds": ["*"],
            "resume": {"epoch": "", "offset": 0},
        }
        await peer.send(json.dumps({"id": 1, "event": "session:hello", "data": hello}))
        while states != STATES:
            frame = await peer.recv()
            heard.append(frame if isinstance(frame, str) else frame.decode(errors="replace"))
            for status in _statuses(frame):
                if status["state"] == STATES[status["feed"]]:
                    states[status["feed"]] = status["state"]
    return "\n".join(heard)


def _statuses(frame: str | bytes) -> list[dict[str, Any]]:
    if isinstance(frame, bytes):
        return []
    data = json.loads(frame)
    if data.get("event") == "feed:status":
        return [data["data"]]
    return [status for status in data.get("ok", {}).get("feeds", []) if isinstance(status, dict)]


async def said_by_the_doors(hub: Hub) -> str:
    parts = urlsplit(hub.viewer)
    headers = {"Authorization": f"Bearer {parts.fragment}"}
    async with httpx.AsyncClient(headers=headers, base_url=f"http://{parts.netloc}", trust_env=False) as client:
        answers = [await client.get(path) for path in ("/health", "/", "/metrics", "/history", "/poll?since=0&wait=0")]
    assert answers[0].status_code == 200
    return "\n".join(answer.text for answer in answers)


async def test_a_token_reaches_the_source_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", TOKEN)
    async with raw_server(play) as source:
        monkeypatch.setenv("HTTPS_PROXY", source.url.replace("http://", f"http://ana:{PROXY_PASSWORD}@"))
        (tmp_path / "collab.toml").write_text(workspace(source.url))
        async with hub_process(tmp_path) as hub:
            said = {
                "a viewer": await heard_by_a_peer(hub, hub.viewer),
                "an editor": await heard_by_a_peer(hub, hub.editor),
                "the doors": await said_by_the_doors(hub),
                "status": await output_of("status", tmp_path, "--json"),
                "config": await output_of("config", "show", tmp_path),
            }
            await output_of("stop", tmp_path)
        direct = [request for request in source.requests if request.method != "CONNECT"]
        tunnels = [request for request in source.requests if request.method == "CONNECT"]
    captured = capfd.readouterr()
    said |= {"standard output": captured.out, "standard error": captured.err}
    for path in tmp_path.rglob("*"):
        if path.is_file():
            said[str(path)] = path.read_bytes().decode(errors="replace")
    assert {request.headers["x-key"] for request in direct} == {TOKEN}
    assert {request.query["key"] for request in direct} == {TOKEN}
    assert tunnels
    assert "hush" not in str(tunnels)
    assert [who for who, what in said.items() if "hush" in what] == []
    assert "collab.db" in "".join(said)
    assert "answers 401" in said["a viewer"]
