"""Processes that run durable jobs, with their last beat."""

import sqlalchemy as sa
from alembic import op

from roastery.api.store.tables import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "executors",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("beat_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_executors")),
    )


def downgrade() -> None:
    op.drop_table("executors")
