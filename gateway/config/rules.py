"""Rules as the configuration writes them.

Refused: unknown keys, fields and operators, regular expressions that RE2 does not take, values that a
field never has, captures that no condition defines, conditions that exclude each other.
"""

from __future__ import annotations

from datetime import date, time
from math import inf
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from gateway.config.types import Section, Texts, bytes_of, did_you_mean
from gateway.match import conditions
from gateway.match.captures import names_in
from gateway.match.conditions import Group, On, Test

COMPARED = ("above", "below", "at_least", "at_most")
CHOOSES = frozenset(("name", "desk", "on", "when", "go_on", "on_failure", "example"))
"""Keys that say which mail a rule is for, and what comes after it. The others set something."""
Bound = Annotated[float, BeforeValidator(bytes_of), Field(allow_inf_nan=False)]


class ConditionSettings(Section):
    """A comparison of a field, or a group of conditions."""

    field: str = Field("", description="what is looked at; header:NAME for a header")
    equals: Texts | None = Field(None, description="the same text, ignoring case; any one of a list, as below")
    contains: Texts | None = Field(None, description="a part of the text")
    glob: Texts | None = Field(None, description="* and ? in the whole text")
    regex: Texts | None = Field(None, description="RE2 somewhere in the text; (?P<name>…) captures")
    above: Bound | None = Field(None, description="more than; for size (bytes, or 10M), spam_score, scl")
    below: Bound | None = Field(None, description="less than; the same fields")
    at_least: Bound | None = Field(None, description="as much or more; the same fields")
    at_most: Bound | None = Field(None, description="as much or less; the same fields")
    between: tuple[str, str] | None = Field(
        None, description="two times HH:MM, for time; or first and last day, for date"
    )
    exists: bool | None = Field(None, description="whether the field has any text")
    any: tuple[ConditionSettings, ...] | None = Field(None, description="at least one of these")
    all: tuple[ConditionSettings, ...] | None = Field(None, description="every one of these")
    none: tuple[ConditionSettings, ...] | None = Field(None, description="not one of these")

    @model_validator(mode="after")
    def _is_sound(self) -> ConditionSettings:
        groups = [name for name in ("any", "all", "none") if getattr(self, name) is not None]
        used = [name for name in conditions.OPERATORS if getattr(self, name) is not None]
        if len(groups) + len(used) != 1 or bool(groups) == bool(self.field):
            raise ValueError("expected a field with one operator, or one of any, all, none")
        if groups:
            if not getattr(self, groups[0]):
                raise ValueError(f"{groups[0]}: expected at least one condition")
            return self
        self._fits(used[0])
        self.node()
        return self

    def _fits(self, operator: str) -> None:
        name = self.field.lower()
        if not (name in conditions.FIELDS or (name.startswith("header:") and name[7:])):
            nearest = did_you_mean(name, conditions.FIELDS)
            known = f"{', '.join(conditions.FIELDS)}, header:NAME"
            raise ValueError(f"field: {self.field!r} is not one of: {known}{nearest}")
        if (operator in COMPARED) != (name in conditions.NUMBERS) and operator != "exists":
            numbers = ", ".join(conditions.NUMBERS)
            raise ValueError(f"field: {name} does not go with {operator}; {numbers} go with {', '.join(COMPARED)}")
        if operator == "between":
            shape = {"time": "00:00", "date": "0000-00-00"}.get(name)
            if shape is None:
                raise ValueError(f"field: {name} does not go with between; time and date do")
            for bound in self.between or ():
                if "".join("0" if c.isdecimal() else c for c in bound) != shape or not _is_there(name, bound):
                    raise ValueError(f"between: {bound!r}: expected {'HH:MM' if name == 'time' else 'YYYY-MM-DD'}")
            if name == "date" and self.between and self.between[0] > self.between[1]:
                raise ValueError("between: the first day is after the last")
        if operator == "equals" and name in conditions.KNOWN:
            for value in self.values():
                if value.lower() not in conditions.KNOWN[name]:
                    known = ", ".join(conditions.KNOWN[name])
                    raise ValueError(f"equals: {name} is never {value!r}: it can be {known}")
        if name == "from_domain" and any("@" in value for value in self.values()):
            raise ValueError("field: from_domain has no @; use from")
        if not (self.values() and all(self.values())):
            raise ValueError(f"{operator}: expected a text that is not empty")

    def values(self) -> tuple[str, ...]:
        """What the field is compared with, as texts; () for a group."""
        for name in conditions.OPERATORS:
            found = getattr(self, name)
            if found is not None:
                if name in COMPARED:
                    return (f"{found:.15g}",)
                if name == "exists":
                    return (str(found).lower(),)
                return (found,) if isinstance(found, str) else tuple(found)
        return ()

    def node(self) -> Test | Group:
        """The condition, ready to run. Raises ValueError."""
        for mine, kind in (("any", "any"), ("all", "all"), ("none", "not")):
            parts = getattr(self, mine)
            if parts is not None:
                return Group(kind, tuple(part.node() for part in parts))
        operator = next(name for name in conditions.OPERATORS if getattr(self, name) is not None)
        try:
            return conditions.test(self.field.lower(), operator, self.values())
        except ValueError as error:
            raise ValueError(f"{operator}: {error}") from error


