"""What lists of people say of consent."""

import sqlalchemy as sa
from alembic import op

from digest.store.columns import SafeText

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "subscribers",
        sa.Column(
            "consent",
            SafeText(),
            nullable=True,
            comment="when and how the owner agreed, as a list said; NULL: none did",
        ),
    )


def downgrade() -> None:
    with op.batch_alter_table("subscribers") as batch:
        batch.drop_column("consent")
