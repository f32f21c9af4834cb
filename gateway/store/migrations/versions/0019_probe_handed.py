"""of a probe when a server had it, or may have had it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
works_from = "0001"


def upgrade() -> None:
    op.add_column("probe", sa.Column("handed_at", sa.Double(), nullable=False, server_default="0"))
    op.execute("UPDATE probe SET handed_at = sent_at WHERE trouble = ''")
