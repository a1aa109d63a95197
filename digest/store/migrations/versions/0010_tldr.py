"""A sentence on each paper by a language model, where the operator wants it."""

import sqlalchemy as sa
from alembic import op

from digest.store.columns import SafeText

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "papers",
        sa.Column(
            "tldr",
            SafeText(),
            nullable=True,
            comment="a language model's sentence on it; empty: none of use; NULL: none",
        ),
    )


def downgrade() -> None:
    with op.batch_alter_table("papers") as papers:
        papers.drop_column("tldr")
