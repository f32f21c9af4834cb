"""what the sender of a mail rests on, by which the limits of senders count; mail of before counts for nobody"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
works_from = "0001"


def upgrade() -> None:
    op.add_column("delivery", sa.Column("proof", sa.Text(), server_default="", nullable=False))
