"""how far each file of arrivals is imported, and the ids of redeliveries"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
works_from = "0001"


def upgrade() -> None:
    op.create_table(
        "redelivery",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("delivery_id", sa.String(36), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("redelivery_until", "redelivery", ["until"])
    op.create_table(
        "arrivals",
        sa.Column("origin", sa.String(8), primary_key=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
