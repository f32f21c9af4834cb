"""what pending mail waits for, and how each desk is"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
works_from = "0001"


def upgrade() -> None:
    op.add_column("delivery", sa.Column("waits_for", sa.String(length=16), server_default="", nullable=False))
    op.add_column("delivery", sa.Column("waits_on", sa.Text(), server_default="", nullable=False))
    op.add_column("delivery", sa.Column("waits_since", sa.Double(), server_default="0", nullable=False))
    op.create_table(
        "desk_state",
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("waits_for", sa.String(length=16), nullable=False),
        sa.Column("waits_on", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("desk"),
        sqlite_with_rowid=False,
    )
