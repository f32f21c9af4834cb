"""the words by which mail is found, what was refused at SMTP, and who did what"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
works_from = "0001"

_Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "heading",
        sa.Column("seq", _Serial, primary_key=True, autoincrement=False),
        sa.Column("words", sa.Text(), nullable=False),
    )
    op.create_table(
        "refusal",
        sa.Column("id", _Serial, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("listener", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("helo", sa.Text(), nullable=False),
        sa.Column("mail_from", sa.Text(), nullable=False),
        sa.Column("rcpt_to", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("refusal_at", "refusal", ["at"])
    op.create_table(
        "act",
        sa.Column("id", _Serial, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("via", sa.String(8), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("act_at", "act", ["at"])
    op.create_index("act_seq", "act", ["seq"])
    on_ticket = sa.text("ticket_id <> ''")
    op.create_index(
        "delivery_ticket", "delivery", ["ticket_id", "seq"], sqlite_where=on_ticket, postgresql_where=on_ticket
    )
    if op.get_bind().dialect.name == "sqlite":
        for statement in _SQLITE:
            op.execute(statement)
    else:
        for statement in _POSTGRESQL:
            op.execute(statement)


# The index of the words is each database's own, and kept by it.
_SQLITE = (
    "CREATE VIRTUAL TABLE heading_words"
    " USING fts5(words, content='heading', content_rowid='seq', tokenize='unicode61')",
    "CREATE TRIGGER heading_added AFTER INSERT ON heading BEGIN"
    " INSERT INTO heading_words(rowid, words) VALUES (new.seq, new.words); END",
    "CREATE TRIGGER heading_gone AFTER DELETE ON heading BEGIN"
    " INSERT INTO heading_words(heading_words, rowid, words) VALUES ('delete', old.seq, old.words); END",
)
_POSTGRESQL = (
    "ALTER TABLE heading ADD COLUMN heading_words tsvector"
    " GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, words)) STORED",
    "CREATE INDEX heading_words ON heading USING gin (heading_words)",
)
