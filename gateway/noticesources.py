"""The profiles that are on, as sources ready to run, and the check of what they carry."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from gateway.config import Settings
from gateway.desk.catalog import Catalog, UnknownName
from gateway.noticeconfig import NoticeSettings
from gateway.notices import fixtures
from gateway.notices.notice import Handling
from gateway.notices.profile import Profile
from gateway.notices.source import Identity, Source, Sources
from gateway.notices.words import folded
from gateway.rules import Fault


def sources(settings: Settings) -> Sources:
    """The sources of all desks."""
    return Sources([_source(one, settings) for one in settings.notice])


def _source(one: NoticeSettings, settings: Settings) -> Source:
    profile = settings.profiles[one.profile].profile
    who = Identity(
        senders=frozenset(one.senders or profile.who.senders),
        networks=tuple(ipaddress.ip_network(network) for network in one.networks),
        logins=frozenset(one.logins),
        token=one.token.get_secret_value().lower() if one.token else "",
        mailbox=one.mailbox or "",
    )
    return Source.of(
        profile,
        who,
        name=one.called,
        when=tuple(part.node() for part in one.when),
        handling=one.over(profile.policy.over(Handling())),
        desk=one.desk,
        dedicated=one.dedicated,
        client=one.client,
        aliases={folded(text): name for text, name in one.aliases.items()},
        priorities=one.priorities,
        zone=ZoneInfo(one.timezone or profile.time.timezone or settings.timezone),
        expect=one.expect,
        destination=_destination(one, profile),
    )


def _destination(one: NoticeSettings, profile: Profile) -> dict[str, str]:
    """The names of board, status, priority and the category's id: the notice's, else the profile's. A status
    and a category belong to their board."""
    out = {}
    for key in ("board", "status", "priority", "category"):
        said = getattr(one, key)
        if not said and not (one.board and key in ("status", "category")):
            said = getattr(profile.policy, key)
        if said:
            out[key] = said
    return out


def proofs(one: NoticeSettings, profile: Profile) -> str:
    """What proves a notice's mail, in words."""
    senders = one.senders or profile.who.senders
    parts = [
        f"a passing verdict for {', '.join(senders)}" if senders else "",
        f"networks {', '.join(one.networks)}" if one.networks else "",
        f"logins {', '.join(one.logins)}" if one.logins else "",
        "its token" if one.token else "",
    ]
    return "; ".join(filter(None, parts))


def check_profiles(settings: Settings) -> list[Fault]:
    """Fixtures of the profiles that are on or the operator's own, and sources that nothing can prove or reach."""
    used = {one.profile for one in settings.notice}
    loaded = [one for name, one in sorted(settings.profiles.items()) if one.own or name in used]
    faults = [
        Fault(mistake.where, f"profile {one.profile.name!r}, fixture {mistake.fixture!r}: {mistake.what}")
        for one in loaded
        for mistake in fixtures.run(one)
    ]
    for number, notice in enumerate(settings.notice):
        for key, what in _doubtful(notice, settings):
            faults.append(Fault(settings.places.of("notice", number, key), f"notice {notice.called!r}: {what}"))
        for earlier in settings.notice[:number]:
            if _hides(earlier, notice):
                what = f"can never match: notice {earlier.called!r} has the same profile, senders and proofs"
                faults.append(Fault(settings.places.of("notice", number), f"notice {notice.called!r}: {what}"))
                break
    return faults


def _doubtful(one: NoticeSettings, settings: Settings) -> list[tuple[str, str]]:
    """Proofs that prove nothing: (key, what)."""
    out = []
    edge = settings.smtp
    relays = [ipaddress.ip_network(relay) for relay in edge.relays]
    for network in one.networks:
        mine = ipaddress.ip_network(network)
        if any(mine.version == relay.version and mine.overlaps(relay) for relay in relays):
            out.append(("networks", f"{network} holds a relay: whatever comes through it would be proven"))
    looks = edge.authserv_ids or edge.verdict.direct
    if not (one.networks or one.logins or one.token or looks):
        out.append(
            ("senders", "nothing proves its mail: no verdicts are configured, and it has no networks, logins or token")
        )
    return out


def _hides(earlier: NoticeSettings, later: NoticeSettings) -> bool:
    """Whether all mail of the later notice is the earlier one's."""
    same = ("profile", "desk", "senders", "networks", "logins", "token")
    if any(getattr(earlier, key) != getattr(later, key) for key in same):
        return False
    return earlier.mailbox in (None, later.mailbox) and set(earlier.when) <= set(later.when)


def check(settings: Settings, desk: str, catalog: Catalog) -> list[Fault]:
    """Names in notices that the desk does not have."""
    faults = []
    aliases = {alias.casefold(): name for alias, name in settings.aliases.items()}
    for number, one in enumerate(settings.notice):
        if one.desk != desk:
            continue
        profile = settings.profiles[one.profile].profile
        for key, what in (*_unknown_place(one, profile, catalog), *_unknown_clients(one, aliases, catalog)):
            faults.append(Fault(settings.places.of("notice", number, key), f"notice {one.called!r}: {what}"))
    return faults


def _unknown_place(one: NoticeSettings, profile: Profile, catalog: Catalog) -> Iterator[tuple[str, str]]:
    named = _destination(one, profile)
    try:
        catalog.place(named.get("board", ""), named.get("status", ""), named.get("priority", ""), "")
    except UnknownName as error:
        yield str(error).split()[0], str(error)
    for word, name in {**profile.severity.priorities, **one.priorities}.items():
        try:
            catalog.place("", "", name, "")
        except UnknownName as error:
            yield "priorities", f"{word!r}: {error}"


def _unknown_clients(one: NoticeSettings, aliases: dict[str, str], catalog: Catalog) -> Iterator[tuple[str, str]]:
    named = [("client", one.client), *(("aliases", name) for name in one.aliases.values())]
    named += [("expect", expected.client) for expected in one.expect]
    for key, name in named:
        try:
            if name:
                catalog.client_id(aliases.get(name.casefold(), name))
        except UnknownName as error:
            yield key, str(error)
