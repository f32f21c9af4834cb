"""A mail as a profile's steps see it, and what they find in it by name."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, NamedTuple

from gateway.blocks.plain import plain
from gateway.config.profile import KNOWN
from gateway.match import domains, signs, words
from gateway.match.banner import without_banner
from gateway.match.conditions import View
from gateway.match.words import folded
from gateway.model.email import Email
from gateway.model.envelope import Envelope
from gateway.notices import html_rows, labels, normal
from gateway.notices.attached import Attached
from gateway.notices.labels import Labels
from gateway.notices.source import Source, Step

MOST_VALUE = 255
MOST_MANY = 200
_REST_OF = {"subject": frozenset({"subject", "rest"}), "body": frozenset({"body", "told"})}
"""In which names the words stand that are beside the state, of a text that was looked through as a whole."""


class MailView:
    """A mail as steps of reading see it. The text counts first, then the rich form of it."""

    def __init__(self, email: Email, envelope: Envelope) -> None:
        self.email = email
        self.envelope = envelope
        self.subject = normal.subject(email.subject)
        self.text = without_banner(email.text)
        self.view = View(replace(email, subject=self.subject, text=self.text), envelope)
        self.attached = Attached(email.data, self.text)
        self._labels: list[Labels] = []
        self._bodies: list[str] = []

    def bodies(self) -> list[str]:
        """The text, and what the rich form says where it differs."""
        if not self._bodies:
            self._bodies.append(self.text[: labels.MOST_TEXT])
            if self.email.html:
                rich = without_banner(plain(list(self.email.blocks)))[: labels.MOST_TEXT]
                if rich and folded(rich[:1000]) != folded(self._bodies[0][:1000]):
                    self._bodies.append(rich)
        return self._bodies

    def labels(self) -> list[Labels]:
        """The labels of the bodies, then of the tables of the HTML."""
        if not self._labels:
            tables = self.attached.tables()
            self._labels = [
                labels.read(text, tables if not number else ()) for number, text in enumerate(self.bodies())
            ]
            if "<tr" in self.email.html[: html_rows.MOST_HTML].lower():
                self._labels.append(labels.read(html_rows.rows(self.email.html, "\n".join(self.bodies()))))
        return self._labels

    def plain(self, source: str) -> list[str]:
        """The values of a source that needs no place."""
        if source == "subject":
            return [self.subject]
        if source == "body":
            return self.bodies()
        if source == "tag":
            return [domains.tag_of(self.envelope.rcpt_to)]
        return list(self.view.texts(source))

    def placed(self, source: str, place: str) -> list[str]:
        """The values of a label, column, property or path."""
        if source == "label":
            return next((found for label in self.labels() if (found := label.values(place))), [])
        if source == "column":
            return next((found for label in self.labels() if (found := label.column(place))), [])
        if source == "calendar":
            return self.attached.calendar(place)
        return self.attached.json(place) if source == "json" else self.attached.xml(place)


@dataclass(slots=True)
class Values:
    """What the steps found, by name; names that every mail has are looked up when they are asked for."""

    source: Source
    mail: MailView
    found: dict[str, list[str]] = field(default_factory=dict)
    beside: set[str] = field(default_factory=set)
    """Names of states beside which stands, in the same line, what no pattern of the layout accounts for."""
    parent: Values | None = None
    """Of a part of a mail, what the whole says."""

    def get(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        if name not in self.found and name in KNOWN:
            made = {"rest": self._rest, "told": self._told}.get(name)
            texts = [made()] if made else self.mail.plain(name)[:1]
            self.found[name] = [text if name == "body" else _line(text) for text in texts if text.strip()]
        return self.found.get(name, [])

    def _rest(self) -> str:
        """The subject without the words of state and severity."""
        return self._without_states(self.mail.subject)

    def _told(self) -> str:
        """What the state is told of where only the text tells it: its line, without the words of state and severity."""
        states = self.source.states
        if words.state_in(self.mail.subject, states, free=True)[1]:
            return "(the subject)"
        for text in self.mail.bodies()[:1]:
            state = words.state_in(text, states, free=True)[0]
            for hit, meant, _ in words.judged(text, states, free=True):
                if meant == state:
                    begin, end = text.rfind("\n", 0, hit.start) + 1, text.find("\n", hit.end)
                    return self._without_states(text[begin : end if end >= 0 else len(text)]) or "(nothing)"
        return "(nothing)"

    def _without_states(self, text: str) -> str:
        """Counts go first: "3 errors" without its word of state is a number that nobody knows."""
        return normal.tidy(self.source.without_states(normal.uncounted(text)))

    def first(self, names: tuple[str, ...]) -> str:
        """The value of the first of the names that was read."""
        return next((value for name in names if (value := self.get(name))), "")

    def joined(self, names: tuple[str, ...]) -> str:
        """The values of all of the names that were read."""
        return " / ".join(value for name in names if (value := self.get(name)))

    def run(self) -> None:
        """Run the steps, but those of which all that they may find is known."""
        for step in self.source.steps:
            if not step.names <= self.found.keys():
                self._take(_step(step, self))

    def _take(self, found: dict[str, list[Capture]]) -> None:
        for name, captures in found.items():
            if name not in self.found:
                self.found[name] = [capture.value for capture in captures]
                if captures[0].beside:
                    self.beside.add(name)

    def placed(self, source: str, place: str) -> list[str]:
        """The values at a place of the mail, or of a name that an earlier step read."""
        return self.all(place) if source == "value" else self.mail.placed(source, place)

    def told_alone(self, name: str) -> bool:
        """Whether a name of the state holds nothing but words of state, in a line that the layout accounts for
        whole: each word beside them is a part of it, or of what else was read. A whole subject or text is accounted for
        where the rest of it is in the key."""
        key = self.source.profile.key
        if not _REST_OF.get(name, frozenset()).isdisjoint((*key.id, *key.object, *key.condition, *key.scope)):
            return True
        return name not in self.beside and words.alone(self.get(name), self.source.states)

    def contradicted(self, name: str) -> bool:
        """Whether another place of what tells the state tells a problem: the subject says that it is over, the text
        that it is not."""
        return any(
            words.state_in(capture.value, self.source.states)[0] == "open"
            for step in self.source.steps
            if name in step.names
            for capture in _step(step, self).get(name, ())
        )

    def differ(self, names: tuple[str, ...]) -> bool:
        """Whether the mail has several values of a name of which each mail of one problem has one, or its calendars of
        one of the names: each is a problem of its own."""
        if any(len(self.all(name)) > 1 for name in self.source.profile.who.once):
            return True
        places = (
            place
            for step in self.source.steps
            if step.source == "calendar" and step.names & {*names}
            for place in step.where
        )
        return any(len(set(self.mail.attached.calendar(place))) > 1 for place in places)

    def whole(self, name: str) -> bool:
        """Whether a name holds all of the subject or text, and not what stands at a place of its own."""
        return name in KNOWN or self.get(name) in {_line(text) for text in (self.mail.subject, *self.mail.bodies())}

    def keyed(self) -> tuple[str, ...]:
        """The names whose values make the key."""
        key = self.source.profile.key
        number = next((name for name in key.id if self.get(name)), "")
        return (number, *key.scope) if number else (*key.object, *key.condition, *key.scope)

    def every(self, name: str) -> list[str]:
        """All values at the places where the mail has one for the name, not only the first."""
        places = (
            (step, text)
            for step in self.source.steps
            if name in step.names and step.where and not step.value and step.source != "value"
            for place in step.where
            for text in self.placed(step.source, place)
        )
        found = (captured.get(name, "") for step, text in places for captured, _ in _read(step, text, self)[:1])
        return [_line(value) for value in found if value.strip()]

    def origins(self, name: str) -> set[str]:
        """A name with those out of whose values it was read."""
        found, todo = {name}, [name]
        while todo:
            wanted = todo.pop()
            for step in self.source.steps:
                if step.source == "value" and wanted in step.names:
                    todo += {*step.where} - found
                    found |= {*step.where}
        return found

    def read(self) -> dict[str, str]:
        """What the steps found, the first value of each name."""
        return {name: found[0] for name, found in self.found.items() if found and name not in KNOWN}


class Capture(NamedTuple):
    """A value that a step found. ``beside`` when its line holds more than the step knows."""

    value: str
    beside: bool


def _step(step: Step, values: Values) -> dict[str, list[Capture]]:
    """What a step finds: the whole values under its name, and the captures of its patterns."""
    if step.where:
        texts = next((found for place in step.where if (found := values.placed(step.source, place))), [])
    else:
        texts = values.mail.plain(step.source)
    inherited = step.source == "value" and any(place in values.beside for place in step.where)
    out: dict[str, list[Capture]] = {}
    for text in texts:
        for captured, beside in _read(step, text, values):
            for name, value in captured.items():
                line, known = _line(value), out.setdefault(name, [])
                if line and all(line != capture.value for capture in known) and len(known) < MOST_MANY:
                    known.append(Capture(line, beside or inherited))
        if out and not step.many:
            break
    return {name: found for name, found in out.items() if found}


def _read(step: Step, text: str, values: Values) -> list[tuple[dict[str, str], bool]]:
    """The captures of a step in a text, as ``_captured`` has them, with what the step's own name holds."""
    found = _captured(step, text, values.source.profile.state.fields)
    if step.name:
        for captured, _ in found:
            captured[step.name] = step.value or captured.get(step.name) or text
    return found


def _captured(step: Step, text: str, states: tuple[str, ...]) -> list[tuple[dict[str, str], bool]]:
    """The captures of the first pattern that matches, of each place where it does when all count, and whether more
    stands in its line; nothing where there are patterns and none matches. A state that the text negates where it stands
    keeps its "not"."""
    if not step.patterns:
        return [({}, False)]
    for pattern in step.patterns:
        matches = islice(pattern.finditer(text), MOST_MANY if step.many else 1)
        if found := [(_named(match, text, states), signs.beside(text, *match.span())) for match in matches]:
            return found
    return []


def _named(match: Any, text: str, states: tuple[str, ...]) -> dict[str, str]:
    found = {name: value for name, value in match.groupdict().items() if value}
    for name in states:
        if name in found and words.negated(text, *match.span(match.re.groupindex[name])):
            found[name] = f"not {found[name]}"
    return found


def _line(text: str) -> str:
    return " ".join(text[: 4 * MOST_VALUE].split())[:MOST_VALUE].strip()
