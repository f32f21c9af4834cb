"""The reports of trials: those whose folders lie beside the gateway's state, and one alone where nothing else runs."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gateway.operate.trial import kept
from gateway.operate.trial.page import page
from gateway.store.entries import Visitor
from gateway.web.console.console import Console
from gateway.web.console.guard import hardened

ALONE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"


async def show_trials(console: Console, request: Request, visitor: Visitor) -> Response:
    return console.page("trials", visitor, trials=await _found(console), beside=console.state)


async def show_trial(console: Console, request: Request, visitor: Visitor) -> Response:
    """The name is looked for among the trials, and is no path."""
    name = request.path_params["name"]
    chosen = next((trial for trial in await _found(console) if trial.name == name), None)
    if chosen is None:
        return console.trouble(request, visitor, "There is no report of such a trial.", 404)
    return console.page("trial", visitor, trial=chosen, report=chosen.report)


async def _found(console: Console) -> list[kept.Kept]:
    return await asyncio.to_thread(kept.found, console.state)


def alone(folder: Path) -> tuple[str, Starlette]:
    """The report of one trial for whoever has its path, which nobody guesses: the path and the application. The file is
    read at each look. Raises NoReport."""
    kept.read(folder)
    path = f"/{secrets.token_urlsafe(24)}/"

    async def show(request: Request) -> Response:
        trial = await asyncio.to_thread(kept.read, folder)
        answer = HTMLResponse(page(trial.report, trial.done))
        answer.headers["Content-Security-Policy"] = ALONE_POLICY
        return hardened(answer)

    return path, Starlette(routes=[Route(path, show)])
