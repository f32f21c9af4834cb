"""what a mail's subject is about: a sender's tickets about one matter are counted by an index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
works_from = "0001"

CAUSED = sa.text("outcome IN ('ticket', 'comment') AND class <> 'vendor'")


def upgrade() -> None:
    op.add_column("delivery", sa.Column("matter", sa.Text(), server_default="", nullable=False))
    op.create_index(
        "delivery_matter",
        "delivery",
        ["sender_domain", "desk", "proof", "outcome", "matter", "accepted_at"],
        sqlite_where=CAUSED,
        postgresql_where=CAUSED,
    )
    op.drop_index("delivery_sender_domain", "delivery")  # of the version before 0025
