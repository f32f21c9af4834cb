"""Notices as the configuration writes them: which profiles are on, for whose mail, and what differs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from gateway.config.handling import HandlingPart
from gateway.config.profile import ExpectPart, Profile, ProfileName
from gateway.config.rules import ConditionSettings
from gateway.config.types import MailAddress, Name, Network, Section, SenderText, Token, Zone
from gateway.match.words import folded


class NoticesSettings(Section):
    """Profiles of vendor notices."""

    folder: Path | None = Field(None, description="folder of own profiles; notices beside the configuration when empty")


class NoticeSettings(HandlingPart):
    """Turns a profile on for one source of mail; without it no profile is on. Keys that are left out are as the profile
    says."""

    profile: ProfileName = Field(description="name of the profile: a shipped one, or one in the folder")
    name: ProfileName | None = Field(None, description="name in traces and lists; the profile's when empty")
    desk: Name = Field("default", description="name of the desk, with several desks")
    mailbox: MailAddress | None = Field(None, description="only mail to this mailbox")
    senders: tuple[SenderText, ...] = Field(
        (), description="addresses or domains in From; proof is a passing verdict for it"
    )
    networks: tuple[Network, ...] = Field((), description="networks of peers; proof of all mail that comes from there")
    logins: tuple[Name, ...] = Field((), description="[[smtp.users]]; proof of all mail sent with that login")
    token: Token | None = Field(
        None, description='the part after "+" in the recipient; proof of the mail. At least 12 letters and digits'
    )
    dedicated: bool = Field(
        False, description="nothing else comes from there: mail that does not look like the product counts as not read"
    )
    when: tuple[ConditionSettings, ...] = Field((), description="conditions besides the profile's; all must hold")
    client: str = Field("", description="the client that all its mail is about, by name or alias")
    aliases: dict[str, str] = Field(
        {}, description="what a mail calls a client (such as an account number) = the client"
    )
    priorities: dict[str, str] = Field({}, description="the desk's priority for a severity word of the profile")
    timezone: Zone = Field("", description="time zone for times without one; the configuration's when empty")
    silence: Literal["ticket", "log", "off"] = Field(
        "off",
        description="what to do when nothing comes from the source for longer than ever: a ticket, a line in the log, "
        "nothing",
    )
    expect: tuple[ExpectPart, ...] = Field((), description="mails that have to arrive, besides the profile's")

    @property
    def called(self) -> str:
        """Its name: its own, else the profile's."""
        return self.name or self.profile


def misfit(notice: NoticeSettings, profile: Profile) -> str:
    """What does not fit between a notice and its profile, "" for nothing; begins with the key."""
    if not (notice.senders or notice.networks or notice.logins or notice.token or profile.who.senders):
        return "senders: expected senders, networks, logins or a token: nothing else says whose mail it is"
    if notice.dedicated and not (notice.networks or notice.logins or notice.token):
        return "dedicated: expected networks, logins or a token: from a domain other mail comes as well"
    levels = profile.severity.words()
    for word in notice.priorities:
        if folded(word) not in levels:
            return f"priorities: {word!r} is no severity of the profile, which has {', '.join(levels) or 'none'}"
    names = [other.name for other in (*profile.expect, *notice.expect)]
    if len(set(names)) < len(names):
        return "expect: expected a different name for each"
    return ""
