"""prints of what stood at the end of posted mail; whether an operator wants all of a mail shown"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
works_from = "0001"


def upgrade() -> None:
    op.create_table(
        "ending",
        sa.Column("desk", sa.Text(), primary_key=True),
        sa.Column("sender", sa.Text(), primary_key=True),
        sa.Column("delivery_id", sa.String(36), primary_key=True),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("prints", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ending_domain", "ending", ["desk", "domain", "delivery_id"])
    op.create_index("ending_ticket", "ending", ["desk", "ticket_id", "delivery_id"])
    op.create_index("ending_delivery", "ending", ["delivery_id"])
    op.add_column("delivery", sa.Column("whole", sa.Boolean(), server_default=sa.false(), nullable=False))
