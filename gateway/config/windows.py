"""Maintenance windows and calendars as the configuration writes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gateway.config.profile import ProfileName
from gateway.config.types import MailAddress, Name, Network, Section, SenderText, Span, Token, Zone, did_you_mean
from gateway.match import recurrence
from gateway.match.recurrence import NotUnderstood
from gateway.model.window import ANY, CALENDAR, FILE, Maintenance

NARROWS = 'client: expected the client whose problems are held, or profiles; client = "*" is all of them'


def _repeat(text: str) -> str:
    try:
        return recurrence.rule_of(text)
    except NotUnderstood as error:
        raise ValueError(str(error)) from error


def _local(value: Any) -> Any:
    """A time as TOML has it, too."""
    return value.isoformat(" ", "minutes") if isinstance(value, datetime) else value


LocalTime = Annotated[str, BeforeValidator(_local)]


class ScopeSettings(Section):
    """Whose problems are held."""

    name: Name = Field(description="name in lists, traces and the summary")
    desk: Name = Field("default", description="name of the desk, with several desks")
    client: str = Field("", description='the client whose problems are held, by name or alias; "*" for all')
    objects: tuple[Name, ...] = Field(
        (), description="only those of these devices or jobs: their names, as whole words, or patterns with *"
    )
    profiles: tuple[ProfileName, ...] = Field((), description="only those of these [[notice]], by name")
    grace: Span = Field(
        0.0, description="how long after the end to wait for the news that it is over, before a ticket is made"
    )

    @model_validator(mode="after")
    def _narrows(self) -> ScopeSettings:
        if not self.client and not self.profiles:
            raise ValueError(NARROWS)
        return self


class WindowSettings(ScopeSettings):
    """A time in which new problems are expected: they are held, and told in one summary at its end."""

    begin: LocalTime = Field(description="when it begins (the first time), as local time: 2026-12-05 22:00")
    end: LocalTime = Field(description="when it ends")
    repeat: Annotated[str, AfterValidator(_repeat)] = Field(
        "",
        description="daily, weekly, monthly, yearly, or a rule of RFC 5545 such as FREQ=MONTHLY;BYDAY=2TU; once when "
        "empty",
    )
    without: tuple[date, ...] = Field((), description="days on which it does not take place, YYYY-MM-DD")
    timezone: Zone = Field("", description="time zone of its times; the configuration's when empty")

    def maintenance(self, zone: str) -> Maintenance:
        """The window; ``zone`` is the configuration's. Raises NotUnderstood."""
        found = Maintenance(
            id=f"{FILE} {self.desk} {self.name}",
            name=self.name,
            desk=self.desk,
            begin=self.begin,
            end=self.end,
            zone=self.timezone or zone,
            repeat=self.repeat,
            without=self.without,
            client=self.client or ANY,
            objects=self.objects,
            profiles=self.profiles,
            grace=self.grace,
        )
        recurrence.check(found)
        return found


class CalendarSettings(ScopeSettings):
    """A calendar whose events are windows: mailed by its proven sender, or fetched."""

    url: str = Field("", description="where it is fetched: https://…; else it is mailed")
    every: Span = Field(900.0, description="time from one fetch to the next")
    senders: tuple[SenderText, ...] = Field(
        (), description="addresses or domains in From that mail it; proof is a passing verdict for it"
    )
    networks: tuple[Network, ...] = Field((), description="networks of peers; proof of all mail that comes from there")
    logins: tuple[Name, ...] = Field((), description="[[smtp.users]]; proof of all mail sent with that login")
    token: Token | None = Field(
        None, description='the part after "+" in the recipient; proof of the mail. At least 12 letters and digits'
    )
    mailbox: MailAddress | None = Field(None, description="only mail to this mailbox")
    holds: Literal["named", "all"] = Field(
        "named",
        description="named: an event holds only problems of objects that it names, by whole words; all: all problems "
        "that fit client, objects and profiles",
    )
    timezone: Zone = Field(
        "",
        description="time zone for times without one; when empty the one that the calendar names (X-WR-TIMEZONE), else "
        "the configuration's",
    )

    @model_validator(mode="after")
    def _one_way(self) -> CalendarSettings:
        mailed = bool(self.senders or self.networks or self.logins or self.token)
        if mailed == bool(self.url):
            raise ValueError("url: expected either url, or senders, networks, logins or a token of who mails it")
        if self.url and not self.url.startswith("https://"):
            raise ValueError("url: expected https://…")
        if self.every < 60:
            raise ValueError("every: expected at least 60 seconds")
        return self


def misfit(
    windows: tuple[WindowSettings, ...],
    calendars: tuple[CalendarSettings, ...],
    desks: Collection[str],
    notices: Collection[str],
    logins: Collection[str],
    homes: Mapping[str, str],
    zone: str,
) -> str:
    """What does not fit between windows and the rest of the configuration, "" for nothing; begins with the place.
    ``homes`` are the desks of the mailboxes."""
    seen: set[tuple[str, str, str]] = set()
    for kind, parts in (("window", windows), (CALENDAR, calendars)):
        for number, part in enumerate(parts, 1):
            what = ""
            if part.desk not in desks:
                what = f"desk: {part.desk!r} is not configured"
            elif other := set(part.profiles) - set(notices):
                known = ", ".join(sorted(notices)) or "none"
                what = f"profiles: {min(other)!r} is no [[notice]]; there are: {known}"
            elif (kind, part.desk, part.name) in seen:
                what = f"name: {part.name!r} is taken; expected a different name"
            elif isinstance(part, CalendarSettings) and (other := set(part.logins) - set(logins)):
                what = f"logins: {min(other)!r} is not one of [[smtp.users]]"
            elif isinstance(part, CalendarSettings) and part.mailbox and homes.get(part.mailbox) != part.desk:
                what = f"mailbox: {_elsewhere(part.mailbox, part.desk, homes)}"
            elif isinstance(part, WindowSettings):
                what = _times(part, zone)
            if what:
                return f"{kind}.{number}: {what}"
            seen.add((kind, part.desk, part.name))
    return ""


def _elsewhere(mailbox: str, desk: str, homes: Mapping[str, str]) -> str:
    """Why no calendar of the desk can come to this mailbox."""
    if mailbox in homes:
        return f"{mailbox} is of desk {homes[mailbox]!r}; expected one of desk {desk!r}"
    return f"{mailbox} is not configured{did_you_mean(mailbox, homes)}"


def _times(window: WindowSettings, zone: str) -> str:
    try:
        window.maintenance(zone)
    except NotUnderstood as error:
        return f"begin: {error}"
    return ""
