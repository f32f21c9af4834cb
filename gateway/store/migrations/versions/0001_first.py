"""the first schema"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
works_from = "0001"


def upgrade() -> None:

    op.create_table(
        "budget",
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("closed_until", sa.Double(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("desk"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "delivery",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("raw_id", sa.BigInteger(), nullable=False),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.Double(), nullable=False),
        sa.Column("sender", sa.Text(), server_default="", nullable=False),
        sa.Column("sender_domain", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("class", sa.String(length=12), server_default="", nullable=False),
        sa.Column("outcome", sa.String(length=10), server_default="", nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("lease_until", sa.Double(), server_default="0", nullable=False),
        sa.Column("claimed_by", sa.Text(), server_default="", nullable=False),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("needs", sa.String(length=6), server_default="", nullable=False),
        sa.Column("deaths", sa.Integer(), server_default="0", nullable=False),
        sa.Column("interrupts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("waits_from", sa.Double(), server_default="0", nullable=False),
        sa.Column("redelivered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("generation", sa.Integer(), server_default="1", nullable=False),
        sa.Column("posted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("board_id", sa.Text(), server_default="", nullable=False),
        sa.Column("ticket_id", sa.Text(), server_default="", nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("released", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("files_released", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("moved_to", sa.Text(), server_default="", nullable=False),
        sa.Column("moved_from", sa.Text(), server_default="", nullable=False),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("trace", sa.Text(), nullable=True),
        sa.Column("kept", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("traced", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(
            "delivery_due",
            ["due_at"],
            unique=False,
            postgresql_where=sa.text("stage IN ('ACCEPTED', 'PLANNED')"),
            sqlite_where=sa.text("stage IN ('ACCEPTED', 'PLANNED')"),
        )
        batch_op.create_index(
            "delivery_kept",
            ["stage", "due_at"],
            unique=False,
            postgresql_where=sa.text("kept AND stage IN ('DONE', 'SUPPRESSED', 'QUARANTINED')"),
            sqlite_where=sa.text("kept AND stage IN ('DONE', 'SUPPRESSED', 'QUARANTINED')"),
        )
        batch_op.create_index(
            "delivery_traced",
            ["stage", "due_at"],
            unique=False,
            postgresql_where=sa.text("traced AND stage IN ('DONE', 'SUPPRESSED', 'QUARANTINED')"),
            sqlite_where=sa.text("traced AND stage IN ('DONE', 'SUPPRESSED', 'QUARANTINED')"),
        )
        batch_op.create_index("delivery_message_id", ["message_id", "desk"], unique=False)
        batch_op.create_index(
            "delivery_on_ticket",
            ["ticket_id", "seq"],
            unique=False,
            postgresql_where=sa.text("stage IN ('ACCEPTED', 'PLANNED')"),
            sqlite_where=sa.text("stage IN ('ACCEPTED', 'PLANNED')"),
        )
        batch_op.create_index(
            "delivery_queue",
            ["desk", "needs", "mailbox", "seq"],
            unique=False,
            postgresql_where=sa.text("stage IN ('ACCEPTED', 'PLANNED')"),
            sqlite_where=sa.text("stage IN ('ACCEPTED', 'PLANNED')"),
        )
        batch_op.create_index("delivery_sender", ["sender", "accepted_at"], unique=False)
        batch_op.create_index("delivery_sender_domain", ["sender_domain", "accepted_at"], unique=False)
        batch_op.create_index("delivery_stage", ["stage", "mailbox", "reason"], unique=False)
        batch_op.create_index(batch_op.f("ix_delivery_raw_id"), ["raw_id"], unique=False)

    op.create_table(
        "carried",
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("redelivered", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stage", "mailbox", "reason"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "restored",
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("at"),
    )
    op.create_table(
        "effect",
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("marker", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("remote", sa.Text(), server_default="", nullable=False),
        sa.Column("remote_id", sa.Text(), server_default="", nullable=False),
        sa.Column("sent_at", sa.Double(), server_default="0", nullable=False),
        sa.Column("good_at", sa.Double(), server_default="0", nullable=False),
        sa.Column("sends", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reads", sa.Integer(), server_default="0", nullable=False),
        sa.Column("faults", sa.Integer(), server_default="0", nullable=False),
        sa.Column("watch_at", sa.Double(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", "generation", "idx"),
    )
    with op.batch_alter_table("effect", schema=None) as batch_op:
        batch_op.create_index("effect_remote", ["remote_id"], unique=False)
        batch_op.create_index(
            "effect_held",
            ["delivery_id"],
            unique=False,
            postgresql_where=sa.text("state = 'HELD'"),
            sqlite_where=sa.text("state = 'HELD'"),
        )
        batch_op.create_index(
            "effect_watch",
            ["watch_at"],
            unique=False,
            postgresql_where=sa.text("watch_at > 0"),
            sqlite_where=sa.text("watch_at > 0"),
        )

    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_delivery_id"), ["delivery_id"], unique=False)

    op.create_table(
        "file",
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("desk", "ticket_id", "sha256"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("file", schema=None) as batch_op:
        batch_op.create_index("file_delivery", ["delivery_id"], unique=False)

    op.create_table(
        "mention",
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "seq"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("mention", schema=None) as batch_op:
        batch_op.create_index("mention_seq", ["seq"], unique=False)

    op.create_table(
        "participant",
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("desk", "ticket_id", "address"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "raw",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("raw", schema=None) as batch_op:
        batch_op.create_index(
            "raw_path",
            ["path"],
            unique=False,
            postgresql_where=sa.text("path IS NOT NULL"),
            sqlite_where=sa.text("path IS NOT NULL"),
        )

    op.create_table(
        "schema_floor",
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("revision"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "seen",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "thread",
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("board_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("known", sa.String(length=10), nullable=False),
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("key", "board_id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("thread", schema=None) as batch_op:
        batch_op.create_index("thread_delivery", ["delivery_id"], unique=False)

    op.create_table(
        "ticket",
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("board_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("fallback", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("desk", "ticket_id"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.create_index("ticket_number", ["number"], unique=False)

    op.create_table(
        "token",
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "unreachable",
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("desk", "address"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "expectation",
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.Column("late_at", sa.Double(), nullable=False),
        sa.Column("alarmed", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("desk", "source", "name", "object"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notice",
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.Double(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("became", sa.String(length=10), nullable=False),
        sa.Column("problem_id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("proven", sa.Boolean(), nullable=False),
        sa.Column("failed", sa.Text(), nullable=False),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id"),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("notice_became", ["became", "accepted_at"], unique=False)
        batch_op.create_index("notice_problem", ["problem_id", "accepted_at"], unique=False)
        batch_op.create_index("notice_profile", ["profile", "accepted_at"], unique=False)

    op.create_table(
        "problem",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("family", sa.String(length=32), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("board_id", sa.Text(), nullable=False),
        sa.Column("status_id", sa.Text(), nullable=False),
        sa.Column("priority_id", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.Column("checked_at", sa.Double(), nullable=False),
        sa.Column("closed_at", sa.Double(), nullable=False),
        sa.Column("flapping_until", sa.Double(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("master_id", sa.Text(), nullable=False),
        sa.Column("window_from", sa.Double(), nullable=False),
        sa.Column("window_to", sa.Double(), nullable=False),
        sa.Column("objects", sa.Text(), nullable=False),
        sa.Column("part_of", sa.String(length=32), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("listing", sa.Boolean(), nullable=False),
        sa.Column("forwarded", sa.Boolean(), nullable=False),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("left", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("listed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("problem", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_problem_family"), ["family"], unique=False)
        batch_op.create_index(batch_op.f("ix_problem_ticket_id"), ["ticket_id"], unique=False)
        batch_op.create_index(
            "problem_incident",
            ["incident"],
            unique=False,
            postgresql_where=sa.text("incident <> ''"),
            sqlite_where=sa.text("incident <> ''"),
        )
        batch_op.create_index("problem_new", ["desk", "profile", "client_id", "opened_at"], unique=False)
        batch_op.create_index(
            "problem_part",
            ["part_of"],
            unique=False,
            postgresql_where=sa.text("part_of <> ''"),
            sqlite_where=sa.text("part_of <> ''"),
        )
        batch_op.create_index(
            "problem_window",
            ["window_to"],
            unique=False,
            postgresql_where=sa.text("window_to > 0"),
            sqlite_where=sa.text("window_to > 0"),
        )


def downgrade() -> None:
    for name in ("problem", "notice", "expectation"):
        op.drop_table(name)

    op.drop_table("unreachable")
    op.drop_table("token")
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_index("ticket_number")

    op.drop_table("ticket")
    with op.batch_alter_table("thread", schema=None) as batch_op:
        batch_op.drop_index("thread_delivery")

    op.drop_table("thread")
    op.drop_table("seen")
    with op.batch_alter_table("raw", schema=None) as batch_op:
        batch_op.drop_index(
            "raw_path", postgresql_where=sa.text("path IS NOT NULL"), sqlite_where=sa.text("path IS NOT NULL")
        )

    op.drop_table("raw")
    op.drop_table("participant")
    with op.batch_alter_table("mention", schema=None) as batch_op:
        batch_op.drop_index("mention_seq")

    op.drop_table("mention")
    with op.batch_alter_table("file", schema=None) as batch_op:
        batch_op.drop_index("file_delivery")

    op.drop_table("file")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_event_delivery_id"))

    op.drop_table("event")
    with op.batch_alter_table("effect", schema=None) as batch_op:
        batch_op.drop_index(
            "effect_watch", postgresql_where=sa.text("watch_at > 0"), sqlite_where=sa.text("watch_at > 0")
        )
        batch_op.drop_index(
            "effect_held", postgresql_where=sa.text("state = 'HELD'"), sqlite_where=sa.text("state = 'HELD'")
        )
        batch_op.drop_index("effect_remote")

    op.drop_table("effect")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delivery_raw_id"))
        batch_op.drop_index("delivery_stage")
        batch_op.drop_index("delivery_sender_domain")
        batch_op.drop_index("delivery_sender")
        batch_op.drop_index(
            "delivery_on_ticket",
            postgresql_where=sa.text("stage IN ('ACCEPTED', 'PLANNED')"),
            sqlite_where=sa.text("stage IN ('ACCEPTED', 'PLANNED')"),
        )
        batch_op.drop_index(
            "delivery_queue",
            postgresql_where=sa.text("stage IN ('ACCEPTED', 'PLANNED')"),
            sqlite_where=sa.text("stage IN ('ACCEPTED', 'PLANNED')"),
        )
        batch_op.drop_index(
            "delivery_kept",
            postgresql_where=sa.text("kept AND stage IN ('DONE', 'SUPPRESSED', 'QUARANTINED')"),
            sqlite_where=sa.text("kept AND stage IN ('DONE', 'SUPPRESSED', 'QUARANTINED')"),
        )
        batch_op.drop_index(
            "delivery_traced",
            postgresql_where=sa.text("traced AND stage IN ('DONE', 'SUPPRESSED', 'QUARANTINED')"),
            sqlite_where=sa.text("traced AND stage IN ('DONE', 'SUPPRESSED', 'QUARANTINED')"),
        )
        batch_op.drop_index("delivery_message_id")
        batch_op.drop_index(
            "delivery_due",
            postgresql_where=sa.text("stage IN ('ACCEPTED', 'PLANNED')"),
            sqlite_where=sa.text("stage IN ('ACCEPTED', 'PLANNED')"),
        )

    op.drop_table("delivery")
    op.drop_table("restored")
    op.drop_table("carried")
    op.drop_table("budget")
    op.drop_table("schema_floor")
