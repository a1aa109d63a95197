"""Answers, vectors, and feeds that have moved."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vectors",
        sa.Column("paper_id", sa.Integer(), nullable=False, comment="the paper"),
        sa.Column(
            "model",
            sa.String(length=64),
            nullable=False,
            comment="what made it, with its fingerprint",
        ),
        sa.Column(
            "text_hash",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256 of the text it stands for",
        ),
        sa.Column(
            "vector",
            sa.LargeBinary(),
            nullable=False,
            comment="float16, little endian, length 1",
        ),
        sa.ForeignKeyConstraint(
            ["paper_id"],
            ["papers.paper_id"],
            name=op.f("fk_vectors_paper_id_papers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("paper_id", "model", name=op.f("pk_vectors")),
        comment="embeddings of papers, one for each model",
    )
    op.create_table(
        "answers",
        sa.Column("subscriber_id", sa.Integer(), nullable=False, comment="who answered"),
        sa.Column("paper_id", sa.Integer(), nullable=False, comment="on which paper"),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="see models.AnswerKind"),
        sa.Column("answered_at", sa.DateTime(), nullable=False, comment="when"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.subscriber_id"],
            name=op.f("fk_answers_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["paper_id"],
            ["papers.paper_id"],
            name=op.f("fk_answers_paper_id_papers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "paper_id", "kind", name=op.f("pk_answers")),
        comment="what subscribers said of papers; forgetting one deletes its row",
    )
    op.create_index(op.f("ix_answers_paper_id"), "answers", ["paper_id"])
    op.add_column(
        "feeds",
        sa.Column(
            "moved_to", sa.Text(), nullable=True, comment="where it says it has moved for good"
        ),
    )
    op.add_column(
        "feeds",
        sa.Column(
            "moved_count",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="how many answers in a row said so",
        ),
    )
    # Whether an entry says something new is told by comparing it; nobody read the hash.
    op.drop_column("entries", "content_hash")


def downgrade() -> None:
    op.add_column(
        "entries",
        sa.Column(
            "content_hash",
            sa.String(length=64),
            server_default="",
            nullable=False,
            comment="hash of all but volatile fields",
        ),
    )
    with op.batch_alter_table("feeds") as feeds:
        feeds.drop_column("moved_count")
        feeds.drop_column("moved_to")
    op.drop_index(op.f("ix_answers_paper_id"), table_name="answers")
    op.drop_table("answers")
    op.drop_table("vectors")
