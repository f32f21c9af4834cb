"""A mail and the sources in, a Notice out: identity first, then the product, then what it says.

Promised: never raises, whatever the mail; the time is linear in its size. What cannot be read is named in
``failed``, and the notice is then known by its subject. A mail that somebody forwarded is read as its
original was, and nothing in it is proven: what counts is the standing of who sent it on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, tzinfo
from itertools import islice

from gateway.decide import forwards
from gateway.decide.sender import address_of
from gateway.match import domains, words
from gateway.match.captures import names_in, put_in
from gateway.match.clients import Text
from gateway.match.conditions import Answer, is_like
from gateway.match.words import folded
from gateway.model.email import Email, Forwarded
from gateway.model.envelope import Envelope
from gateway.model.notice import Notice, State
from gateway.model.problem import digest
from gateway.notices import ends, normal, times
from gateway.notices.extract import MOST_VALUE, MailView, Values
from gateway.notices.source import Source, Sources

NOT_READ = "?"
MOST_NAMES = 100
MOST_PARTS = 50
MOST_WINDOWS = 50
SEVERAL = "one problem alone"
"""What failed where a mail holds several, and they could not be told apart."""
MORE = f"more than {MOST_PARTS} problems"
"""What failed where a mail holds so many that the rest is in its last part."""
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
    open_to = [source for source in sources.of(address) if source.desk == desk and source.who.mailbox in ("", mailbox)]
    if notice := _direct(email, envelope, address, open_to):
        return notice
    return _forwarded(email, envelope, sources, desk) if forwards.is_forward(email) else None


def _direct(email: Email, envelope: Envelope, address: str, sources: list[Source]) -> Notice | None:
    """Of the sources that the mail claims, the first that it is proven to be of and that reads it whole: devices of
    several makes may send from one network. Else the first that it looks like; generic ones only after that."""
    claims = [(source, source.who.proof(address, envelope)) for source in sources if source.who.claimed(address)]
    claims = [(claim, proof) for claim, proof in claims if proof or claim.who.senders]
    if not claims:
        return None
    mail = MailView(email, envelope)
    proven = [(claim, proof) for claim, proof in claims if proof]
    unread = None
    for source, proof in proven:
        if unread and source.profile.generic:
            break
        if values := product(source, mail):
            notice = _notice(source, values, proof)
            if notice.parsed or notice.parts:
                return notice
            unread = unread or notice
    if unread:
        return unread
    for source, proof in claims:
        if not proof and (values := product(source, mail)):
            return _notice(source, values, "")
    for source, proof in proven:
        if source.dedicated:
            return _unread(source, Values(source, mail), proof, (UNREAD,))
    return None


def _forwarded(email: Email, envelope: Envelope, sources: Sources, desk: str) -> Notice | None:
    """The notice in a forward. A source that names no senders knows its mail by where it comes from: of what somebody
    sent on, only what the profile reads without a doubt can be its."""
    assert email.forwarded is not None
    for original in (email.forwarded, *email.forwarded.chain):
        inner = _original(email, original)
        address = inner.sender.key if inner.sender else ""
        mail = MailView(inner, envelope)
        for source in (named for named in sources.of(address) if named.desk == desk):
            if values := product(source, mail):
                notice = _notice(source, values, "", forwarded=True)
                sure = notice.parsed and not notice.strange and not source.profile.generic
                if sure or source.who.senders:
                    return notice
    return None


def _original(email: Email, forwarded: Forwarded) -> Email:
    """A forwarded mail as if it had come itself."""
    return replace(
        email,
        sender=forwarded.sender,
        subject=forwarded.subject,
        text=forwarded.text,
        html="" if forwarded.attached else email.html,
        rich=forwarded.blocks,
        to=forwarded.to,
        cc=forwarded.cc,
        date=forwarded.date if forwarded.attached else "",
        headers=(),
        data=forwarded.data if forwarded.attached else email.data,
        reply=replace(email.reply, quoted=""),
        forwarded=None,
    )


def product(source: Source, mail: MailView) -> Values | None:
    """What is read out of a mail that looks like the source's product, None where it does not."""
    if not source.when.holds(mail.view, Answer()):
        return None
    values = Values(source, mail)
    if source.who.token and domains.tag_of(mail.envelope.rcpt_to) == source.who.token:
        values.found["tag"] = []  # a secret, and no name of anybody
    values.run()
    reads = source.profile.who.reads
    return values if not reads or values.first(reads) else None


def _notice(source: Source, values: Values, proof: str, forwarded: bool = False) -> Notice:
    key = source.profile.key
    if (source.several and source.several.holds(values.mail.view, Answer())) or values.differ((*key.id, *key.object)):
        return _several(source, values, proof, forwarded)
    return _of_one(source, values, proof, forwarded)


