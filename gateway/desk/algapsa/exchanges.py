"""A request to the desk and its answer, straight over a transport.

httpx's client also keeps cookies, follows redirects and logs in again: two fifths of what a call cost, and nothing of
it is wanted of a desk. The requests and answers are httpx's.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from gateway.startup import without

with without("click"):
    import httpx


def _nothing(request: httpx.Request) -> None:
    pass


class Exchanges:
    """``headers`` go with each request. ``before`` sees it before anything else does, and may keep it by an exception.
    A login that stands in ``url`` goes along as such."""

    def __init__(self, url: str, headers: Mapping[str, str], transport: httpx.AsyncBaseTransport) -> None:
        self.headers = dict(headers)
        self.transport = transport
        self.before: Callable[[httpx.Request], None] = _nothing
        address = httpx.URL(url)
        if address.userinfo:
            login = b64encode(f"{address.username}:{address.password}".encode())
            self.headers["authorization"] = f"Basic {login.decode('ascii')}"

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> AsyncIterator[httpx.Response]:
        """The answer, whose body is yet to be read. Raises httpx.TransportError, and what ``before`` raises."""
        request = httpx.Request(method, url, headers={**self.headers, **(headers or {})}, **more)
        self.before(request)
        answer = await self.transport.handle_async_request(request)
        try:
            yield answer
        finally:
            await answer.aclose()

    async def aclose(self) -> None:
        await self.transport.aclose()
