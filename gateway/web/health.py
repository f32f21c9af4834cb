"""Health and metrics (Starlette).

``/healthz``: the process and its loop are alive. ``/readyz``: mail can be accepted; the desk's state
is in the body only, for mail is accepted while the desk is down. ``/metrics``: Prometheus.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gateway.metrics import Metrics


def application(
    metrics: Metrics,
    readiness: Callable[[], Awaitable[dict[str, Any]]],
    collect: Callable[[], Awaitable[None]],
) -> Starlette:
    """``readiness`` returns the body, with "ready" in it; ``collect`` brings the gauges up to date."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        body = await readiness()
        return JSONResponse(body, status_code=200 if body["ready"] else 503)

    async def metrics_page(_: Request) -> Response:
        await collect()
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics_page)])


def server(app: Starlette, listen: str) -> uvicorn.Server:
    """A server that leaves signals and logging to the gateway."""
    host, _, port = listen.rpartition(":")
    config = uvicorn.Config(
        app, host=host.strip("[]"), port=int(port), log_config=None, access_log=False, lifespan="off", ws="none"
    )
    one = uvicorn.Server(config)
    one.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    return one
