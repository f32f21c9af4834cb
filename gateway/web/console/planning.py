"""Maintenance windows: what they hold and held, and setting them."""

from __future__ import annotations

import structlog
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.operate.planned import Proposed, proposed
from gateway.operate.windows import BY_NAME, Listed, Said, Told, held, listed, perform
from gateway.store.entries import Visitor
from gateway.store.operator import NotPossible
from gateway.web.console.console import Console
from gateway.web.console.forms import fields_of, first
from gateway.web.console.guard import actor_of, tell, told_to

log = structlog.get_logger("console")


async def show_windows(console: Console, request: Request, visitor: Visitor) -> Response:
    wanted = request.query_params.get("proposed", "")
    return await _page(console, visitor, wanted=wanted, done=told_to(request))


async def _page(
    console: Console, visitor: Visitor, status: int = 200, wrong: str = "", typed: dict[str, str] | None = None,
    wanted: str = "", done: str = "",
) -> Response:  # fmt: skip
    """``wanted`` is the proposal that stands in the form, by id."""
    now = console.clock()

    def looked(connection: Connection) -> tuple[list[Listed], list[Told], list[Proposed]]:
        rows = listed(connection, console.settings, now)
        return rows, held(connection, now), proposed(connection, console.settings, now, {}, rows)

    rows, told, works = await console.look(looked)
    chosen = next((work for work in works if work.id == wanted), None)
    if chosen is not None:
        typed = {
            "name": chosen.name, "begin": chosen.begin, "end": chosen.end, "client": chosen.client,
            "zone": chosen.zone, "objects": ", ".join(chosen.objects),
        }  # fmt: skip
    names = [notice.called for notice in console.settings.notice]
    return console.page(
        "windows", visitor, status, rows=rows, told=told, works=works, chosen=chosen, names=names, wrong=wrong,
        typed=typed or {}, done=done,
    )  # fmt: skip


async def change_window(console: Console, request: Request, visitor: Visitor) -> Response:
    """Add a window, end it, move its end, cancel it."""
    form = await fields_of(request)
    chosen = BY_NAME.get(first(form, "act"))
    if chosen is None:
        return console.trouble(request, visitor, "Choose what to do with the window.", 400)
    typed = {key: first(form, key) for key in form}
    objects = tuple(word.strip() for word in typed.get("objects", "").split(",") if word.strip())
    profiles = tuple(name for name in form.get("profiles", []) if name)
    times = {key: typed.get(key, "").replace("T", " ") for key in ("begin", "end", "until")}
    said = Said(
        typed.get("name", ""), times["begin"], times["end"], typed.get("client", ""), objects, profiles,
        typed.get("repeat", ""), typed.get("zone", ""),
    )  # fmt: skip
    asked = {**typed, "until": times["until"], "window": said}
    actor, now = actor_of(visitor, request), console.clock()
    try:
        done = await console.change(lambda c: perform(c, console.settings, chosen, asked, actor, now))
    except NotPossible as error:
        return await _page(console, visitor, 409, str(error), typed)
    log.info("acted", who=visitor.name, act=f"window {chosen.name}", mails=0, good=1)
    return tell(RedirectResponse("/windows", 303), f"{done}.")
