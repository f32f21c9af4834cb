"""The operator's day: find a mail, understand it, see what waits. At 80 columns, in local time."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.shared import (
    USAGE,
    ConfigOption,
    JsonOption,
    cell,
    fail,
    on_store,
    print_json,
    settings_of,
    store_name,
    table,
    with_store,
    wrapped,
)
from gateway.model.quantity import counted

if TYPE_CHECKING:
    from gateway.operate.access import Access
    from gateway.operate.arriving import NotYet
    from gateway.operate.finding import Found
    from gateway.operate.story import Story

app = typer.Typer()

LINES = 15
ENOUGH = 18  # characters of an id that name a mail
MARKS = {"done": " ", "waits": "…", "held": "!", "none": "-", "refused": "x"}


def _line(mail: Found, width: int, now: float, more: str = "") -> str:
    """A mail in two lines: when, who and what about; what became of it, and ``more``."""
    from gateway.operate import said

    number = f"#{mail.number}" if mail.number else f"refused:{mail.refusal}" if mail.refusal else mail.id[:ENOUGH]
    became = wrapped(f"{'':14}{MARKS[mail.became.tone]} ", cell(", ".join(filter(None, (mail.became.words, more)))))
    fixed = f"{said.when(mail.at, now, None):>12}  {cell(mail.sender)[:26]:26}  "
    room = max(10, width - len(fixed) - 2 - len(number) - 2)
    return f"{fixed}{cell(mail.subject)[:room]:{room}}  {number}\n{became}"


@app.command()
def find(
    words: Annotated[
        list[str] | None,
        typer.Argument(help='Words, "words in a row", from:, to:, subject:, ticket:, is:, reason:, 10:14, yesterday.'),
    ] = None,
    config_file: ConfigOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Find mail by sender, recipient, subject, Message-ID, ticket, queue id, peer or time; refused mail as well."""
    from gateway.operate import arriving, said, searching

    settings, now = settings_of(config_file), time.time()
    typed = " ".join(f'"{word}"' if " " in word else word for word in words or [])
    try:
        search = searching.read(typed, now, None)
    except searching.NotUnderstood as error:
        fail(str(error), USAGE)
    found = with_store(config_file, lambda access: arriving.find(access.look, settings, search, now, None, limit))
    mails = (*found.arriving, *found.mails)
    if as_json:
        print_json([asdict(mail) for mail in mails])
        return
    width = shutil.get_terminal_size().columns
    for mail in mails:
        typer.echo(_line(mail, width, now))
    if not mails:
        typer.echo("nothing is found")
    if found.reached:
        at = said.exactly(found.reached_at, None)
        typer.echo(f"only mail since {at} was looked at for this: say more words, or a day (2026-11-27)")
    elif found.more:
        typer.echo(f"there is more: --limit {2 * limit}, or say more words")
    if found.since:
        typer.echo(f"mail before {said.exactly(found.since, None)} cannot be found by words yet: it is being indexed")


@app.command()
def show(
    mail: Annotated[str, typer.Argument(help="The mail's number (412), id, or Message-ID; refused:12 for a refusal.")],
    config_file: ConfigOption = None,
    lines: Annotated[int, typer.Option(min=0, max=1_000_000, help="How many lines of the text.")] = LINES,
    as_json: JsonOption = False,
) -> None:
    """Show a mail: who sent it, its text, what happened and why, and what you can do now."""
    from gateway.operate import story
    from gateway.operate.arriving import NotYet
    from gateway.operate.tickets import page_of
    from gateway.store import deliveries

    settings, now = settings_of(config_file), time.time()
    if mail.startswith("refused:") and mail.removeprefix("refused:").isdecimal():
        _show_refused(config_file, int(mail.removeprefix("refused:")[:15]), as_json)
        return

    def look(connection: Any) -> tuple[Story, Any]:
        told = story.tell(connection, mail, settings.retention, now, None)
        return told, deliveries.content(connection, told.raw_id) if told.kept else None

    def look_or_wait(access: Access) -> tuple[Story, Any] | NotYet:
        try:
            return access.look(look)
        except NotYet as waits:
            return waits

    found = with_store(config_file, look_or_wait, [mail])
    if isinstance(found, NotYet):
        _show_arriving(found, as_json)
        return
    told, content = found
    if as_json:
        print_json(asdict(told))
        return
    _show(told, now, page_of(settings, told.desk, told.ticket_id))
    if content is not None and lines:
        _show_text(settings, content, told.answers, lines)
    typer.echo()
    for rule in told.rules:
        saw = f"{rule.found}{f' -> {rule.follows}' if rule.follows else ''}"
        typer.echo(wrapped("  ", cell(f"{rule.name}: {saw}"), below="    "))
    if told.acts:
        typer.echo("\nWhat you can do:")
    for act in told.acts:
        typer.echo(f"  gateway queue {act.name} {told.mail.number}{' --to TICKET' if act.name == 'move' else ''}")


def _show(told: Story, now: float, page: str) -> None:
    """``page`` is where its ticket is opened, "" for nowhere known."""
    from gateway.operate import said

    found = told.mail
    typer.echo(wrapped(f"#{found.number}  ", cell(found.became.words)))
    if page:
        typer.echo(f"      {page}")
    if told.detail:
        typer.echo(wrapped("      ", cell(told.detail)))
    if told.remedy:
        typer.echo(wrapped("      ", cell(told.remedy)))
    facts = {
        "From": f"{found.sender}: {told.proof}",
        "To": found.recipient,
        "Subject": found.subject or "-",
        "Date": said.exactly(found.at, None),
        "Message-ID": told.message_id or "-",
        "Id": told.id,
    }
    kept = f"{said.size(told.size)}, until {said.day(told.goes_away, None)}" if told.goes_away else said.size(told.size)
    facts["Kept"] = kept if told.kept else "not any more"
    _echo_facts(facts)
    typer.echo()
    for line in told.happened:
        by = f" ({line.by})" if line.by else ""
        typer.echo(wrapped(f"{said.when(line.at, now, None):>12}  ", cell(f"{line.words}{by}")))

    for part in told.parts:
        ticket = f", ticket {part.ticket}" if part.ticket else ""
        typer.echo(wrapped(f"{f'part {part.number}':>12}  ", cell(f"{part.what} ({part.became}{ticket})")))


