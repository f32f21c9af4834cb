"""What the health pages tell to whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.config.settings import ConfigError, HttpSettings
from gateway.web.health import application

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


def test_a_token_file_that_is_empty_or_gone_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "token").write_text("abc\n")

    assert HttpSettings(token_file=tmp_path / "token").token() == "abc"
    for name in ("empty", "gone"):
        with pytest.raises(ConfigError, match="token_file"):
            HttpSettings(token_file=tmp_path / name).token()
