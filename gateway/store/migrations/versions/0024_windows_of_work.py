"""the windows of planned work that has several"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
works_from = "0001"


def upgrade() -> None:
    op.add_column("problem", sa.Column("windows", sa.Text(), server_default="", nullable=False))
