"""Health and metrics (Starlette).

``/healthz``: the process and its loop are alive. ``/readyz``: mail can be accepted; the desk's state
is in the body only, for mail is accepted while the desk is down, and only for who asks from this machine or
with the token: strangers are told ready or not. ``/metrics``: Prometheus. ``/reload``: for ``gateway reload``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Generator
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

OURS = "x-gateway-command"
"""A header that no page of another site can send: its browser would ask us first, and nobody answers."""


def application(
    metrics: Callable[[], Awaitable[bytes]],
    readiness: Callable[[], Awaitable[dict[str, Any]]],
    token: str = "",
    reload: Callable[[], Awaitable[dict[str, Any]]] | None = None,
) -> Starlette:
    """``readiness`` returns the body, with "ready" in it; ``metrics`` the page as Prometheus reads it; ``reload`` takes
    the configuration as it is now. Who has the ``token`` is told as much as this machine ("" for nobody)."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        body = await readiness()
        told = body if _is_here(request) or _has(request, token) else {"ready": body["ready"]}
        return JSONResponse(told, status_code=200 if body["ready"] else 503)

    async def metrics_page(_: Request) -> Response:
        return Response(await metrics(), media_type=CONTENT_TYPE_LATEST)

    async def reloaded(request: Request) -> Response:
        if reload is None or not (_is_here(request) or _has(request, token)) or OURS not in request.headers:
            return PlainTextResponse("From this machine only, by `gateway reload`.\n", 403)
        body = await reload()
        return JSONResponse(body, status_code=200 if body["good"] else 409)

    routes = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics_page)]
    return Starlette(routes=[*routes, Route("/reload", reloaded, methods=["POST"])])


def _is_here(request: Request) -> bool:
    """Whether a program of this machine asks, and not for somebody else: a proxy says whom it asks for."""
    if any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip", "via")):
        return False
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _has(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return bool(token) and scheme.lower() == "bearer" and compare_digest(given.strip().encode(), token.encode())


def server(app: Starlette, listen: str) -> uvicorn.Server:
    """A server that leaves signals and logging to the gateway."""
    host, _, port = listen.rpartition(":")
    config = uvicorn.Config(
        app,
        host=host.strip("[]"),
        port=int(port),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,  # whoever asks is who connects; what a proxy says of it is looked at where it counts
    )
    return _Server(config)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """uvicorn would take SIGTERM for itself and close the pages before the gateway has drained."""
        yield
