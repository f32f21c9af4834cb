"""What the health pages tell to whom."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.config.settings import ConfigError, HttpSettings
from gateway.web.health import application, server

BODY = {"ready": False, "role": "all", "reasons": ["disk below its reserve"], "desks": {"default": {"up": False}}}


async def asked(peer: str, token: str = "", **headers: str) -> tuple[int, Any]:
    async def readiness() -> dict[str, Any]:
        return BODY

    async def metrics() -> bytes:
        return b""

    app = application(metrics, readiness, token)
    transport = httpx.ASGITransport(app=app, client=(peer, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        answer = await client.get("/readyz", headers={name.replace("_", "-"): value for name, value in headers.items()})
        return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("peer", "token", "headers", "details"),
    [
        ("127.0.0.1", "", {}, True),
        ("127.8.0.1", "", {}, True),
        ("::1", "", {}, True),
        ("192.0.2.1", "", {}, False),
        ("2001:db8::1", "", {}, False),
        ("testclient", "", {}, False),
        ("192.0.2.1", "", {"authorization": "Bearer "}, False),
        ("192.0.2.1", "abc", {}, False),
        ("192.0.2.1", "abc", {"authorization": "Bearer abd"}, False),
        ("192.0.2.1", "abc", {"authorization": "Basic abc"}, False),
        ("192.0.2.1", "abc", {"authorization": "Bearer abc"}, True),
        ("192.0.2.1", "abc", {"authorization": "bearer abc"}, True),
        ("192.0.2.1", "", {"x_forwarded_for": "127.0.0.1"}, False),
        ("127.0.0.1", "", {"x_forwarded_for": "203.0.113.9"}, False),
        ("127.0.0.1", "", {"forwarded": "for=203.0.113.9"}, False),
        ("127.0.0.1", "abc", {"via": "1.1 proxy", "authorization": "Bearer abc"}, True),
    ],
)
async def test_strangers_are_told_ready_or_not(peer: str, token: str, headers: dict[str, str], details: bool) -> None:
    status, body = await asked(peer, token, **headers)

    assert status == 503
    assert body == (BODY if details else {"ready": False})


async def test_the_pages_answer_while_the_gateway_drains() -> None:
    async def readiness() -> dict[str, Any]:
        return {"ready": not stopping.is_set(), "reasons": ["draining"]}

    async def metrics() -> bytes:
        return b""

    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    pages = server(application(metrics, readiness), "127.0.0.1:0")
    serving = asyncio.create_task(pages.serve())
    try:
        while not pages.started:
            await asyncio.sleep(0.01)
        host, port = pages.servers[0].sockets[0].getsockname()
        os.kill(os.getpid(), signal.SIGTERM)
        await stopping.wait()
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:
            assert (await client.get("/readyz")).json() == {"ready": False, "reasons": ["draining"]}
        assert not pages.should_exit
    finally:
        pages.should_exit = True
        await serving
        loop.remove_signal_handler(signal.SIGTERM)


def test_a_token_file_that_is_empty_or_gone_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "token").write_text("abc\n")

    assert HttpSettings(token_file=tmp_path / "token").token() == "abc"
    for name in ("empty", "gone"):
        with pytest.raises(ConfigError, match="token_file"):
            HttpSettings(token_file=tmp_path / name).token()