def _is_there(name: str, bound: str) -> bool:
    """Whether there is such a time, or such a day; 24:00 is the end of one."""
    if name == "time" and bound == "24:00":
        return True
    try:
        (time if name == "time" else date).fromisoformat(bound)
    except ValueError:
        return False
    return True


class ExampleSettings(Section):
    """A mail that a rule must match, or must not; ``gateway check`` looks."""

    matches: bool = Field(True, description="whether the rule is to match")
    sender: str = Field("ann@acme.example", description="From: an address, or Name <address>")
    recipient: str = Field("", description="RCPT TO; the first mailbox when empty")
    to: str = Field("", description="To")
    cc: str = Field("", description="Cc")
    subject: str = Field("", description="Subject")
    body: str = Field("", description="the text")
    headers: dict[str, str] = Field({}, description="other headers")
    attachments: tuple[str, ...] = Field((), description="file names")
    verdict: Literal["pass", "fail", "none", "unknown"] = Field("unknown", description="the sender's verdict")
    spam: Literal["", "yes", "no"] = Field("", description="what the relay's filter says")
    spam_score: float | None = Field(None, description="its score")
    scl: int | None = Field(None, description="Microsoft's spam confidence level")
    at: str = Field("2026-11-23T10:00", description="date and time, in the configured timezone")
    client: str = Field("", description="the client that the rule must find, by name or alias")
    title: str = Field("", description="the title that the rule must make")