def _of_one(source: Source, values: Values, proof: str, forwarded: bool = False) -> Notice:
    """A notice of one problem."""
    key, when = source.profile.key, source.profile.time
    known = _key(source, values)
    state, word, told = _state(values)
    lacking = _lacking(source, values, state == "close") + ([] if told else [source.profile.state.fields[0]])
    if state in ("close", "ignore") and (doubts := ends.doubts(values)):
        state, lacking = "update", [*lacking, *doubts]
    if not known:
        return _unread(source, values, proof, tuple(dict.fromkeys(lacking)), forwarded)
    object_ = values.joined(key.object) or values.first(key.id)
    condition = values.joined(key.condition)
    rank, severity = _severity(source, values)
    return Notice(
        profile=source.name,
        state=state,
        key=known,
        scope=_scope(source, values.mail, proof),
        object=object_[:MOST_VALUE],
        condition=condition[:MOST_VALUE],
        title=_title(source, values, object_, condition),
        fields=values.read(),
        failed=tuple(dict.fromkeys(lacking)),
        proven=bool(proof),
        proof=proof,
        word=word,
        strange=state == "update" and (source.profile.generic or source.states.meanings.get(folded(word)) != "update"),
        subject=ends.unaccounted(values, told) if state == "close" else ends.known_by(values),
        severity=severity,
        rank=rank,
        priority=source.priorities.get(rank, ""),
        clients=_clients(source, values),
        names=_names(source, values),
        at=_at(source, values),
        sequence=_number(values.get(when.sequence)) if when.sequence else -1,
        windows=_windows(source, values),
        moved=state in ("planned", "update") and source.moves(word),
        objects=tuple(values.all(key.objects)) if key.objects else (),
        incident=values.first(key.incident),
        expected=_expected(source, object_, state),
        forwarded=forwarded,
        by_name=bool(key.id) and not values.first(key.id),
        handling=source.handling,
    )


def _key(source: Source, values: Values) -> str:
    """The problem's key: scope, and the vendor's number or object and condition, each in its place; "" without an
    object. What could not be read is no value, and not the same as nothing to read."""
    key = source.profile.key
    if identity := values.first(key.id):
        return normal.key((*_parts(values, key.scope), folded(identity)))
    if not key.object or not all(values.get(name) for name in key.object):
        return ""
    return normal.key(_parts(values, (*key.scope, *key.object, *key.condition)))


def _scope(source: Source, mail: MailView, proof: str) -> str:
    """Where it comes from; of what somebody sent on, who wrote it at first."""
    sender = mail.email.sender
    return source.who.scope(sender.address.lower() if sender else "", mail.envelope, bool(proof))


def _parts(values: Values, names: tuple[str, ...]) -> tuple[str, ...]:
    """Values as a key has them."""
    exact = values.source.profile.key.exact
    return tuple(_part(" ".join(values.all(name)), name, exact) or NOT_READ for name in names)


def _part(text: str, name: str, exact: tuple[str, ...]) -> str:
    return ("" if name in exact else normal.stable(text, loose=name in ("subject", "rest"))) or folded(text)


def _lacking(source: Source, values: Values, ends: bool) -> list[str]:
    """The names that the profile needs and that were not read. What says that something is over has to say of what:
    without its scope and condition it may be of another."""
    key = source.profile.key
    by_id = bool(values.first(key.id))
    needed = [*([] if by_id else key.object or key.id), *key.need]
    if ends:
        needed += key.scope
    if ends and not by_id and not any(values.get(name) for name in key.condition):
        needed += key.condition
    return [name for name in needed if not values.get(name)]


def _unread(source: Source, values: Values, proof: str, failed: tuple[str, ...], forwarded: bool = False) -> Notice:
    """A notice that could not be read: an update, known by its subject."""
    mail = values.mail
    return Notice(
        profile=source.name,
        state="update",
        key=normal.key(("subject", normal.stable(mail.email.subject, loose=True))),
        scope=_scope(source, mail, proof),
        title=mail.subject[:MOST_VALUE],
        fields=values.read(),
        failed=failed,
        proven=bool(proof),
        proof=proof,
        strange=True,
        clients=_clients(source, values),
        names=_names(source, values),
        at=_at(source, values),
        expected=_expected(source, "", "update"),
        forwarded=forwarded,
        handling=source.handling,
    )


def _several(source: Source, values: Values, proof: str, forwarded: bool) -> Notice:
    """A notice of a mail with several problems. As a whole it is none of them: it is known by all that it says, so that
    nothing of a later one is only counted. Its parts are read where the sender is proven: a claim is one ticket."""
    text = "\n".join(values.mail.bodies()[:1])
    notice = _unread(source, values, proof, (SEVERAL,), forwarded)
    key = normal.key(("several", normal.stable(values.mail.subject, loose=True), digest(text)))
    parts = tuple(_parts_of(source, values, text, proof)) if proof and not forwarded else ()
    return replace(notice, key=key, parts=parts)


