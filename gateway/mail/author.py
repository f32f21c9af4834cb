"""The author of a mail: From read strictly, one mailbox or nobody.

A From that two careful readers could read differently proves and binds nobody. So only two forms are taken:
``phrase <local@domain>`` or ``local@domain``, of RFC 5322 3.4 and RFC 6532 without their obsolete forms, groups, quoted
local parts, address literals and comments. One comment is taken, the name of whoever writes behind a bare address
(``root@web1.acme.example (Cron Daemon)``): letters and digits, in which nobody reads an address. Names of domains are
those of IDNA 2008, and the address is given in one form: the local part as it stands, the domain in ASCII and lower
case.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.model.email import lower_ascii

from .head import RawHeader

LONGEST = 2_000
"""Octets of a From that is read at all."""

# Classes of characters are said by what is not in them: to compile those that are takes most of this module's time.
_SPECIAL = r'\x00-\x20"(),:;<>@\[\\\]\x7f'
"""What RFC 5322 keeps out of an atom; the full stop may stand in some. All beyond ASCII may."""
_ATOM = rf"[^{_SPECIAL}]++"
# A quoted name may hold an address or angle brackets, not both: simple readers take the first <…@…> of a line.
_CLOSED = r'\x00-\x08\x0a-\x1f"\\\x7f'
_QUOTED = rf'"(?:[^<>{_CLOSED}]|\\["\\])*+"|"(?:[^@{_CLOSED}]|\\["\\])*+"'
_PHRASE = rf"(?:(?:{_ATOM}|{_QUOTED})[ \t]*+)*+"
_PLAIN = r"[^<>\s\"(),:;\\\[\]]++"
_LETTER = r"[^\x00-/:-@\[-`{-\x7f]"
_NAME_BEHIND = rf"[ \t]++\({_LETTER}(?:[ ._/&+\-]{{0,2}}{_LETTER})*+[.]?\)"
_MAILBOX = re.compile(rf"(?:{_PHRASE}<(?P<angled>{_PLAIN})>)|(?P<bare>{_PLAIN})(?:{_NAME_BEHIND})?")
_LOCAL = re.compile(rf"[^.{_SPECIAL}]++(?:\.[^.{_SPECIAL}]++)*+")
_LABELS = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Author:
    """``address`` is the one mailbox of From, "" where there is none; then ``problem`` says why."""

    address: str = ""
    problem: str = ""


class NotStrict(ValueError):
    """The text is no plain address; the words say why."""


def author_of(fields: Sequence[RawHeader]) -> Author:
    """The author by the fields of a mail (``Head.fields``)."""
    values = [value for name, value in fields if name.lower() == "from"]
    if not values:
        return Author(problem="no From")
    if len(values) > 1:
        return Author(problem="more than one From")
    try:
        return Author(read_mailbox(values[0]))
    except NotStrict as error:
        return Author(problem=str(error))


def only_address(fields: Sequence[RawHeader], name: str) -> str:
    """The one mailbox of the one field of that name (lower case), "" where there is not exactly one."""
    values = [value for title, value in fields if title.lower() == name]
    try:
        return read_mailbox(values[0]) if len(values) == 1 else ""
    except NotStrict:
        return ""


def listed_author(fields: Sequence[RawHeader]) -> tuple[str, str]:
    """Who wrote a mail whose From a list rewrote, and the field that says so; "" and "" where nothing surely does.

    Each author field stands once, and two of them agree. Where the list signs its mail, its signature names the
    field: one that an author wrote himself goes through most lists unsigned."""
    names = [name for name in ("x-original-from", "x-original-sender") if any(t.lower() == name for t, _ in fields)]
    if not names:
        return "", ""
    found = {lower_ascii(only_address(fields, name)) for name in names}
    sender = author_of(fields).address
    if len(found) != 1 or "" in found or not sender or not all(_is_signed(fields, name, sender) for name in names):
        return "", ""
    return only_address(fields, names[0]), names[0]


def _is_signed(fields: Sequence[RawHeader], name: str, sender: str) -> bool:
    """Whether a signature of the sender's domain names the field, where there is any of it."""
    domain = sender.rpartition("@")[2]
    signatures = [tags for title, value in fields if title.lower() == "dkim-signature" and (tags := _tags(value))]
    near = [tags for tags in signatures if _is_within(domain, tags["d"]) or _is_within(tags["d"], domain)]
    return not near or any(name in re.split(r"\s*:\s*", tags.get("h", "")) for tags in near)


def _is_within(domain: str, other: str) -> bool:
    return domain == other or domain.endswith("." + other)


def _tags(value: bytes) -> dict[str, str]:
    pairs = [part.partition("=") for part in lower_ascii(value[:8192].decode("ascii", "replace")).split(";")]
    tags = {name.strip(): text.strip() for name, _, text in pairs}
    return tags if tags.get("d") else {}


def read_mailbox(value: bytes) -> str:
    """The address of a field that holds one mailbox in the strict form. Raises NotStrict."""
    if len(value) > LONGEST:
        raise NotStrict("From is too long")
    try:
        text = value.decode("utf-8").strip(" \t")
    except UnicodeDecodeError:
        raise NotStrict("From has octets that are no UTF-8") from None
    if not text:
        raise NotStrict("From is empty")
    if _CONTROL.search(text):
        raise NotStrict("From has control characters")
    match = _MAILBOX.fullmatch(text)
    if match is None:
        raise NotStrict("From is not one plain mailbox")
    return read_address(match["angled"] or match["bare"])


def read_address(text: str) -> str:
    """A plain ``local@domain`` in its one form. Raises NotStrict."""
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        raise NotStrict("From has no address")
    if "@" in local or "=?" in text or not _LOCAL.fullmatch(local) or len(local.encode()) > 64:
        raise NotStrict("From has an address of an unusual form")
    if not local.isascii() and not _only_letters(local):
        raise NotStrict("From has an address with unusual characters")
    return f"{local}@{read_domain(domain)}"


def read_domain(domain: str) -> str:
    """A domain in its one form: ASCII in lower case, international labels by IDNA 2008. Raises NotStrict."""
    name = lower_ascii(domain)
    if not name.isascii() or "xn--" in name:
        name = _international(name)
    if len(name) > 253 or not _LABELS.fullmatch(name):
        raise NotStrict("From has a domain that is no name")
    return name


def canonical_address(text: str) -> str:
    """The local part as it stands, the domain in its one form (``read_domain``) where it has one."""
    local, at, domain = text.strip().strip("<>").rpartition("@")
    if not at:
        return text.strip()
    try:
        return f"{local}@{read_domain(domain)}"
    except NotStrict:
        return f"{local}@{lower_ascii(domain)}"


def _international(domain: str) -> str:
    import idna  # its tables take long to load, and few mails need them

    try:
        name = idna.encode("".join(map(_small, domain)), strict=True).decode("ascii")
        if idna.encode(idna.decode(name, strict=True), strict=True).decode("ascii") == name:
            return name
    except (idna.IDNAError, UnicodeError):
        pass
    raise NotStrict("From has a domain that is no name of IDNA 2008")


def _small(char: str) -> str:
    """The small letter of a letter. One whose small letter is ASCII (the Kelvin sign) stays as it is, no name."""
    small = char.lower()
    return small if len(small) == 1 and small.isascii() == char.isascii() else char


def _only_letters(local: str) -> bool:
    """Whether its international characters are letters, marks and digits that stay what they are in every form."""
    return unicodedata.normalize("NFKC", local) == local and all(
        char.isascii() or unicodedata.category(char)[0] in "LMN" for char in local
    )
