"""Compares what was sent with what the desk has: every mail that got 250 once, in its ticket, in order.

A mail that got 250 is at the desk, or suppressed, quarantined or pending in the store; each once.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine, select

from gateway.simulator import Simulator
from gateway.store.reading import looking
from gateway.store.schema import delivery, redelivery
from gateway.store.stage import Stage
from tests.faults.traffic import Sent

Places = dict[str, list[tuple[str, int]]]
"""Token to where it is at the desk: (ticket, position)."""


@dataclass
class Verdict:
    """What was found wrong, in words; an empty list each is what we want."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    def all(self) -> list[str]:
        return [f"{field.name}: {text}" for field in fields(self) for text in getattr(self, field.name)]


def stages(engine: Engine) -> dict[str, tuple[str, str]]:
    """Stage and reason of each delivery."""
    with engine.connect() as connection, looking():
        rows = connection.execute(select(delivery.c.id, delivery.c.stage, delivery.c.reason)).all()
    return {id_: (stage, reason) for id_, stage, reason in rows}


def leads(engine: Engine) -> dict[str, str]:
    """The delivery to which each redelivery with an id of its own leads."""
    with engine.connect() as connection:
        rows = connection.execute(select(redelivery.c.id, redelivery.c.delivery_id)).all()
    return {row.id: row.delivery_id for row in rows}


def judge(
    simulator: Simulator,
    sent: Sequence[Sent],
    found: dict[str, tuple[str, str]],
    quarantine: Sequence[str] = (),
    own: Collection[str] = (),
) -> Verdict:
    """``quarantine``: the reasons for which mail may be quarantined in this run. ``own``: tickets that the gateway made
    of no mail from outside."""
    verdict = Verdict()
    places = _places(simulator)
    aside = _count(verdict, places, sent, found, quarantine)
    threads: dict[str, list[Sent]] = defaultdict(list)
    for mail in sent:
        threads[mail.thread].append(mail)
    for name, mails in threads.items():
        mails.sort(key=lambda mail: mail.number)
        kept = [mail for mail in mails if mail.token not in aside]
        _thread(verdict, simulator, places, name, kept, [mail for mail in mails if mail.token in aside])
    named = {ticket for where in places.values() for ticket, _ in where}
    strange = tickets(simulator).keys() - named - set(own)
    verdict.doubled += [f"ticket {ticket_id} holds no mail that was sent" for ticket_id in strange]
    verdict.other += refused(simulator)
    verdict.other += [f"the desk mailed {mail.to} for {mail.why}" for mail in simulator.desk.mails if mail.comment_id]
    return verdict


def tickets(simulator: Simulator) -> dict[str, dict[str, Any]]:
    """Those that the gateway made."""
    return {key: row for key, row in list(simulator.desk.tickets.items()) if row["entered_by"] == _user(simulator)}


def refused(simulator: Simulator) -> list[str]:
    """What the desk refused, but for a budget that others use up."""
    refusals = [refusal for refusal in simulator.desk.refusals if refusal.status != 429]
    return [f"the desk refused {refusal.method} {refusal.path}: {refusal.status}" for refusal in refusals]


def _user(simulator: Simulator) -> str:
    """Of the gateway's key."""
    return str(simulator.desk.keys[simulator.key]["user"]["user_id"])


def _places(simulator: Simulator) -> Places:
    places: Places = defaultdict(list)
    for ticket_id, ticket in list(simulator.desk.tickets.items()):
        texts = [(ticket["attributes"] or {}).get("description", "")]
        comments = simulator.desk.comments.get(ticket_id, [])
        texts += [comment["note"] for comment in comments if not comment["is_internal"]]
        for position, text in enumerate(texts):
            for token in _tokens(text):
                places[token].append((ticket_id, position))
    return places


def _count(
    verdict: Verdict,
    places: Places,
    sent: Sequence[Sent],
    found: dict[str, tuple[str, str]],
    quarantine: Sequence[str],
) -> set[str]:
    """Each mail once. Returns the tokens of those that are rightly not at the desk."""
    aside = set()
    for mail in sent:
        verdict.lost += [f"{mail.token}: nothing is known of {id_}" for id_ in mail.ids if id_ not in found]
        stage, reason = _best(found[id_] for id_ in mail.ids if id_ in found)
        times = len(places[mail.token])
        if times > 1:
            verdict.doubled.append(f"{mail.token} is at the desk {times} times")
        if stage == Stage.DONE and not times:
            verdict.lost.append(f"{mail.token} is done and not at the desk")
        if stage != Stage.DONE:
            aside.add(mail.token)
            if stage == Stage.QUARANTINED and reason in quarantine:
                continue
            verdict.other.append(f"{mail.token} is {stage} {reason}".rstrip())
    unknown = found.keys() - {id_ for mail in sent for id_ in mail.ids}
    verdict.other += [f"{id_} was never answered with 250" for id_ in unknown]
    return aside


def _best(outcomes: object) -> tuple[str, str]:
    """Of a mail that came by several ways: what became of the one that is no copy."""
    ranked = sorted(outcomes, key=lambda outcome: (outcome[0] != Stage.DONE, outcome[1] == "duplicate-of"))  # type: ignore[call-overload]
    return ranked[0] if ranked else ("unknown", "")


def _thread(
    verdict: Verdict, simulator: Simulator, places: Places, name: str, mails: list[Sent], aside: list[Sent]
) -> None:
    where = [places[mail.token][0] for mail in mails if places[mail.token]]
    tickets = list(dict.fromkeys(ticket for ticket, _ in where))
    if len(tickets) > 1 and not aside:
        verdict.disordered.append(f"{name} is in {len(tickets)} tickets")
    for ticket in tickets:
        positions = [position for place, position in where if place == ticket]
        if positions != sorted(positions):
            verdict.disordered.append(f"{name} is out of order: {positions}")
        here = [mail for mail in mails if places[mail.token] and places[mail.token][0][0] == ticket]
        _files(verdict, simulator, name, ticket, here, aside)


def _files(
    verdict: Verdict, simulator: Simulator, name: str, ticket: str, mails: list[Sent], aside: list[Sent]
) -> None:
    """Of what was set aside on the way, some may be there."""
    wanted = Counter({digest: 1 for mail in mails for digest in mail.files})
    documents = simulator.desk.documents.get(ticket, [])
    found = Counter(sha256(simulator.desk.file_of(document)).hexdigest() for document in documents)
    missing, extra = wanted - found, found - wanted - Counter({digest: 1 for mail in aside for digest in mail.files})
    if missing or extra:
        verdict.files.append(f"{name}: {missing.total()} files missing, {extra.total()} too many or different")


def _tokens(text: str) -> set[str]:
    try:
        blocks = json.loads(text)
    except ValueError:
        return set()
    words = json.dumps(blocks).replace('"', " ").replace(".", " ").split()
    return {word for word in words if word.startswith("token-")}