class RuleSettings(Section):
    """Where new tickets go and what replies do: the first rule that matches decides, unless it goes on."""

    name: Annotated[str, Field(min_length=1, max_length=100)] = Field(description="name in traces")
    desk: str = Field("default", description="name of the desk, with several desks")
    on: On = Field("new", description="mail that makes a ticket, that replies to one, or any")
    when: tuple[ConditionSettings, ...] = Field(min_length=1, description="conditions; all must hold")
    board: str = Field("", description="board of the ticket")
    status: str = Field("", description="its status; needs board; the board's default when absent")
    priority: str = Field("", description="its priority")
    priority_at_least: str = Field("", description="raise its priority to this, if it is lower in priorities")
    category: str = Field("", description="its category, by name or id; needs board")
    subcategory: str = Field("", description="its subcategory, by name or id; needs category")
    assignee: str = Field("", description="address of the technician who gets it")
    client: str = Field("", description="client by name or alias; may hold {captures}")
    contact: str = Field("", description="address of the requester; may hold {captures}")
    title: str = Field("", description="title; may hold {captures}, {subject}, {from}")
    tags: tuple[Annotated[str, Field(min_length=1, max_length=50)], ...] = Field(
        (), description="tags of the ticket; may hold {captures}"
    )
    asset: Texts = Field(
        "",
        description="name, tag or serial number of the device to link, or a list of what it is called; "
        "may hold {captures}",
    )
    internal: bool = Field(False, description="make the text an internal comment")
    skip: bool = Field(False, description="suppress the mail (skipped-by-rule)")
    quarantine: bool = Field(False, description="quarantine the mail until a person releases it")
    go_on: bool = Field(False, description="let later rules add what this one does not set")
    on_failure: Literal["go_on", "fallback", "skip"] = Field(
        "go_on",
        description="if client or contact cannot be found: next rule, fallback client, or leave that action out",
    )
    example: tuple[ExampleSettings, ...] = Field((), description="mails to try it with")

    @model_validator(mode="after")
    def _fits(self) -> RuleSettings:
        if self.status and not self.board:
            raise ValueError("status: expected board as well: a status belongs to a board")
        if self.category and not self.board:
            raise ValueError("category: expected board as well: a category belongs to a board")
        if self.subcategory and not self.category:
            raise ValueError("subcategory: expected category as well")
        if not (self.asset == "" or (self.asset and all(self.asset))):
            raise ValueError("asset: expected a text that is not empty")
        if self.priority and self.priority_at_least:
            raise ValueError("priority_at_least: expected either priority or priority_at_least")
        if self.on == "reply":
            for key in ("category", "assignee", "client", "contact", "title"):
                if getattr(self, key):
                    can = "priority, priority_at_least, status, tags, asset, internal, skip, quarantine"
                    raise ValueError(f"{key}: is for new tickets; a rule on replies takes {can}")
        if self.skip and self.quarantine:
            raise ValueError("skip: expected either skip or quarantine")
        if (self.skip or self.quarantine) and self.go_on:
            raise ValueError("go_on: a rule that skips or quarantines is the last one")
        defined = {*self.captures(), "subject", "from"}
        texts = [(key, getattr(self, key)) for key in ("client", "contact", "title")]
        texts += [("tags", tag) for tag in self.tags]
        texts += [("asset", name) for name in self.assets]
        for key, text in texts:
            for name in names_in(text):
                if name not in defined:
                    raise ValueError(f"{key}: the capture {{{name}}} is not defined by any regex of this rule")
        self._possible()
        return self

    @property
    def assets(self) -> tuple[str, ...]:
        """All by which the device is called."""
        return (self.asset,) if isinstance(self.asset, str) else self.asset

    @property
    def sets_nothing(self) -> bool:
        return not any(getattr(self, key) for key in type(self).model_fields.keys() - CHOOSES)

    def captures(self) -> set[str]:
        return {name for test in _tests(self.node()) for pattern in test.patterns for name in pattern.groupindex}

    def node(self) -> Group:
        return Group("all", tuple(condition.node() for condition in self.when))

    def _possible(self) -> None:
        parts = [part for part in self.node().parts if isinstance(part, Test)]
        for number, test in enumerate(parts):
            for other in parts[number + 1 :]:
                if test.name != other.name or test.name not in conditions.SINGLE:
                    continue
                if test.operator == other.operator == "equals" and not set(test.values) & set(other.values):
                    raise ValueError(f"when: can never match: {test.name} equals both {test.values} and {other.values}")
        for name in conditions.NUMBERS:
            bounds = [(test.operator, float(test.values[0])) for test in parts if test.name == name]
            least = max((bound for word, bound in bounds if word in ("above", "at_least")), default=-inf)
            most = min((bound for word, bound in bounds if word in ("below", "at_most")), default=inf)
            open_ended = any(bound == least and word in ("above", "below") for word, bound in bounds)
            if least > most or (least == most and open_ended):
                raise ValueError(f"when: can never match: {name} is above and below")
        for part in self.node().parts:
            if isinstance(part, Group) and part.kind == "not" and set(part.parts) & set(parts):
                raise ValueError("when: can never match: the same condition is asked for and excluded")


def _tests(node: Test | Group) -> list[Test]:
    if isinstance(node, Test):
        return [node]
    return [test for part in node.parts for test in _tests(part)]


def shadowed(found: tuple[RuleSettings, ...]) -> list[tuple[int, str]]:
    """Rules that can never match: an earlier one takes whatever they could match."""
    out = []
    for number, rule in enumerate(found):
        mine: set[Any] = set(rule.node().parts)
        for earlier in found[:number]:
            if not earlier.go_on and earlier.desk == rule.desk and earlier.on_failure == "go_on":
                certain = earlier.on in (rule.on, "any") and not (earlier.client or earlier.contact)
                if certain and set(earlier.node().parts) <= mine:
                    out.append((number, f"can never match: rule {earlier.name!r} takes all of it"))
                    break
    return out
