"""Questions whose query an analyst has blessed."""

import sqlalchemy as sa
from alembic import op

from roastery.api.store.tables import Document, Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "verified_answers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("calls", Document, nullable=False),
        sa.Column("verified_by", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_verified_answers_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verified_answers")),
        sa.UniqueConstraint("organization_id", "question", name=op.f("uq_verified_answers_organization_id_question")),
    )
    op.create_index(op.f("ix_verified_answers_organization_id"), "verified_answers", ["organization_id"])


def downgrade() -> None:
    op.drop_table("verified_answers")
