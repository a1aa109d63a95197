"""Papers without an arXiv id are found by their link."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_papers_url",
        "papers",
        ["url"],
        unique=False,
        sqlite_where=sa.text("arxiv_id IS NULL"),
        postgresql_where=sa.text("arxiv_id IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_papers_url", table_name="papers")
