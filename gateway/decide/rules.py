"""The operator's rules: an ordered list that says where a new ticket goes, and what a reply does.

The first rule that matches decides, unless it says to go on: then later rules may add what it left
open. A rule that cannot get its client or contact out of the mail goes on, falls back or leaves that
out, as it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gateway.config.rules import RuleSettings
from gateway.match import title
from gateway.match.captures import fill
from gateway.match.conditions import Answer, Group, View
from gateway.model.effects import AssetBody, EffectBody, TagBody
from gateway.model.plan import Hit, Trace
from gateway.model.questions import ClientNamed, Facts

MOST_TAGS, MOST_NAME = 10, 100
Event = Literal["new", "reply"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What the configuration says, with ``ids`` of the desk for its names. ``lacking`` says which of them the desk does
    not have: such a rule is passed over. ``at_least`` is a priority below which the ticket's does not stay."""

    says: RuleSettings
    when: Group
    ids: Mapping[str, str] = field(default_factory=dict)
    lacking: str = ""
    at_least: str = ""

    def ids_on(self, on: Event) -> Mapping[str, str]:
        """All for a new ticket; for a reply those that the operator named, not the defaults of a board."""
        if on == "new":
            return self.ids
        named = (f"{key}_id" for key in ("board", "status", "priority") if getattr(self.says, key))
        return {key: self.ids[key] for key in named if key in self.ids}


@dataclass(slots=True)
class Routed:
    """What the rules said. ``to_fallback`` says that the client could not be told, and the mailbox's
    fallback client is to have it."""

    ids: dict[str, str] = field(default_factory=dict)
    client_id: str = ""
    contact: str = ""
    title: str = ""
    tags: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    internal: bool = False
    skip: str = ""
    quarantine: str = ""
    to_fallback: bool = False
    at_least: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a desk with the other names of its clients (without case), and its priorities, lowest first, as
    the operator orders them: the desk's API does not say which is higher."""

    rules: tuple[Rule, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    priorities: tuple[str, ...] = ()

    def below(self, priority: str) -> tuple[str, ...]:
        """The priorities that are lower than this one; none for one that has no place in the order."""
        return self.priorities[: self.priorities.index(priority)] if priority in self.priorities else ()


def extras(routed: Routed) -> list[EffectBody]:
    """The tags and the device that rules give to a ticket."""
    tags: list[EffectBody] = [TagBody(tag=tag) for tag in routed.tags]
    return [*tags, *AssetBody.of(routed.assets)]


def route(rules: Rules, view: View, facts: Facts, trace: Trace, tell: bool = False, on: Event = "new") -> Routed:
    """Run the rules for new tickets, or those for replies, in order."""
    routed = Routed()
    for rule in rules.rules:
        name = rule.says.name
        if rule.says.on not in (on, "any"):
            continue
        answer = Answer(tell)
        matches = rule.when.holds(view, answer)
        for line, holds in answer.lines:
            trace.add("condition", f"{name}: {line}", "yes" if holds else "no")
        if not matches:
            continue
        if rule.lacking:
            trace.add("rule", f"{name}: {rule.lacking}", "passed over")
            continue
        if on == "new" and not _apply_to_new(rule.says, rules, answer.captures, view, facts, trace, routed):
            continue
        _apply(rule, rules, answer.captures, view, routed, on)
        trace.add("rule", name, "goes on" if rule.says.go_on else "decides")
        trace.hits.append(Hit("rule", name))
        if not rule.says.go_on:
            break
    return routed


def _apply_to_new(
    says: RuleSettings, rules: Rules, captures: dict[str, str], view: View, facts: Facts, trace: Trace, routed: Routed
) -> bool:
    """Whose a new ticket is and what it is called, where no earlier rule said so. False when the rule is to be passed
    over."""
    client_id, contact, missing = "", "", ""
    if says.client:
        name = fill(says.client, captures, view)
        client_id = facts.ask(ClientNamed(rules.aliases.get(name.casefold(), name))) if name else ""
        missing = "" if client_id else f"client {name!r}" if name else "client"
    if says.contact:
        contact = fill(says.contact, captures, view).lower()
        contact = contact if contact.count("@") == 1 and " " not in contact else ""
        missing = missing or ("" if contact else "contact")
    if missing:
        trace.add("rule", f"{says.name}: no {missing} to be found", says.on_failure.replace("_", " "))
        if says.on_failure == "go_on":
            return False
        routed.to_fallback = routed.to_fallback or (says.on_failure == "fallback" and not routed.client_id)
    routed.client_id = routed.client_id or client_id
    routed.contact = routed.contact or contact
    routed.title = routed.title or (fill(says.title, captures, view) if says.title else "")
    return True


def _apply(rule: Rule, rules: Rules, captures: dict[str, str], view: View, routed: Routed, on: Event) -> None:
    """What the rule gives to every ticket, where no earlier rule did."""
    says, ids = rule.says, rule.ids_on(on)
    if not _is_other_board(ids, routed):
        routed.ids = {**ids, **routed.ids}
    named = (title.clean(fill(tag, captures, view))[:MOST_NAME].strip() for tag in says.tags)
    routed.tags = tuple(dict.fromkeys((*routed.tags, *filter(None, named))))[:MOST_TAGS]
    called = (title.clean(fill(name, captures, view)) for name in says.assets)
    routed.assets = routed.assets or tuple(filter(None, called))
    if not routed.at_least or routed.at_least in rules.below(rule.at_least):
        routed.at_least = rule.at_least
    routed.internal = routed.internal or says.internal
    routed.skip = routed.skip or (says.name if says.skip else "")
    routed.quarantine = routed.quarantine or (says.name if says.quarantine else "")


def _is_other_board(ids: Mapping[str, str], routed: Routed) -> bool:
    """A later rule's status is of its own board, and does not fit an earlier rule's."""
    earlier, later = routed.ids.get("board_id"), ids.get("board_id")
    return bool(earlier and later and earlier != later)
