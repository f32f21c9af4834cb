"""Fault rules: which calls go wrong, and how.

A rule is JSON: `{"kind": …, "do": …, "p": 1.0, "times": null, "skip": 0, …}`.

kind   one of ROUTES' kinds (create_ticket, comment, document, status, list_tickets, …), a group
       (any, write, readback, read) or a list of them
p      probability, drawn from the rule's own seeded generator, once for each call of its kind
times  how many calls it may bend at most; skip: how many it lets pass first
do     refuse      close before the request is read (reset)
       hang        hold it `seconds`, then close; nothing is stored
       slow        store it `seconds` after it arrived, though the client may have left; then answer
       drop        store it, then close without an answer
       reset       store it, answer half of it, then reset
       stall       store it, then say nothing for `seconds`, then close
       answer      answer `status` (500, 503 …) with `body` "json", "html" or "empty", `commit` true
                   (after storing) or false
       limit       429 with Retry-After `seconds`, nothing stored
       database    for `seconds` every call is 401 and readyz 503
       down        for `seconds` every connection is closed at once
page   only for lists: bend this page only (`?page=`; for comments the `offset`th window counts as 1)

Times are seconds as floats. The first rule that fires wins; the same seed and the same calls
give the same faults.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from random import Random
from typing import Any

GROUPS: dict[str, frozenset[str]] = {
    "write": frozenset(
        {
            "create_ticket",
            "update_ticket",
            "comment",
            "update_comment",
            "document",
            "status",
            "create_contact",
            "update_contact",
            "delete_document",
            "bundle_write",
            "assignment",
            "delete_ticket",
        }
    ),
    "readback": frozenset({"list_tickets", "list_comments", "list_documents"}),
    "read": frozenset(
        {
            "list_tickets",
            "list_comments",
            "list_documents",
            "read_ticket",
            "contacts",
            "read_contact",
            "clients",
            "boards",
            "statuses",
            "priorities",
            "users",
            "download",
            "bundle",
            "search",
        }
    ),
}
ACTIONS = frozenset({"refuse", "hang", "slow", "drop", "reset", "stall", "answer", "limit", "database", "down"})


@dataclass(slots=True)
class Rule:
    """What goes wrong: ``do`` with calls of ``kind``, with probability ``p``, at most ``times``, after ``skip`` calls.
    ``seconds`` is how long it hangs or is slow; ``commit``: the desk has done it all the same."""

    do: str
    kind: str | list[str] = "any"
    p: float = 1.0
    times: int | None = None
    skip: int = 0
    seconds: float = 0.0
    status: int = 500
    body: str = "json"
    commit: bool = False
    page: int | None = None
    name: str = ""
    fired: int = 0
    seen: int = 0
    kinds: frozenset[str] | None = None
    random: Random = field(default_factory=Random, repr=False)

    def __post_init__(self) -> None:
        if self.do not in ACTIONS:
            raise ValueError(f"unknown fault {self.do!r}; known are {', '.join(sorted(ACTIONS))}")
        names = [self.kind] if isinstance(self.kind, str) else self.kind
        self.kinds = (
            None if "any" in names else frozenset().union(*(GROUPS.get(name, frozenset({name})) for name in names))
        )
        self.name = self.name or self.do

    def fires(self, kind: str, page: int) -> bool:
        """Whether it goes wrong with this call; each call is counted."""
        if self.kinds is not None and kind not in self.kinds:
            return False
        if self.page is not None and page != self.page:
            return False
        self.seen += 1
        drawn = self.random.random()
        if self.seen <= self.skip or (self.times is not None and self.fired >= self.times):
            return False
        if drawn >= self.p:
            return False
        self.fired += 1
        return True

    def as_json(self) -> dict[str, Any]:
        hidden = ("random", "kinds")
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name not in hidden}


class Faults:
    """An ordered list of rules with a seed. Empty: nothing goes wrong."""

    def __init__(self, rules: Iterable[Mapping[str, Any]] = (), seed: int = 0) -> None:
        self.seed = seed
        self.rules: list[Rule] = []
        self.set(rules)

    @classmethod
    def of(cls, given: Any) -> Faults:
        """From a list of rules, or from {"seed": 7, "rules": […]}."""
        if isinstance(given, list):
            return cls(given)
        unknown = set(given) - {"seed", "rules"}
        if unknown:
            raise ValueError(f"unknown key in the fault file: {', '.join(sorted(unknown))}")
        return cls(given.get("rules", ()), given.get("seed", 0))

    @classmethod
    def load(cls, path: str | Path) -> Faults:
        return cls.of(json.loads(Path(path).read_text(encoding="utf-8")))

    def set(self, rules: Iterable[Mapping[str, Any]]) -> None:
        self.rules = []
        for rule in rules:
            self.add(rule)

    def replace(self, other: Faults) -> None:
        self.seed, self.rules = other.seed, other.rules

    def add(self, given: Mapping[str, Any]) -> Rule:
        """A further rule, from a JSON object. Raises ValueError."""
        settable = {item.name for item in fields(Rule)} - {"fired", "seen", "kinds", "random"}
        unknown = set(given) - settable
        if unknown:
            raise ValueError(f"unknown key in a fault rule: {', '.join(sorted(unknown))}")
        rule = Rule(**given)
        rule.random = Random(f"{self.seed}:{len(self.rules)}")  # noqa: S311 - repeatable faults
        self.rules.append(rule)
        return rule

    def choose(self, kind: str, page: int) -> Rule | None:
        for rule in self.rules:
            if rule.fires(kind, page):
                return rule
        return None
