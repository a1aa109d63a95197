"""What channels and rate limits remember, and how many deliveries a run planned."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_COUNTED = """
UPDATE runs SET planned =
    (SELECT count(*) FROM deliveries WHERE deliveries.run_id = runs.run_id)
"""


def upgrade() -> None:
    op.add_column(
        "runs",
        sa.Column(
            "planned",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="deliveries it planned, without those erased with their subscribers",
        ),
    )
    op.execute(_COUNTED)
    op.create_table(
        "channels",
        sa.Column(
            "channel",
            sa.String(length=32),
            nullable=False,
            comment="way out: smtp, directory, outbox",
        ),
        sa.Column("failures", sa.Integer(), nullable=False, comment="failures in a row"),
        sa.Column("pauses", sa.Integer(), nullable=False, comment="pauses in a row"),
        sa.Column(
            "paused_until",
            sa.DateTime(),
            nullable=True,
            comment="not to be tried before by itself; NULL: it may",
        ),
        sa.Column("problem", sa.Text(), nullable=False, comment="line of the last failure"),
        sa.Column("failed_at", sa.DateTime(), nullable=False, comment="when it last failed"),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channels")),
        comment="channels that failed and have not worked since",
    )
    op.create_table(
        "rates",
        sa.Column(
            "name", sa.Text(), nullable=False, comment="what is limited: a channel, or a domain"
        ),
        sa.Column(
            "seconds",
            sa.Integer(),
            nullable=False,
            comment="the limit counts within so many",
        ),
        sa.Column("slot_at", sa.DateTime(), nullable=False, comment="beginning of a part of them"),
        sa.Column("taken", sa.Integer(), nullable=False, comment="messages begun in that part"),
        sa.PrimaryKeyConstraint("name", "seconds", "slot_at", name=op.f("pk_rates")),
        comment="how much of each rate limit is used; kept as long as it counts",
    )


def downgrade() -> None:
    op.drop_table("rates")
    op.drop_table("channels")
    with op.batch_alter_table("runs") as batch:
        batch.drop_column("planned")
