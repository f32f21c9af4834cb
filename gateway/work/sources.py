"""The profiles that are on, as sources ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from gateway.config.notices import NoticeSettings
from gateway.config.profile import Profile
from gateway.config.settings import Settings
from gateway.desk.catalog import Catalog
from gateway.match.words import folded
from gateway.notices.source import Identity, Source, Sources


def sources(settings: Settings) -> Sources:
    """The sources of all desks."""
    return Sources([_source(notice, settings) for notice in settings.notice])


def _source(notice: NoticeSettings, settings: Settings) -> Source:
    profile = settings.profiles[notice.profile].profile
    return Source.of(
        profile,
        Identity.of(notice, profile.who.senders),
        name=notice.called,
        when=tuple(part.node() for part in notice.when),
        handling=notice.over(profile.handling()),
        desk=notice.desk,
        dedicated=notice.dedicated,
        client=notice.client,
        aliases={folded(text): name for text, name in notice.aliases.items()},
        priorities=notice.priorities,
        zone=ZoneInfo(notice.timezone or profile.time.timezone or settings.timezone),
        expect=notice.expect,
        destination=destination(notice, profile),
    )


def destination(notice: NoticeSettings, profile: Profile) -> dict[str, str]:
    """The names of board, status, priority and category: the notice's, else the profile's. A status and a category
    belong to their board."""
    out = {}
    for key in ("board", "status", "priority", "category"):
        said = getattr(notice, key)
        if not said and not (notice.board and key in ("status", "category")):
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


def proofs(notice: NoticeSettings, profile: Profile) -> str:
    """What proves a notice's mail, in words."""
    senders = notice.senders or profile.who.senders
    parts = [
        f"a passing verdict for {', '.join(senders)}" if senders else "",
        f"networks {', '.join(notice.networks)}" if notice.networks else "",
        f"logins {', '.join(notice.logins)}" if notice.logins else "",
        "its token" if notice.token else "",
    ]
    return "; ".join(filter(None, parts))
