"""The day, and what was held back, in plain words: the command prints them, and a mail brings them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from sqlalchemy import Connection, select

from gateway.model.quantity import counted
from gateway.operate import finding, said
from gateway.operate.finding import Found
from gateway.operate.today import Today, Tried
from gateway.store.gonedesks import GoneDesk
from gateway.store.reading import looking
from gateway.store.schema import ENDED_KEPT, delivery
from gateway.store.stage import Stage

BARS = " ▁▂▃▄▅▆▇█"
COUNTED = {
    "ticket": ("new ticket", ""),
    "comment": ("comment", ""),
    "suppressed": ("without a ticket",) * 2,
    "quarantined": ("held back",) * 2,
}
MOST_HELD = 50
MOST_SUBJECT = 80


def day_lines(day: Today, now: float, zone: tzinfo | None) -> list[str]:
    """The day at a glance; ``zone`` is the reader's, None for this machine's."""
    lines = [_desk(desk.name, desk.wrong, desk.since, now, zone) for desk in day.desks]
    lines += [_gone(desk) for desk in day.gone]
    lines.append(f"Store: {day.store}. Last backup: {said.when(day.backup, now, zone) or 'none was made'}.")
    waits = "; ".join(f"{count} for {kind.in_general}" for kind, count in day.waiting if count)
    oldest = f", the oldest for {said.span(now - day.oldest)}" if day.oldest else ""
    lines.append(f"Waiting: {day.pending}{oldest}{f' ({waits})' if waits else ''}.   gateway find is:waiting")
    if day.late:
        lines.append(f"{said.sentence(day.late)}   gateway find is:waiting")
    for window in day.windows:
        ends = said.when(window.ends, now, zone)
        lines.append(
            f"Window {window.name}: {counted(window.held, 'problem')} held until {ends}.   gateway windows show"
        )
    held, problems = sum(day.held.values()), day.problems
    lines.append(
        f"For you: {held} held back, {day.held_files} with held files, {counted(day.doubted, 'mail')} that made no"
        " ticket, from people who wrote before.   gateway todo"
    )
    counts = [counted(day.became.get(key, 0), *words) for key, words in COUNTED.items()]
    counts.append(f"{sum(day.refused.values())} refused")
    lines.append(f"Today: {', '.join(counts)}.   gateway find today")
    lines.append(
        f"Vendors: {problems.get('open', 0)} open, {problems.get('left', 0)} left open,"
        f" {counted(day.unread, 'notice')} not read today.   gateway notices problems"
    )
    most = max((hour.accepted for hour in day.hours), default=0) or 1
    bars = "".join(BARS[-(-8 * hour.accepted // most)] for hour in day.hours)
    lines.append(f"The last 24 hours: {bars} (at most {most} in an hour)")
    lines += [_probe(probe) for probe in day.probes]
    for box in day.boxes:
        last = said.when(box.last, now, zone) or "none in 7 days"
        lines.append(f"  {box.address}: {box.today} today, the last {last}")
    return lines


def _desk(name: str, wrong: str, since: float, now: float, zone: tzinfo | None) -> str:
    when = f" since {said.when(since, now, zone)}" if since and wrong else ""
    return f"Desk {name}: {f'waits for {wrong}{when}' if wrong else 'answers'}"


def _gone(desk: GoneDesk) -> str:
    """What is left of a desk that the configuration has no longer."""
    left = []
    if desk.mails:
        left.append(counted(desk.mails, "mail waits for it", "mails wait for it"))
    if desk.problems:
        tickets = ", ".join([*desk.tickets, *(["…"] if desk.problems > len(desk.tickets) else [])])
        left.append(f"nothing closes {counted(desk.problems, 'ticket')} there ({tickets})   gateway notices end")
    return f"Desk {desk.name} is no longer in the configuration: {'; '.join(left)}"


def _probe(probe: Tried) -> str:
    longest = max((sent.took for sent in probe.last), default=0.0) or 1.0
    bars = "".join(BARS[int(-(-8 * sent.took // longest))] if sent.arrived_at else "x" for sent in probe.last)
    state = f"missing: {probe.missing}" if probe.missing else f"came back after {probe.took:.0f} s"
    return f"Probe {probe.name}: {state if probe.last else 'none was sent yet'}. {bars}"


def held_since(connection: Connection, since: float, now: float, zone: tzinfo | None) -> tuple[list[Found], float]:
    """Mail that was held back after then, the oldest first, and when the newest of it was (``since`` for none)."""
    query = select(*finding.COLUMNS).where(
        ENDED_KEPT, delivery.c.stage == Stage.QUARANTINED.value, delivery.c.due_at > since, delivery.c.due_at <= now
    )
    with looking():
        rows = connection.execute(query.order_by(delivery.c.due_at).limit(MOST_HELD)).mappings().all()
    newest = max((float(row["due_at"]) for row in rows), default=since)
    return finding.described(connection, rows, now, zone), newest


def held_lines(mails: Sequence[Found], now: float, zone: tzinfo | None, address: str) -> list[str]:
    """These mails, each with what became of it; ``address`` of the pages, "" where there are none."""
    lines = []
    for mail in mails:
        lines.append(f"{said.when(mail.at, now, zone)}  {mail.sender}  {mail.subject[:MOST_SUBJECT]}  #{mail.number}")
        lines.append(f"       {mail.became.words}{f'   {address}/mail/{mail.number}' if address else ''}")
    if len(mails) == MOST_HELD:
        lines.append(f"These are the first {MOST_HELD}.")
    return [*lines, "", f"What to do: gateway todo{f', or {address}/todo' if address else ''}"]
