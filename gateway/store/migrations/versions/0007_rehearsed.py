"""rehearsed effects: what the desk would have, which deliveries are affected, which desks are in shadow"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
works_from = "0001"


def upgrade() -> None:
    op.create_table(
        "rehearsed",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
    )
    op.create_index("rehearsed_key", "rehearsed", ["desk", "kind", "key"], unique=True)
    op.create_table(
        "shadow",
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("desk"),
        sqlite_with_rowid=False,
    )
    op.add_column("delivery", sa.Column("rehearsed", sa.Boolean(), server_default=sa.false(), nullable=False))
