"""When the latest version of a paper was first seen."""

import sqlalchemy as sa
from alembic import op

from digest.store.columns import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "papers",
        sa.Column(
            "revised_at",
            UtcDateTime(),
            nullable=True,
            comment="when its latest version was first seen; NULL: no earlier one was known",
        ),
    )
    op.create_index(op.f("ix_papers_revised_at"), "papers", ["revised_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_papers_revised_at"), table_name="papers")
    with op.batch_alter_table("papers") as papers:
        papers.drop_column("revised_at")
