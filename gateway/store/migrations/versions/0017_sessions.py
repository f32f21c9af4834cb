"""of refusals the session's id and the enhanced code; of sessions of the console what let them in"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
works_from = "0001"


def upgrade() -> None:
    for name in ("enhanced", "session"):
        op.add_column("refusal", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.add_column("entry", sa.Column("grants", sa.Text(), nullable=False, server_default=""))
