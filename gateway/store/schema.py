"""The tables. Unique keys do the locking; nothing checks first and inserts after.

Times are seconds since the epoch. All state is scoped by desk. The module is long since every table is declared here.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TextClause,
    false,
    text,
    true,
)

from gateway.store import reading
from gateway.store.reading import Json

metadata = MetaData()

_Serial = BigInteger().with_variant(Integer(), "sqlite")


def _partial(name: str, rows: TextClause, *columns: Column[Any], unique: bool = False) -> Index:
    """An index of some rows. SQLAlchemy says that in each dialect's own words, and would import both of them for it:
    the migrations do."""
    return Index(name, *columns, unique=unique, info={"where": rows})


schema_floor = Table(  # one row: the oldest revision whose code works with this schema
    "schema_floor",
    metadata,
    Column("revision", String(32), primary_key=True),
    sqlite_with_rowid=False,
)

raw = Table(
    "raw",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("data", LargeBinary, nullable=True),  # small mails
    Column("path", Text, nullable=True),  # name of the spool file of a large one
    Column("size", BigInteger, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),  # of the mail
    sqlite_autoincrement=True,
)

SPOOLED = text("path IS NOT NULL")
_partial("raw_path", SPOOLED, raw.c.path)

delivery = Table(
    "delivery",
    metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),  # order of acceptance
    Column("id", String(36), nullable=False, unique=True),
    Column("raw_id", BigInteger, nullable=False, index=True),
    Column("desk", Text, nullable=False),
    Column("mailbox", Text, nullable=False),
    Column("envelope", Json, nullable=False),
    Column("message_id", Text, nullable=False),  # "" when the mail has none
    Column("accepted_at", Double, nullable=False),
    Column("sender", Text, nullable=False, server_default=""),  # From, lower case; first as the edge saw it
    Column("sender_domain", Text, nullable=False, server_default=""),
    Column("proof", Text, nullable=False, server_default=""),  # what the sender rests on (match.names.proof_of)
    Column("subject", Text, nullable=False, server_default=""),
    Column("matter", Text, nullable=False, server_default=""),  # what the subject is about (match.title.matter)
    Column("class", String(12), nullable=False, server_default=""),
    Column("outcome", String(10), nullable=False, server_default=""),  # what was decided
    Column("stage", String(12), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),
    Column("due_at", Double, nullable=False),
    Column("lease_until", Double, nullable=False, server_default="0"),
    Column("claimed_by", Text, nullable=False, server_default=""),  # the name of the process
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("needs", String(6), nullable=False, server_default=""),  # call to the desk that it waits for
    Column("asleep", Boolean, nullable=False, server_default=false()),  # it was put back until later (store.claims)
    Column("deaths", Integer, nullable=False, server_default="0"),  # of parser children over this mail
    Column("interrupts", Integer, nullable=False, server_default="0"),  # claims that ended by restart
    Column("tries", Integer, nullable=False, server_default="0"),  # temporary failures
    Column("waits_from", Double, nullable=False, server_default="0"),  # since when for an earlier mail
    Column("waits_for", String(16), nullable=False, server_default=""),  # model.waiting.Waiting
    Column("waits_on", Text, nullable=False, server_default=""),  # what exactly
    Column("waits_since", Double, nullable=False, server_default="0"),
    Column("redelivered", Integer, nullable=False, server_default="0"),
    Column("generation", Integer, nullable=False, server_default="1"),
    Column("posted", Boolean, nullable=False, server_default=false()),  # ticket and text are there
    Column("board_id", Text, nullable=False, server_default=""),
    Column("ticket_id", Text, nullable=False, server_default=""),
    Column("digest", Text, nullable=False, server_default=""),
    Column("released", Boolean, nullable=False, server_default=false()),  # out of quarantine by an operator
    Column("files_released", Boolean, nullable=False, server_default=false()),  # held files, by an operator or a scan
    Column("moved_to", Text, nullable=False, server_default=""),  # an operator's word: ticket id or "new"
    Column("moved_from", Text, nullable=False, server_default=""),
    Column("overruled", Text, nullable=False, server_default=""),  # the reason that the operator's release set aside
    Column("released_by", Text, nullable=False, server_default=""),  # who released or moved it
    Column("audience", String(8), nullable=False, server_default=""),  # public or internal, as the operator said
    Column("admits", Boolean, nullable=False, server_default=false()),  # its sender may write to the ticket from now on
    Column("whole", Boolean, nullable=False, server_default=false()),  # an operator wants all of it shown
    Column("continues", Text, nullable=False, server_default=""),  # the ticket it belonged to, gone from the desk
    Column("plan", Json, nullable=True),  # what the mail's facts become when effects are done
    Column("trace", Json, nullable=True),  # asked, answered, decided
    Column("kept", Boolean, nullable=False, server_default=true()),  # the raw mail is here
    Column("traced", Boolean, nullable=False, server_default=true()),  # trace, plan and bodies are here
    Column("rehearsed", Boolean, nullable=False, server_default=false()),  # none of its effects left (desk in shadow)
    sqlite_autoincrement=True,
)

PENDING = text("stage IN ('ACCEPTED', 'PLANNED')")
_partial("delivery_due", PENDING, delivery.c.due_at)
AWAKE = text("stage IN ('ACCEPTED', 'PLANNED') AND NOT asleep")
ASLEEP = text("asleep")
_box = delivery.c.desk, delivery.c.needs, delivery.c.mailbox
_partial("delivery_ready", AWAKE, *_box, delivery.c.seq)
_partial("delivery_ready_sender", AWAKE, *_box, delivery.c.sender, delivery.c.seq)
_partial("delivery_asleep", ASLEEP, delivery.c.due_at)
Index("delivery_stage", delivery.c.stage, delivery.c.mailbox, delivery.c.reason)
Index("delivery_sender", delivery.c.sender, delivery.c.accepted_at)
CAUSED = text("outcome IN ('ticket', 'comment') AND class <> 'vendor'")
_caused = delivery.c.desk, delivery.c.proof, delivery.c.outcome, delivery.c.accepted_at
_partial("delivery_caused", CAUSED, delivery.c.sender, *_caused, delivery.c["class"])
_partial("delivery_caused_in", CAUSED, delivery.c.sender_domain, *_caused, delivery.c.sender, delivery.c["class"])
_about = delivery.c.desk, delivery.c.proof, delivery.c.outcome, delivery.c.matter, delivery.c.accepted_at
_partial("delivery_matter", CAUSED, delivery.c.sender_domain, *_about)
ANSWERS = text("class IN ('auto-reply', 'vacation', 'helpdesk')")
_told = delivery.c.desk, delivery.c.proof, delivery.c["class"]
_partial("delivery_answers", ANSWERS, delivery.c.sender, delivery.c.accepted_at, *_told)
Index("delivery_message_id", delivery.c.message_id, delivery.c.desk)
_partial("delivery_on_ticket", PENDING, delivery.c.ticket_id, delivery.c.seq)
ON_TICKET = text("ticket_id <> ''")
_partial("delivery_ticket", ON_TICKET, delivery.c.ticket_id, delivery.c.seq)
AGAIN = text("redelivered > 0")
_partial("delivery_again", AGAIN, delivery.c.redelivered)
ENDED_KEPT = text("kept AND stage IN ('DONE', 'SUPPRESSED', 'QUARANTINED')")
ENDED_TRACED = text("traced AND stage IN ('DONE', 'SUPPRESSED', 'QUARANTINED')")
_partial("delivery_kept", ENDED_KEPT, delivery.c.stage, delivery.c.due_at)
_partial("delivery_traced", ENDED_TRACED, delivery.c.stage, delivery.c.due_at)

carried = Table(  # the counts of deliveries whose rows were deleted
    "carried",
    metadata,
    Column("stage", String(12), primary_key=True),
    Column("mailbox", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("redelivered", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

restored = Table(  # the backups that this database was restored from
    "restored",
    metadata,
    Column("at", Double, primary_key=True),  # when the copy was there
    Column("since", Double, nullable=False),  # when it was begun
)

seen = Table(
    "seen",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),  # sha256(MAIL FROM, mailbox, bytes)
    Column("delivery_id", String(36), nullable=False),
    Column("until", Double, nullable=False),
    sqlite_with_rowid=False,
)

redelivery = Table(  # ids that the 250 to the same bytes carried, and the delivery that they lead to
    "redelivery",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("delivery_id", String(36), nullable=False),
    Column("until", Double, nullable=False),
    sqlite_with_rowid=False,
)
Index("redelivery_until", redelivery.c.until)

arrivals = Table(  # how far each file of arrivals is imported
    "arrivals",
    metadata,
    Column("origin", String(8), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

mention = Table(  # the ids of mail that is accepted and not yet posted: what later mail waits for
    "mention",
    metadata,
    Column("key", LargeBinary(16), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("planned", LargeBinary(16), nullable=True),  # the key again, once its delivery is planned
    sqlite_with_rowid=False,
)
Index("mention_seq", mention.c.seq)
PLANNED = text("planned IS NOT NULL")
_partial("mention_planned", PLANNED, mention.c.planned, mention.c.seq)

thread = Table(  # the mapping table
    "thread",
    metadata,
    Column("key", LargeBinary(16), primary_key=True),  # hash of desk and message id
    Column("board_id", Text, primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("ticket_id", Text, nullable=False),  # "" while reserved
    Column("known", String(10), nullable=False),  # received, announced, sent, referenced, answered, reused, number
    Column("delivery_id", String(36), nullable=False),
    sqlite_with_rowid=False,
)
Index("thread_delivery", thread.c.delivery_id)
_partial("thread_ticket", ON_TICKET, thread.c.ticket_id)

ticket = Table(
    "ticket",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("number", Text, nullable=False),
    Column("board_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("contact_id", Text, nullable=False),  # "" for none
    Column("fallback", Boolean, nullable=False),  # of the fallback client: binds nobody by client
    sqlite_with_rowid=False,
)
Index("ticket_number", ticket.c.number)

participant = Table(
    "participant",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("role", String(8), nullable=False),  # sender, to, cc; aside: by mail of ours
    sqlite_with_rowid=False,
)

token = Table(  # plus-addresses that we gave out
    "token",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("ticket_id", Text, nullable=False),
    Column("made_at", Double, nullable=False),
    sqlite_with_rowid=False,
)

unreachable = Table(  # addresses that bounced for good
    "unreachable",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("at", Double, nullable=False),
    sqlite_with_rowid=False,
)

file = Table(  # a file is uploaded once for each ticket and content
    "file",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("delivery_id", String(36), nullable=False),
    Column("document_id", Text, nullable=False),  # "" while planned
    Column("file_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index("file_delivery", file.c.delivery_id)

effect = Table(
    "effect",
    metadata,
    Column("delivery_id", String(36), primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("idx", Integer, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("body", Json, nullable=False),
    Column("marker", Text, nullable=False),
    Column("state", String(8), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("remote", Json, nullable=False, server_default=""),  # what the desk gave, "" for nothing yet
    Column("remote_id", Text, nullable=False, server_default=""),
    Column("sent_at", Double, nullable=False, server_default="0"),
    Column("good_at", Double, nullable=False, server_default="0"),  # the desk's first good answer since
    Column("sends", Integer, nullable=False, server_default="0"),
    Column("reads", Integer, nullable=False, server_default="0"),  # read-backs since the last send
    Column("faults", Integer, nullable=False, server_default="0"),  # unknown outcomes, read back empty
    Column("watch_at", Double, nullable=False, server_default="0"),  # next late look, 0 for none
)
WATCHED = text("watch_at > 0")
_partial("effect_watch", WATCHED, effect.c.watch_at)
Index("effect_remote", effect.c.remote_id)
REOPENED = text("kind = 'reopen'")
_partial("effect_reopened", REOPENED, effect.c.sent_at)
HELD_FILES = text("state = 'HELD'")
_partial("effect_held", HELD_FILES, effect.c.delivery_id)

budget = Table(  # the counted calls of a desk, shared by the replicas
    "budget",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("tokens", Double, nullable=False),
    Column("at", Double, nullable=False),  # when there were so many, by the database's clock
    Column("closed_until", Double, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)

desk_state = Table(  # why nothing of a desk moves, as the workers see it
    "desk_state",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("waits_for", String(16), nullable=False),  # model.waiting.Waiting, "" while it moves
    Column("waits_on", Text, nullable=False),
    Column("since", Double, nullable=False),
    sqlite_with_rowid=False,
)

event = Table(
    "event",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("delivery_id", String(36), nullable=False, index=True),
    Column("at", Double, nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

problem = Table(  # what the notices of one key, for one client, have said so far (decide.problem.Problem)
    "problem",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("family", String(32), nullable=False, index=True),
    Column("profile", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("object", Text, nullable=False),
    Column("condition", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("ticket_id", Text, nullable=False, index=True),  # "" while it is being made
    Column("number", Text, nullable=False),
    Column("board_id", Text, nullable=False),
    Column("status_id", Text, nullable=False),  # as we gave it
    Column("priority_id", Text, nullable=False),  # as we gave it
    Column("delivery_id", String(36), nullable=False),  # that made the ticket
    Column("revision", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    Column("word", Text, nullable=False),
    Column("words", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
    Column("checked_at", Double, nullable=False),
    Column("closed_at", Double, nullable=False),
    Column("flapping_until", Double, nullable=False),
    Column("at", Double, nullable=False),  # the vendor's time of the newest notice
    Column("sequence", BigInteger, nullable=False),
    Column("incident", Text, nullable=False),
    Column("master_id", Text, nullable=False),
    Column("window_from", Double, nullable=False),
    Column("window_to", Double, nullable=False),
    Column("objects", Text, nullable=False),
    Column("part_of", String(32), nullable=False),
    Column("until", Double, nullable=False),
    Column("listing", Boolean, nullable=False),
    Column("forwarded", Boolean, nullable=False),
    Column("doubts", Integer, nullable=False),
    Column("left", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("scope", Text, nullable=False, server_default=""),  # where its notices come from
    Column("listed", Boolean, nullable=False, server_default=false()),  # named on the ticket that it shares
    Column("held_by", Text, nullable=False, server_default=""),  # the window that holds it
    Column("subject", Text, nullable=False, server_default=""),  # what its first mail's said besides state and counts
    Column("windows", Text, nullable=False, server_default=""),  # of planned work that has several
)
Index("problem_state", problem.c.state, problem.c.left)
Index("problem_new", problem.c.desk, problem.c.profile, problem.c.client_id, problem.c.opened_at)
WORK = text("window_to > 0")
_partial("problem_window", WORK, problem.c.window_to)
INCIDENT = text("incident <> ''")
_partial("problem_incident", INCIDENT, problem.c.incident)
PART = text("part_of <> ''")
_partial("problem_part", PART, problem.c.part_of)

notice = Table(  # what was read out of each notice, and what it became
    "notice",
    metadata,
    Column("delivery_id", String(36), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("accepted_at", Double, nullable=False),
    Column("profile", Text, nullable=False),
    Column("became", String(10), nullable=False),
    Column("problem_id", String(32), nullable=False),
    Column("client_id", Text, nullable=False),
    Column("state", String(8), nullable=False),
    Column("word", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("proven", Boolean, nullable=False),
    Column("failed", Text, nullable=False),  # names that could not be read
    Column("changed", Boolean, nullable=False),  # it ended a problem or brought it back
    Column("expected", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("held_by", Text, nullable=False, server_default=""),  # the window that held it
)
Index("notice_problem", notice.c.problem_id, notice.c.accepted_at)
Index("notice_profile", notice.c.profile, notice.c.accepted_at)
Index("notice_became", notice.c.became, notice.c.accepted_at)
HELD_NOTICES = text("held_by <> ''")
_partial("notice_held", HELD_NOTICES, notice.c.held_by)

maintenance = Table(  # windows of commands, pages and calendars; those of the configuration are in its file
    "maintenance",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("desk", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("begin", Text, nullable=False),  # local times of the zone
    Column("end", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("repeat", Text, nullable=False),
    Column("without", Json, nullable=False),
    Column("client", Text, nullable=False),
    Column("objects", Json, nullable=False),
    Column("profiles", Json, nullable=False),
    Column("text", Text),  # NULL: objects need not stand in it
    Column("grace", Double, nullable=False),
    Column("origin", String(10), nullable=False),  # command, calendar
    Column("calendar", Text, nullable=False),
    Column("uid", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),  # of the calendar's event
    Column("by", Text, nullable=False),
    Column("made_at", Double, nullable=False),
    Column("cancelled_at", Double, nullable=False, server_default="0"),
    Column("cancelled_by", Text, nullable=False, server_default=""),  # the operator; "" for its calendar
)
EVENTS = text("calendar <> ''")
_partial("maintenance_event", EVENTS, maintenance.c.desk, maintenance.c.calendar, maintenance.c.uid, unique=True)
Index("maintenance_desk", maintenance.c.desk)

occurrence = Table(  # a window that held something, or whose end was moved
    "occurrence",
    metadata,
    Column("id", Text, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("maintenance", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("begins", Double, nullable=False),
    Column("ends", Double, nullable=False),
    Column("moved_at", Double, nullable=False, server_default="0"),  # 0: it ends as it was written down
    Column("held", Boolean, nullable=False, server_default=false()),
    Column("told_at", Double, nullable=False, server_default="0"),  # when its summary was written
)
UNTOLD = text("told_at = 0")
_partial("occurrence_untold", UNTOLD, occurrence.c.ends)

part = Table(  # what each part of a mail of several problems became; the columns are those of notice
    "part",
    metadata,
    Column("delivery_id", String(36), primary_key=True),
    Column("number", Integer, primary_key=True),  # from 1
    Column("desk", Text, nullable=False),
    Column("accepted_at", Double, nullable=False),
    Column("profile", Text, nullable=False),
    Column("became", String(10), nullable=False),
    Column("problem_id", String(32), nullable=False),
    Column("client_id", Text, nullable=False),
    Column("state", String(8), nullable=False),
    Column("word", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("proven", Boolean, nullable=False),
    Column("failed", Text, nullable=False),
    Column("changed", Boolean, nullable=False),
    Column("expected", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("held_by", Text, nullable=False, server_default=""),
    sqlite_with_rowid=False,
)
Index("part_problem", part.c.problem_id, part.c.accepted_at)
Index("part_became", part.c.became, part.c.accepted_at)
_partial("part_held", HELD_NOTICES, part.c.held_by)

expectation = Table(  # when an expected mail came last, for each object that is heard of
    "expectation",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("object", Text, primary_key=True),  # "" where any will do
    Column("since", Double, nullable=False),  # when it was first looked for
    Column("last_at", Double, nullable=False),  # 0 for never
    Column("late_at", Double, nullable=False),  # when the one came about which a mail had been made
    Column("alarmed", Double, nullable=False),  # the due time for which a mail was made
    sqlite_with_rowid=False,
)

heading = Table(  # the words by which a mail is found; each database keeps its own index of them, heading_words
    "heading",
    metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=False),  # of the delivery
    Column("words", Text, nullable=False),
)

refusal = Table(  # what the listeners refused: bounded in number and time, many alike in one row
    "refusal",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False),
    Column("listener", Text, nullable=False),
    Column("peer", Text, nullable=False),
    Column("helo", Text, nullable=False),
    Column("mail_from", Text, nullable=False),
    Column("rcpt_to", Text, nullable=False),
    Column("subject", Text, nullable=False),  # "" where it was refused before its header came
    Column("message_id", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("code", Integer, nullable=False),
    Column("enhanced", Text, nullable=False, server_default=""),  # such as 5.1.1
    Column("session", Text, nullable=False, server_default=""),  # ids, as the replies and the log have them
    Column("reason", Text, nullable=False),  # smtp.replies
    Column("said", Text, nullable=False),  # to the peer
    Column("times", Integer, nullable=False),  # how many like it, itself among them
    Column("words", Text, nullable=False),  # by which it is found, each after a blank
    sqlite_autoincrement=True,
)
Index("refusal_at", refusal.c.at)

act = Table(  # what operators did, and who they were
    "act",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False),
    Column("who", Text, nullable=False),
    Column("via", String(8), nullable=False),  # shell or page
    Column("address", Text, nullable=False),  # from where
    Column("what", Text, nullable=False),
    Column("seq", BigInteger, nullable=True),  # of the delivery that it is about
    Column("detail", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("before", Json, nullable=True),  # how the mail was, for who takes the act back
    sqlite_autoincrement=True,
)
Index("act_at", act.c.at)
Index("act_seq", act.c.seq)

rehearsed = Table(  # what the desk would have, where effects are rehearsed (desk.algapsa.rehearsal)
    "rehearsed",
    metadata,
    Column("number", _Serial, primary_key=True, autoincrement=True),
    Column("desk", Text, nullable=False),
    Column("kind", String(8), nullable=False),  # ticket, contact
    Column("key", Text, nullable=False),  # the ticket's id, the contact's address
    Column("made", Boolean, nullable=False),  # it is only here; else changes of what the desk has
    Column("state", Json, nullable=False),  # the row as the desk would show it
)
shadow = Table(  # the desks to which nothing is sent, since when
    "shadow",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("since", Double, nullable=False),
    sqlite_with_rowid=False,
)
Index("rehearsed_key", rehearsed.c.desk, rehearsed.c.kind, rehearsed.c.key, unique=True)

entry = Table(  # ways into the console: links that work once, and sessions; only hashes of what opens them
    "entry",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("kind", String(8), nullable=False),  # link, session (of a link), login, oidc, browser
    Column("who", Text, nullable=False),
    Column("role", String(12), nullable=False),
    Column("address", Text, nullable=False),
    Column("made_at", Double, nullable=False),
    Column("until", Double, nullable=False),
    Column("grants", Text, nullable=False, server_default=""),  # of oidc: values of the claim that have a role, as JSON
    sqlite_with_rowid=False,
)

posted = Table(  # what was posted to a ticket, to be known again in the quotes of replies
    "posted",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("delivery_id", String(36), primary_key=True),  # a UUIDv7: in order of time
    Column("prints", LargeBinary, nullable=False),  # fingerprints of its paragraphs (mail/fingerprints.py)
    sqlite_with_rowid=False,
)
Index("posted_delivery", posted.c.delivery_id)

letter = Table(  # mail of the gateway's own, on its way to the smarthost (store.letters)
    "letter",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", String(12), nullable=False),
    Column("seq", BigInteger, nullable=True),  # of the delivery that it is about
    Column("sender", Text, nullable=False),  # of the envelope
    Column("recipient", Text, nullable=False),
    Column("message", LargeBinary, nullable=False),
    Column("state", String(8), nullable=False),
    Column("answer", Text, nullable=False, server_default=""),  # the smarthost's last one, or why there is none
    Column("made_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("until", Double, nullable=False),  # when it is worth nothing any more
    Column("lease_until", Double, nullable=False, server_default="0"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("sent_at", Double, nullable=False, server_default="0"),  # when its content left
    sqlite_autoincrement=True,
)
UNSENT = text("state = 'TODO'")
_partial("letter_due", UNSENT, letter.c.due_at)
Index("letter_seq", letter.c.seq)
Index("letter_sent", letter.c.sent_at)

ending = Table(  # what stood at the end of posted mail, by which signatures are known again
    "ending",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("sender", Text, primary_key=True),  # in whose name, and what proved it
    Column("delivery_id", String(36), primary_key=True),  # a UUIDv7: in order of time
    Column("domain", Text, nullable=False),  # proven, "" where it says nothing of other people
    Column("ticket_id", Text, nullable=False),
    Column("prints", LargeBinary, nullable=False),  # of its lines (mail/ending.py)
    sqlite_with_rowid=False,
)
Index("ending_domain", ending.c.desk, ending.c.domain, ending.c.delivery_id)
Index("ending_ticket", ending.c.desk, ending.c.ticket_id, ending.c.delivery_id)
Index("ending_delivery", ending.c.delivery_id)

hit = Table(  # which rule or domain of the configuration counted for which mail (model.plan.Hit)
    "hit",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),  # of the delivery
    sqlite_with_rowid=False,
)
Index("hit_seq", hit.c.seq)

probe = Table(  # mail of the gateway's own that is sent to a mailbox and expected back (store.probes)
    "probe",
    metadata,
    Column("name", Text, primary_key=True),
    Column("slot", BigInteger, primary_key=True),  # when its stretch of time begins, so that replicas send one
    Column("message_id", Text, nullable=False, unique=True),
    Column("sent_at", Double, nullable=False),
    Column("arrived_at", Double, nullable=False, server_default="0"),
    Column("trouble", Text, nullable=False, server_default=""),  # what the server said instead of taking it
    Column("handed_at", Double, nullable=False, server_default="0"),  # when a server had it, or may have
    sqlite_with_rowid=False,
)

reading.watch(metadata)
