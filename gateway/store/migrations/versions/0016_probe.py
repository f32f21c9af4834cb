"""probes: mail of the gateway's own that is sent to a mailbox and expected back"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
works_from = "0001"


def upgrade() -> None:
    op.create_table(
        "probe",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("slot", sa.BigInteger(), primary_key=True),
        sa.Column("message_id", sa.Text(), nullable=False, unique=True),
        sa.Column("sent_at", sa.Double(), nullable=False),
        sa.Column("arrived_at", sa.Double(), nullable=False, server_default="0"),
        sa.Column("trouble", sa.Text(), nullable=False, server_default=""),
        sqlite_with_rowid=False,
    )
