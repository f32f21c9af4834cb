"""The check of notices: fixtures that do not come out, proofs that prove nothing, names that the desk lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gateway.config.locations import Fault
from gateway.config.notices import NoticeSettings
from gateway.config.profile import Profile
from gateway.config.settings import Settings
from gateway.desk.catalog import Catalog, UnknownName
from gateway.mail.read import read as read_mail
from gateway.match import networks
from gateway.model.email import Address, Email
from gateway.model.envelope import Envelope
from gateway.notices import fixtures
from gateway.notices.read import read
from gateway.notices.source import Source, Sources
from gateway.work.sources import destination, ids_of, sources

_IDENTITY = ("profile", "desk", "senders", "networks", "logins", "token")


def check_profiles(settings: Settings) -> list[Fault]:
    """Fixtures of the profiles that are on or the operator's own, and notices that nothing can prove or reach."""
    used = {notice.profile for notice in settings.notice}
    faults = [
        Fault(mistake.where, f"profile {name!r}, fixture {mistake.fixture!r}: {mistake.what}")
        for name, loaded in sorted(settings.profiles.items())
        if loaded.own or name in used
        for mistake in fixtures.run(loaded)
    ]
    known = sources(settings)
    for number, notice in enumerate(settings.notice):
        for key, what in (
            *_doubtful(notice, settings),
            *_hidden(notice, settings.notice[:number]),
            *_taken(notice, settings, known),
        ):
            faults.append(Fault(settings.locations.of("notice", number, key), f"notice {notice.called!r}: {what}"))
    return faults


def _taken(notice: NoticeSettings, settings: Settings, known: Sources) -> Iterator[tuple[str, str]]:
    """What another notice takes of one's mail: a fixture of its profile, as if one of its senders had sent it.
    Generic profiles are meant to get what the others leave."""
    loaded = settings.profiles[notice.profile]
    source = known.named(notice.called)
    assert source is not None
    for fixture in (each for each in loaded.profile.fixture if each.matches and not loaded.profile.generic):
        try:
            email = read_mail(fixtures.mail_of(fixture, loaded.path.parent)).email
        except (OSError, ValueError):
            continue  # said where the fixtures are run
        email, envelope = _as_sent_by(source, email)
        found = read(email, envelope, known, desk=notice.desk, mailbox=notice.mailbox or "")
        taker = known.named(found.profile) if found else None
        if taker is not None and taker.profile is not source.profile:
            words = f"fixture {fixture.name!r} of its profile is taken by notice {taker.name!r}, which stands before"
            yield "profile", words
            return


def _as_sent_by(source: Source, email: Email) -> tuple[Email, Envelope]:
    """A mail as it comes from a source, with all of its proofs."""
    who = source.who
    address = email.sender.key if email.sender else ""
    if who.senders and not who.claimed(address):
        first = min(who.senders)
        address = first if "@" in first else f"notices@{first}"
        email = replace(email, sender=Address(address, email.sender.name if email.sender else ""))
    return email, Envelope(
        address,
        f"alerts+{who.token}@mailbox.example" if who.token else "alerts@mailbox.example",
        peer=str(who.networks[0].network_address) if who.networks else "",
        auth=min(who.logins, default=""),
        verdict="pass",
        verdict_for=address,
    )


def _doubtful(notice: NoticeSettings, settings: Settings) -> Iterator[tuple[str, str]]:
    """Proofs that prove nothing: (key, what)."""
    edge = settings.smtp
    relays = [networks.network(relay) for relay in edge.relays]
    for network in notice.networks:
        mine = networks.network(network)
        if any(mine.version == relay.version and mine.overlaps(relay) for relay in relays):
            yield "networks", f"{network} holds a relay: whatever comes through it would be proven"
    looks = edge.authserv_ids or edge.verdict.direct
    if not (notice.networks or notice.logins or notice.token or looks):
        yield (
            "senders",
            "nothing proves its mail: no verdicts are configured, and it has no networks, logins or token",
        )


def _hidden(notice: NoticeSettings, earlier: Sequence[NoticeSettings]) -> Iterator[tuple[str, str]]:
    """Whether an earlier notice has all of its mail."""
    for other in earlier:
        same = all(getattr(notice, key) == getattr(other, key) for key in _IDENTITY)
        if same and other.mailbox in (None, notice.mailbox) and set(other.when) <= set(notice.when):
            yield "", f"can never match: notice {other.called!r} has the same profile, senders and proofs"
            return


def check(settings: Settings, desk: str, catalog: Catalog) -> list[Fault]:
    """Names in notices and their profiles that the desk does not have."""
    faults = []
    aliases = {alias.casefold(): name for alias, name in settings.aliases.items()}
    for number, notice in enumerate(settings.notice):
        if notice.desk != desk:
            continue
        loaded = settings.profiles[notice.profile]
        profile = loaded.profile
        unknown = (*_unknown_place(notice, profile, catalog), *_unknown_clients(notice, profile, aliases, catalog))
        for section, key, what in unknown:
            where = loaded.locations.of(section, None, key) if section else settings.locations.of("notice", number, key)
            faults.append(Fault(where, f"notice {notice.called!r}: {what}"))
    return faults


Unknown = tuple[str, str, str]
"""The profile's section ("" for the notice itself), the key, and what is wrong with the name there."""


def _unknown_place(notice: NoticeSettings, profile: Profile, catalog: Catalog) -> Iterator[Unknown]:
    try:
        ids_of(destination(notice, profile), catalog)
    except UnknownName as error:
        said = getattr(notice, error.kind, "") or not getattr(profile.policy, error.kind, "")
        yield "" if said else "policy", error.kind, str(error)
    for section, priorities in (("", notice.priorities), ("severity", profile.severity.priorities)):
        for word, name in priorities.items():
            try:
                catalog.place("", "", name, "")
            except UnknownName as error:
                yield section, "priorities", f"{word!r}: {error}"


def _unknown_clients(
    notice: NoticeSettings, profile: Profile, aliases: dict[str, str], catalog: Catalog
) -> Iterator[Unknown]:
    named = [("", "client", notice.client), *(("", "aliases", name) for name in notice.aliases.values())]
    named += [("", "expect", expected.client) for expected in notice.expect]
    named += [("client", "aliases", name) for name in profile.client.aliases.values()]
    named += [("expect", "client", expected.client) for expected in profile.expect]
    for section, key, name in named:
        try:
            if name:
                catalog.client_id(aliases.get(name.casefold(), name))
        except UnknownName as error:
            yield section, key, str(error)
