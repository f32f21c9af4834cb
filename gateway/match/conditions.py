"""Conditions of rules: what they look at, and how they compare.

Comparisons are without case. Regular expressions run in RE2, whose time grows with the length of the
text and no faster; of a body the first ``MOST_BODY`` characters count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from operator import ge, gt, le, lt
from typing import Any, Literal

import re2

from gateway.match import domains
from gateway.model.email import Email
from gateway.model.envelope import Envelope

On = Literal["new", "reply", "any"]
"""The mail that a rule is for: mail that makes a ticket, replies, or both."""
MOST_BODY = 100_000
MOST_HEADER = 10_000
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIELDS = (
    "recipient",
    "from",
    "from_name",
    "from_domain",
    "requester",
    "to",
    "cc",
    "subject",
    "body",
    "attachment",
    "verdict",
    "class",
    "size",
    "spam",
    "spam_score",
    "scl",
    "time",
    "weekday",
    "date",
)
NUMBERS = ("size", "spam_score", "scl")
SINGLE = (
    "recipient",
    "from",
    "from_name",
    "from_domain",
    "requester",
    "subject",
    "verdict",
    "class",
    "spam",
    "weekday",
    "date",
)
ADDRESSES = frozenset(("recipient", "from", "from_domain", "requester", "to", "cc"))
"""Fields of addresses: an international domain counts in ASCII, as it is in the mail, and as people write it."""
KNOWN = {
    "verdict": ("pass", "fail", "none", "unknown"),
    "class": ("human", "notification", "list", "bulk", "helpdesk", "auto-reply", "vacation"),
    "spam": ("yes", "no"),
    "weekday": DAYS,
}


def compiled(pattern: str) -> Any:
    """A regular expression. Raises ValueError."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 1 << 22
    try:
        return re2.compile(pattern, options=options)
    except re2.error as error:
        words = error.args[0]
        raise ValueError(words.decode() if isinstance(words, bytes) else str(words)) from error


class View:
    """A mail as conditions see it; each field is worked out once, when it is first asked for."""

    def __init__(self, email: Email, envelope: Envelope, requester: str = "", zone: tzinfo = UTC) -> None:
        self.email = email
        self.envelope = envelope
        self.requester = requester
        self.zone = zone
        self._size = -1
        self._texts: dict[str, tuple[str, ...]] = {}
        self._folded: dict[str, tuple[str, ...]] = {}

    def texts(self, name: str) -> tuple[str, ...]:
        """The values of a field as they stand in the mail."""
        if name not in self._texts:
            self._texts[name] = tuple(self._read(name))
        return self._texts[name]

    def folded(self, name: str) -> tuple[str, ...]:
        """The values of a field without case."""
        if name not in self._folded:
            self._folded[name] = tuple(text.casefold() for text in self.texts(name))
        return self._folded[name]

    def number(self, name: str) -> float | None:
        """A field of NUMBERS, None when nobody knows it."""
        return {"size": self._bytes, "spam_score": self._score, "scl": self._scl}[name]()

    def _bytes(self) -> float:
        """Of the text and the files."""
        if self._size < 0:
            files = sum(attachment.size for attachment in self.email.attachments)
            self._size = len(self.email.text.encode("utf-8", "replace")) + files
        return self._size

    def _score(self) -> float | None:
        return self.envelope.spam_score

    def _scl(self) -> float | None:
        return self.envelope.scl

    def _read(self, name: str) -> list[str]:
        email, sender = self.email, self.email.sender
        if name.startswith("header:"):
            wanted = name[7:]
            return [value[:MOST_HEADER] for key, value in email.headers if key.lower() == wanted]
        moment = datetime.fromtimestamp(self.envelope.time, self.zone)
        found: dict[str, Callable[[], list[str]]] = {
            "recipient": lambda: [self.envelope.rcpt_to],
            "from": lambda: [sender.address] if sender else [],
            "from_name": lambda: [sender.name] if sender else [],
            "from_domain": lambda: [domains.of(sender.address)] if sender else [],
            "requester": lambda: [self.requester] if self.requester else [],
            "to": lambda: [recipient.address for recipient in email.to],
            "cc": lambda: [recipient.address for recipient in email.cc],
            "subject": lambda: [email.subject[:MOST_HEADER]],
            "body": lambda: [email.text[:MOST_BODY]],
            "attachment": lambda: [attachment.filename for attachment in email.attachments],
            "verdict": lambda: [self.envelope.verdict],
            "class": lambda: [email.auto.kind],
            "size": lambda: self._number("size"),
            "spam": lambda: [self.envelope.spam] if self.envelope.spam else [],
            "spam_score": lambda: self._number("spam_score"),
            "scl": lambda: self._number("scl"),
            "time": lambda: [moment.strftime("%H:%M")],
            "weekday": lambda: [DAYS[moment.weekday()]],
            "date": lambda: [moment.strftime("%Y-%m-%d")],
        }
        values = found[name]()
        return list(dict.fromkeys((*values, *map(domains.in_unicode, values)))) if name in ADDRESSES else values

    def _number(self, name: str) -> list[str]:
        found = self.number(name)
        return [] if found is None else [f"{found:.15g}"]


