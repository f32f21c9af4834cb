"""What all clients of an incident may read of a vendor's news: it is mailed to each of them.

One client's mail brings the news for all. So of its text only lines remain that name nobody: no client or alias of the
desk, nothing that the profile takes for a client or an account, no recipient, no address, link or long number, and no
greeting. In doubt title and state remain, or the state alone. The whole mail is told to the technicians.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gateway.match.clients import Text
from gateway.model.email import Address, Email
from gateway.model.envelope import Envelope
from gateway.model.notice import Notice

MOST_LINES = 100
_POINTS_TO_SOMEBODY = re.compile(
    r"@|://|\bwww\.|[\w-]{2}\.[a-z]{2,}\b|\d{5,}|\b[0-9a-f]{8}-[0-9a-f]{4}-", re.IGNORECASE
)
_GREETING = 6
"""Words that a first line which ends in a comma may have to be one."""


def recipients(email: Email, envelope: Envelope) -> tuple[str, ...]:
    """The names and addresses to which the mail was sent, in all their parts."""
    sent_to = [Address(envelope.rcpt_to), *email.to, *email.cc, *([email.sender] if email.sender else ())]
    return tuple(dict.fromkeys(part for person in sent_to for part in _parts(person) if part))


def _parts(person: Address) -> Iterable[str]:
    local = person.address.rpartition("@")[0]
    yield from (person.name, person.address, local.partition("+")[2])


def candidates(notice: Notice, lines: Sequence[str]) -> str:
    """All of a mail that might be told."""
    return "\n".join((notice.title, notice.word, *lines[:MOST_LINES]))


def told(notice: Notice, lines: Sequence[str], names: Iterable[str]) -> list[str]:
    """The lines that may go to all clients of the incident; ``names`` are those that may not."""
    forbidden = [name for name in dict.fromkeys((*notice.names, *names)) if name]
    head = [line for line in (notice.title, f"State: {notice.word}" if notice.word else "") if line]
    for kept in ([*head, *_anonymous(notice, _body(lines[:MOST_LINES]), forbidden)], head, head[1:]):
        if kept and not _names_any("\n".join(kept), forbidden):
            return kept
    return [f"There is news about {notice.incident}." if notice.incident else "There is news."]


def _body(lines: Sequence[str]) -> Sequence[str]:
    """Lines without a greeting at their head."""
    first = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    greets = first < len(lines) and lines[first].rstrip().endswith((",", "!"))
    return lines[first + 1 :] if greets and len(lines[first].split()) <= _GREETING else lines[first:]


def _anonymous(notice: Notice, lines: Iterable[str], forbidden: Sequence[str]) -> list[str]:
    out = []
    for line in lines:
        rest = line.replace(notice.incident, "") if notice.incident else line
        if line.strip() and not _POINTS_TO_SOMEBODY.search(rest) and not _names_any(line, forbidden):
            out.append(line)
    return out


def _names_any(text: str, names: Sequence[str]) -> bool:
    looked_at = Text.of(text)
    return any(looked_at.names(name) for name in names)
