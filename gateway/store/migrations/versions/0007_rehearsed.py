"""tickets and contacts that the desk would have, where effects are rehearsed"""

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
        sa.Column("state", sa.Text(), nullable=False),
    )
    op.create_index("rehearsed_key", "rehearsed", ["desk", "kind", "key"], unique=True)
