"""where the notices of a problem come from"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
works_from = "0001"  # the oldest revision whose code works with this schema


def upgrade() -> None:
    op.add_column("problem", sa.Column("scope", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("problem", "scope")
