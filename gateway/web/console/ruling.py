"""The rules, and trying others: checked, on one mail, on the mail of 30 days. The file stays the truth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.operate import finding
from gateway.operate.rules import ruled
from gateway.store import acts
from gateway.store.entries import Visitor
from gateway.store.operator import NotPossible
from gateway.web.console.console import Console
from gateway.web.console.forms import fields_of, first, text_of
from gateway.web.console.guard import actor_of

log = structlog.get_logger("console")

MOST_CHANGES = 200  # mails that are listed


async def show_rules(console: Console, request: Request, visitor: Visitor) -> Response:
    return await _page(console, visitor)


async def _page(console: Console, visitor: Visitor, status: int = 200, **values: Any) -> Response:
    now = console.clock()
    rows = await console.look(lambda connection: ruled(connection, console.settings, now))
    shown = {"text": "", "mail": "", "checked": None, "tried": None, "wrong": "", "reloaded": None} | values
    return console.page("rules", visitor, status, rows=rows, run=console.commands.run, **shown)


async def try_rules(console: Console, request: Request, visitor: Visitor) -> Response:
    """What a text would do if it stood in the configuration; without a text, what the file would do as it is."""
    form = await fields_of(request)
    text, mail = text_of(form, "text"), first(form, "mail")
    what, said = first(form, "what"), {"text": text, "mail": mail}
    taken = ("--text", "-") if text.strip() else ()
    if what == "whatif":
        console.commands.try_on_kept(visitor.name, text, *taken)
        log.info("whatif", who=visitor.name)
        return RedirectResponse("/rules/whatif", 303)
    if what == "try":
        if not mail:
            raise NotPossible("say on which mail: #412")
        found, wrong = await console.commands.ask("rules", "try", mail, *taken, text=text)
        return await _page(console, visitor, 200 if found else 409, tried=found, wrong=wrong, **said)
    if not text.strip():
        raise NotPossible("paste a [[rule]], [[domain]], [[notice]] or [[file]]")
    found, wrong = await console.commands.ask("rules", "check", "-", text=text)
    return await _page(console, visitor, 200 if found else 409, checked=found, wrong=wrong, **said)


async def show_whatif(console: Console, request: Request, visitor: Visitor) -> Response:
    if console.commands.run is None:
        return RedirectResponse("/rules", 303)
    run = replace(console.commands.run)  # as it is now: it may end while the store is looked at
    found = dict(run.found or {})
    changes = found.get("changes", [])[:MOST_CHANGES]
    ids = [change["delivery"] for change in changes]
    numbers = await console.look(lambda connection: finding.numbers(connection, ids))
    return console.page("whatif", visitor, run=run, found=found, changes=changes, numbers=numbers)


async def stop_whatif(console: Console, request: Request, visitor: Visitor) -> Response:
    await console.commands.end()
    return RedirectResponse("/rules/whatif", 303)


async def reload(console: Console, request: Request, visitor: Visitor) -> Response:
    """Take the file as it is now."""
    if console.reload is None:
        raise NotPossible("this page cannot reach the gateway: run `gateway reload`")
    state = await console.reload()
    actor, now = actor_of(visitor, request), console.clock()
    detail = ", ".join(state.get("taken", ())) if state["good"] else "refused"
    await console.change(lambda connection: acts.add(connection, actor, "reload", now, detail=detail))
    return await _page(console, visitor, 200 if state["good"] else 409, reloaded=state)
