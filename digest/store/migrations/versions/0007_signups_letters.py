"""Sign-ups that wait for a confirmation, letters about subscriptions, and pauses that end."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "letters",
        sa.Column(
            "letter_id",
            sa.Integer(),
            autoincrement=True,
            nullable=False,
            comment="number of the letter",
        ),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="see models.LetterKind"),
        sa.Column("address", sa.Text(), nullable=False, comment="address that it goes to"),
        sa.Column("address_key", sa.Text(), nullable=False, comment="address, all in lower case"),
        sa.Column(
            "subscriber_id",
            sa.Integer(),
            nullable=True,
            comment="whose links stand in it; NULL: nobody's",
        ),
        sa.Column(
            "signup_id",
            sa.Integer(),
            nullable=True,
            comment="the sign-up that it asks to confirm; it may be gone",
        ),
        sa.Column(
            "language", sa.String(length=35), nullable=False, comment="language of the letter"
        ),
        sa.Column(
            "client",
            sa.String(length=64),
            nullable=False,
            comment="pseudonym of who asked for it, for caps",
        ),
        sa.Column(
            "state", sa.String(length=16), nullable=False, comment="see models.DeliveryState"
        ),
        sa.Column(
            "attempts",
            sa.Integer(),
            nullable=False,
            comment="how often it was handed to the server",
        ),
        sa.Column("next_try_at", sa.DateTime(), nullable=True, comment="not to be tried before"),
        sa.Column(
            "lease_until",
            sa.DateTime(),
            nullable=True,
            comment="until when a worker has it; NULL: nobody does",
        ),
        sa.Column(
            "detail",
            sa.Text(),
            nullable=False,
            comment="last answer of the server, or what happened",
        ),
        sa.Column("created_at", sa.DateTime(), nullable=False, comment="when it was asked for"),
        sa.Column("state_at", sa.DateTime(), nullable=False, comment="when the state was entered"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.subscriber_id"],
            name=op.f("fk_letters_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_letters")),
        comment="mails about subscriptions: what they say is made when they are sent",
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_letters_address_key_created_at"), "letters", ["address_key", "created_at"]
    )
    op.create_index(op.f("ix_letters_client_created_at"), "letters", ["client", "created_at"])
    op.create_index(op.f("ix_letters_created_at"), "letters", ["created_at"])
    op.create_index(op.f("ix_letters_state_next_try_at"), "letters", ["state", "next_try_at"])
    op.create_index(op.f("ix_letters_subscriber_id"), "letters", ["subscriber_id"])
    op.create_table(
        "signups",
        sa.Column(
            "signup_id",
            sa.Integer(),
            autoincrement=True,
            nullable=False,
            comment="number of the sign-up",
        ),
        sa.Column(
            "address",
            sa.Text(),
            nullable=False,
            comment="address that is to be confirmed; domain in lower case",
        ),
        sa.Column("address_key", sa.Text(), nullable=False, comment="address, all in lower case"),
        sa.Column(
            "subscriber_id",
            sa.Integer(),
            nullable=True,
            comment="whose new address it is; NULL: it is a new subscriber's",
        ),
        sa.Column(
            "profile", sa.JSON(), nullable=True, comment="interests and options of a new subscriber"
        ),
        sa.Column("asked_at", sa.DateTime(), nullable=False, comment="when it was last asked for"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.subscriber_id"],
            name=op.f("fk_signups_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("signup_id", name=op.f("pk_signups")),
        sa.UniqueConstraint("subscriber_id", name=op.f("uq_signups_subscriber_id")),
        comment="addresses that wait for their owners to confirm; confirming deletes the row",
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_signups_address_key"), "signups", ["address_key"])
    op.create_index(op.f("ix_signups_asked_at"), "signups", ["asked_at"])
    op.add_column(
        "subscribers",
        sa.Column(
            "paused_until",
            sa.DateTime(),
            nullable=True,
            comment="when a pause ends by itself; NULL: it does not",
        ),
    )


def downgrade() -> None:
    with op.batch_alter_table("subscribers") as subscribers:
        subscribers.drop_column("paused_until")
    op.drop_table("letters")
    op.drop_table("signups")
