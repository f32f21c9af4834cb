"""indexes past what does not count: of claims mail that is not due, of an hour's counts mail that became nothing, of a
thread what is not planned"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
works_from = "0001"

AWAKE = sa.text("stage IN ('ACCEPTED', 'PLANNED') AND NOT asleep")
ASLEEP = sa.text("asleep")
CAUSED = sa.text("outcome IN ('ticket', 'comment') AND class <> 'vendor'")
ANSWERS = sa.text("class IN ('auto-reply', 'vacation', 'helpdesk')")
REOPENED = sa.text("kind = 'reopen'")
PLANNED = sa.text("planned IS NOT NULL")
KIND = ["desk", "proof", "outcome", "accepted_at"]
INDEXES: tuple[tuple[str, str, list[str], sa.TextClause], ...] = (
    ("delivery_ready", "delivery", ["desk", "needs", "mailbox", "seq"], AWAKE),
    ("delivery_ready_sender", "delivery", ["desk", "needs", "mailbox", "sender", "seq"], AWAKE),
    ("delivery_asleep", "delivery", ["due_at"], ASLEEP),
    ("delivery_caused", "delivery", ["sender", *KIND, "class"], CAUSED),
    ("delivery_caused_in", "delivery", ["sender_domain", *KIND, "sender", "class"], CAUSED),
    ("delivery_answers", "delivery", ["sender", "accepted_at", "desk", "proof", "class"], ANSWERS),
    ("effect_reopened", "effect", ["sent_at"], REOPENED),
    ("mention_planned", "mention", ["planned", "seq"], PLANNED),
)


def upgrade() -> None:
    op.add_column("delivery", sa.Column("asleep", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("mention", sa.Column("planned", sa.LargeBinary(16), nullable=True))
    op.execute("UPDATE mention SET planned = key WHERE seq IN (SELECT seq FROM delivery WHERE stage = 'PLANNED')")
    for name, table, columns, rows in INDEXES:
        op.create_index(name, table, columns, sqlite_where=rows, postgresql_where=rows)
    # The last version finds the same by others, and goes past all that waits.
    op.drop_index("delivery_queue", "delivery")
    op.drop_index("delivery_turn", "delivery")