def _parts_of(source: Source, whole: Values, text: str, proof: str) -> Iterator[Notice]:
    """What each piece of the text says, with what the whole mail says for all. One that cannot be read is known by its
    words, and what is beyond the last piece that is looked at counts as such."""
    mail, shared = whole.mail, source.profile.who.shared
    found = ([match.start() for match in islice(cut.finditer(text), MOST_PARTS)] for cut in source.each)
    begins: list[int] = next(filter(None, found), [])
    heads = [match.span() for match in source.head.finditer(text)] if source.head else []
    intro = [text[: heads[0][0]].strip()] if heads else []
    for begin, end in zip(begins, [*begins[1:], len(text)][: len(begins)], strict=True):
        above = [text[head:rest] for head, rest in heads if rest <= begin][-1:]
        below = next((head for head, _ in heads if begin < head < end), end)
        words = "\n".join((*intro, *above, text[begin:below])).strip()
        piece = replace(mail.email, subject="", text=words, html="", rich=(), data=())
        values = Values(
            source, MailView(piece, mail.envelope), {name: whole.all(name) for name in shared}, parent=whole
        )
        values.run()
        notice = _of_one(source, values, proof)
        if len(begins) == MOST_PARTS and begin == begins[-1]:
            notice = replace(notice, failed=(*notice.failed, MORE))
        if not notice.parsed:
            notice = replace(notice, state="update", strange=True, key=normal.key(("piece", digest(piece.text))))
        yield replace(notice, title=notice.title or f"{mail.subject} (in part)"[:MOST_VALUE], text=piece.text)


def _state(values: Values) -> tuple[State, str, str]:
    """The state, its word, and the name that holds it, "" where there was nothing to look in."""
    name, state, word = ends.told_in(values)
    return ends.surely(values, state, name), word, name


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


def _names(source: Source, values: Values) -> tuple[str, ...]:
    """What the mail calls its client and account: the values of each place that may name one, and aliases."""
    wanted = {*source.profile.client.fields, *source.profile.key.scope} - {"subject", "rest", "told", "body"}
    found = [text for name in sorted(wanted) for text in values.all(name)]
    for step in source.steps:
        if step.names & wanted:
            found += [text for place in step.where for text in values.placed(step.source, place)]
    if source.aliases:  # else the whole mail need not be looked at word by word
        looked_at = Text.of("\n".join((values.mail.subject, *values.mail.bodies())))
        found += [alias for alias in source.aliases if looked_at.names(alias)]
    return tuple(dict.fromkeys(text[:MOST_VALUE] for text in found if text.strip()))[:MOST_NAMES]


def _title(source: Source, values: Values, object_: str, condition: str) -> str:
    """The profile's title with its names filled in; the subject when one of them is not there."""
    text = source.profile.policy.title
    known = {name: values.get(name) for name in names_in(text)} | {"object": object_, "condition": condition}
    if not text or not all(known[name] for name in names_in(text)):
        return values.mail.subject[:MOST_VALUE]
    return put_in(text, known).strip()[:MOST_VALUE]


def _at(source: Source, values: Values) -> float:
    """When the vendor says that it happened, if it names a zone; else the header Date."""
    when = source.profile.time
    for name in when.at:
        zone: tzinfo | None = source.zone if when.timezone else None
        if found := times.moment(values.get(name), when.formats, zone):
            return found
    date = values.mail.email.date
    try:
        return max(0.0, datetime.fromisoformat(date).timestamp()) if date else 0.0
    except (ValueError, OverflowError):
        return 0.0


def _windows(source: Source, values: Values) -> tuple[tuple[float, float], ...]:
    """The windows of planned work, the first first; none that lies within another."""
    when = source.profile.time
    if not (when.start and when.end):
        return ()
    day = values.get(when.near) if when.near else ""
    near = times.day(day) or _at(source, values) or values.mail.envelope.time
    begins = [times.on(day, text) for text in values.all(when.start)] or [""]
    told = values.all(when.end) or [""]
    overs = [times.on(begins[min(at, len(begins) - 1)], text) for at, text in enumerate(told)]
    starts, stops = (_moments(source, values, texts, near) for texts in (begins, overs))
    for at in range(min(len(starts), len(stops))):
        if 0 < stops[at] <= starts[at] and overs[at] != told[at]:  # a clock alone, after midnight
            stops[at] = _moments(source, values, [overs[at]], near, later=1)[0]
    if len(starts) != len(stops) or not all(0 < start < stop for start, stop in zip(starts, stops, strict=True)):
        starts, stops = starts[:1], stops[:1]
    if starts[0] > 0 and when.lasts and not values.get(when.end):
        stops = [starts[0] + times.duration(values.get(when.lasts))]
    return _apart(zip(starts, stops, strict=True))


def _apart(spans: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Spans in their order; those that touch are one, and what ends before it begins is none."""
    found: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        elif 0 < begin < end:
            found.append((begin, end))
    return tuple(found[:MOST_WINDOWS])


def _moments(source: Source, values: Values, texts: list[str], near: float, later: int = 0) -> list[float]:
    when = source.profile.time
    apart = f" {values.get(when.zone)}" if when.zone else ""
    return [times.moment(f"{text}{apart}", when.formats, source.zone, near, later=later) for text in texts]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1


def _expected(source: Source, object_: str, state: State) -> str:
    """The first expectation that a notice of the object and state meets."""
    for expectation in source.expect:
        if state in expectation.states and is_like(folded(object_), folded(expectation.object)):
            return expectation.name
    return ""
