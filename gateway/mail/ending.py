"""The end of what somebody wrote, and what of it is their signature: words and pictures that stood there before.

Nothing is a signature by its look alone. Two things come together: a *mark* above it (the sender's own name, a rule,
an element of the program, the place below the quote), and that its lines stood at the end of earlier mail, in this
order. Whose mail counts:

- Short lines go where this ticket shows them already: a card is shown once on each ticket.
- Long lines (a disclaimer, the company's register) and pictures go by the same sender's mail of other tickets too, and
  by that of two other people of the domain, but only by mail whose sender is proven.
- A picture goes after it stood there on two other tickets. One as large as a photo is none of a signature.

What a person may say again stays: a line with a full stop, a short paragraph, whatever follows a colon, and all of it
where no words stand above. Of a line eight bytes are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from struct import Struct

from gateway.match.gratitude import words_of
from gateway.model.email import Address, Email, Passage

from . import limits
from .known import squeezed
from .look import has_picture, is_blank
from .quotelines import is_rule
from .signature import addresses_in

LONG = 80
"""Letters of a line that nobody types twice."""
SHORT = 40
"""Letters of a paragraph that may be somebody's answer again."""
TICKETS = 2
"""Other tickets, or other people of the domain, that prove what stands without a mark, and pictures."""
PICTURE = 60_000
"""Bytes of the largest picture that may be a logo."""

_PRINT = 8
_PRINTS = Struct("<Q")
_ROLES = ("ending", "signature", "proven")
_SENTENCE = (".", "!", "?", "…", "。", "！", "？", "؟")
_COLONS = (":", "：")
_COMMAS = (",", "，", "、")


@dataclass(frozen=True, slots=True)
class Seen:
    """What stood at the end of an earlier mail: prints of its lines, in order. ``sender`` and ``domain`` are the names
    of who wrote it; ``domain`` is "" where it proves nothing of other people."""

    sender: str
    domain: str
    ticket_id: str
    prints: bytes


@dataclass(frozen=True, slots=True)
class Name:
    """In whose name a mail is: as ``Seen`` has it, "" where nothing proves it."""

    sender: str = ""
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """Indices of passages: ``lines`` and ``pictures`` that go; ``beside`` are pictures between them, which go where
    the ticket has them. ``mails`` were compared."""

    lines: tuple[int, ...] = ()
    pictures: tuple[int, ...] = ()
    beside: tuple[int, ...] = ()
    mails: int = 0


@dataclass(slots=True)
class _Line:
    """A line of the ending: the index of its passage, what its print is made of ("" for a rule), its words, and where
    it was seen. ``short``: its paragraph may be an answer."""

    at: int
    printed: str
    letters: int = 0
    is_picture: bool = False
    text: str = ""
    short: bool = False
    on_ticket: bool = False
    is_usual: bool = False
    tickets: int = 0
    people: int = 0
    _print: int = -1

    @property
    def print(self) -> int:
        """Of a picture an odd number, of words an even one, 0 for none."""
        if self._print < 0:
            value = _hash(self.printed) if self.printed else 0
            self._print = value | 1 if self.printed and self.is_picture else value & ~1
        return self._print

    @property
    def kinds(self) -> frozenset[str]:
        """Of the addresses in it."""
        return addresses_in(self.text)

    @property
    def is_long(self) -> bool:
        return self.letters >= LONG

    @property
    def was_elsewhere(self) -> bool:
        return self.tickets > 0 or self.is_proven

    @property
    def is_proven(self) -> bool:
        return max(self.tickets, self.people) >= TICKETS


def prints_of(email: Email) -> bytes:
    """What is kept of the end of a mail: eight bytes a line; b"" for one that holds no signature, or that nobody
    wrote."""
    if email.auto.is_auto or email.forwarded is not None:
        return b""
    lines = _lines(email.reply.passages, email)
    if not _may_sign(lines):
        return b""
    kept = [line.print for line in lines if line.print][-limits.ENDING :]
    return b"".join(value.to_bytes(_PRINT, "little") for value in kept)


