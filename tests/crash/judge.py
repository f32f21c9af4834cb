"""Compares what was sent with what the desk has: every mail that got 250 once, in its ticket, in order."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from hashlib import sha256

from gateway.desk.simulator import Simulator


@dataclass
class Sent:
    """A mail that got 250. ``token`` stands in its text; ``thread`` names its conversation."""

    token: str
    thread: str
    number: int  # place in the thread, 0 for the first mail
    files: list[str] = field(default_factory=list)  # sha256


def verdict(simulator: Simulator, sent: list[Sent], sums: dict[str, int]) -> list[str]:
    """The faults found; an empty list is what we want."""
    desk = simulator.desk
    faults: list[str] = []
    places: dict[str, list[tuple[str, int]]] = defaultdict(list)  # token -> (ticket, position)
    for ticket_id, ticket in desk.tickets.items():
        texts = [(ticket["attributes"] or {}).get("description", "")]
        texts += [comment["note"] for comment in desk.comments.get(ticket_id, []) if not comment["is_internal"]]
        for position, text in enumerate(texts):
            for token in _tokens(text):
                places[token].append((ticket_id, position))
    for mail in sent:
        if len(places[mail.token]) != 1:
            faults.append(f"{mail.token} is at the desk {len(places[mail.token])} times")
    threads: dict[str, list[Sent]] = defaultdict(list)
    for mail in sent:
        threads[mail.thread].append(mail)
    for name, mails in threads.items():
        mails.sort(key=lambda mail: mail.number)
        found = [places[mail.token][0] for mail in mails if places[mail.token]]
        if len({ticket for ticket, _ in found}) > 1:
            faults.append(f"{name} is in {len({ticket for ticket, _ in found})} tickets")
        elif [position for _, position in found] != sorted(position for _, position in found):
            faults.append(f"{name} is out of order: {[position for _, position in found]}")
        if found:
            faults += _files(simulator, name, found[0][0], mails)
    if sums["accepted"] != len(sent):
        faults.append(f"{sums['accepted']} deliveries for {len(sent)} mails")
    if sums["done"] != len(sent):
        faults.append(f"{sums['done']} done of {len(sent)}: {sums}")
    if extra := len(desk.tickets) - len(threads):
        faults.append(f"{extra} tickets too many")
    faults += [f"the desk refused {call.method} {call.path}: {call.status}" for call in desk.refusals]
    faults += [f"the desk mailed {mail.to} for {mail.why}" for mail in desk.mails if mail.comment_id]
    return faults


def _files(simulator: Simulator, name: str, ticket_id: str, mails: list[Sent]) -> list[str]:
    wanted = Counter({digest: 1 for mail in mails for digest in mail.files})
    documents = simulator.desk.documents.get(ticket_id, [])
    found = Counter(sha256(simulator.desk.file_of(document)).hexdigest() for document in documents)
    if wanted == found:
        return []
    missing, extra = wanted - found, found - wanted
    return [f"{name}: {missing.total()} files missing, {extra.total()} too many or different"]


def _tokens(text: str) -> set[str]:
    try:
        blocks = json.loads(text)
    except ValueError:
        return set()
    words = json.dumps(blocks).replace('"', " ").replace(".", " ").split()
    return {word for word in words if word.startswith("token-")}
