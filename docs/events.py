"""The events of the log: where they are written is found in the code, what they mean stands here.

docs/generate.py makes docs/events.md of both; a test fails when an event has no meaning, or a meaning no event.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path

LEVELS = ("debug", "info", "warning", "error", "critical")
SAID_BY_ALL = ("exc_info",)  # becomes "exception", the traceback


@dataclass(slots=True)
class Event:
    """``fields`` in the order of the code."""

    name: str
    levels: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)


def found(package: Path) -> dict[str, Event]:
    """Every event that the code of a package logs, by its name."""
    events: dict[str, Event] = {}
    for file in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not (levels := _levels(node.func)):
                continue
            named = [keyword.arg for keyword in node.keywords if keyword.arg and keyword.arg not in SAID_BY_ALL]
            for name in _names(node.args[0]):
                event = events.setdefault(name, Event(name))
                event.fields += [key for key in named if key not in event.fields]
                event.levels += [level for level in levels if level not in event.levels]
    return events


def _levels(called: ast.expr) -> tuple[str, ...]:
    """Of ``log.info(…)`` or ``say(…)``, a level that is chosen first; () for what is no line of the log."""
    match called:
        case ast.Attribute(value=ast.Name(id="log"), attr=level) if level in LEVELS:
            return (level,)
        case ast.Name(id="say"):
            return ("info", "warning")
    return ()


def _names(said: ast.expr) -> list[str]:
    match said:
        case ast.Constant(value=str(name)):
            return [name]
        case ast.IfExp(body=ast.Constant(value=str(name)), orelse=ast.Constant(value=str(other))):
            return [name, other]
    return ["cannot go on"]  # gateway/processes/life.py


# The chapters of the page, and what each event means.
CHAPTERS: dict[str, dict[str, str]] = {
    "A mail": {
        "accepted": "The mail has its 250. `delivery` is the id in that reply; one line for each mailbox.",
        "refused": "A command or a mail was refused: `reason` and `code` as in docs/smtp.md, `about` the recipient or "
        "argument in question, `mail_from` whose mail it was.",
        "finished": "The mail is at its end. `became` is ticket, comment, suppressed or quarantined; `reason` as in docs/flow.md "
        '"Reasons"; `ticket` the number; `sender` the address in From; `seconds` since it was accepted.',
        "deferred": "It will be tried again in `seconds`; `why` says what it waits for.",
        "held": "A maintenance window holds its problem; it is decided again in `seconds` (docs/windows.md).",
        "waits": "It waits for an earlier mail of its thread (`behind`).",
        "effect ended": "One change at the desk has its final state.",
        "outcome unknown": "The desk gave no clear answer to a write. The gateway will look whether it was carried out.",
        "adopted": "What was sent without a clear answer is at the desk: the ticket, comment or document is taken as the outcome.",
        "doubled effect": "The desk has the effect twice: it carried out a request long after it was given up. The double is "
        "marked by an internal comment.",
        "late look failed": "A second look for doubles failed; it will be repeated.",
        "no late look": "A second look for doubles is not possible: the row cannot be read.",
        "effect damaged: no late look": "The same.",
        "malware refused": "The virus scanner found `virus` in a mail, which was refused.",
        "held files scanned": "Files that waited for the virus scanner were scanned.",
        "held files damaged": "The list of a mail's held files cannot be read.",
        "held files not read": "The held files of a mail cannot be read from the spool.",
        "claim ran out": "The work on a mail took longer than its lease; somebody else may have taken it over.",
        "claims not renewed": "The leases of the mail under work could not be lengthened; the next try is soon.",
        "claim lost": "Somebody else took the mail over. Nothing is done twice.",
        "step failed": "A step failed with an error that nobody expected. The mail is tried again. Report the traceback.",
        "parser died": "The process that read the mail crashed or hung; after the third time the mail is quarantined.",
    },
    "The desk": {
        "desk away": "No mail is sent to the desk: it does not answer, or refuses the key. `waits_for` says which.",
        "desk is back": "Mail goes on, `after` so many seconds.",
        "names of the desk not read": "The lists of boards, clients and so on could not be read.",
        "mailbox cannot work": "The desk does not have a name that the mailbox needs. Its mail waits; run `gateway check`.",
        "list not read, mail goes on without": "A list that is not needed for every mail could not be read.",
        "list read again": "That list was read.",
        "answer not understood": "The answer is not one that AlgaPSA gives: a proxy's page, or a failure.",
        "the desk's lists do not show what the key makes": "The key's user does not see the client's tickets. Give it access to all clients.",
        "destination of a notice not used": "The desk does not have the board, client or category that a notice names.",
        "domain has too many contacts": "A mail domain has more contacts at the desk than are read, so no client is inferred from it for an hour. A `[[domain]]` names its client.",
        "domain not used": "The desk does not have the client of a `[[domain]]`.",
        "rule not used": "The desk does not have what a `[[rule]]` names. The rule is passed over; run `gateway check`.",
        "priority not used": "The desk does not have a priority of `priorities` or `[importance]`.",
        "desk in shadow: nothing is written there": 'At the start: the desk has `mode = "shadow"`.',
        "the shadow of the desk is over": "The desk is live; `ended` counts mail whose plan was ended with the shadow.",
    },
    "Connections": {
        "listening": "A listener has its port.",
        "new certificate": "The files of the certificate changed, and the new one is used.",
        "certificate not taken": "The new files do not fit together or cannot be read; the old certificate stays in use.",
        "logged in": "A client logged in (AUTH).",
        "wrong password": "A client gave a wrong password.",
        "no TLS": "A client and the gateway could not agree on TLS.",
        "PROXY header refused": "A balancer sent a PROXY header that cannot be read.",
        "overload": "Mail is deferred for `reason` (docs/smtp.md).",
        "overload over": "Mail is accepted again.",
        "queue depth not known": "The store did not say how much mail is pending.",
        "disk full": "The disk is below its reserve (`min_free`): mail is deferred.",
        "not accepted": "The store failed while a mail was accepted: it was deferred, and the client still has it.",
        "spool failed": "A mail could not be written to the spool.",
        "scanner away": "The virus scanner does not answer.",
        "scanner still away": "Files that wait for the scanner still wait.",
        "verdict failed": "The sender could not be verified because of an error. The verdict is unknown.",
        "SPF failed": "SPF could not be evaluated because of an error.",
        "DKIM failed": "A DKIM signature could not be checked because of an error.",
        "looked up": "What DNS says of a sender's domain.",
        "session failed": "An error that nobody expected ended a session with 421. Report the traceback.",
    },
    "The store": {
        "the database is damaged": "A row or page cannot be read (docs/operate.md).",
        "database too large to be checked whole at the start": "`gateway verify` checks all of it.",
        "orphans swept": "Files in the spool that nothing refers to were removed.",
        "sweep failed": "Files in the spool that nothing refers to could not be removed.",
        "recovered": "At the start: claims of the last run were freed.",
        "deleted": "Retention deleted what was too old.",
        "a backup is made: nothing is deleted": "Retention waits for the backup.",
        "another replica deletes": "Another process does this round.",
        "refusals not written": "The list of refused mail could not be written; mail is not affected.",
        "arrivals cannot be imported now": "Accepted mail waits in the arrivals, and will be tried again.",
        "arrivals that were set aside are tried again": "At the start.",
        "an arrival cannot be imported: it is kept in the arrivals": "Look at `why`; the mail is safe, and does not reach the "
        "desk before the cause is corrected.",
        "arrivals held": "The process in `by` has written into the arrivals for too long: it hangs or is stopped. Mail is "
        "answered with 451 until it goes on, or is ended (docs/operate.md \"Processes\").",
        "arrivals free again": "It did.",
        "not imported": "An arrival failed with an error that nobody expected.",
        "clock was set, or differs from the database's": "The machine's clock was set, or differs from the database's by so many `seconds`.",
        "time of day not known": "The database did not say what time it is.",
        "schema is newer and compatible": "A newer version migrated the database; this one goes on.",
        "several processes need a store.spool that all of them share, or store.objects": "At the start, with PostgreSQL.",
        "LISTEN lost": "PostgreSQL's notifications are gone; the gateway looks for mail by itself, and connects again.",
    },
    "Vendors, silence, operators": {
        "expected mail is missing": "A mail that a notice expects did not come; it became a ticket.",
        "nothing of people comes into a mailbox": "People's mail has stopped for longer than ever at that time of the week, while mail of machines still comes.",
        "nothing comes into a mailbox": "For longer than ever at that time of the week (docs/operate.md).",
        "nothing comes from a source": "Nothing comes from the source of a notice with `silence`, for longer than ever (docs/notices.md).",
        "mail comes again": "Into that mailbox, or from that source.",
        "desk gone": "The configuration has no longer a desk for which so many `mails` wait, or at which so many `tickets` "
        "of problems are open that nothing closes.",
        "calendar read": "A fetched calendar of maintenance windows changed some.",
        "calendar not read": "Such a calendar is away or damaged (`why`); its windows stay as they were.",
        "window over": "A maintenance window that held something ended; its summary was written (docs/windows.md).",
        "window not used": "A maintenance window holds nothing; `why` says what is wrong with it.",
        "acted": "Somebody acted in the console.",
        "a page failed": "A page of the console failed because of an error in the gateway; the traceback follows.",
        "login refused": "A login to the console failed; `why` gives the reason of one at the identity provider.",
        "the identity provider does not answer": "Nobody can log in by it; `error` says what is wrong with its answers.",
        "logins are slow": "Somebody guesses the password of a name, or many names; this login has to wait.",
        "too many logins": "Logins from there are refused for a while.",
        "console": "The console listens.",
        "the store did not answer": "A page of the console could not be shown.",
    },
    "Letters": {
        "told what is held back": "A mail about what was held back was written to the people whom `[reports]` names.",
        "sent": "A mail of the gateway's own (the morning mail, a mail that is held back) was given to the smarthost.",
        "not sent": "A mail of the gateway's own was not sent, and will not be; `answer` is the smarthost's.",
        "probe not sent": "The server of a probe did not take it: `why` is what it said. `again`: it is tried again.",
        "probe may be sent": "The answer of the server was lost; whether the probe comes is seen here.",
        "probe missing": "A probe did not come back in time; a ticket says so, once.",
        "alarm left over": "What it was about is not in the configuration any more; its ticket ends.",
        "alarm left at a desk that is gone": "The alarm's desk is no longer in the configuration, so nothing here can close "
        "its `tickets`: close them at the desk. It is said at each start, until the desk is configured again.",
        "probe arrives again": "A probe came back in time; the ticket closes.",
        "sender told": "The sender of a mail that waits because the desk is away is told so, where the mailbox wants that.",
        "letters wait for a smarthost": "Mail of the gateway's own waits, and the configuration names no smarthost any more. "
        "Each is given up (`not sent`) once its time is over.",
        "not sent yet": "The smarthost could not be reached or deferred it; it is tried again at `again_at`.",
    },
    "The process": {
        "starting": "The process starts.",
        "configuration taken": "The changed configuration is in use (SIGHUP or `gateway reload`); `needs_restart` names what is not.",
        "whatif": "Somebody (`who`) tries other rules on past mail in the console.",
        "configuration refused, the old one stays": "`why` says what is wrong with the new one.",
        "configuration not taken": "The worker did not answer; try again.",
        "first claim": "The worker took its first mail.",
        "worker failed": "The worker met an error that nobody expected, and goes on.",
        "draining": "The process was asked to end, and finishes what is under way.",
        "stopped": "It ended.",
        "part failed": "A part of the process failed: the process ends, and is started again by its supervisor.",
        "process ended, starts again": "A listener or worker process ended, and is started again.",
        "cannot start": "A process cannot start.",
        "cannot go on": "The process ends at once, because nothing is known after a failed commit, or the database is damaged. "
        "Accepted mail is safe.",
    },
}
MEANING = {name: words for chapter in CHAPTERS.values() for name, words in chapter.items()}
