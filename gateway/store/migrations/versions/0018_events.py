"""an event of a calendar has one row; who cancelled a window"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
works_from = "0001"


def upgrade() -> None:
    op.add_column("maintenance", sa.Column("cancelled_by", sa.Text(), server_default="", nullable=False))
    op.execute(
        "DELETE FROM maintenance WHERE calendar <> '' AND id NOT IN "
        "(SELECT max(id) FROM maintenance GROUP BY desk, calendar, uid)"
    )
    op.drop_index("maintenance_uid", "maintenance")
    events = sa.text("calendar <> ''")
    op.create_index(
        "maintenance_event",
        "maintenance",
        ["desk", "calendar", "uid"],
        unique=True,
        sqlite_where=events,
        postgresql_where=events,
    )
    op.create_index("maintenance_desk", "maintenance", ["desk"])
