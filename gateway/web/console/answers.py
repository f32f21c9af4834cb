"""What an identity provider answers over HTTP, within a time and a size."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any

from gateway.startup import without

with without("click"):
    import httpx

PATIENCE = 10.0  # seconds
MOST = 1 << 20  # bytes


class Unreachable(Exception):
    """The provider does not answer, or not as one."""


@cache
def _authorities() -> ssl.SSLContext:
    """Who may vouch for a server; reading them takes some time."""
    return httpx.create_ssl_context()


async def ask(
    method: str, address: str, headers: Mapping[str, str] | None = None, body: str = ""
) -> tuple[int, bytes]:
    """Status and content of an answer. Raises Unreachable."""
    try:
        async with (
            httpx.AsyncClient(verify=_authorities(), timeout=PATIENCE, follow_redirects=False) as client,
            client.stream(method, address, headers=headers, content=body or None) as answer,
        ):
            data = b""
            async for block in answer.aiter_bytes():
                data += block
                if len(data) > MOST:
                    raise Unreachable(f"{address}: its answer is too long")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable(f"{address}: {type(error).__name__}") from error
    return answer.status_code, data


async def ask_for_object(
    method: str, address: str, headers: Mapping[str, str] | None = None, body: str = ""
) -> tuple[int, dict[str, Any]]:
    """Status and JSON object of an answer; 502 for a good one that is none. Raises Unreachable."""
    status, data = await ask(method, address, headers, body)
    said = object_of(data or b"{}")
    if said is None:
        return status if status != 200 else 502, {}
    return status, said


def object_of(data: bytes) -> dict[str, Any] | None:
    """The JSON object that these bytes are, None for none."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
