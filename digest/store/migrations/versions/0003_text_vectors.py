"""Embeddings of interests, beside those of papers."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "text_vectors",
        sa.Column(
            "text_hash",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256 of an interest's text",
        ),
        sa.Column(
            "model",
            sa.String(length=64),
            nullable=False,
            comment="what made it, with its fingerprint",
        ),
        sa.Column(
            "vector",
            sa.LargeBinary(),
            nullable=False,
            comment="float16, little endian, length 1",
        ),
        sa.PrimaryKeyConstraint("text_hash", "model", name=op.f("pk_text_vectors")),
        comment="embeddings of interests; the text itself stands in the profiles only",
    )


def downgrade() -> None:
    op.drop_table("text_vectors")