@dataclass(slots=True)
class Answer:
    """What a rule's conditions found: the captures, and each condition with its answer when ``tell``."""

    tell: bool = False
    captures: dict[str, str] = field(default_factory=dict)
    lines: list[tuple[str, bool]] = field(default_factory=list)

    def apart(self) -> Answer:
        """For a part whose captures may not count."""
        return Answer(self.tell, lines=self.lines)


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison. ``name`` is a field, or header:x-some-name; any of ``values`` will do."""

    name: str
    operator: str
    values: tuple[str, ...]
    patterns: tuple[Any, ...] = field(default=(), compare=False)

    def holds(self, view: View, answer: Answer) -> bool:
        found = OPERATORS[self.operator](self, view, answer)
        if answer.tell:
            answer.lines.append((f"{self.name} {self.operator} {' or '.join(self.values)}", found))
        return found


@dataclass(frozen=True, slots=True)
class Group:
    """``all``, ``any`` or ``not`` (none) of the parts."""

    kind: str
    parts: tuple[Test | Group, ...]

    def holds(self, view: View, answer: Answer) -> bool:
        ends = self.kind != "all"  # the answer of a part by which the others do not count
        ended = False
        found = answer.apart()
        for part in self.parts:
            ended = part.holds(view, answer.apart() if ended else found) is ends or ended
            if ended and not answer.tell:  # explain shows all of them
                break
        holds = ended is (self.kind == "any")
        if holds:  # what stands in a group that does not is no reading of the mail
            answer.captures.update(found.captures)
        return holds


def _equals(test: Test, view: View, answer: Answer) -> bool:
    return any(value in test.values for value in view.folded(test.name))


def _contains(test: Test, view: View, answer: Answer) -> bool:
    for text in view.folded(test.name):
        for value in test.values:  # without a generator: of sixty rules, most are of this kind
            if value in text:
                return True
    return False


def _glob(test: Test, view: View, answer: Answer) -> bool:
    return any(pattern.search(text) for text in view.folded(test.name) for pattern in test.patterns)


def _regex(test: Test, view: View, answer: Answer) -> bool:
    for text in view.texts(test.name):
        for pattern in test.patterns:
            if match := pattern.search(text):
                named = match.groupdict()
                answer.captures.update({name: value.strip()[:255] for name, value in named.items() if value})
                return True
    return False


def _compared(holds: Callable[[float, float], bool]) -> Callable[[Test, View, Answer], bool]:
    """A comparison of numbers. What nobody knows is neither more nor less."""

    def compare(test: Test, view: View, answer: Answer) -> bool:
        found = view.number(test.name)
        return found is not None and holds(found, float(test.values[0]))

    return compare


def _between(test: Test, view: View, answer: Answer) -> bool:
    first, last = test.values
    (now,) = view.texts(test.name)
    if test.name == "date":  # the last day belongs to it, as people say it
        return first <= now <= last
    return first <= now < last if first <= last else now >= first or now < last


def _exists(test: Test, view: View, answer: Answer) -> bool:
    return any(view.texts(test.name)) == (test.values == ("true",))


OPERATORS: dict[str, Callable[[Test, View, Answer], bool]] = {
    "equals": _equals,
    "contains": _contains,
    "glob": _glob,
    "regex": _regex,
    "above": _compared(gt),
    "below": _compared(lt),
    "at_least": _compared(ge),
    "at_most": _compared(le),
    "between": _between,
    "exists": _exists,
}


def test(name: str, operator: str, values: tuple[str, ...]) -> Test:
    """A comparison, ready to run. Raises ValueError."""
    if operator == "regex":
        return Test(name, operator, values, tuple(compiled(value) for value in values))
    folded = tuple(value.casefold() for value in values)
    if operator == "glob":
        return Test(name, operator, folded, tuple(glob(value) for value in folded))
    return Test(name, operator, folded)


def is_like(text: str, pattern: str) -> bool:
    """Whether a whole text fits, in any case: * and ? stand for any text and any character, all else for itself."""
    return glob(pattern.casefold()).search(text.casefold()) is not None


@lru_cache(1024)
def glob(text: str) -> Any:
    """* and ? in a whole text, ready to search with."""
    parts = {"*": "(?s:.*)", "?": "(?s:.)"}
    return compiled("^" + "".join(parts.get(character) or re2.escape(character) for character in text) + "$")
