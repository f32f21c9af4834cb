"""indexes for what operators look at: the ids of a ticket, problems by their state, redeliveries"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
works_from = "0001"


def upgrade() -> None:
    known, again = sa.text("ticket_id <> ''"), sa.text("redelivered > 0")
    op.create_index("thread_ticket", "thread", ["ticket_id"], sqlite_where=known, postgresql_where=known)
    op.create_index("problem_state", "problem", ["state", "left"])
    op.create_index("delivery_again", "delivery", ["redelivered"], sqlite_where=again, postgresql_where=again)
