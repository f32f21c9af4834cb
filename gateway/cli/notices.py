"""Profiles of vendor notices: which there are, what they read, and trying one on mails."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.shared import (
    FAULT,
    USAGE,
    ConfigOption,
    JsonOption,
    cell,
    fail,
    on_store,
    print_json,
    settings_of,
    table,
    time_before,
    when,
)
from gateway.config import profiles
from gateway.config import settings as config
from gateway.config.profiles import BadProfiles, Loaded
from gateway.model.notice import Notice

if TYPE_CHECKING:
    from gateway.model.email import Email
    from gateway.notices.source import Source
    from gateway.notices.trial import Trial

app = typer.Typer(no_args_is_help=True, help="Show and try profiles of vendors' notices; list problems.")

ProfileArgument = Annotated[str, typer.Argument(help="A profile's name, or the path of its file.")]


def _configured(path: Path | None) -> config.Settings | None:
    """The configuration, None where there is none and none is named."""
    if path is None and "GATEWAY_CONFIG" not in os.environ and not config.DEFAULT_FILE.exists():
        return None
    return settings_of(path)


def _profiles(settings: config.Settings | None) -> dict[str, Loaded]:
    """All shipped profiles with the operator's in their place."""
    own = settings.profiles if settings else {}
    return {**profiles.load(profiles.shipped()), **{name: loaded for name, loaded in own.items() if loaded.own}}


def _named(name: str, config_file: Path | None) -> Loaded:
    """A profile by name or file."""
    try:
        if name.endswith(".toml"):
            return profiles.read(Path(name), own=True)
        known = _profiles(_configured(config_file))
    except BadProfiles as error:
        fail(str(error), USAGE)
    if name not in known:
        fail(f"{name} is not one of: {', '.join(sorted(known))}", USAGE)
    return known[name]


