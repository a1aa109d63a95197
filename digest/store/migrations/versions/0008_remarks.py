"""What editions say beside their papers."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "editions",
        sa.Column(
            "remarks",
            sa.JSON(none_as_null=True),
            nullable=True,
            comment="what it says beside its papers; NULL: nothing",
        ),
    )


def downgrade() -> None:
    with op.batch_alter_table("editions") as editions:
        editions.drop_column("remarks")
