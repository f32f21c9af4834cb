"""One mail as a story: who sent it and what proves that, what happened, why, and what can be done with it now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from gateway.config.retention import RetentionSettings
from gateway.model.quantity import counted
from gateway.model.reasons import Reason
from gateway.operate import finding, said
from gateway.operate.act import Act
from gateway.operate.acts import possible
from gateway.operate.finding import Found
from gateway.store import acts, deliveries, effects, letters, mapping, operator, problems
from gateway.store.constants import on_ticket
from gateway.store.reading import garbled, looking, parsed_to_show
from gateway.store.schema import delivery
from gateway.store.stage import EffectState, Stage
from gateway.work.effects import KINDS, words_of

MOST_NEIGHBOURS = 30


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened, at a time in seconds since the epoch (0.0 for not known)."""

    at: float
    words: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A step of the decision: the rule, what it saw, and what followed."""

    name: str
    found: str
    follows: str


@dataclass(frozen=True, slots=True)
class Part:
    """What became of one problem of a mail that reports several, and the ticket that it has now by number and id, ""
    for none."""

    number: int
    what: str
    became: str
    ticket: str
    ticket_id: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """``mail`` is the row of a list; ``detail`` what that leaves out; ``goes_away`` when its bytes are deleted, 0.0 for
    never; ``neighbours`` are the other mails of its ticket; ``answers`` what the decision about a comment asked."""

    mail: Found
    id: str
    raw_id: int
    desk: str
    ticket_id: str
    message_id: str
    proof: str
    is_proven: bool
    route: str
    detail: str
    remedy: str
    size: int
    kept: bool
    goes_away: float
    happened: tuple[Line, ...]
    parts: tuple[Part, ...]
    rules: tuple[Rule, ...]
    answers: Mapping[str, Any]
    acts: tuple[Act, ...]
    neighbours: tuple[Found, ...]
    held_files: int


def tell(connection: Connection, name: str, retention: RetentionSettings, now: float, zone: tzinfo | None) -> Story:
    """The story of the mail with this number, id or Message-ID. Raises NotPossible."""
    row = operator.find(connection, name)
    (mail,) = finding.described(connection, [row], now, zone)
    envelope = parsed_to_show(row, "envelope")
    ticket = mapping.get_ticket(connection, row["desk"], row["ticket_id"]) if row["ticket_id"] else None
    done = effects.all_of(connection, row["id"], row["generation"])
    content = deliveries.content(connection, row["raw_id"]) if row["kept"] else None
    held_files = sum(effect["state"] == EffectState.HELD for effect in done)
    return Story(
        mail=mail,
        id=row["id"],
        raw_id=row["raw_id"],
        desk=row["desk"],
        ticket_id=row["ticket_id"],
        message_id=row["message_id"],
        proof=_proof(envelope),
        is_proven=envelope.get("verdict") == "pass",
        route=_route(envelope),
        detail="" if row["detail"] in mail.became.words else row["detail"],
        remedy=said.remedy(Reason.DAMAGED if garbled([row["stage"]]) else row["reason"]),
        size=content["size"] if content else 0,
        kept=bool(row["kept"]),
        goes_away=0.0 if held_files else goes_away(row, retention),  # it is kept as long as they wait
        happened=_happened(connection, row, envelope, done, ticket["number"] if ticket else "", mail.became.words),
        parts=_parts(connection, row["id"]),
        rules=_rules(row),
        answers=_answers(row) if row["outcome"] == "comment" and not row["whole"] else {},
        acts=possible(connection, row),
        neighbours=_neighbours(connection, row, now, zone),
        held_files=held_files,
    )


def goes_away(row: Mapping[Any, Any], retention: RetentionSettings) -> float:
    """When the mail itself is deleted, 0.0 for never or when it is gone."""
    ages = {
        Stage.DONE: retention.done,
        Stage.SUPPRESSED: retention.suppressed,
        Stage.QUARANTINED: retention.quarantined,
    }
    age = ages.get(row["stage"], 0.0)
    return float(row["due_at"] + age) if age and row["kept"] and not garbled([row["due_at"]]) else 0.0


_PROOFS = {
    "pass": "proven",
    "fail": "disproven: the sender's domain says that it is not from there",
    "none": "not proven: nothing vouches for the sender",
    "unknown": "not proven: the sender could not be checked, or nothing here checks senders",
}


def _proof(envelope: Mapping[str, Any]) -> str:
    words = _PROOFS.get(str(envelope.get("verdict")), "whether that is so is not known")
    reason = str(envelope.get("verdict_reason") or "")
    return f"{words} ({reason})" if reason else words


def _route(envelope: Mapping[str, Any]) -> str:
    if not envelope:
        return "from where is not known: its envelope cannot be read"
    peer, helo = envelope.get("peer") or "this machine", envelope.get("helo") or ""
    words = f"from {peer}{f' ({helo})' if helo else ''}{' over TLS' if envelope.get('tls') else ''}"
    if envelope.get("auth"):
        words += f", logged in as {envelope['auth']}"
    return f"{words}, envelope sender <{envelope.get('mail_from') or ''}>"


def _answers(row: Mapping[Any, Any]) -> Mapping[str, Any]:
    """What the decision about a comment asked, by kind, as the trace keeps it."""
    return {str(entry["asked"]): entry["answer"] for entry in parsed_to_show(row, "trace").get("answers", [])}


def _rules(row: Mapping[Any, Any]) -> tuple[Rule, ...]:
    steps = parsed_to_show(row, "trace").get("steps", [])
    return tuple(Rule(str(step["rule"]), str(step["found"]), str(step["result"])) for step in steps)


def _parts(connection: Connection, delivery_id: str) -> tuple[Part, ...]:
    return tuple(
        Part(row["number"], _what(row), row["became"], row["ticket"] or "", row["ticket_id"] or "")
        for row in problems.parts_of(connection, delivery_id)
    )


def _what(row: RowMapping) -> str:
    what = ": ".join(filter(None, (row["object"], row["condition"]))) or row["key"]
    return f"{what}: {row['word'] or row['state']}"


# -- what happened --------------------------------------------------------------------------------

WITHOUT_TICKET = (Stage.QUARANTINED, Stage.SUPPRESSED)  # no effect says what became of the mail

LETTERS = {
    EffectState.TODO: "a mail to {recipient} is to be sent",
    EffectState.SENT: "sent a mail to {recipient}; whether it was taken is not known",
    EffectState.DONE: "sent a mail to {recipient}",
    EffectState.REFUSED: "a mail to {recipient} was not taken: {answer}",
}


def _happened(
    connection: Connection,
    row: RowMapping,
    envelope: Mapping[str, Any],
    done: list[RowMapping],
    ticket: str,
    became: str,
) -> tuple[Line, ...]:
    lines = [Line(row["accepted_at"], f"came for {row['mailbox']} {_route(envelope)}")]
    if row["redelivered"]:
        lines.append(Line(0.0, f"came {counted(row['redelivered'], 'more time')}, and was recognised"))
    lines += [line for effect in done if (line := _did(effect, ticket or row["ticket_id"][:8]))]
    lines += [_letter(letter) for letter in reversed(letters.newest(connection, 50, seq=row["seq"]))]
    lines += [_act(entry) for entry in reversed(acts.newest(connection, 50, seq=row["seq"]))]
    if row["stage"] in WITHOUT_TICKET and not garbled([row["due_at"]]):
        lines.append(Line(row["due_at"], became))
    timed = sorted((line for line in lines if line.at), key=lambda line: line.at)
    untimed = Counter(line.words for line in lines if not line.at).items()
    return (*timed, *(Line(0.0, f"{words} ({times} times)" if times > 1 else words) for words, times in untimed))


def _letter(letter: RowMapping) -> Line:
    words = LETTERS[EffectState(letter["state"])].format(recipient=letter["recipient"], answer=letter["answer"])
    return Line(letter["sent_at"] or letter["made_at"], words)


def _act(entry: RowMapping) -> Line:
    words = ": ".join(filter(None, (entry["what"], entry["detail"], entry["why"])))
    return Line(entry["at"], words, entry["who"])


def _did(effect: RowMapping, ticket: str) -> Line | None:
    body = parsed_to_show(effect, "body")
    name = body.get("name", "a file")
    kind = KINDS.get(effect["kind"])
    if kind and kind.is_letter:
        is_left_out = effect["state"] == EffectState.SKIPPED
        return Line(0.0, f"the sender was not told: {effect['reason']}") if is_left_out else None
    asked = " ".join(filter(None, (words_of(effect["kind"], effect["body"]), body.get("name", ""))))
    match effect["state"]:
        case EffectState.DONE:
            done = (kind.did if kind else str(effect["kind"])).format(
                ticket=ticket or "the ticket",
                name=name,
                comment="an internal comment" if body.get("internal") else "a comment",
                further=parsed_to_show(effect, "remote").get("ticket_number", "of one more problem"),
            )
            return Line(effect["sent_at"], done)
        case EffectState.SENT:
            return Line(effect["sent_at"], f"asked the desk, which has not answered yet: {asked}")
        case EffectState.HELD:
            return Line(0.0, f"held {name}: {effect['reason']}")
        case EffectState.REFUSED:
            return Line(effect["sent_at"], f"the desk refused ({effect['reason']}): {asked}")
        case EffectState.TODO:
            return Line(0.0, f"still to do: {asked}")
    return None


def _neighbours(connection: Connection, row: RowMapping, now: float, zone: tzinfo | None) -> tuple[Found, ...]:
    if not row["ticket_id"]:
        return ()
    on_it = (
        on_ticket(delivery.c.ticket_id, row["ticket_id"]),
        delivery.c.desk == row["desk"],
        delivery.c.seq != row["seq"],
    )
    query = select(*finding.COLUMNS).where(*on_it).order_by(delivery.c.seq.desc()).limit(MOST_NEIGHBOURS)
    with looking():
        rows = connection.execute(query).mappings().all()
    return tuple(finding.described(connection, rows, now, zone))
