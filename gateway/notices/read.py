"""A mail and the sources in, a Notice out: identity first, then the product, then what it says.

Promised: never raises, whatever the mail; the time is linear in its size. What cannot be read is named in
``failed``, and the notice is then known by its subject. A mail that somebody forwarded is read as its
original was, and nothing in it is proven: what counts is the standing of who sent it on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from fnmatch import fnmatchcase

from gateway.blocks.plain import plain
from gateway.decide import forwards
from gateway.decide.conditions import Answer, View
from gateway.decide.rules import names_in
from gateway.decide.sender import address_of
from gateway.envelope import Envelope
from gateway.mail.model import Email, Forwarded
from gateway.notices import normal, sheet, times, words
from gateway.notices.attached import Attached
from gateway.notices.notice import Notice, State
from gateway.notices.profile import KNOWN
from gateway.notices.sheet import Sheet
from gateway.notices.source import Source, Sources, Step, tag_of
from gateway.notices.words import folded

MOST_VALUE = 255
MOST_MANY = 200
UNREAD = "the product"
"""What failed where a dedicated source sends what does not look like its product."""


def read(
    email: Email,
    envelope: Envelope,
    sources: Sources,
    *,
    desk: str = "default",
    mailbox: str = "",
) -> Notice | None:
    """The notice that a mail is, None for none. ``mailbox`` is the address of the delivery's mailbox."""
    if not sources:
        return None
    address = address_of(email)
    open_to = [one for one in sources.of(address) if one.desk == desk and one.who.mailbox in ("", mailbox)]
    if notice := _direct(email, envelope, address, open_to):
        return notice
    if not forwards.is_forward(email):
        return None
    assert email.forwarded is not None
    for original in (email.forwarded, *email.forwarded.chain):
        inner = _original(email, original)
        address = inner.sender.address.lower() if inner.sender else ""
        open_to = [one for one in sources.of(address) if one.desk == desk]
        paper = Paper(inner, envelope)
        for source in open_to:
            if values := _product(source, paper):
                return _notice(source, values, "", forwarded=True)
    return None


def _direct(email: Email, envelope: Envelope, address: str, sources: list[Source]) -> Notice | None:
    """Of the sources that the mail claims, the first that it is proven to be of, else the first."""
    claims = [(one, one.who.proof(address, envelope)) for one in sources if one.who.claimed(address)]
    claims = [(one, proof) for one, proof in claims if proof or one.who.senders]
    if not claims:
        return None
    paper = Paper(email, envelope)
    proven = [(one, proof) for one, proof in claims if proof]
    for source, proof in proven:
        if values := _product(source, paper):
            return _notice(source, values, proof)
    for source, proof in claims:
        if not proof and (values := _product(source, paper)):
            return _notice(source, values, "")
    for source, proof in proven:
        if source.dedicated:
            return _unread(source, Values(source, paper), proof, (UNREAD,))
    return None


def _original(email: Email, one: Forwarded) -> Email:
    """A forwarded mail as if it had come itself."""
    return replace(
        email,
        sender=one.sender,
        subject=one.subject,
        text=one.text,
        blocks=one.blocks,
        to=one.to,
        cc=one.cc,
        date=one.date if one.attached else "",
        headers=(),
        data=one.data if one.attached else email.data,
    )


class Paper:
    """A mail as steps of reading see it. The text counts first, then the rich form of it."""

    def __init__(self, email: Email, envelope: Envelope) -> None:
        self.email = email
        self.envelope = envelope
        self.subject = normal.subject(email.subject)
        self.view = View(replace(email, subject=self.subject), envelope)
        self.attached = Attached(email.data, email.text)
        self._sheets: list[Sheet] = []
        self._bodies: list[str] = []

    def bodies(self) -> list[str]:
        """The text, and what the rich form says where it differs."""
        if not self._bodies:
            self._bodies.append(self.email.text[: sheet.MOST_TEXT])
            if self.email.html:
                rich = plain(list(self.email.blocks))[: sheet.MOST_TEXT]
                if rich and folded(rich[:1000]) != folded(self._bodies[0][:1000]):
                    self._bodies.append(rich)
        return self._bodies

    def sheets(self) -> list[Sheet]:
        if not self._sheets:
            tables = self.attached.tables()
            self._sheets = [sheet.read(text, tables if not number else ()) for number, text in enumerate(self.bodies())]
        return self._sheets

    def plain(self, source: str) -> list[str]:
        """The values of a source that needs no place."""
        if source == "subject":
            return [self.subject]
        if source == "body":
            return self.bodies()
        if source == "tag":
            return [tag_of(self.envelope.rcpt_to)]
        return list(self.view.texts(source))

    def placed(self, source: str, place: str) -> list[str]:
        """The values of a label, column, property or path."""
        if source == "label":
            return next((found for one in self.sheets() if (found := one.values(place))), [])
        if source == "column":
            return next((found for one in self.sheets() if (found := one.column(place))), [])
        if source == "calendar":
            return self.attached.calendar(place)
        return self.attached.json(place) if source == "json" else self.attached.xml(place)


