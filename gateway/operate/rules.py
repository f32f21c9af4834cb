"""The rules, domains and notices that are in force, and how often each counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from gateway.config.rules import RuleSettings
from gateway.config.settings import Settings
from gateway.model.spans import DAY
from gateway.store import hits
from gateway.store.hits import Count

DAYS = 30
ABOUT = frozenset(("name", "desk", "on", "when", "go_on", "on_failure", "example"))
"""Keys of a rule that say when it counts; all others say what it does."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """A line of the configuration: its kind and name, what it does in a few words, and the file and line where it
    stands. ``count`` is of the last DAYS days."""

    kind: Literal["rule", "domain", "notice"]
    name: str
    does: str
    where: str
    count: Count


def ruled(connection: Connection, settings: Settings, now: float) -> tuple[Ruled, ...]:
    """In the order in which they stand."""
    counts = hits.counted(connection, now - DAYS * DAY)
    return tuple(
        Ruled(kind, name, does, where, counts.get((kind, name), Count())) for kind, name, does, where in _all(settings)
    )


def _all(settings: Settings) -> Iterator[tuple[Literal["rule", "domain", "notice"], str, str, str]]:
    at = settings.locations.of
    for number, rule in enumerate(settings.rule):
        yield "rule", rule.name, _does(rule), at("rule", number)
    for number, domain in enumerate(settings.domain):
        yield "domain", domain.domain, f"client {domain.client}", at("domain", number)
    for number, notice in enumerate(settings.notice):
        title = settings.profiles[notice.profile].profile.title
        yield "notice", notice.called, f"{title}, profile {notice.profile}", at("notice", number)


def _does(rule: RuleSettings) -> str:
    said = [(key, getattr(rule, key)) for key in RuleSettings.model_fields if key not in ABOUT]
    flags = [key for key, value in said if value is True]
    words = [f"{key} {_words(value)}" for key, value in said if value and value is not True]
    return ", ".join([*flags, *words, *(["goes on"] if rule.go_on else [])]) or "nothing"


def _words(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else " ".join(value)
