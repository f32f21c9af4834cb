"""which rule or domain counted for which mail; mail of before is not counted"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
works_from = "0001"


def upgrade() -> None:
    op.create_table(
        "hit",
        sa.Column("kind", sa.String(8), primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("seq", sa.BigInteger(), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("hit_seq", "hit", ["seq"])
