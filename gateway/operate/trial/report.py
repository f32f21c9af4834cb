"""What a trial found, from its store: one look, in figures and in lines that an operator can act upon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from gateway.config.profiles import load, shipped
from gateway.config.settings import Settings
from gateway.desk.records import Client
from gateway.desk.trial import Taken
from gateway.match import domains
from gateway.match.clients import LEAST_TELLING, run_together
from gateway.model.email import MACHINES
from gateway.model.reasons import Reason
from gateway.operate.trial import state
from gateway.store import counts
from gateway.store.schema import delivery, effect, notice, problem, ticket
from gateway.store.stage import EffectState, Stage
from gateway.work.desks import product_of
from gateway.work.effects import KINDS

MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table: what, how many mails, and what of them became tickets and comments."""

    name: str
    mails: int
    tickets: int = 0
    comments: int = 0
    suppressed: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class Stranger:
    """A domain or address that no client has. ``lines`` mend it in the configuration; ``client`` is the one whose name
    is like it, "" for none; ``advice`` is what to do where no configuration helps."""

    name: str
    mails: int
    people: int
    client: str = ""
    lines: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """A vendor's product whose mails were read, or could be (``lines`` turn its profile on)."""

    profile: str
    title: str
    mails: int
    problems: int
    tickets: int = 0
    unread: int = 0
    missing: int = 0
    lines: str = ""


@dataclass(frozen=True, slots=True)
class Aside:
    """Why mail was suppressed or quarantined, with what happened and what to do."""

    reason: str
    mails: int
    happened: str
    do: str


@dataclass(slots=True)
class Report:
    """``first`` and ``last`` are when the mails came, in seconds; ``sums`` counts mails by what they became;
    ``lookups`` is how many addresses and domains the desk is asked about, ``calls`` how many calls count against its
    limit; ``unread`` counts files that hold mail and could not be read."""

    offline: bool
    first: float
    last: float
    tried: int
    left_out: dict[str, int]
    sums: dict[str, int]
    tickets: int
    by_mailbox: list[Line]
    by_client: list[Line]
    by_kind: list[Line]
    suppressed: list[Aside]
    quarantined: list[Aside]
    strangers: list[Stranger]
    products: list[Product]
    fits: list[Product]
    machines: list[Stranger]
    calls: int
    calls_a_mail: float
    busiest_hour: int
    lookups: int
    rate: float
    effects: dict[str, int]
    unasked: dict[str, int]
    missing_lists: dict[str, str] = field(default_factory=dict)
    unread: dict[str, int] = field(default_factory=dict)

    @property
    def fewer(self) -> int:
        """How many tickets fewer than mails."""
        return self.tried - self.tickets

    @property
    def days(self) -> float:
        return max(1.0, (self.last - self.first) / 86_400)


def made(connection: Connection, settings: Settings) -> Report:
    """The report of a trial, done or under way."""
    taken: dict[str, Taken] = {name: state.get(connection, f"desk {name}") or {} for name in settings.desks}
    clients = {name: product_of(settings, name).clients_taken(lists) for name, lists in taken.items()}
    sums = counts.sums(connection)
    first, last = connection.execute(select(func.min(delivery.c.accepted_at), func.max(delivery.c.accepted_at))).one()
    tickets = connection.execute(select(func.count()).select_from(ticket)).scalar_one()
    calls, busiest = connection.execute(
        select(func.coalesce(func.sum(state.cost.c.calls), 0), func.coalesce(func.max(state.cost.c.calls), 0))
    ).one()
    missing = _missing_mails(connection)
    strangers, machines = _strangers(connection, settings, taken, clients)
    tried = sums.accepted - sum(missing.values())
    became = Counter({"ticket": 0, "comment": 0})
    for outcome, count in connection.execute(
        select(delivery.c.outcome, func.count())
        .where(delivery.c.stage == Stage.DONE.value)
        .group_by(delivery.c.outcome)
    ):
        became[outcome] += count
    return Report(
        offline=bool((state.get(connection, "wanted") or [None] * 5)[4]),
        first=first or 0.0,
        last=last or 0.0,
        tried=tried,
        left_out=state.left_out(connection),
        sums={
            "tickets": became["ticket"],
            "comments": became["comment"],
            "suppressed": sums.suppressed,
            "quarantined": sums.quarantined,
            "pending": sums.pending,
            "redelivered": sums.redelivered,
        },
        tickets=tickets,
        by_mailbox=_lines(connection, delivery.c.mailbox),
        by_client=_by_client(connection, clients),
        by_kind=_lines(connection, delivery.c["class"]),
        suppressed=_asides(connection, Stage.SUPPRESSED),
        quarantined=_asides(connection, Stage.QUARANTINED),
        strangers=strangers,
        products=_products(connection, settings, missing),
        fits=_fits(connection),
        machines=machines,
        calls=calls,
        calls_a_mail=calls / tried if tried else 0.0,
        busiest_hour=busiest,
        lookups=connection.execute(select(func.count()).where(state.asked.c.key.contains("@"))).scalar_one(),
        rate=min((desk.rate for desk in settings.desks.values()), default=0.0),
        effects=_effects(connection),
        unasked=state.get(connection, "unasked") or {},
        missing_lists={what: why for desk in taken.values() for what, why in desk.get("missing", {}).items()},
        unread=state.get(connection, "unread") or {},
    )


