"""Tests of what marketing causes, as organizations have run them."""

import sqlalchemy as sa
from alembic import op

from roastery.api.store.tables import Document, Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "experiments",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("split", sa.String(), nullable=False),
        sa.Column("document", Document, nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_experiments_organization_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiments")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_experiments_organization_id_name")),
    )
    op.create_index(op.f("ix_experiments_organization_id"), "experiments", ["organization_id"])


def downgrade() -> None:
    op.drop_table("experiments")
