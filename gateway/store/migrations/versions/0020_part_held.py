"""an index of the parts of notices that a maintenance window holds"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
works_from = "0001"


def upgrade() -> None:
    held = sa.text("held_by <> ''")
    op.create_index("part_held", "part", ["held_by"], sqlite_where=held, postgresql_where=held)