@dataclass(slots=True)
class Values:
    """What the steps found, by name; names that every mail has are looked up when they are asked for."""

    source: Source
    paper: Paper
    found: dict[str, list[str]] = field(default_factory=dict)

    def get(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        if name not in self.found and name in KNOWN:
            texts = [self._rest()] if name == "rest" else self.paper.plain(name)[:1]
            self.found[name] = [one if name == "body" else _line(one) for one in texts if one.strip()]
        return self.found.get(name, [])

    def _rest(self) -> str:
        """The subject without the words of state and severity."""
        return normal.tidy(self.source.levels.removed(self.source.states.removed(self.paper.subject)))

    def first(self, names: tuple[str, ...]) -> str:
        """The value of the first of the names that was read."""
        return next((value for name in names if (value := self.get(name))), "")

    def read(self, name: str) -> bool:
        return bool(self.get(name))


def _product(source: Source, paper: Paper) -> Values | None:
    """What is read out of a mail that looks like the source's product, None where it does not."""
    if not source.when.holds(paper.view, Answer()):
        return None
    values = Values(source, paper)
    if source.who.token and tag_of(paper.envelope.rcpt_to) == source.who.token:
        values.found["tag"] = []  # a secret, and no name of anybody
    for step in source.steps:
        if not step.names <= values.found.keys():
            for name, found in _step(step, paper).items():
                values.found.setdefault(name, found)
    reads = source.profile.who.reads
    return values if not reads or values.first(reads) else None


def _step(step: Step, paper: Paper) -> dict[str, list[str]]:
    """What a step finds: the whole values under its name, and the captures of its patterns."""
    if step.where:
        texts = next((found for place in step.where if (found := paper.placed(step.source, place))), [])
    else:
        texts = paper.plain(step.source)
    out: dict[str, list[str]] = {}
    for text in texts:
        captured = _captured(step, text)
        if captured is None:
            continue
        if step.name:
            captured[step.name] = step.value or captured.get(step.name) or text
        for name, value in captured.items():
            line = _line(value)
            if line and len(out.setdefault(name, [])) < MOST_MANY:
                out[name].append(line)
        if out and not step.many:
            break
    if step.many and not step.where and step.patterns:
        out.update({name: list(dict.fromkeys(found)) for name, found in _everywhere(step, texts).items()})
    return {name: found for name, found in out.items() if found}


def _captured(step: Step, text: str) -> dict[str, str] | None:
    """The captures of the first pattern that matches, None when there are patterns and none does."""
    for pattern in step.patterns:
        if match := pattern.search(text):
            return {name: value for name, value in match.groupdict().items() if value}
    return None if step.patterns else {}


def _everywhere(step: Step, texts: list[str]) -> dict[str, list[str]]:
    """The captures of each match in a text, not only of the first."""
    out: dict[str, list[str]] = {}
    for text in texts[:1]:
        for pattern in step.patterns:
            for number, match in enumerate(pattern.finditer(text)):
                if number >= MOST_MANY:
                    break
                for name, value in match.groupdict().items():
                    if value:
                        out.setdefault(name, []).append(_line(value))
            if out:
                return out
    return out


def _line(text: str) -> str:
    return " ".join(text[: 4 * MOST_VALUE].split())[:MOST_VALUE].strip()


def _notice(source: Source, values: Values, proof: str, forwarded: bool = False) -> Notice:
    key = source.profile.key
    identity = values.first(key.id)
    lacking = [] if identity else [name for name in (*key.object, *key.need) if not values.read(name)]
    if key.id and not identity and not key.object:
        lacking = [*key.id]
    if identity:
        lacking = [name for name in key.need if not values.read(name)]
    state, word, known = _state(source, values)
    if not known:
        lacking.append(source.profile.state.fields[0])
    object_ = " / ".join(filter(None, (values.get(name) for name in key.object))) or identity
    condition = " / ".join(filter(None, (values.get(name) for name in key.condition)))
    parts = tuple(normal.stable(values.get(name)) for name in (*key.scope, *key.object, *key.condition))
    made = normal.key(tuple(part for part in parts if part)) if not identity else folded(identity)[:MOST_VALUE]
    readable = bool(identity) or all(values.read(name) for name in key.object)
    if not readable or not made:
        return _unread(source, values, proof, tuple(dict.fromkeys(lacking)), forwarded)
    rank, severity = _severity(source, values)
    when = source.profile.time
    return Notice(
        profile=source.name,
        state=state,
        key=made,
        object=object_[:MOST_VALUE],
        condition=condition[:MOST_VALUE],
        title=_title(source, values, object_, condition),
        fields=_fields(values),
        failed=tuple(dict.fromkeys(lacking)),
        proven=bool(proof),
        proof=proof,
        word=word,
        strange=state == "update" and source.states.meanings.get(folded(word)) != "update",
        severity=severity,
        rank=rank,
        priority=source.priorities.get(folded(severity), ""),
        clients=_clients(source, values),
        at=_at(source, values),
        sequence=_number(values.get(when.sequence)) if when.sequence else -1,
        window=_window(source, values),
        objects=tuple(values.all(key.objects)) if key.objects else (),
        incident=values.first(key.incident),
        expected=_expected(source, object_, state),
        forwarded=forwarded,
        handling=source.handling,
    )


def _unread(source: Source, values: Values, proof: str, failed: tuple[str, ...], forwarded: bool = False) -> Notice:
    """A notice that could not be read: an update, known by its subject."""
    paper = values.paper
    return Notice(
        profile=source.name,
        state="update",
        key=normal.key(("subject", normal.stable(paper.email.subject))),
        title=paper.subject[:MOST_VALUE],
        fields=_fields(values),
        failed=failed,
        proven=bool(proof),
        proof=proof,
        strange=True,
        clients=_clients(source, values),
        at=_at(source, values),
        forwarded=forwarded,
        handling=source.handling,
    )


def _state(source: Source, values: Values) -> tuple[State, str, bool]:
    """The state, its word, and whether there was anything to look in."""
    known = False
    for name in source.profile.state.fields:
        if text := values.get(name):
            known = True
            state, word = words.state_in(text, source.states)
            if word or name not in KNOWN:
                return state, word or text, True
    return "update", "", known


def _severity(source: Source, values: Values) -> tuple[int, str]:
    for name in source.profile.severity.fields:
        rank, word = words.level_in(values.get(name), source.levels)
        if rank:
            return rank, word
    return 0, ""


def _clients(source: Source, values: Values) -> tuple[str, ...]:
    """Texts that name the client: the one that the operator fixed, else what the mail says."""
    if source.client:
        return (source.client,)
    found = [text for name in source.profile.client.fields for text in values.all(name)[:5]]
    return tuple(dict.fromkeys(source.aliases.get(folded(text), text) for text in found))


def _fields(values: Values) -> Mapping[str, str]:
    return {name: found[0] for name, found in values.found.items() if found and name not in KNOWN}


def _title(source: Source, values: Values, object_: str, condition: str) -> str:
    """The profile's title with its names filled in; the subject when one of them is not there."""
    text = source.profile.policy.title
    out = []
    for number, part in enumerate(text.split("{")):
        name, closed, rest = part.partition("}")
        if not number or not closed:
            out.append(part)
            continue
        value = {"object": object_, "condition": condition}.get(name) or values.get(name)
        out.append(value + rest)
    known = all({"object": object_, "condition": condition}.get(one) or values.get(one) for one in names_in(text))
    return ("".join(out).strip() if text and known else values.paper.subject)[:MOST_VALUE]


def _at(source: Source, values: Values) -> float:
    """When the vendor says that it happened, if it names a zone; else the header Date."""
    when = source.profile.time
    for name in when.at:
        zone: tzinfo | None = source.zone if when.timezone else None
        if found := times.moment(values.get(name), when.formats, zone):
            return found
    date = values.paper.email.date
    try:
        return max(0.0, datetime.fromisoformat(date).timestamp()) if date else 0.0
    except (ValueError, OverflowError):
        return 0.0


def _window(source: Source, values: Values) -> tuple[float, float] | None:
    when = source.profile.time
    if not (when.start and when.end):
        return None
    start = times.moment(values.get(when.start), when.formats, source.zone)
    end = times.moment(values.get(when.end), when.formats, source.zone)
    return (start, end) if 0 < start < end else None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1


def _expected(source: Source, object_: str, state: State) -> str:
    """The first expectation that a notice of the object and state meets."""
    for one in source.expect:
        if state in one.states and fnmatchcase(folded(object_), folded(one.object)):
            return one.name
    return ""
