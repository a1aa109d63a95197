"""The generation of a subscriber's links."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "subscribers",
        sa.Column(
            "link_generation",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="of the links in mails; raising it revokes those sent before",
        ),
    )


def downgrade() -> None:
    with op.batch_alter_table("subscribers") as subscribers:
        subscribers.drop_column("link_generation")