def has_pictures(email: Email) -> bool:
    """Whether a picture stands where a signature may be."""
    return email.forwarded is None and any(
        passage.role in _ROLES and has_picture(passage) and _printed_of_picture(passage, email)
        for passage in email.reply.passages
    )


def ending_of(email: Email, author: Address | None, ticket_id: str, name: Name, seen: Sequence[Seen]) -> Ending:
    """What of the mail's end is the signature of its ``author``, in whose ``name`` it is. For a new ticket
    (``ticket_id`` "") only the pictures are meant."""
    passages = email.reply.passages
    lines = _lines(passages, email)
    names = _names(author)
    _find_answers(passages, lines, names)
    stood = [_stood(mail) for mail in seen]
    for line, below in zip(lines, [*lines, None][1:], strict=True):
        _look_up(line, below, ticket_id, name, stood)
    shown = _block(passages, lines, names, lambda line: line.on_ticket or (line.is_long and line.was_elsewhere))
    known: Sequence[_Line] = ()
    if any(line.is_picture for line in lines):
        known = _block(passages, lines, names, lambda line: line.on_ticket or line.was_elsewhere)
    return Ending(
        lines=_with_blanks(passages, [line.at for line in shown if not line.is_picture]),
        pictures=tuple(line.at for line in known if line.is_picture and line.is_proven),
        beside=tuple(line.at for line in shown if line.is_picture),
        mails=len(seen),
    )


# -- lines ----------------------------------------------------------------------------------------


def _lines(passages: Sequence[Passage], email: Email) -> list[_Line]:
    """The lines with words or a picture at the end of what the sender wrote."""
    found: list[_Line] = []
    for i, passage in enumerate(passages):
        if passage.role not in _ROLES or is_blank(passage):
            continue
        if has_picture(passage):
            found.append(_Line(i, _printed_of_picture(passage, email), is_picture=True))
            continue
        text = squeezed(passage.text)
        found.append(_Line(i, f"words {text}" if text else "", len(text), text=passage.text))
    return found


def _printed_of_picture(passage: Passage, email: Email) -> str:
    """A small picture of the mail itself; another has no print, and is never known."""
    number = passage.picture
    file = email.attachments[number] if 0 <= number < len(email.attachments) else None
    if file is None or not file.inline or not 0 < file.size <= PICTURE:
        return ""
    return f"picture {file.sha256}"


def _find_answers(passages: Sequence[Passage], lines: Sequence[_Line], names: Set[str]) -> None:
    """A short paragraph without an address may be an answer, but for what stands in it below the sender's name."""
    start = 0
    for end in range(1, len(lines) + 1):
        if end < len(lines) and lines[end].at == lines[end - 1].at + 1 and not lines[end].is_picture:
            continue
        paragraph = [line for line in lines[start:end] if not line.is_picture]
        if sum(line.letters for line in paragraph) < SHORT and not any(line.kinds for line in paragraph):
            for line in paragraph:
                line.short = True
                if _is_name(passages[line.at].text, names):
                    break
        start = end


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=_PRINT).digest(), "little")


@dataclass(frozen=True, slots=True)
class _Stood:
    """What stood at the end of a mail: each line, and each line of words with the one below."""

    mail: Seen
    lines: frozenset[int]
    pairs: frozenset[tuple[int, int]]

    def has(self, line: _Line, below: _Line | None) -> bool:
        """Whether the line stood there above the same line; pictures may come and go between words."""
        if line.is_picture or below is None or below.is_picture or not below.print:
            return bool(line.print) and line.print in self.lines
        return (line.print, below.print) in self.pairs


