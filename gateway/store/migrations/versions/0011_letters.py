"""mail of the gateway's own, on its way to the smarthost"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
works_from = "0001"


def upgrade() -> None:
    op.create_table(
        "letter",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("key", sa.Text(), nullable=False, unique=True),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False, server_default=""),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=False, server_default="0"),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("sent_at", sa.Double(), nullable=False, server_default="0"),
        sqlite_autoincrement=True,
    )
    unsent = sa.text("state = 'TODO'")
    op.create_index("letter_due", "letter", ["due_at"], sqlite_where=unsent, postgresql_where=unsent)
    op.create_index("letter_seq", "letter", ["seq"])
    op.create_index("letter_sent", "letter", ["sent_at"])
