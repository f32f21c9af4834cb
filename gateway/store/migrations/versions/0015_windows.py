"""maintenance windows"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
works_from = "0001"


def upgrade() -> None:
    op.add_column("problem", sa.Column("held_by", sa.Text(), server_default="", nullable=False))
    op.add_column("notice", sa.Column("held_by", sa.Text(), server_default="", nullable=False))
    op.add_column("part", sa.Column("held_by", sa.Text(), server_default="", nullable=False))
    held = sa.text("held_by <> ''")
    op.create_index("notice_held", "notice", ["held_by"], sqlite_where=held, postgresql_where=held)
    op.create_table(
        "maintenance",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("begin", sa.Text(), nullable=False),
        sa.Column("end", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("repeat", sa.Text(), nullable=False),
        sa.Column("without", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("objects", sa.Text(), nullable=False),
        sa.Column("profiles", sa.Text(), nullable=False),
        sa.Column("text", sa.Text()),
        sa.Column("grace", sa.Double(), nullable=False),
        sa.Column("origin", sa.String(10), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("cancelled_at", sa.Double(), server_default="0", nullable=False),
    )
    op.create_index("maintenance_uid", "maintenance", ["desk", "calendar", "uid"])
    op.create_table(
        "occurrence",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("maintenance", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("begins", sa.Double(), nullable=False),
        sa.Column("ends", sa.Double(), nullable=False),
        sa.Column("moved_at", sa.Double(), server_default="0", nullable=False),
        sa.Column("held", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("told_at", sa.Double(), server_default="0", nullable=False),
    )
    untold = sa.text("told_at = 0")
    op.create_index("occurrence_untold", "occurrence", ["ends"], sqlite_where=untold, postgresql_where=untold)
