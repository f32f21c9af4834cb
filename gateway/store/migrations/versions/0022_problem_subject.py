"""what the subject of a problem's first mail said, by which the subject of its end is known"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
works_from = "0001"


def upgrade() -> None:
    op.add_column("problem", sa.Column("subject", sa.Text(), server_default="", nullable=False))
