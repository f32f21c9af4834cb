"""fingerprints of the paragraphs that were posted to a ticket; mail of before is not known again"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
works_from = "0001"


def upgrade() -> None:
    op.create_table(
        "posted",
        sa.Column("desk", sa.Text(), primary_key=True),
        sa.Column("ticket_id", sa.Text(), primary_key=True),
        sa.Column("delivery_id", sa.String(36), primary_key=True),
        sa.Column("prints", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("posted_delivery", "posted", ["delivery_id"])
