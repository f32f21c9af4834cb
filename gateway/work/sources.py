"""The profiles that are on, as sources ready to run."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from gateway.config.notices import NoticeSettings
from gateway.config.profile import Profile
from gateway.config.settings import Settings
from gateway.desk.algapsa.catalog import Catalog
from gateway.match.words import folded
from gateway.model.notice import Handling
from gateway.notices.source import Identity, Source, Sources


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
        destination=destination(one, profile),
    )


def destination(one: NoticeSettings, profile: Profile) -> dict[str, str]:
    """The names of board, status, priority and category: the notice's, else the profile's. A status and a category
    belong to their board."""
    out = {}
    for key in ("board", "status", "priority", "category"):
        said = getattr(one, key)
        if not said and not (one.board and key in ("status", "category")):
            said = getattr(profile.policy, key)
        if said:
            out[key] = said
    return out


def ids_of(named: Mapping[str, str], catalog: Catalog) -> dict[str, str]:
    """The desk's ids for the names of a destination. Raises UnknownName."""
    ids = catalog.place(named.get("board", ""), named.get("status", ""), named.get("priority", ""), "")
    if "category" in named:
        ids["category_id"] = catalog.category(ids["board_id"], named["category"])
    return ids


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
