"""The operator's rules: an ordered list that says where a new ticket goes, and what a reply does.

The first rule that matches decides, unless it says to go on: then later rules may add what it left
open. A rule that cannot get its client or contact out of the mail goes on, falls back or leaves that
out, as it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from gateway.match import title
from gateway.match.captures import fill
from gateway.match.conditions import Answer, Group, On, View
from gateway.model.effects import AssetBody, EffectBody, TagBody
from gateway.model.plan import Hit, Trace
from gateway.model.questions import ClientNamed, Facts

MOST_TAGS, MOST_NAME = 10, 100
OnFailure = Literal["go_on", "fallback", "skip"]
IDS = ("board_id", "status_id", "priority_id", "category_id", "subcategory_id", "assigned_to")


@dataclass(frozen=True, slots=True)
class Rule:
    """``ids`` are of the desk (IDS); ``client``, ``contact`` and ``title`` may hold {captures}, and are for new
    tickets only; ``lacking`` says which of its names the desk does not have: such a rule is passed over.
    ``named`` are the keys of ``ids`` that the operator named, not the defaults of a board. ``at_least`` is a priority
    below which the ticket's does not stay."""

    name: str
    when: Group
    ids: Mapping[str, str] = field(default_factory=dict)
    client: str = ""
    contact: str = ""
    title: str = ""
    tags: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()  # by what names the device is called
    internal: bool = False
    skip: bool = False
    quarantine: bool = False
    go_on: bool = False
    on_failure: OnFailure = "go_on"
    lacking: str = ""
    on: On = "new"
    named: frozenset[str] = frozenset(IDS)
    at_least: str = ""


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


def route(
    rules: Rules, view: View, facts: Facts, trace: Trace, tell: bool = False, on: Literal["new", "reply"] = "new"
) -> Routed:
    """Run the rules for new tickets, or those for replies, in order."""
    routed = Routed()
    for rule in rules.rules:
        if rule.on not in (on, "any"):
            continue
        answer = Answer(tell)
        matches = rule.when.holds(view, answer)
        for line, holds in answer.lines:
            trace.add("condition", f"{rule.name}: {line}", "yes" if holds else "no")
        if not matches:
            continue
        if rule.lacking:
            trace.add("rule", f"{rule.name}: {rule.lacking}", "passed over")
            continue
        if on == "reply":
            ids = {key: value for key, value in rule.ids.items() if key in rule.named}
            rule = replace(rule, ids=ids, client="", contact="", title="")
        if not _apply(rule, rules, answer.captures, view, facts, trace, routed):
            continue
        trace.add("rule", rule.name, "goes on" if rule.go_on else "decides")
        trace.hits.append(Hit("rule", rule.name))
        if not rule.go_on:
            break
    return routed


def _apply(
    rule: Rule, rules: Rules, captures: dict[str, str], view: View, facts: Facts, trace: Trace, routed: Routed
) -> bool:
    """Do what the rule says, where no earlier rule did. False when it is to be passed over."""
    client_id, contact, missing = "", "", ""
    if rule.client:
        name = fill(rule.client, captures, view)
        client_id = facts.ask(ClientNamed(rules.aliases.get(name.casefold(), name))) if name else ""
        missing = "" if client_id else f"client {name!r}" if name else "client"
    if rule.contact:
        contact = fill(rule.contact, captures, view).lower()
        contact = contact if contact.count("@") == 1 and " " not in contact else ""
        missing = missing or ("" if contact else "contact")
    if missing:
        trace.add("rule", f"{rule.name}: no {missing} to be found", rule.on_failure.replace("_", " "))
        if rule.on_failure == "go_on":
            return False
        routed.to_fallback = routed.to_fallback or (rule.on_failure == "fallback" and not routed.client_id)
    routed.ids = {**rule.ids, **routed.ids} if not _other_board(rule, routed) else routed.ids
    routed.client_id = routed.client_id or client_id
    routed.contact = routed.contact or contact
    routed.title = routed.title or (fill(rule.title, captures, view) if rule.title else "")
    named = (title.clean(fill(tag, captures, view))[:MOST_NAME].strip() for tag in rule.tags)
    routed.tags = tuple(dict.fromkeys((*routed.tags, *filter(None, named))))[:MOST_TAGS]
    called = (title.clean(fill(name, captures, view)) for name in rule.assets)
    routed.assets = routed.assets or tuple(filter(None, called))
    if not routed.at_least or routed.at_least in rules.below(rule.at_least):
        routed.at_least = rule.at_least
    routed.internal = routed.internal or rule.internal
    routed.skip = routed.skip or (rule.name if rule.skip else "")
    routed.quarantine = routed.quarantine or (rule.name if rule.quarantine else "")
    return True


def _other_board(rule: Rule, routed: Routed) -> bool:
    """A later rule's status is of its own board, and does not fit an earlier rule's."""
    earlier, later = routed.ids.get("board_id"), rule.ids.get("board_id")
    return bool(earlier and later and earlier != later)