def _show_arriving(waits: NotYet, as_json: bool) -> None:
    from gateway.operate import said

    if as_json:
        print_json([{**asdict(mail), "waits": waits.why} for mail in waits.mails])
        return
    for mail in waits.mails:
        typer.echo(wrapped("", cell(f"accepted, and not in the store yet: {waits.why}")))
        facts = {
            "From": mail.sender,
            "To": mail.recipient,
            "Subject": mail.subject or "-",
            "Date": said.exactly(mail.at, None),
            "Message-ID": mail.message_id or "-",
            "Id": mail.id,
            "Kept": f"{said.size(mail.size)}, in the arrivals",
        }
        _echo_facts(facts)


def _show_refused(config_file: Path | None, number: int, as_json: bool) -> None:
    from gateway.operate import refused, said

    told = on_store(config_file, lambda c: refused.tell(c, number))
    if as_json:
        print_json(asdict(told))
        return
    typer.echo(wrapped(f"refused:{number}  ", cell(told.mail.became.words)))
    facts = {
        "From": told.mail.sender,
        "To": told.mail.recipient or "it did not come so far",
        "Subject": told.mail.subject or "-",
        "Date": said.exactly(told.mail.at, None),
        "Server": f"{told.peer or 'several'} ({told.helo or '-'}), at the listener {told.listener}",
        "Reason": f'{told.reason} (docs/smtp.md "Every refusal")',
        "Message-ID": told.message_id or "-",
        "Session": " ".join(told.sessions) or "not known",
    }
    _echo_facts(facts)


def _echo_facts(facts: Mapping[str, str]) -> None:
    for name, value in facts.items():
        typer.echo(wrapped(f"{name:>11}  ", cell(value)))


def _show_text(settings: Any, content: Any, answers: Any, most: int) -> None:
    from gateway.operate import reading, said
    from gateway.store.raw import RawMail

    async def read() -> Any:
        parser = reading.parser_of(settings)
        try:
            return await reading.read(parser, RawMail(settings.store), content)
        finally:
            await parser.close()

    try:
        email = asyncio.run(read())
    except reading.NotRead as error:
        typer.echo(f"\nThe text cannot be shown: {error}")
        return
    new, cut = reading.new_words(email, answers)
    lines = new.splitlines()
    typer.echo()
    for line in lines[:most]:
        typer.echo(cell(f"  | {line}"))
    if len(lines) > most:
        typer.echo(f"  … {len(lines) - most} more lines: --lines {len(lines)}")
    if cut:
        typer.echo(f"  … and {counted(len(cut), 'line')} cut as quoted or as a signature")
    for why, line in cut[:most]:
        typer.echo(wrapped("    ", cell(f"{line[:120]} ({why})")))
    for file in email.attachments:
        typer.echo(cell(f"  file {file.filename} ({said.size(file.size)})"))


@app.command()
def today(config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the day at a glance: the desks, what waits, what needs a person, what came in."""
    from gateway.operate.report import day_lines
    from gateway.operate.today import today as look

    settings, now = settings_of(config_file), time.time()
    day = on_store(config_file, lambda c: look(c, settings, store_name(settings), now, None))
    if as_json:
        print_json({**asdict(day), "waiting": {kind.value: count for kind, count in day.waiting}})
        return
    for line in day_lines(day, now, None):
        typer.echo(wrapped("", cell(line), below="    "))


@app.command()
def todo(config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List what waits for a person, by reason: what to do, and on which day it will be deleted."""
    from gateway.operate import said
    from gateway.operate.todo import todo as look

    settings, now = settings_of(config_file), time.time()
    found = on_store(config_file, lambda c: look(c, settings.retention, now, None))
    if as_json:
        print_json([asdict(group) for group in found.groups])
        return
    width = shutil.get_terminal_size().columns
    for group in found.groups:
        typer.echo(f"{group.count} x {group.title}")
        typer.echo(wrapped("  ", group.remedy))
        for mail, goes_away in group.mails:
            gone = f"goes away on {said.day(goes_away, None)}" if goes_away else ""
            known = replace(mail, became=replace(mail.became, words="")) if group in found.held else mail
            typer.echo(_line(known, width, now, gone))
        typer.echo()
    for problem in found.left_open:
        typer.echo(wrapped("left open: ", cell(f"{problem['title']} {problem['number']}: {problem['left']}")))
    if not found.count:
        typer.echo("nothing waits for you")


@app.command()
def audit(
    config_file: ConfigOption = None,
    by: Annotated[str | None, typer.Option("--by", help="Only what this person did.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List who did what, when, from where and why, newest first."""
    from gateway.operate import said
    from gateway.store import acts

    now = time.time()
    rows = on_store(config_file, lambda c: acts.newest(c, limit, who=by or ""))
    if as_json:
        print_json([dict(row) for row in rows])
        return
    columns = ["when", "who", "from", "what", "mail", "detail", "why"]
    table(columns, [
        [said.when(row["at"], now, None), row["who"], row["address"] or row["via"], row["what"],
         f"#{row['seq']}" if row["seq"] else "", row["detail"], row["why"]] for row in rows
    ])  # fmt: skip
