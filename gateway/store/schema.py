"""The tables. Unique keys do the locking; nothing checks first and inserts after.

Times are seconds since the epoch. All state is scoped by desk.
"""

from __future__ import annotations

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
    false,
    text,
)

metadata = MetaData()

_Serial = BigInteger().with_variant(Integer(), "sqlite")

raw = Table(
    "raw",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("data", LargeBinary, nullable=True),  # small mails
    Column("path", Text, nullable=True),  # name of the spool file of a large one
    Column("size", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

delivery = Table(
    "delivery",
    metadata,
    Column("seq", _Serial, primary_key=True, autoincrement=True),  # order of acceptance
    Column("id", String(36), nullable=False, unique=True),
    Column("raw_id", BigInteger, nullable=False, index=True),
    Column("desk", Text, nullable=False),
    Column("mailbox", Text, nullable=False),
    Column("envelope", Text, nullable=False),  # JSON
    Column("message_id", Text, nullable=False),  # "" when the mail has none
    Column("accepted_at", Double, nullable=False),
    Column("sender", Text, nullable=False, server_default=""),  # From, lower case, once it was read
    Column("sender_domain", Text, nullable=False, server_default=""),
    Column("subject", Text, nullable=False, server_default=""),
    Column("class", String(12), nullable=False, server_default=""),
    Column("outcome", String(10), nullable=False, server_default=""),  # what was decided
    Column("stage", String(12), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),
    Column("due_at", Double, nullable=False),
    Column("lease_until", Double, nullable=False, server_default="0"),
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("deaths", Integer, nullable=False, server_default="0"),  # of parser children over this mail
    Column("interrupts", Integer, nullable=False, server_default="0"),  # claims that ended by restart
    Column("tries", Integer, nullable=False, server_default="0"),  # temporary failures
    Column("waits_from", Double, nullable=False, server_default="0"),  # since when for an earlier mail
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
    Column("plan", Text, nullable=True),  # JSON: what the mail's facts become when effects are done
    Column("trace", Text, nullable=True),  # JSON: asked, answered, decided
    sqlite_autoincrement=True,
)

PENDING = text("stage IN ('ACCEPTED', 'PLANNED')")
Index("delivery_due", delivery.c.due_at, postgresql_where=PENDING, sqlite_where=PENDING)
Index("delivery_stage", delivery.c.stage, delivery.c.mailbox, delivery.c.reason)
Index("delivery_sender", delivery.c.sender, delivery.c.accepted_at)
Index("delivery_sender_domain", delivery.c.sender_domain, delivery.c.accepted_at)
Index("delivery_message_id", delivery.c.message_id, delivery.c.desk)
Index(
    "delivery_on_ticket",
    delivery.c.ticket_id,
    delivery.c.seq,
    postgresql_where=PENDING,
    sqlite_where=PENDING,
)

seen = Table(
    "seen",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),  # sha256(MAIL FROM, mailbox, bytes)
    Column("delivery_id", String(36), nullable=False),
    Column("until", Double, nullable=False),
    sqlite_with_rowid=False,
)

mention = Table(  # the ids of mail that is accepted and not yet posted: what later mail waits for
    "mention",
    metadata,
    Column("key", LargeBinary(16), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)
Index("mention_seq", mention.c.seq)

thread = Table(  # the mapping table
    "thread",
    metadata,
    Column("key", LargeBinary(16), primary_key=True),  # hash of desk and message id
    Column("board_id", Text, primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("ticket_id", Text, nullable=False),  # "" while reserved
    Column("known", String(10), nullable=False),  # received, sent, referenced, number
    Column("delivery_id", String(36), nullable=False),
    sqlite_with_rowid=False,
)
Index("thread_delivery", thread.c.delivery_id)

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
    Column("role", String(8), nullable=False),  # contact, sender, to, cc
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
    Column("body", Text, nullable=False),  # JSON
    Column("marker", Text, nullable=False),
    Column("state", String(8), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("remote", Text, nullable=False, server_default=""),  # JSON: what the desk gave
    Column("remote_id", Text, nullable=False, server_default=""),
    Column("sent_at", Double, nullable=False, server_default="0"),
    Column("good_at", Double, nullable=False, server_default="0"),  # the desk's first good answer since
    Column("sends", Integer, nullable=False, server_default="0"),
    Column("reads", Integer, nullable=False, server_default="0"),  # read-backs since the last send
    Column("faults", Integer, nullable=False, server_default="0"),  # unknown outcomes, read back empty
    Column("watch_at", Double, nullable=False, server_default="0"),  # next late look, 0 for none
)
WATCHED = text("watch_at > 0")
Index("effect_watch", effect.c.watch_at, postgresql_where=WATCHED, sqlite_where=WATCHED)
Index("effect_remote", effect.c.remote_id)
HELD_FILES = text("state = 'HELD'")
Index("effect_held", effect.c.delivery_id, postgresql_where=HELD_FILES, sqlite_where=HELD_FILES)

event = Table(
    "event",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("delivery_id", String(36), nullable=False, index=True),
    Column("at", Double, nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
