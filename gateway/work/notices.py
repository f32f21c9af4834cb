"""Reading a mail as a notice, with the desk's ids in place of names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import structlog

from gateway.config.mailbox import MailboxSettings
from gateway.config.profile import KeyPart, Profile
from gateway.desk.catalog import Catalog, UnknownName
from gateway.match.ours import ours_of
from gateway.match.recipient import as_addressed
from gateway.model.email import Email
from gateway.model.envelope import Envelope
from gateway.model.notice import Notice, ResolvedNotice
from gateway.model.ownnotice import OwnNotice
from gateway.model.problem import missing_key
from gateway.notices.read import read
from gateway.notices.source import Identity, Source, Sources
from gateway.work.sources import ids_of

log = structlog.get_logger("work")


def _own(name: str, **handling: Any) -> Source:
    """A source of the gateway's own mail, which no window holds. No mail from outside is of it."""
    profile = Profile(name=name, title=name.replace("-", " ").capitalize(), key=KeyPart(object=("subject",)))
    return Source.of(profile, Identity(), handling=replace(profile.handling(), windows=False, **handling))


SILENCE = _own("silence")
"""The gateway's own word that something is silent (upkeep.silence)."""
WINDOWS = _own("windows", hold=0.0)
"""The summary of a maintenance window (upkeep.windows)."""
HELD_BACK = _own("held-back")
"""The gateway's own word that mail is held back (app.reports)."""
PROBE = _own("probe")
"""The gateway's own word that a probe does not come back (upkeep.probes)."""
CALENDARS = _own("calendars")
"""The gateway's own word that a calendar of maintenance windows cannot be read (upkeep.calendars)."""
OWN = {source.name: source for source in (SILENCE, WINDOWS, HELD_BACK, PROBE, CALENDARS)}


def resolved_notice(
    email: Email, envelope: Envelope, box: MailboxSettings, sources: Sources, catalog: Catalog | None
) -> ResolvedNotice | None:
    """The notice that a mail is, None for none. Without a catalog names stand for ids."""
    envelope = as_addressed(email, envelope, ours_of(box.taken_addresses))
    notice = _missing(envelope, sources) or read(email, envelope, sources, desk=box.desk, mailbox=box.address)
    source = _source_of(notice, envelope, sources) if notice else None
    if notice is None or source is None:
        return None
    missing: tuple[str, ...] = ()
    each = ""
    if notice.expected and not envelope.internal:
        each = (
            notice.object
            if any(expected.name == notice.expected and expected.each for expected in source.expect)
            else ""
        )
        missing = (missing_key(notice.expected, each),)
    priorities, closed = {}, {}
    if catalog is not None:
        priorities = {priority.name.casefold(): priority.id for priority in catalog.priorities}
        closed = {board: status for board in catalog.boards if (status := catalog.closed_status(board))}
    return ResolvedNotice(
        notice,
        box.desk,
        destination=_destination(source, catalog),
        priorities=priorities,
        closed=closed,
        missing=missing,
        each=each,
        client_id=OwnNotice.of_json(envelope.internal).client_id if envelope.internal else "",
    )


def _destination(source: Source, catalog: Catalog | None) -> dict[str, str]:
    """Where the source's tickets go, but for the mailbox's; a name that the desk lacks is left out, and with a board
    its status and category."""
    named = dict(source.destination)
    if catalog is None:
        return {f"{key}_id": f"{key} {name}" for key, name in named.items()}
    while named:
        try:
            return ids_of(named, catalog)
        except UnknownName as error:
            log.error("destination of a notice not used", notice=source.name, why=str(error))
            lacking = {error.kind} if error.kind in named else {"board"}
            if "board" in lacking:
                lacking |= {"status", "category"}
            named = {key: name for key, name in named.items() if key not in lacking}
    return {}


def _named(name: str, sources: Sources) -> Source | None:
    return OWN.get(name) or sources.named(name)


def _speaking(name: str, state: str, sources: Sources) -> Source | None:
    """Who speaks in a mail of the gateway's own. The end of an alarm may be about a notice that is no longer in the
    configuration (upkeep.leftovers)."""
    return _named(name, sources) or (_own(name) if state == "close" else None)


def _source_of(notice: Notice, envelope: Envelope, sources: Sources) -> Source | None:
    if envelope.internal:
        return _speaking(notice.profile, notice.state, sources)
    return _named(notice.profile, sources)


def _missing(envelope: Envelope, sources: Sources) -> Notice | None:
    """The gateway's own word: that an expected mail did not come, that something is silent, what a window held."""
    if not envelope.internal:
        return None
    own = OwnNotice.of_json(envelope.internal)
    source = _speaking(own.source, own.state, sources)
    if source is None:
        return None
    return Notice(
        profile=source.name,
        state=own.state,
        key=own.key or missing_key(own.expectation, own.object),
        object=own.object or own.expectation,
        condition=own.condition,
        title=own.title,
        proven=True,
        proof="the gateway's own",
        word=own.word or ("missing" if own.state == "open" else "comes again"),
        clients=tuple(filter(None, [own.client])),
        handling=replace(source.handling, storm=0),
    )
