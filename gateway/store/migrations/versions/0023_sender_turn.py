"""an index of the mail that waits by its sender: senders take turns"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
works_from = "0001"


def upgrade() -> None:
    waiting = sa.text("stage IN ('ACCEPTED', 'PLANNED')")
    columns = ["desk", "needs", "mailbox", "sender", "seq"]
    op.create_index("delivery_turn", "delivery", columns, sqlite_where=waiting, postgresql_where=waiting)
