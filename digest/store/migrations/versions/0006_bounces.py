"""Bounces; and a comment that a column of PostgreSQL had kept from an earlier meaning."""

import sqlalchemy as sa
from alembic import op

from digest.store.columns import SafeText, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_PAYLOAD = "the entry, without what it does not say (Entry.to_dict)"


def upgrade() -> None:
    op.create_table(
        "bounces",
        sa.Column(
            "bounce_id",
            sa.Integer(),
            autoincrement=True,
            nullable=False,
            comment="number of the bounce",
        ),
        sa.Column(
            "fingerprint", sa.String(length=64), nullable=False, comment="SHA-256 of its mail"
        ),
        sa.Column("subscriber_id", sa.Integer(), nullable=False, comment="whose mail came back"),
        sa.Column(
            "kind", sa.String(length=16), nullable=False, comment="hard, soft, complaint or ours"
        ),
        sa.Column(
            "status",
            sa.String(length=16),
            comment="enhanced status code (RFC 3463); NULL: none told",
        ),
        sa.Column("detail", SafeText(), nullable=False, comment="what the other server said"),
        sa.Column("bounced_at", UtcDateTime(), nullable=False, comment="when it was read"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.subscriber_id"],
            name=op.f("fk_bounces_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("bounce_id", name=op.f("pk_bounces")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_bounces_fingerprint")),
        comment="mails that came back; the address itself stands with its subscriber only",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("bounces") as batch:
        batch.create_index(
            batch.f("ix_bounces_subscriber_id_bounced_at"), ["subscriber_id", "bounced_at"]
        )
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.alter_column("entries", "payload", existing_type=sa.JSON(), comment=_PAYLOAD)


def downgrade() -> None:
    op.drop_table("bounces")
