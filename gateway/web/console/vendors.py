"""Vendors' problems: what is open, and ending what belongs to something that is gone."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.operate import vendors
from gateway.store.entries import Visitor
from gateway.store.operator import NotPossible
from gateway.web.console.commands import SPAN
from gateway.web.console.console import Console
from gateway.web.console.forms import fields_of, first, text_of
from gateway.web.console.guard import actor_of, tell, told_to


async def show_vendors(console: Console, request: Request, visitor: Visitor) -> Response:
    now = console.clock()
    found = await console.look(lambda connection: vendors.vendors(connection, console.settings, now))
    return console.page("vendors", visitor, found=found, odd=vendors.odd, told=told_to(request))


async def end_problem(console: Console, request: Request, visitor: Visitor) -> Response:
    form = await fields_of(request)
    actor, now = actor_of(visitor, request), console.clock()
    name, why = first(form, "problem"), first(form, "why")
    ended = await console.change(lambda connection: vendors.end(connection, name, actor, why, now))
    return tell(RedirectResponse("/vendors", 303), f"Ended: {ended}. Its ticket stays as it is at the desk.")


async def forget(console: Console, request: Request, visitor: Visitor) -> Response:
    form = await fields_of(request)
    actor, now = actor_of(visitor, request), console.clock()
    notice, object_, why = first(form, "notice"), text_of(form, "object"), first(form, "why")
    gone = await console.change(lambda connection: vendors.forget(connection, notice, object_, actor, why, now))
    return tell(RedirectResponse("/vendors", 303), f"No longer expected: {gone}.")


async def show_proposals(console: Console, request: Request, visitor: Visitor) -> Response:
    return console.page("proposals", visitor, drafts=None, sender="", run=console.commands.run)


async def propose(console: Console, request: Request, visitor: Visitor) -> Response:
    """Profiles drafted from mail that none reads; or the back-test of one, behind the pages."""
    form = await fields_of(request)
    sender, text = first(form, "sender"), text_of(form, "text")
    if text.strip():
        if not sender:
            raise NotPossible("say whose mail it reads: an address or a domain")
        console.commands.try_on_kept(visitor.name, text, "--profile", "-", "--sender", sender)
        return RedirectResponse("/rules/whatif", 303)
    drafts, wrong = await console.commands.ask(
        "notices", "propose", "--since", SPAN, *(("--sender", sender) if sender else ())
    )
    if drafts is None:
        raise NotPossible(wrong or "nothing was proposed")
    return console.page("proposals", visitor, drafts=drafts, sender=sender, run=console.commands.run)
