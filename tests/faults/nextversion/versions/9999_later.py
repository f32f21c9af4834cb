"""a migration that rewrites the largest table, slowly"""

from __future__ import annotations

import os
import time

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = os.environ.get("GATEWAY_TEST_HEAD")
works_from = down_revision


def upgrade() -> None:
    with op.batch_alter_table("raw", recreate="always") as batch:
        batch.add_column(sa.Column("later", sa.Text(), server_default="", nullable=False))
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
    print("halfway", flush=True)
    time.sleep(0.7)
    op.execute("UPDATE raw SET later = 'yes'")
