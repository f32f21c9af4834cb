"""Vendors' problems: what is open, and ending what belongs to something that is gone."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.operate import vendors
from gateway.store.acts import Actor
from gateway.store.entries import Visitor
from gateway.store.operator import NotPossible
from gateway.web.console.commands import Run
from gateway.web.console.console import Console
from gateway.web.console.forms import fields_of, first
from gateway.web.console.guard import address_of

SPAN = "30d"


async def show_vendors(console: Console, request: Request, visitor: Visitor) -> Response:
    return await _page(console, visitor)


async def _page(console: Console, visitor: Visitor, told: str = "") -> Response:
    now = console.clock()
    found = await console.look(lambda connection: vendors.vendors(connection, console.settings, now))
    return console.page("vendors", visitor, found=found, told=told)


async def end_problem(console: Console, request: Request, visitor: Visitor) -> Response:
    form = await fields_of(request)
    actor, now = Actor(visitor.name, "page", address_of(request)), console.clock()
    name, why = first(form, "problem"), first(form, "why")
    ended = await console.change(lambda connection: vendors.end(connection, name, actor, why, now))
    return await _page(console, visitor, f"Ended: {ended}. Its ticket stays as it is at the desk.")


async def forget(console: Console, request: Request, visitor: Visitor) -> Response:
    form = await fields_of(request)
    actor, now = Actor(visitor.name, "page", address_of(request)), console.clock()
    notice, object_, why = first(form, "notice"), form.get("object", [""])[0], first(form, "why")
    gone = await console.change(lambda connection: vendors.forget(connection, notice, object_, actor, why, now))
    return await _page(console, visitor, f"No longer expected: {gone}.")


async def show_proposals(console: Console, request: Request, visitor: Visitor) -> Response:
    return console.page("proposals", visitor, drafts=None, sender="", run=console.commands.run)


async def propose(console: Console, request: Request, visitor: Visitor) -> Response:
    """Profiles drafted from mail that none reads; or the back-test of one, behind the pages."""
    form = await fields_of(request)
    sender, text = first(form, "sender"), form.get("text", [""])[0].replace("\r\n", "\n")
    if text.strip():
        if not sender:
            raise NotPossible("say whose mail it reads: an address or a domain")
        run = Run(visitor.name, "a profile on the mail of 30 days", text)
        arguments = ("whatif", "--since", SPAN, "--progress", "--profile", "-", "--sender", sender)
        console.commands.begin(run, *arguments)
        return RedirectResponse("/rules/whatif", 303)
    found, wrong = await console.commands.ask(
        "notices", "propose", "--since", SPAN, *(("--sender", sender) if sender else ())
    )
    if found is None:
        raise NotPossible(wrong or "nothing was proposed")
    return console.page("proposals", visitor, drafts=found["drafts"], sender=sender, run=console.commands.run)
