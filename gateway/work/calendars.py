"""The calendars of maintenance windows that are mailed: whose they are, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import Settings
from gateway.config.windows import CalendarSettings
from gateway.decide.sender import address_of
from gateway.match.ours import ours_of
from gateway.match.recipient import as_addressed
from gateway.model.email import Email
from gateway.model.envelope import Envelope
from gateway.model.window import ANY, CALENDAR, Maintenance, MaintenanceCalendar
from gateway.notices import calendars
from gateway.notices.source import Identity


@dataclass(frozen=True, slots=True)
class CalendarSource:
    """A configured calendar, ready to be read."""

    said: CalendarSettings
    who: Identity
    like: Maintenance
    zone: ZoneInfo

    def read(self, text: str, proof: str = "") -> MaintenanceCalendar:
        return calendars.read(
            text, self.like, self.zone, self.said.holds == "named", proof, fixed=bool(self.said.timezone)
        )


def source_of(said: CalendarSettings, settings: Settings) -> CalendarSource:
    like = Maintenance(
        id="",
        name="",
        desk=said.desk,
        begin="",
        end="",
        zone="",
        client=said.client or ANY,
        objects=said.objects,
        profiles=said.profiles,
        grace=said.grace,
        origin=CALENDAR,
        calendar=said.name,
    )
    return CalendarSource(said, Identity.of(said), like, ZoneInfo(said.timezone or settings.timezone))


def mailed(settings: Settings) -> tuple[CalendarSource, ...]:
    return tuple(source_of(said, settings) for said in settings.calendar if not said.url)


def calendar_of(
    email: Email, envelope: Envelope, box: MailboxSettings, sources: Sequence[CalendarSource]
) -> MaintenanceCalendar | None:
    """The calendar that a mail is; None for a mail without one, and for one whose sender is not proven."""
    texts = [file.text for file in email.data if file.kind == "calendar"]
    if not sources or not texts:
        return None
    address, envelope = address_of(email), as_addressed(email, envelope, ours_of(box.taken_addresses))
    for source in sources:
        if source.said.desk != box.desk or source.who.mailbox not in ("", box.address):
            continue
        if source.who.claimed(address) and (proof := source.who.proof(address, envelope)):
            found = [source.read(text, proof) for text in texts]
            return MaintenanceCalendar(
                source.said.name,
                proof,
                tuple(event for calendar in found for event in calendar.events),
                tuple(trouble for calendar in found for trouble in calendar.troubles),
            )
    return None
