"""A profile: how a product's mails are known, read and judged, as a file of TOML says it.

Refused: unknown keys, regular expressions that RE2 does not take, a name that nothing reads, a state or
severity word in two lists, a fixture that names another which is not there. A profile holds no secret and
names nobody: who sends such mails is said in ``[[notice]]``, but for vendors who write from domains of
their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from gateway.config.fixture import FixturePart
from gateway.config.handling import HandlingPart
from gateway.config.rules import ConditionSettings
from gateway.config.types import PROFILE, Clock, Seconds, Section, SenderText, Span, Texts, TimeFormat, Zone
from gateway.match import conditions
from gateway.match.captures import names_in
from gateway.match.words import folded
from gateway.model.notice import Handling, State

KNOWN = ("subject", "rest", "told", "body", "from", "from_name", "from_domain", "recipient", "tag")
"""Names that every mail has; ``tag`` is what follows "+" in the recipient, ``rest`` the subject without the
profile's words of state and severity."""

PLAIN_SOURCES = ("subject", "body", "from", "from_name", "from_domain", "recipient", "tag", "attachment")
PLACED_SOURCES = ("label", "column", "calendar", "json", "xml", "value")
STATES: tuple[State, ...] = ("open", "planned", "update", "close", "ignore")

FieldName = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,39}$")]
ProfileName = Annotated[str, StringConstraints(pattern=PROFILE)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Day = Annotated[str, StringConstraints(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
EvidenceKind = Literal["template", "mail", "reader", "documentation", "memory"]


def _tuple(value: Texts) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _check_patterns(key: str, patterns: Iterable[str]) -> None:
    """Raises ValueError for one of them that is no RE2."""
    try:
        for pattern in patterns:
            conditions.compiled(pattern)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


class WhoPart(Section):
    """How the product's mails are known."""

    senders: tuple[SenderText, ...] = Field(
        (), description="addresses or domains that the vendor writes from; none where the customer's machine writes"
    )
    when: tuple[ConditionSettings, ...] = Field(
        (), description="what its mails look like: conditions as in rules, all must hold"
    )
    reads: tuple[str, ...] = Field((), description="names, of which at least one must also be read")
    several: tuple[ConditionSettings, ...] = Field(
        (),
        description="what a mail of several problems looks like: each part is a notice; without each it is a ticket",
    )
    each: Texts = Field(
        (),
        description="RE2: where the text of such a mail is cut, of several the first that is found; each piece is read",
    )
    head: str = Field(
        "",
        description="RE2: a heading in it, for the pieces below up to the next; what is above all counts for all",
    )

    once: tuple[str, ...] = Field(
        (), description="names that a mail of one problem has once: with several values it holds several problems"
    )
    shared: tuple[str, ...] = Field(
        (), description="names that the whole mail gives to each of its parts, such as the host in its subject"
    )

    @property
    def cuts(self) -> tuple[str, ...]:
        """``each``, one after another."""
        return tuple(filter(None, _tuple(self.each)))

    @model_validator(mode="after")
    def _cut(self) -> WhoPart:
        _check_patterns("each", self.cuts)
        _check_patterns("head", [self.head])
        if self.each and not self.several:
            raise ValueError("each: expected several as well")
        if self.head and not self.each:
            raise ValueError("head: expected each as well")
        return self


class ReadPart(Section):
    """One step of reading. The first step that finds a name gives its value."""

    source: str = Field(
        description="where to look: subject, body, from, from_name, from_domain, recipient, tag, attachment (file "
        "names), header:NAME, label (a line or a table row of two cells), column (of a table, a CSV file or a "
        "spreadsheet), calendar (properties of an event), json, xml, value (what an earlier step read)"
    )
    where: Texts = Field((), description="the labels, column headings, properties, paths with dots and *, or names")
    name: FieldName | None = Field(None, description="the name that the whole value gets")
    regex: Texts = Field((), description="RE2; (?P<name>…) captures; of several the first that matches")
    value: str = Field("", description="value to use instead, if the place exists and the regex matches")
    many: bool = Field(False, description="all values count, not only the first")

    @model_validator(mode="after")
    def _fits(self) -> ReadPart:
        kind = self.source.lower()
        if kind not in (*PLAIN_SOURCES, *PLACED_SOURCES) and not (kind.startswith("header:") and kind[7:]):
            raise ValueError(f"source: expected one of {', '.join((*PLAIN_SOURCES, *PLACED_SOURCES))}, header:NAME")
        if (kind in PLACED_SOURCES) != bool(self.where):
            needs = "expected labels, headings, properties or paths" if kind in PLACED_SOURCES else "not for"
            raise ValueError(f"where: {needs}{'' if kind in PLACED_SOURCES else f' {kind}'}")
        _check_patterns("regex", _tuple(self.regex))
        if self.value and not self.name:
            raise ValueError("value: expected a name as well")
        if not self.names():
            raise ValueError("name: expected a name, or a regex that captures some")
        return self

    def names(self) -> set[str]:
        """The names that the step may give a value."""
        captured = {name for regex in _tuple(self.regex) for name in conditions.compiled(regex).groupindex}
        return captured | ({self.name} if self.name else set())


class KeyPart(Section):
    """What makes the problem: mails with the same key are about the same one."""

    id: tuple[str, ...] = Field((), description="the vendor's own number: the first that was read is the whole key")
    object: tuple[str, ...] = Field((), description="what has the problem; each must be read, unless an id was")
    condition: tuple[str, ...] = Field(
        (), description="what is wrong with it; a recovery that names none of these ends nothing"
    )
    scope: tuple[str, ...] = Field(
        (), description="what else keeps objects apart, such as a server or an account that the mail names"
    )
    need: tuple[str, ...] = Field((), description="other names without which the mail counts as not read")
    exact: tuple[str, ...] = Field(
        (), description="names of which nothing is left out, for they are names alone: no counts, times or percentages"
    )
    objects: str = Field("", description="the name with many values: what planned work touches")
    incident: tuple[str, ...] = Field((), description="the same for all mails of an incident, whomever they reach")

    @model_validator(mode="after")
    def _some(self) -> KeyPart:
        if not (self.id or self.object):
            raise ValueError("object: expected at least one name, or an id")
        return self


class StatePart(Section):
    """What the mail says of the problem: words, without case. A word in no list is an update."""

    fields: tuple[str, ...] = Field(
        ("subject",),
        description="names to look in: the first that was read decides, but for a text of "
        "many words (subject, body) that has none of these",
    )
    open: tuple[Word, ...] = Field((), description="there is a problem; wins over the others")
    planned: tuple[Word, ...] = Field((), description="planned work is announced")
    update: tuple[Word, ...] = Field((), description="news about an open problem; ignored if none is open")
    close: tuple[Word, ...] = Field((), description="it is over")
    moved: tuple[Word, ...] = Field(
        (), description="of the words above, those by which planned work is moved: without new times it has none"
    )
    ignore: tuple[Word, ...] = Field((), description="nothing has to be done")
    subjects: tuple[str, ...] = Field(
        (),
        description="RE2: subjects of mails that say it is over, if no step reads them from end to end; (?P<name>…) "
        "stands for the text that a step reads as that name",
    )
    label: tuple[Word, ...] = Field(
        (), description='phrases that hold such a word and say nothing of the state: "alert for", "(critical)"'
    )

    @model_validator(mode="after")
    def _once(self) -> StatePart:
        _check_patterns("subjects", self.subjects)
        seen: dict[str, str] = {}
        for state in STATES:
            for word in getattr(self, state):
                other = seen.setdefault(folded(word), state)
                if other != state:
                    raise ValueError(f"{state}: the word {word!r} is in {other} as well")
        for word in self.moved:
            if folded(word) not in seen:
                raise ValueError(f"moved: the word {word!r} is in none of the others")
        for phrase in self.label:
            if folded(phrase) in seen:
                raise ValueError(f"label: the word {phrase!r} is in {seen[folded(phrase)]} as well")
        return self


class SeverityPart(Section):
    """The vendor's words for how bad it is."""

    fields: tuple[str, ...] = Field((), description="names to look in")
    levels: tuple[Texts, ...] = Field((), description="the words, lowest first; a list where several mean the same")
    priorities: dict[str, str] = Field({}, description="the desk's priority for a word")

    @model_validator(mode="after")
    def _once(self) -> SeverityPart:
        seen: set[str] = set()
        for level in self.levels:
            for word in _tuple(level):
                if folded(word) in seen:
                    raise ValueError(f"levels: the word {word!r} is there twice")
                seen.add(folded(word))
        for word in self.priorities:
            if folded(word) not in seen:
                raise ValueError(f"priorities: {word!r} is in no level")
        return self

    def words(self) -> dict[str, int]:
        """The words, folded, with their level from 1."""
        return {folded(word): rank for rank, level in enumerate(self.levels, 1) for word in _tuple(level)}


class ClientPart(Section):
    """What names the client."""

    fields: tuple[str, ...] = Field((), description="names whose text holds the client, best first")
    aliases: dict[str, str] = Field({}, description="what such a text stands for, by its whole")


class TimePart(Section):
    """What orders the mails, and the window of planned work."""

    at: tuple[str, ...] = Field((), description="when the vendor says that it happened; else the header Date")
    sequence: str = Field("", description="a number that grows with each mail of the problem")
    start: str = Field("", description="the begin of planned work")
    end: str = Field("", description="its end")
    lasts: str = Field("", description="how many minutes or hours it lasts, where no end is told")
    near: str = Field(
        "", description="a whole date beside begin and end, where those have no year; else the mail's own"
    )
    zone: str = Field("", description="the zone of begin and end, where it stands apart from them")
    formats: tuple[TimeFormat, ...] = Field(
        (),
        description="how times are written, as of strptime, without their zone; ISO 8601, RFC 5322, iCalendar and "
        "epochs are known. One without a year is of that which lies nearest; begin and end that may be 5 November or "
        "11 May (05/11/2026) are the one that lies shortly ahead of the mail",
    )
    timezone: Zone = Field("", description="of times without a zone; the configuration's when empty")


class PolicyPart(HandlingPart):
    """What becomes of the notices."""

    title: str = Field("", description="title of a ticket, with {names}; the subject when empty")


class ExpectPart(Section):
    """A mail that has to come."""

    name: ProfileName = Field(description="name of the expectation")
    object: str = Field("*", description="of which object: * and ? stand for any text")
    each: bool = Field(False, description="expect a mail about every object that was ever seen, not just about any")
    states: tuple[State, ...] = Field(
        ("open", "update", "close", "planned", "ignore"),
        min_length=1,
        description="what it may say; only close = a success",
    )
    by: tuple[Clock, ...] = Field((), description="times of the day by which it comes, HH:MM")
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field((), description="on these days")
    every: Seconds | None = Field(None, description="time from one to the next")
    learn: bool = Field(False, description="learn the times from the mails of the last weeks")
    grace: Span = Field(3600, description="how late it may be")
    timezone: Zone = Field("", description="of the times; the notice's when empty")
    client: str = Field("", description="client of the ticket; the notice's when empty")

    @model_validator(mode="after")
    def _one_rhythm(self) -> ExpectPart:
        if sum((bool(self.by), self.every is not None, self.learn)) != 1:
            raise ValueError("by: expected exactly one of by, every and learn")
        if self.days and not self.by:
            raise ValueError("days: expected by as well")
        return self


class EvidencePart(Section):
    """What a profile was written by."""

    kind: EvidenceKind = Field(
        description="template (the product's own code), mail (stored real ones), reader (a program that reads the "
        "product's mails), documentation (the vendor's), or memory"
    )
    of: str = Field("", description="where it is")
    date: Day = Field("", description="when it was looked at, YYYY-MM-DD")

    @model_validator(mode="after")
    def _named(self) -> EvidencePart:
        if self.kind != "memory" and not (self.of and self.date):
            raise ValueError("of: expected where it is, and a date")
        return self


_TIME_NAMES = ("sequence", "start", "end", "zone", "near")


class Profile(Section):
    """A product's mails."""

    name: ProfileName = Field(description="name of the profile")
    title: str = Field(description="name of the product")
    about: str = Field("", description="what it reads, and what to set at the product")
    generic: bool = Field(False, description="tried after all profiles that are not")
    evidence: tuple[EvidencePart, ...] = Field((), description="what it was written by")
    who: WhoPart = WhoPart()
    read: tuple[ReadPart, ...] = Field((), description="how the mails are read")
    key: KeyPart
    state: StatePart = StatePart()
    severity: SeverityPart = SeverityPart()
    client: ClientPart = ClientPart()
    time: TimePart = TimePart()
    policy: PolicyPart = PolicyPart()
    expect: tuple[ExpectPart, ...] = Field((), description="mails that have to arrive")
    fixture: tuple[FixturePart, ...] = Field((), description="mails to try it with")

    @model_validator(mode="after")
    def _defined(self) -> Profile:
        known = {*KNOWN, *(name for step in self.read for name in step.names())}
        for place, names in self.uses():
            for name in names:
                if name not in known:
                    raise ValueError(f"{place}: the capture {{{name}}} is not defined by any [[read]]")
        fixtures = {fixture.name for fixture in self.fixture}
        if len(fixtures) < len(self.fixture):
            raise ValueError("fixture: expected a different name for each")
        for number, fixture in enumerate(self.fixture, 1):
            for other in (*filter(None, [fixture.gives.same_as]), *fixture.gives.unlike):
                if other not in fixtures:
                    raise ValueError(f"fixture.{number}.gives: there is no fixture {other!r}")
        return self

    @property
    def guessed(self) -> bool:
        """Whether nothing but memory says that the product writes so."""
        return bool(self.evidence) and all(part.kind == "memory" for part in self.evidence)

    def handling(self) -> Handling:
        """What becomes of its notices, if the notice says nothing else. What only memory says closes nothing."""
        return self.policy.over(Handling(close=not self.guessed))

    def uses(self) -> list[tuple[str, tuple[str, ...]]]:
        """Where the profile uses names of values: (part.key, names)."""
        key, time = self.key, self.time
        return [
            *((f"key.{part}", getattr(key, part)) for part in ("id", "object", "condition", "scope", "need", "exact")),
            ("key.objects", (key.objects,) if key.objects else ()),
            ("key.incident", key.incident),
            ("who.reads", self.who.reads),
            ("who.shared", self.who.shared),
            ("who.once", self.who.once),
            ("state.fields", self.state.fields),
            ("severity.fields", self.severity.fields),
            ("client.fields", self.client.fields),
            ("time.at", time.at),
            *((f"time.{part}", (name,)) for part in _TIME_NAMES if (name := getattr(time, part))),
            (
                "policy.title",
                tuple(name for name in names_in(self.policy.title) if name not in ("object", "condition")),
            ),
        ]
