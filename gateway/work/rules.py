"""Rules with the desk's ids in place of names, and the check of what they carry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import structlog

from gateway.config.locations import Fault
from gateway.config.rules import ExampleSettings, RuleSettings
from gateway.config.settings import Settings
from gateway.decide.rules import Rule, Rules
from gateway.desk.catalog import Catalog, UnknownName
from gateway.match import captures
from gateway.match.conditions import Answer, View
from gateway.model.envelope import Envelope

log = structlog.get_logger("work")


def boards_named(settings: Settings) -> tuple[str, ...]:
    """The boards that rules and notices name: their statuses are needed."""
    profiles = [
        settings.profiles[notice.profile].profile.policy.board for notice in settings.notice if not notice.board
    ]
    named = [*(rule.board for rule in settings.rule), *(notice.board for notice in settings.notice), *profiles]
    return tuple(dict.fromkeys(board for board in named if board))


def resolved(settings: Settings, desk: str, catalog: Catalog | None) -> Rules:
    """The rules of a desk. Without a catalog names stand for ids."""
    order = ordered(settings, catalog)
    found = tuple(_rule(rule, catalog, order) for rule in settings.rule if rule.desk == desk)
    aliases = {alias.casefold(): name for alias, name in settings.aliases.items()}
    return Rules(found, aliases, tuple(order.values()))


def ordered(settings: Settings, catalog: Catalog | None) -> dict[str, str]:
    """The ids of the priorities that the desk has, by name without case, lowest first."""
    out: dict[str, str] = {}
    for name in settings.priorities:
        if found := _priority(name, catalog):
            out[name.casefold()] = found
    return out


def importance(settings: Settings, catalog: Catalog | None) -> dict[str, str]:
    """The priorities of important and unimportant mail."""
    found = {level: _priority(name, catalog) for level, name in settings.importance.items()}
    return {level: priority_id for level, priority_id in found.items() if priority_id}


def _priority(name: str, catalog: Catalog | None) -> str:
    """Its id, "" where the desk does not have it."""
    if catalog is None:
        return f"priority {name}"
    try:
        return catalog.place("", "", name, "")["priority_id"]
    except UnknownName as error:
        log.error("priority not used", why=str(error))
        return ""


def _rule(rule: RuleSettings, catalog: Catalog | None, order: Mapping[str, str]) -> Rule:
    lacking = ""
    ids: dict[str, str] = {}
    if catalog is None:
        named = {"board": rule.board, "status": rule.status, "priority": rule.priority}
        named |= {"category": rule.category, "subcategory": rule.subcategory}
        ids = {f"{key}_id": f"{key} {name}" for key, name in named.items() if name}
    else:
        try:
            ids = ids_of(rule, catalog)
        except UnknownName as error:
            lacking = str(error)
            log.error("rule not used", rule=rule.name, why=lacking)
    return Rule(rule, rule.node(), ids, lacking, order.get(rule.priority_at_least.casefold(), ""))


def ids_of(rule: RuleSettings, catalog: Catalog) -> dict[str, str]:
    """The desk's ids for what a rule names. Raises UnknownName."""
    ids = catalog.place(rule.board, rule.status, rule.priority, "")
    if rule.priority_at_least:
        catalog.place("", "", rule.priority_at_least, "")
    if rule.category:
        ids["category_id"] = catalog.category(ids["board_id"], rule.category)
    if rule.subcategory:
        ids["subcategory_id"] = catalog.category(ids["board_id"], rule.subcategory, ids["category_id"])
    if rule.assignee:
        person = catalog.staff.get(rule.assignee.lower())
        if person is None:
            raise UnknownName(f"assignee {rule.assignee!r}: no active technician of the desk has this address")
        ids["assigned_to"] = person.id
    return ids


