"""A source tried on a mail as if it were proven to be its: what is read, and what decided it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.match import words
from gateway.match.conditions import Answer
from gateway.model.email import Email
from gateway.model.envelope import Envelope
from gateway.model.notice import Notice
from gateway.notices.ends import told_in
from gateway.notices.extract import MailView, Values
from gateway.notices.read import product, read
from gateway.notices.source import Source, Sources

MOST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Trial:
    """What a source, by its name, made of a mail. ``notice`` is None where it is not its mail: ``conditions`` say why.
    ``decided`` are the words that decided state and severity, and those that did not count."""

    source: str
    notice: Notice | None
    conditions: tuple[tuple[str, bool], ...] = ()
    decided: tuple[tuple[str, str], ...] = ()


def trial(source: Source, email: Email) -> Trial:
    """One source on one mail. Who sends its mail is what the source says."""
    envelope = _proven(source, email)
    notice = read(email, envelope, Sources([source]), desk=source.desk, mailbox=source.who.mailbox)
    if notice is None:
        return Trial(source.name, None, conditions(source, email))
    values = product(source, MailView(email, envelope))
    decided = _decided(source, values) if values and not notice.forwarded else ()
    if notice.state == "close" and notice.subject:
        more = f"{notice.subject[:MOST_SHOWN]!r} in the subject: over only if an earlier mail has it as well"
        decided = (*decided, ("but", more))
    return Trial(source.name, notice, decided=decided)


def conditions(source: Source, email: Email) -> tuple[tuple[str, bool], ...]:
    """Who has to have sent it, and each condition of the product, with the answer about a mail."""
    answer = Answer(tell=True)
    source.when.holds(MailView(email, _proven(source, email)).view, answer)
    sender = email.sender.key if email.sender else ""
    senders = " or ".join(sorted(source.who.senders))
    who = ((f"from {senders}", source.who.claimed(sender)),) if senders else ()
    return (*who, *answer.lines)


def _proven(source: Source, email: Email) -> Envelope:
    """An envelope with all proofs that a source may ask for, but for who sends it."""
    address = email.sender.key if email.sender else ""
    recipient = email.to[0].address if email.to else "support@msp.example"
    local, _, domain = recipient.rpartition("@")
    who = source.who
    return Envelope(
        address,
        f"{local.partition('+')[0]}+{who.token}@{domain}" if who.token else recipient,
        peer=str(who.networks[0].network_address) if who.networks else "",
        auth=min(who.logins, default=""),
        verdict="pass",
        verdict_for=address,
        time=1_795_000_000.0,
    )


def _decided(source: Source, values: Values) -> tuple[tuple[str, str], ...]:
    name, state, word = told_in(values)
    text = values.get(name) if name else ""
    lines = [("state", f"{state} by {word!r} in {name}: {text[:MOST_SHOWN]}" if word else "no word of state")]
    for hit, said, why in words.judged(text, source.states, free=bool(name) and values.whole(name)):
        if hit.word != word:
            reason = f": {why}" if why and said != state else ""
            lines.append(("also there", f"{hit.word!r} ({hit.meaning}){reason}"))
    if source.profile.generic and state in ("close", "ignore") and (doubt := _doubt(source, values)):
        lines.append(("but", f"{doubt!r} in the mail: not surely over"))
    for field in source.profile.severity.fields:
        rank, level = words.level_in(values.get(field), source.levels)
        if rank:
            lines.append(("severity", f"{level!r} in {field}: {values.get(field)[:MOST_SHOWN]}"))
            break
    return tuple(lines)


def _doubt(source: Source, values: Values) -> str:
    """The first line of the mail that has a word of a problem."""
    lines = "\n".join((values.mail.subject, *values.mail.bodies())).split("\n")
    return next((line.strip()[:MOST_SHOWN] for line in lines if words.holds_doubt(line, source.states)), "")