def _lines(connection: Connection, by: Any) -> list[Line]:
    query = select(by, delivery.c.stage, delivery.c.outcome, func.count())
    query = query.group_by(by, delivery.c.stage, delivery.c.outcome)
    found: dict[str, Counter[str]] = {}
    for key, stage, outcome, count in connection.execute(query):
        what = outcome if stage == Stage.DONE.value else stage
        found.setdefault(key or "(not read)", Counter())[what] += count
    return sorted((_line(name, counted) for name, counted in found.items()), key=lambda line: (-line.mails, line.name))


def _line(name: str, counted: Counter[str]) -> Line:
    return Line(
        name,
        counted.total(),
        counted["ticket"],
        counted["comment"],
        counted[Stage.SUPPRESSED.value],
        counted[Stage.QUARANTINED.value],
    )


def _by_client(connection: Connection, clients: Mapping[str, list[Client]]) -> list[Line]:
    """Tickets and comments of each client."""
    names = {client.id: client.name for known in clients.values() for client in known}
    query = select(ticket.c.client_id, delivery.c.outcome, func.count()).join(
        ticket, (ticket.c.desk == delivery.c.desk) & (ticket.c.ticket_id == delivery.c.ticket_id)
    )
    query = query.where(delivery.c.stage == Stage.DONE.value).group_by(ticket.c.client_id, delivery.c.outcome)
    found: dict[str, Counter[str]] = {}
    for client, outcome, count in connection.execute(query):
        found.setdefault(names.get(client, client), Counter())[outcome] += count
    return sorted((_line(name, counted) for name, counted in found.items()), key=lambda line: (-line.mails, line.name))


def _asides(connection: Connection, stage: Stage) -> list[Aside]:
    query = select(delivery.c.reason, func.count()).where(delivery.c.stage == stage.value).group_by(delivery.c.reason)
    found = []
    for name, count in connection.execute(query.order_by(func.count().desc(), delivery.c.reason)):
        reason = Reason.named(name)
        found.append(Aside(name, count, reason.happened, reason.do))
    return found


def _effects(connection: Connection) -> dict[str, int]:
    """What would have been done at the desk, by kind."""
    query = select(effect.c.kind, func.count()).where(effect.c.state == EffectState.DONE.value).group_by(effect.c.kind)
    counted = {kind: count for kind, count in connection.execute(query) if kind in KINDS}
    return dict(sorted(counted.items(), key=lambda item: -item[1]))


# -- whom no client has ------------------------------------------------------------------------------


