"""What would become of mail, and what became of it. None of it changes anything."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from gateway import log
from gateway.cli.shared import (
    USAGE,
    ConfigOption,
    JsonOption,
    TextOption,
    cell,
    fail,
    mailbox_of,
    on_kept_mail,
    on_store,
    print_json,
    settings_of,
    table,
    time_before,
    with_profile,
    with_text,
)
from gateway.config import settings as config
from gateway.model.envelope import Verdict

if TYPE_CHECKING:
    from gateway.desk.directory import Directory
    from gateway.operate.preview.replay import Read
    from gateway.operate.preview.whatif import Report
    from gateway.work.parser import Parser

app = typer.Typer()

SHOWN_OF_A_LINE = 120
"""Characters of a line that was cut."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _address(text: str) -> str:
    """An IP address, or "" for none."""
    try:
        return str(ip_address(text)) if text else ""
    except ValueError:
        raise typer.BadParameter(f"{text}: expected an IP address, for example 192.0.2.1") from None


@app.command()
def explain(
    file: Path,
    config_file: ConfigOption = None,
    sender: Annotated[str | None, typer.Option("--from", help="MAIL FROM; default: the From header.")] = None,
    recipient: Annotated[str, typer.Option("--rcpt", help="RCPT TO; default: the first mailbox.")] = "",
    relayed: Annotated[
        bool,
        typer.Option("--relayed", help="Treat the mail as sent by a trusted relay, so that its spam headers count."),
    ] = False,
    peer: Annotated[str, typer.Option(help="The peer's IP address; proves some notices.", callback=_address)] = "",
    verdict: Annotated[
        str, typer.Option(help="The verdict about the sender: pass, fail, none or unknown.")
    ] = "unknown",
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the desk.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what would become of a mail, and why. Changes nothing."""
    from gateway.operate.preview.explain import explain as run
    from gateway.work.desks import desks_read

    settings = settings_of(config_file)
    log.setup("error", "text")
    if verdict not in get_args(Verdict):
        fail(f"{verdict}: expected one of {', '.join(get_args(Verdict))}", USAGE)
    box = mailbox_of(settings, recipient)
    explained = partial(
        run, settings, file, box, sender=sender, recipient=recipient, relayed=relayed, peer=peer,
        verdict=cast(Verdict, verdict),
    )  # fmt: skip

    async def ask() -> dict[str, Any]:
        if offline:
            return await explained(None)
        async with desks_read(settings, box.desk) as directories:
            directory = directories[box.desk]
            if directory.away is not None:
                typer.echo(f"the desk does not answer: {directory.desk.breaker.reason}", err=True)
            return await explained(directory if directory.away is None else None)

    try:
        found = asyncio.run(ask())
    except OSError as error:
        fail(f"{file}: {error.strerror}", USAGE)
    except config.ConfigError as error:
        fail(str(error), USAGE)
    if as_json:
        print_json(found)
        return
    names = found["names"]

    def named(value: Any) -> str:
        """A text with the desk's names in place of its ids."""
        return _UUID.sub(lambda match: names.get(match[0], match[0]), str(value))

    mail = found["mail"]
    typer.echo(f"{cell(mail['from'])}: {cell(mail['subject'])} ({mail['class']}), to {found['mailbox']}")
    steps = [[step["rule"], named(step["found"]), named(step["result"])] for step in found["steps"]]
    table(["rule", "found", "follows"], steps)
    if cut := [[line["why"], line["text"][:SHOWN_OF_A_LINE]] for line in found["cut"] if line["text"].strip()]:
        typer.echo("not shown in the comment:")
        table(["why", "line"], cut)
    for question in found["unanswered"]:
        typer.echo(f"not answered: {question}")
    typer.echo(f"outcome: {found['outcome']} {found['reason']} {cell(found['detail'])}".rstrip())
    for effect in found["effects"]:
        typer.echo("  " + ", ".join(f"{key.removesuffix('_id')} {cell(named(value))}" for key, value in effect.items()))


@app.command()
def whatif(
    since: Annotated[str, typer.Option(help="How far back: 30d, 12h.")] = "30d",
    config_file: Annotated[Path | None, typer.Option("--config", "-c", help="The configuration to try.")] = None,
    store_of: Annotated[
        Path | None, typer.Option("--store-of", help="The configuration of the store to read; default: the same.")
    ] = None,
    text: TextOption = None,
    profile: Annotated[
        Path | None,
        typer.Option("--profile", help="The file of a profile to try as if it were turned on; - is standard input."),
    ] = None,
    sender: Annotated[
        str, typer.Option("--sender", help="With --profile: whose mail it reads, an address or a domain.")
    ] = "",
    limit: Annotated[int, typer.Option(min=0, max=100_000, help="How many changes to list.")] = 50,
    progress: Annotated[bool, typer.Option("--progress", help="Report progress on standard error.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a configuration would have done to the mail that is kept. Changes nothing."""
    from gateway.operate.preview.whatif import replay_at_once

    settings = settings_of(config_file)
    kept = settings_of(store_of).store if store_of else settings.store
    settings = with_text(settings, text).model_copy(update={"store": kept})
    if profile is not None:
        settings = with_profile(settings, profile, sender)
    begin = time_before(since)

    async def decide(read: Read, parser: Parser, desks: Mapping[str, Directory]) -> Report:
        def told(mails: int, most: int) -> None:
            if progress:
                typer.echo(f"{mails} of {most}", err=True)

        return await replay_at_once(read, parser, desks, settings, begin, told)

    found = on_kept_mail(settings, decide)
    if as_json:
        changes = [{**asdict(change), "words": change.words()} for change in found.changes]
        notices = {name: asdict(tally) for name, tally in found.notices.items()}
        print_json(
            {
                "mails": found.mails,
                "left_out": found.left_out,
                "away": found.away,
                "unanswered": found.asked,
                "counts": dict(found.counts),
                "changes": changes,
                "notices": notices,
            }
        )
        return
    _tell(found, limit)


def _tell(found: Report, limit: int) -> None:
    """What would have changed, with ``limit`` changes one by one."""
    from gateway.model.quantity import counted

    mails = counted(found.mails, "mail")
    typer.echo(f"{mails} decided again, {len(found.changes)} would change, {found.left_out} left out")
    if found.asked:
        typer.echo(f"{counted(found.asked, 'question')} had no answer: those mails may differ")
    table(["what changes", "mails"], [[what, number] for what, number in found.counts.most_common()])
    if found.notices:
        columns = ["notices of", "mails", "not read", "tickets before", "after", "closed by recovery", "left open"]
        table(
            columns,
            [
                [
                    name,
                    notice.mails,
                    notice.unread,
                    notice.tickets_before,
                    notice.tickets,
                    notice.closed,
                    len(notice.left),
                ]
                for name, notice in sorted(found.notices.items())
            ],
        )
        left = [[title[:60], client, why] for notice in found.notices.values() for title, client, why in notice.left]
        table(["left open", "client", "why"], left[:limit])
    rows = [[change.delivery, change.sender, change.subject[:60], change.words()] for change in found.changes[:limit]]
    table(["id", "from", "subject", "change"], rows)


@app.command()
def sums(config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Count the deliveries by what became of them."""
    from gateway.operate.arrivals import waiting_of
    from gateway.store import counts

    waiting = waiting_of(settings_of(config_file)).deliveries
    found = asdict(on_store(config_file, lambda connection: counts.sums(connection, arriving=waiting)))
    if as_json:
        print_json(found)
    else:
        table(list(found), [list(found.values())])


@app.command()
def parse(
    files: Annotated[list[Path] | None, typer.Argument(help="Mails to read.")] = None,
    cases: Annotated[str | None, typer.Option(help="Read cases as JSON lines from this file, - for stdin.")] = None,
) -> None:
    """Parse mails and print what was read from each, one JSON object a line."""
    from gateway.mail.cases import parse_cases, parse_files

    if cases is not None:
        lines = sys.stdin if cases == "-" else Path(cases).open(encoding="utf-8")  # noqa: SIM115
        results = parse_cases(lines)
    else:
        results = parse_files(files or [])
    for result in results:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