def _stood(mail: Seen) -> _Stood:
    kept = [value for (value,) in _PRINTS.iter_unpack(mail.prints[: len(mail.prints) // _PRINT * _PRINT])]
    words = [value for value in kept if not value & 1]
    return _Stood(mail, frozenset(kept), frozenset(pairwise(words)))


def _look_up(line: _Line, below: _Line | None, ticket_id: str, name: Name, seen: Iterable[_Stood]) -> None:
    """Count where the line stood before."""
    tickets: set[str] = set()
    people: set[str] = set()
    mine = with_it = 0
    for each in seen:
        mail, stood = each.mail, each.has(line, below)
        mine += mail.sender == name.sender
        with_it += stood and mail.sender == name.sender
        if stood and mail.ticket_id == ticket_id:
            line.on_ticket = True
        elif stood and mail.sender == name.sender:
            tickets.add(mail.ticket_id)
        if stood and mail.sender != name.sender and mail.domain and mail.domain == name.domain:
            people.add(mail.sender)
    line.tickets, line.people, line.is_usual = len(tickets), len(people), 2 * with_it >= mine


# -- where the signature begins --------------------------------------------------------------------


def _block(
    passages: Sequence[Passage], lines: Sequence[_Line], names: Set[str], is_known: Callable[[_Line], bool]
) -> Sequence[_Line]:
    """The lines of the signature, from its mark on; none where it has none."""
    start = first = len(lines)
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number]
        text = passages[line.at].text
        if not line.is_picture and _is_name(text, names):
            start = number + 1
            break
        if not (line.is_picture or is_rule(text) or is_known(line)) or _may_be_said_again(line, text):
            break
        first = number
        if is_rule(text) or _begins_with_name(text, names) or _is_marked(passages, line.at):
            start = number
    block = lines[start:]
    if not _may_sign(block):
        block = _unmarked(lines[first:])
    return block if block and _says_something_above(passages, block[0].at, names) else ()


def _may_sign(lines: Iterable[_Line]) -> bool:
    """Whether there is an address or a long line: names and titles alone are no signature."""
    return any(line.is_long or line.kinds for line in lines)


def _unmarked(lines: Sequence[_Line]) -> Sequence[_Line]:
    """Without a mark, two kinds of address make a card; and long lines go that other tickets or people prove."""
    if len(frozenset().union(*(line.kinds for line in lines))) > 1:
        return lines
    first = len(lines)
    while first and lines[first - 1].is_long and lines[first - 1].is_proven and lines[first - 1].is_usual:
        first -= 1
    return lines[first:]


def _may_be_said_again(line: _Line, text: str) -> bool:
    if line.is_picture or line.is_long or is_rule(text):
        return False
    return line.short or text.rstrip().endswith(_SENTENCE)


def _is_marked(passages: Sequence[Passage], at: int) -> bool:
    """Whether a signature may begin with this line by its place: in an element of the program, or below the quote."""
    if passages[at].role != "ending":
        return True
    above = at - 1
    while above >= 0 and is_blank(passages[above]) and passages[above].is_new:
        above -= 1
    below_quote = above >= 0 and not passages[above].is_new
    return below_quote and any(passage.is_new and not is_blank(passage) for passage in passages[:above])


def _says_something_above(passages: Sequence[Passage], start: int, names: Set[str]) -> bool:
    """Whether words of the sender stand above, more than a greeting, and do not announce what follows."""
    for passage in reversed(passages[:start]):
        if not (passage.is_new or passage.role == "kept") or is_blank(passage) or is_rule(passage.text):
            continue
        text = passage.text.rstrip()
        if not text.endswith(_COMMAS) and not _is_name(passage.text, names):
            return not text.endswith(_COLONS)
    return False


def _names(author: Address | None) -> Set[str]:
    return (
        {word for word in _words(f"{author.name} {author.address.partition('@')[0]}") if len(word) > 1}
        if author
        else set()
    )


def _is_name(text: str, names: Set[str]) -> bool:
    """Whether the line is the sender's name and no more; initials count."""
    words = _words(text)
    return not names.isdisjoint(words) and all(word in names or len(word) == 1 for word in words)


def _begins_with_name(text: str, names: Set[str]) -> bool:
    """Whether the full name stands first: "Alice Archer | Office Manager"."""
    words = _words(text)
    return len(words) > 2 and words[0] in names and words[1] in names


def _words(text: str) -> list[str]:
    return words_of(re.sub(r"[._,+|/-]", " ", text[:200]))


def _with_blanks(passages: Sequence[Passage], lines: Sequence[int]) -> tuple[int, ...]:
    """The blank lines above each of these go with it."""
    found = set(lines)
    for i in lines:
        above = i - 1
        while above >= 0 and passages[above].role == "ending" and is_blank(passages[above]):
            found.add(above)
            above -= 1
    return tuple(sorted(found))
