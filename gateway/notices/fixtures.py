"""Fixtures of a profile: each is made into a mail, read, and compared with what it must give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.config.fixture import FixturePart, GivesPart
from gateway.config.profile import Profile
from gateway.config.profiles import Loaded
from gateway.mail.read import read as read_mail
from gateway.model.email import Email
from gateway.model.envelope import Envelope
from gateway.model.notice import Notice
from gateway.notices.read import read
from gateway.notices.source import Identity, Source, Sources

MOST_FILE = 1 << 20


@dataclass(frozen=True, slots=True)
class Mistake:
    """A fixture that does not give what it must. ``where`` is file and line."""

    where: str
    fixture: str
    what: str


def run(loaded: Loaded) -> list[Mistake]:
    """All fixtures of a profile."""
    out: list[Mistake] = []

    def mistake(number: int, key: str, what: str) -> None:
        where = loaded.locations.of("fixture", number, key)
        out.append(Mistake(where, loaded.profile.fixture[number].name, what))

    found: dict[str, Notice | None] = {}
    for number, fixture in enumerate(loaded.profile.fixture):
        try:
            raw = mail_of(fixture, loaded.path.parent)
        except (OSError, ValueError) as error:
            mistake(number, "file" if fixture.file else "name", f"no mail can be made of it: {error}")
            continue
        found[fixture.name] = notice = notice_of(read_mail(raw).email, loaded.profile)
        if (notice is not None) != fixture.matches:
            mistake(
                number, "matches", "is not known as a mail of the product" if fixture.matches else "is known as one"
            )
        elif notice is not None:
            for what in differences(fixture.gives, notice):
                mistake(number, "gives", what)
    for number, fixture in enumerate(loaded.profile.fixture):
        for what in _kinship(fixture, found):
            mistake(number, "gives", what)
    return out


def mail_of(fixture_part: FixturePart, folder: Path) -> bytes:
    """A fixture as a mail. Raises OSError and ValueError."""
    try:
        return _mail(fixture_part, folder)
    except (MessageError, LookupError, TypeError) as error:  # an address, a header or a type that is none
        raise ValueError(str(error) or "a header is not valid") from error


def _mail(fixture_part: FixturePart, folder: Path) -> bytes:
    if fixture_part.file:
        path = (folder / fixture_part.file).resolve()
        if folder.resolve() not in path.parents:
            raise ValueError(f"{fixture_part.file} is outside the folder of the profile")
        with path.open("rb") as stream:
            return stream.read(MOST_FILE)
    mail = EmailMessage()
    mail["From"] = _address(fixture_part.sender)
    mail["To"] = _address(fixture_part.to)
    mail["Subject"] = " ".join(fixture_part.subject.split())
    if fixture_part.date:
        mail["Date"] = fixture_part.date
    for name, value in fixture_part.headers.items():
        mail[name] = value
    if fixture_part.body or not fixture_part.html:
        mail.set_content(fixture_part.body)
        if fixture_part.html:
            mail.add_alternative(fixture_part.html, subtype="html")
    else:
        mail.set_content(fixture_part.html, subtype="html")
    for file in fixture_part.attachments:
        kind, _, subtype = file.content_type.partition("/")
        mail.add_attachment(file.text.encode(), maintype=kind, subtype=subtype, filename=file.filename)
    return mail.as_bytes()


def _address(text: str) -> Address:
    name, address = parseaddr(text)
    return Address(name, addr_spec=address)


def notice_of(email: Email, profile: Profile) -> Notice | None:
    """What a profile reads out of a mail whose sender is who he says: for trying it, without a configuration."""
    return read(email, envelope_of(email), Sources([source_of(email, profile)]))


def source_of(email: Email, profile: Profile) -> Source:
    """A profile as a source of a mail's own sender, where no configuration says who sends."""
    return Source.of(profile, Identity(senders_of(email, profile)), zone=ZoneInfo(profile.time.timezone or "UTC"))


def senders_of(email: Email, profile: Profile) -> frozenset[str]:
    """The profile's senders, or who wrote the mail and what it forwards."""
    inner = email.forwarded.sender if email.forwarded else None
    people = {value.key for value in (email.sender, inner) if value and value.address}
    return frozenset(profile.who.senders or people)


def envelope_of(email: Email) -> Envelope:
    address = email.sender.key if email.sender else ""
    recipient = email.to[0].address if email.to else "support@msp.example"
    return Envelope(address, recipient, verdict="pass", verdict_for=address, time=1_795_000_000.0)


def differences(gives: GivesPart, notice: Notice) -> list[str]:
    """What was read otherwise than it must, a line each."""
    out = []
    pairs = {name: getattr(gives, name) for name in _COMPARED}
    for name, wanted in pairs.items():
        got = getattr(notice, name)
        if wanted is not None and got != wanted:
            out.append(f"{name} is {got!r} instead of {wanted!r}")
    if tuple(sorted(notice.failed)) != tuple(sorted(gives.failed)):
        words = ", ".join(gives.failed) or "nothing"
        out.append(f"failed to read {', '.join(notice.failed) or 'nothing'} instead of {words}")
    for name, value in gives.fields.items():
        if notice.fields.get(name, "") != value:
            out.append(f"fields.{name} is {notice.fields.get(name, '')!r} instead of {value!r}")
    if gives.at is not None and _iso(notice.at) != _iso(_moment(gives.at)):
        out.append(f"at is {_iso(notice.at)!r} instead of {gives.at!r}")
    parts = tuple(f"{part.state} {': '.join(filter(None, (part.object, part.condition)))}" for part in notice.parts)
    if gives.parts is not None and parts != gives.parts:
        out.append(f"parts are {parts!r} instead of {gives.parts!r}")
    if gives.window is not None:
        got = tuple(_iso(moment) for moment in notice.window or ())
        if got != tuple(_iso(_moment(text)) for text in gives.window):
            out.append(f"window is {got!r} instead of {gives.window!r}")
    return out


_COMPARED = (
    "state",
    "word",
    "object",
    "condition",
    "title",
    "severity",
    "rank",
    "clients",
    "sequence",
    "objects",
    "incident",
    "expected",
)


def _kinship(fixture_part: FixturePart, found: Mapping[str, Notice | None]) -> list[str]:
    """Whether keys are equal and different as they must be."""
    notice, out = found.get(fixture_part.name), []
    if notice is None:
        return []
    for name in (fixture_part.gives.same_as, *fixture_part.gives.unlike):
        other = found.get(name) if name else None
        if other is None:
            continue
        wanted = name == fixture_part.gives.same_as  # whoever sent it: addresses in fixtures are examples
        same = other.key == notice.key and (wanted or other.scope == notice.scope)
        if same != wanted:
            verb = "the same" if same else "another"
            out.append(f"its key is {notice.key!r}, {verb} as {name!r} has: {other.key!r}")
    return out


def _moment(text: str) -> float:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return -1.0
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds > 0 else ""
