"""Sessions of whoever runs the installation; subscribers are listed and counted by state."""

import sqlalchemy as sa
from alembic import op

from digest.store.columns import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column(
            "name",
            sa.String(length=64),
            nullable=False,
            comment="keyed hash of what the browser holds",
        ),
        sa.Column(
            "opened_at", UtcDateTime(), nullable=False, comment="when the password was given"
        ),
        sa.Column(
            "seen_at",
            UtcDateTime(),
            nullable=False,
            comment="when it was last used, to the minute",
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sessions")),
        comment="open sessions on the pages of whoever runs the installation",
    )
    op.create_index(
        op.f("ix_subscribers_state_address_key"),
        "subscribers",
        ["state", "address_key"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_subscribers_state_address_key"), table_name="subscribers")
    op.drop_table("sessions")
