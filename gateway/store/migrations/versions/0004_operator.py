"""an operator's word on a mail, and the ticket that it continued, are data of their own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
works_from = "0001"


def upgrade() -> None:
    op.add_column("delivery", sa.Column("overruled", sa.Text(), server_default="", nullable=False))
    op.add_column("delivery", sa.Column("released_by", sa.Text(), server_default="", nullable=False))
    op.add_column("delivery", sa.Column("audience", sa.String(length=8), server_default="", nullable=False))
    op.add_column("delivery", sa.Column("admits", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("delivery", sa.Column("continues", sa.Text(), server_default="", nullable=False))