def _strangers(
    connection: Connection, settings: Settings, taken: Mapping[str, Taken], clients: Mapping[str, list[Client]]
) -> tuple[list[Stranger], list[Stranger]]:
    """Senders whose tickets went to the fallback client or had nowhere to go: people by domain, and machines. The
    desk's technicians are no client's, and their domain is given to none: it would bind them to its tickets."""
    query = select(delivery.c.desk, delivery.c.sender, delivery.c["class"], func.count()).outerjoin(
        ticket, (ticket.c.desk == delivery.c.desk) & (ticket.c.ticket_id == delivery.c.ticket_id)
    )
    unknown = (delivery.c.reason == Reason.UNKNOWN_SENDER.value) | (
        (delivery.c.outcome == "ticket") & (delivery.c.stage == Stage.DONE.value) & ticket.c.fallback
    )
    query = query.where(unknown, delivery.c.sender != "").group_by(
        delivery.c.desk, delivery.c.sender, delivery.c["class"]
    )
    staff = {
        desk: {person.address for person in product_of(settings, desk).staff_taken(lists)}
        for desk, lists in taken.items()
    }
    ours = {desk: {domains.of(address) for address in people} for desk, people in staff.items()}
    people: dict[tuple[str, str], Counter[str]] = {}
    machines: Counter[str] = Counter()
    for desk, sender, kind, count in connection.execute(query):
        if kind in MACHINES:
            machines[sender] += count
            continue
        if sender in staff.get(desk, ()):
            continue
        domain = domains.of(sender)
        name = sender if domains.is_public(domain) or domain in ours.get(desk, ()) else domain
        people.setdefault((desk, name), Counter())[sender] += count
    many = len(settings.desks) > 1
    found = [
        _stranger(name, senders, _like(name, clients[desk]), desk if many else "")
        for (desk, name), senders in people.items()
    ]
    found.sort(key=lambda stranger: (-stranger.mails, stranger.name))
    return found[:MOST_ROWS], [Stranger(name, count, 1) for name, count in machines.most_common(MOST_ROWS)]


def _stranger(name: str, senders: Counter[str], client: str, desk: str) -> Stranger:
    if "@" in name:
        whose = "a public mail domain" if domains.is_public(domains.of(name)) else "your technicians' own domain"
        advice = f"{whose}: add the address to a contact at the desk"
        return Stranger(name, senders.total(), 1, advice=advice)
    lines = ["[[domain]]", f'domain = "{name}"', f'client = "{client or "NAME OF THE CLIENT"}"']
    lines += [f'desk = "{desk}"'] if desk else []
    return Stranger(name, senders.total(), len(senders), client, "\n".join(lines))


def _like(domain: str, clients: list[Client]) -> str:
    """The client whose name the domain seems to spell, "" for none or several."""
    label = run_together(max(domain.rpartition(".")[0].split("."), key=len, default=""))
    names = [client.name for client in clients if not client.is_inactive]
    spelled = [name for name in names if len(label) >= LEAST_TELLING and run_together(name).startswith(label)]
    exact = [name for name in spelled if run_together(name) == label]
    found = exact or spelled
    return found[0] if len(found) == 1 else ""


# -- machines --------------------------------------------------------------------------------------


def _missing_mails(connection: Connection) -> Counter[str]:
    """The gateway's own mails about mail that did not come, by the profile."""
    query = select(notice.c.profile, func.count()).where(notice.c.word == "missing").group_by(notice.c.profile)
    return Counter({row[0]: row[1] for row in connection.execute(query)})


def _products(connection: Connection, settings: Settings, missing: Counter[str]) -> list[Product]:
    titles = {notice.called: settings.profiles[notice.profile].profile.title for notice in settings.notice}
    query = select(
        notice.c.profile, func.count(), func.count(func.distinct(notice.c.problem_id)), func.sum(notice.c.failed != "")
    ).group_by(notice.c.profile)
    made = select(problem.c.profile, func.count(func.distinct(problem.c.ticket_id))).where(problem.c.ticket_id != "")
    tickets = {row[0]: row[1] for row in connection.execute(made.group_by(problem.c.profile))}
    found = [
        Product(
            name,
            titles.get(name, name),
            mails - missing[name],
            problems,
            tickets.get(name, 0),
            int(unread or 0),
            missing[name],
        )
        for name, mails, problems, unread in connection.execute(query)
    ]
    return sorted(found, key=lambda product: (-product.mails, product.profile))


def _fits(connection: Connection) -> list[Product]:
    profiles = {name: loaded.profile for name, loaded in load(shipped()).items()}
    query = select(state.fit.c.profile, func.sum(state.fit.c.mails), func.sum(state.fit.c.problems))
    found = []
    for name, mails, problems in connection.execute(query.group_by(state.fit.c.profile)):
        lines = ["[[notice]]", f'profile = "{name}"']
        lines += [] if profiles[name].who.senders else ['senders = ["THE ADDRESS IT WRITES FROM"]']
        found.append(Product(name, profiles[name].title, mails, problems, lines="\n".join(lines)))
    return sorted(found, key=lambda product: (-product.mails, product.profile))
