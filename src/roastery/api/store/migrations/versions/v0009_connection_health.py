"""How each connection's last sync ended, since when, and why."""

import sqlalchemy as sa
from alembic import op

from roastery.api.store.tables import Document

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("connections") as table:
        table.add_column(sa.Column("health", Document, nullable=False, server_default="{}"))


def downgrade() -> None:
    with op.batch_alter_table("connections") as table:
        table.drop_column("health")
