"""``gateway whatif``: kept mail decided again under another configuration, and what would have changed.

The same pure decision as live traffic, with the answers that were kept with each mail's trace. What
was not asked then is asked of the desk now, reading only. Nothing is written and nothing is sent.
Left out: mail that an operator moved, that is still pending, or that failed for other reasons than a
decision.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from functools import partial
from math import inf

from gateway.config.settings import Settings
from gateway.desk.directory import Directory, away_of
from gateway.operate.preview.backtest import AFTERWARDS, Tally
from gateway.operate.preview.deciders import Deciders, worth
from gateway.operate.preview.kept import Batch, batches, taken, total
from gateway.operate.preview.replay import Change, Looked, Opened, Read, Reader, Replay
from gateway.work import readings
from gateway.work.parser import Parser


@dataclass(slots=True)
class Report:
    """``counts`` are of the kinds of change; ``asked`` are questions that nobody could answer; ``notices`` what
    became of vendors' notices by profile; ``away`` are the desks that gave no lists, whose mail is left out."""

    away: list[str] = field(default_factory=list)
    mails: int = 0
    left_out: int = 0
    asked: int = 0
    changes: list[Change] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    notices: dict[str, Tally] = field(default_factory=dict)

    def take(self, change: Change) -> None:
        self.changes.append(change)
        self.counts.update(_kinds(change))


@dataclass(frozen=True, slots=True)
class Again:
    """One mail decided again: what it became, what it would become, and by which steps (rule, found, result)."""

    before: dict[str, str]
    after: dict[str, str]
    steps: tuple[tuple[str, str, str], ...]


async def again(
    read: Read, reader: Reader, directories: Mapping[str, Directory], settings: Settings, seq: int
) -> Again | None:
    """Decide the mail of this number again, None where it cannot be: it is pending, was moved, or is not kept."""
    work = Replay(read, reader, directories, settings, tell=True)
    kept = next(iter(read(partial(taken, batch=Batch(0.0, seq - 1, seq), settings=settings))), None)
    if kept is None:
        return None
    opened = await work.open(kept)
    change = await work.evaluate(opened) if isinstance(opened, Opened) else opened
    if work.decided is None and change is None:
        return None
    steps = work.decided.trace if work.decided else ()
    before = change.before if change else kept.became
    lines = tuple((step.rule, step.found, step.result) for step in steps)
    return Again(before, change.after if change else before, lines)


async def replay_at_once(
    read: Read,
    parser: Parser,
    directories: Mapping[str, Directory],
    settings: Settings,
    since: float,
    told: Callable[[int, int], None] = lambda mails, most: None,
) -> Report:
    """``replay`` by as many processes as are worth it, and with what was read before. ``told`` hears how many mails of
    how many were looked at."""
    most = read(partial(total, since=since))
    spool, code = settings.store.spool_dir, readings.code()
    with (
        closing(readings.Readings(spool, code, settings.own_addresses())) as known,
        Deciders(settings, directories, count, code) if (count := worth(most)) else nullcontext() as deciders,
    ):
        reader = readings.KeptReader(parser, known)
        report = await replay(read, reader, directories, settings, since, lambda mails: told(mails, most), deciders)
        known.commit()
    readings.trim(spool, time.time())
    return report


async def replay(
    read: Read,
    reader: Reader,
    directories: Mapping[str, Directory],
    settings: Settings,
    since: float,
    told: Callable[[int], None] = lambda mails: None,
    deciders: Deciders | None = None,
) -> Report:
    """Decide all kept mail since then again. ``read`` runs a function on the store; ``told`` hears how many mails were
    looked at. ``deciders`` decide beside this process what they can, with the same result."""
    report = Report(away_of(directories))
    work = Replay(read, reader, directories, settings)
    last, looked_at = 0.0, 0
    async for looked in _looked(work, read(partial(batches, since=since)), deciders):
        looked_at += looked.count
        told(looked_at)
        report.left_out += looked.left_out
        report.asked += looked.asked
        report.mails += len(looked.mails)
        last = max([last, *(at for at, _ in looked.mails)])
        for at, found in looked.mails:
            for outlasted in await work.outlasted(at):
                report.take(outlasted)
            change = await work.evaluate(found) if isinstance(found, Opened) else found
            if change is not None:
                report.take(change)
    for outlasted in await work.outlasted(inf):
        report.take(outlasted)
    report.asked += work.asked
    for name, book in work.books.items():
        await book.advance(last + AFTERWARDS)
        for profile, tally in book.tallies.items():
            tally.left = [(title, work.names[name].get(client, client), why) for title, client, why in tally.left]
            report.notices[profile] = tally
    return report


async def _looked(work: Replay, these: list[Batch], deciders: Deciders | None) -> AsyncIterator[Looked]:
    """What is found of each batch, in order."""
    if deciders is None:
        for batch in these:
            yield await work.look(batch)
        return
    async for looked in deciders.looked(work, these):
        yield looked


def _kinds(change: Change) -> Iterable[str]:
    before, after = change.before["outcome"], change.after["outcome"]
    if before != after:
        return [f"{before} -> {after}"]
    return [
        key for key in dict.fromkeys((*change.before, *change.after)) if change.before.get(key) != change.after.get(key)
    ]
