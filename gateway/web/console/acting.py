"""Acts on mail, as a form asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.operate import act, finding
from gateway.operate.acts import Asked, perform_each
from gateway.operate.tickets import ticket_at_desk
from gateway.store.entries import Visitor
from gateway.web.console.console import Console
from gateway.web.console.forms import fields_of, first, number_of
from gateway.web.console.guard import actor_of, tell

log = structlog.get_logger("console")
NEW = "new"
"""Instead of a ticket: one of its own."""


async def perform(console: Console, request: Request, visitor: Visitor) -> Response:
    """An act on exactly the mails that are named; on several, it is said first which they are."""
    form = await fields_of(request)
    chosen = act.BY_NAME.get(first(form, "act"))
    numbers = [number for text in form.get("mail", []) if (number := number_of(text))]
    if chosen is None or not numbers:
        return console.trouble(request, visitor, "Tick the mails, and choose what to do with them.", 400)
    names = [f"#{number}" for number in dict.fromkeys(numbers)]
    if len(names) > 1 and not first(form, "confirmed"):
        return await _confirm(console, visitor, chosen, names)
    asked = await _asked(console, request, visitor, chosen, form, names[0])
    now = console.clock()
    results = await asyncio.to_thread(perform_each, console.access.change, chosen, names, asked, now)
    log.info("acted", who=visitor.name, act=chosen.name, mails=len(names), good=sum(done.good for done in results))
    if len(results) == 1 and results[0].good:
        done = results[0]
        return tell(RedirectResponse(f"/mail/{done.number}", 303), f"#{done.number}: {done.words}.")
    return console.page(
        "done", visitor, 200 if any(done.good for done in results) else 409, chosen=chosen, results=results
    )


async def _confirm(console: Console, visitor: Visitor, chosen: act.Act, names: list[str]) -> Response:
    now, seqs = console.clock(), [int(name[1:]) for name in names]
    mails = await console.look(lambda c: finding.numbered(c, seqs, now, console.zone))
    return console.page("confirm", visitor, chosen=chosen, mails=mails)


async def _asked(
    console: Console, request: Request, visitor: Visitor, chosen: act.Act, form: Mapping[str, list[str]], name: str
) -> Asked:
    """What is said with it. Raises NotPossible; the desk is asked for a ticket before anything changes."""
    to, audience = first(form, "to"), first(form, "audience")
    to = NEW if to.lower() == NEW else to
    actor = actor_of(visitor, request)
    if not to or "to" not in chosen.takes or to == NEW:
        to = to if "to" in chosen.takes else ""
        return Asked(actor, first(form, "why"), to, audience=_audience(audience))
    desk, found = await ticket_at_desk(console.access, console.settings, name, to)
    return Asked(actor, first(form, "why"), found.ticket_id, found.number, desk, _audience(audience))


def _audience(word: str) -> Any:
    return word if word in ("public", "internal") else ""