def check(settings: Settings, desk: str, catalog: Catalog) -> list[Fault]:
    """What the desk lacks, and examples that do not come out as they say."""
    faults = []
    locations = settings.locations

    def fault(section: str, number: int, key: str, what: str) -> None:
        faults.append(Fault(locations.of(section, number, key), what))

    aliases = {alias.casefold(): name for alias, name in settings.aliases.items()}
    for alias, name in settings.aliases.items():
        if what := _unknown_client(name, catalog):
            faults.append(Fault(locations.of("aliases", None, alias), f"alias {alias!r}: {what}"))
    for level, name in settings.importance.items():
        try:
            catalog.place("", "", name, "")
        except UnknownName as error:
            faults.append(Fault(locations.of("importance", None, level), f"importance {level}: {error}"))
    for name in settings.priorities:
        try:
            catalog.place("", "", name, "")
        except UnknownName as error:
            faults.append(Fault(locations.of("", None, "priorities"), f"priorities: {error}"))
    for number, mapped in enumerate(settings.domain):
        if mapped.desk == desk and (what := _unknown_client(mapped.client, catalog)):
            fault("domain", number, "client", f"domain {mapped.domain}: {what}")
    for number, rule in enumerate(settings.rule):
        if rule.desk != desk:
            continue
        try:
            ids_of(rule, catalog)
        except UnknownName as error:
            key = error.kind if getattr(rule, error.kind, "") else f"{error.kind}_at_least"
            fault("rule", number, key, f"rule {rule.name!r}: {error}")
        name = rule.client
        plain = name and not captures.names_in(name)
        if plain and (what := _unknown_client(aliases.get(name.casefold(), name), catalog)):
            fault("rule", number, "client", f"rule {rule.name!r}: {what}")
        for place, example in enumerate(rule.example, 1):
            if what := try_example(settings, rule, example):
                fault("rule", number, "example", f"rule {rule.name!r}, example {place}: {what}")
    return faults


def _unknown_client(name: str, catalog: Catalog) -> str:
    try:
        catalog.client_id(name)
    except UnknownName as error:
        return str(error)
    return ""


def try_example(settings: Settings, rule: RuleSettings, example: ExampleSettings) -> str:
    """Run a rule's example: what did not come out, "" when all did."""
    from gateway.mail.read import read  # `serve` reads no mail in its own process

    recipient = example.recipient or settings.mailbox[0].address
    try:
        raw = _mail_of(example, recipient)
    except (ValueError, TypeError, LookupError, MessageError) as error:
        return f"no mail can be made of it: {error}"
    zone = ZoneInfo(settings.timezone)
    try:
        moment = datetime.fromisoformat(example.at).replace(tzinfo=zone).timestamp()
    except (ValueError, OverflowError):
        return f"at {example.at!r}: expected YYYY-MM-DDTHH:MM"
    email = read(raw).email
    envelope = Envelope(
        example.sender,
        recipient,
        time=moment,
        verdict=example.verdict,
        spam=example.spam,
        spam_score=example.spam_score,
        scl=example.scl,
    )
    view = View(email, envelope, email.sender.key if email.sender else "", zone)
    answer = Answer(tell=True)
    if rule.node().holds(view, answer) != example.matches:
        said = "; ".join(f"{line}: {'yes' if holds else 'no'}" for line, holds in answer.lines)
        return f"{'does not match' if example.matches else 'matches'} ({said})"
    for key, wanted in (("client", example.client), ("title", example.title)):
        got = captures.fill(getattr(rule, key), answer.captures, view)
        if wanted and got.casefold() != wanted.casefold():
            return f"{key} is {got!r} instead of {wanted!r}"
    return ""


def _mail_of(example: ExampleSettings, recipient: str) -> bytes:
    """An example as a mail. Raises what the standard library has for headers that are none."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = example.sender, example.to or recipient, example.subject
    if example.cc:
        message["Cc"] = example.cc
    for name, value in example.headers.items():
        message[name] = value
    message.set_content(example.body)
    for name in example.attachments:
        message.add_attachment(b"x", maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()