@app.command("list")
def list_profiles(config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the profiles, and which are on for whose mail."""
    from gateway.work.sources import proofs

    settings = _configured(config_file)
    rows = []
    for name, loaded in sorted(_profiles(settings).items()):
        on = [notice for notice in (settings.notice if settings else ()) if notice.profile == name]
        origin = "own, in place of the shipped one" if loaded.replaces else "own" if loaded.own else "shipped"
        row = {
            "profile": name,
            "product": loaded.profile.title,
            "origin": origin,
            "fixtures": len(loaded.profile.fixture),
        }
        rows += [{**row, "notice": notice.called, "proven by": proofs(notice, loaded.profile)} for notice in on]
        if not on:
            rows.append({**row, "notice": "(off)", "proven by": ""})
    if as_json:
        print_json(rows)
    else:
        table(list(rows[0]), [list(row.values()) for row in rows])


@app.command("show")
def show_profile(name: ProfileArgument, config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what a profile reads and does; run its fixtures."""
    from gateway.notices import fixtures

    loaded = _named(name, config_file)
    profile, mistakes = loaded.profile, fixtures.run(loaded)
    if as_json:
        print_json({**profile.model_dump(exclude={"fixture"}), "mistakes": [asdict(mistake) for mistake in mistakes]})
    else:
        typer.echo(f"{profile.name}: {profile.title} ({loaded.path})\n\n{profile.about}\n")
        table(["what", "is"], _lines(loaded))
        typer.echo(f"\n{len(profile.fixture)} fixtures, {len(mistakes)} that do not come out")
        for mistake in mistakes:
            typer.echo(f"{mistake.where}: fixture {mistake.fixture!r}: {mistake.what}")
    if mistakes:
        raise typer.Exit(FAULT)


def _lines(loaded: Loaded) -> list[list[str]]:
    """The parts of a profile that an operator asks for."""
    profile = loaded.profile
    key, state, severity = profile.key, profile.state, profile.severity
    levels = [level if isinstance(level, str) else " = ".join(level) for level in severity.levels]
    rows = [
        ["senders", ", ".join(profile.who.senders) or "the notice has to name who sends it"],
        ["reads", ", ".join(dict.fromkeys(name for step in profile.read for name in sorted(step.names())))],
        ["problem", " + ".join(filter(None, (*key.id, " + ".join((*key.object, *key.condition)))))],
        *([f"{name} words", ", ".join(words)] for name in ("open", "planned", "update", "close", "ignore")
          if (words := getattr(state, name))),
        ["state from", ", ".join(state.fields)],
        ["severity", ", ".join(levels)],
        ["client from", ", ".join(profile.client.fields)],
    ]  # fmt: skip
    rows += [[name, _plain(value)] for name, value in asdict(profile.handling()).items()]
    return [row for row in rows if row[1]]


def _plain(value: Any) -> str:
    """A value of the policy as TOML writes it, without quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:.15g}" if isinstance(value, float) else str(value)


@app.command("try")
def try_profile(
    name: Annotated[str, typer.Argument(help="A notice's or a profile's name, or the path of a profile's file.")],
    files: Annotated[list[Path], typer.Argument(help="Mails.")],
    config_file: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a notice reads in its senders' mails, as if they were proven, and which words decided. A profile
    that is not turned on is tried on mails of any sender. Changes nothing."""
    from gateway.mail.read import read
    from gateway.notices.trial import trial

    sources_for = _sources(name, config_file)
    found: list[dict[str, Any]] = []
    for file in files:
        try:
            email = read(file.read_bytes()).email
        except OSError as error:
            fail(f"{file}: {error.strerror}", USAGE)
        tried = [trial(source, email) for source in sources_for(email)]
        best = next((made for made in tried if made.notice), tried[0])
        found.append({"file": str(file), "subject": email.subject, **_fields_of(best)})
    if as_json:
        print_json([{**reading, "notice": reading["notice"] and asdict(reading["notice"])} for reading in found])
    for reading in found if not as_json else ():
        typer.echo(f"{reading['file']}: {cell(reading['subject'])}")
        if reading["notice"]:
            table(["read", "is"], [["by", reading["by"]], *_read(reading["notice"])])
            table(["decided by", ""], [list(line) for line in reading["decided"]])
        else:
            typer.echo(f"is no mail of the product, as {reading['by']} has it:")
            table(["condition", "holds"], [[line, "yes" if holds else "no"] for line, holds in reading["conditions"]])
        typer.echo("")
    if any(reading["notice"] is None or reading["notice"].failed for reading in found):
        raise typer.Exit(FAULT)


def _sources(name: str, config_file: Path | None) -> Callable[[Email], list[Source]]:
    """The notices that are on under a name, with their own senders; else the profile, for whoever wrote the mail."""
    from gateway.notices.fixtures import source_of
    from gateway.work.sources import sources

    settings = None if name.endswith(".toml") else _configured(config_file)
    if settings is not None:
        on = [notice.called for notice in settings.notice if name in (notice.called, notice.profile)]
        known = sources(settings)
        if found := [source for source in known.all if source.name in on]:
            return lambda email: found
    loaded = _named(name, config_file)
    return lambda email: [source_of(email, loaded.profile)]


def _fields_of(made: Trial) -> dict[str, Any]:
    return {"by": made.source, "notice": made.notice, "conditions": made.conditions, "decided": made.decided}


@app.command()
def propose(
    files: Annotated[list[Path] | None, typer.Argument(help="Mails; default: kept machine mail.")] = None,
    since: Annotated[str, typer.Option(help="How far back in the kept mail: 30d, 12h.")] = "30d",
    sender: Annotated[
        str | None, typer.Option(help="Only mail from this address, even if a person seems to write it.")
    ] = None,
    least: Annotated[int, typer.Option(help="Skip senders with fewer mails than this.", min=2, max=100_000)] = 5,
    config_file: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draft profiles from mails that no profile reads: one for each sender, as TOML. Changes nothing."""
    from gateway.model.quantity import counted
    from gateway.notices.propose import propose as draft
    from gateway.operate.preview.proposals import kept, others, read_all
    from gateway.store.raw import RawMail

    rest: list[bytes] = []
    if files:
        try:
            mails = [file.read_bytes() for file in files]
        except OSError as error:
            fail(f"{error.filename}: {error.strerror}", USAGE)
    else:
        begin, raws = time_before(since), RawMail(settings_of(config_file).store)
        mails = on_store(config_file, lambda connection: kept(connection, raws, begin, sender or "", least))
        rest = on_store(config_file, lambda connection: others(connection, raws, begin))
    drafts = draft(asyncio.run(read_all(mails)), least, asyncio.run(read_all(rest)))
    if as_json:
        print_json([asdict(draft) for draft in drafts])
        return
    for drafted in drafts:
        states = ", ".join(f"{number} {state}" for state, number in drafted.told.items())
        typer.echo(f"# -- {drafted.name}.toml: {states}")
        typer.echo("".join(c if c.isprintable() or c == "\n" else "?" for c in drafted.text))
    if not drafts:
        typer.echo(f"{counted(len(mails), 'mail')}: no sender has {least} or more that no profile reads")


def _read(notice: Notice) -> list[list[str]]:
    """A notice, a row for each thing that it says."""
    window = ", ".join(" to ".join(when(moment) for moment in found) for found in notice.windows)
    rows = [
        ["state", f"{notice.state} ({notice.word})" if notice.word else notice.state],
        ["key", notice.key],
        ["object", notice.object],
        ["condition", notice.condition],
        ["title", notice.title],
        ["severity", f"{notice.severity}, level {notice.rank}" if notice.rank else ""],
        ["clients", ", ".join(notice.clients)],
        ["at", when(notice.at)],
        ["sequence", str(notice.sequence) if notice.sequence >= 0 else ""],
        ["window", window],
        ["objects", ", ".join(notice.objects)],
        ["incident", notice.incident],
        ["expected", notice.expected],
        ["not read", ", ".join(notice.failed)],
        *([f"  {name}", value] for name, value in sorted(notice.fields.items())),
    ]
    return [row for row in rows if row[1]]
