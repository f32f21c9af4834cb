"""The pages that only look: each asks ``gateway.operate`` and shows what it said."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from gateway.operate import act, arriving, finding, reading, refused, searching, story, today, todo
from gateway.store import acts, deliveries
from gateway.store.entries import Visitor
from gateway.store.operator import NotPossible
from gateway.web.console.console import Console
from gateway.web.console.forms import number_of
from gateway.web.console.guard import FRAME_POLICY, told_to

EACH = 50  # mails of a page
MOST_ACTS = 200  # of a page
MOST_SHOWN = 200_000  # characters of a text
MOST_LINES = 2_000  # that were cut


async def show_today(console: Console, request: Request, visitor: Visitor) -> Response:
    now = console.clock()
    day = await console.look(lambda c: today.today(c, console.settings, console.store, now, console.zone))
    most = max((hour.accepted for hour in day.hours), default=0) or 1
    return console.page("today", visitor, day=day, most=most)


async def show_find(console: Console, request: Request, visitor: Visitor) -> Response:
    typed, now = request.query_params.get("q", ""), console.clock()
    before, refused_before = (number_of(request.query_params.get(name, "")) for name in ("before", "refused"))
    try:
        search = searching.read(typed, now, console.zone)
    except searching.NotUnderstood as error:
        return console.page("find", visitor, 400, q=typed, found=None, wrong=str(error), older="", is_first=True)
    search = replace(search, before=before, refused_before=refused_before)
    found = await asyncio.to_thread(
        arriving.find, console.access.look, console.settings, search, now, console.zone, EACH
    )
    if search.number and len(found.mails) == 1:
        return RedirectResponse(f"/mail/{search.number}", 303)
    if search.refusal and found.mails:
        return RedirectResponse(f"/refused/{search.refusal}", 303)
    then = finding.further(search, found)
    older = {"q": typed, "before": then.before, "refused": then.refused_before} if found.more else {}
    is_first = not (before or refused_before)
    return console.page("find", visitor, q=typed, found=found, wrong="", older=urlencode(older), is_first=is_first)


async def show_mail(console: Console, request: Request, visitor: Visitor) -> Response:
    told, content = await _story(console, request)
    email, trouble = None, ""
    if content is not None:
        try:
            email = await reading.read(console.parser, console.raws, content)
        except reading.NotRead as error:
            trouble = str(error)
    new, cut = reading.new_words(email, told.answers) if email else ("", [])
    return console.page(
        "mail", visitor, told=told, email=email, trouble=trouble, new=new[:MOST_SHOWN], cut=cut[:MOST_LINES],
        shows_html=bool(email and email.html) and "html" in request.query_params, told_before=told_to(request),
    )  # fmt: skip


async def _story(console: Console, request: Request) -> tuple[story.Story, Any]:
    name, now = f"#{request.path_params['number']}", console.clock()

    def look(connection: Connection) -> tuple[story.Story, Any]:
        told = story.tell(connection, name, console.settings.retention, now, console.zone)
        return told, deliveries.content(connection, told.raw_id) if told.kept else None

    return await console.look(look)


async def _content(console: Console, request: Request) -> Any:
    """The row of the bytes. Raises NotPossible."""
    told, content = await _story(console, request)
    if content is None:
        raise NotPossible(f"#{told.mail.number}: the mail itself is not kept any more")
    return content


async def show_html(console: Console, request: Request, visitor: Visitor) -> Response:
    """The mail's HTML, for the frame of its page."""
    try:
        text = await reading.html(console.parser, console.raws, await _content(console, request))
    except reading.NotRead as error:
        return PlainTextResponse(f"It cannot be shown: {error}", headers={"Content-Security-Policy": FRAME_POLICY})
    page = f"<!doctype html><meta charset=utf-8><title>HTML of the mail</title>{text}"
    return Response(page, media_type="text/html", headers={"Content-Security-Policy": FRAME_POLICY})


async def download_file(console: Console, request: Request, visitor: Visitor) -> Response:
    content = await _content(console, request)
    data = await reading.file(console.parser, console.raws, content, request.path_params["index"])
    return _download(data, f"{request.path_params['number']}-{request.path_params['index'] + 1}.bin")


async def download_original(console: Console, request: Request, visitor: Visitor) -> Response:
    content = await _content(console, request)
    data = await asyncio.to_thread(console.raws.read, content)
    return _download(data, f"{request.path_params['number']}.eml")


def _download(data: bytes, name: str) -> Response:
    """Never shown: what the sender calls it, and its kind, are not told to the browser."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": FRAME_POLICY}
    return Response(data, media_type="application/octet-stream", headers=headers)


async def show_refused(console: Console, request: Request, visitor: Visitor) -> Response:
    told = await console.look(lambda c: refused.tell(c, request.path_params["number"]))
    return console.page("refused", visitor, told=told)


async def show_todo(console: Console, request: Request, visitor: Visitor) -> Response:
    now = console.clock()
    found = await console.look(lambda c: todo.todo(c, console.settings.retention, now, console.zone))
    return console.page("todo", visitor, todo=found, bulk=[act.BY_NAME[name] for name in ("release", "drop")])


async def show_audit(console: Console, request: Request, visitor: Visitor) -> Response:
    who, before = request.query_params.get("who", ""), number_of(request.query_params.get("before", ""))
    rows = await console.look(lambda c: acts.newest(c, MOST_ACTS + 1, who=who, before=before))
    older = urlencode({"who": who, "before": rows[MOST_ACTS - 1]["id"]}) if len(rows) > MOST_ACTS else ""
    return console.page("audit", visitor, rows=rows[:MOST_ACTS], who=who, older=older)
