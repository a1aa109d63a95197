"""The first schema: papers, people, the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feeds",
        sa.Column("feed", sa.Text(), nullable=False, comment="name of the feed, as configured"),
        sa.Column(
            "place",
            sa.String(length=16),
            nullable=False,
            comment="fingerprint of what it reads",
        ),
        sa.Column(
            "etag", sa.Text(), nullable=True, comment="ETag of the last stored response, verbatim"
        ),
        sa.Column(
            "last_modified",
            sa.Text(),
            nullable=True,
            comment="Last-Modified of that response, verbatim",
        ),
        sa.Column("body_hash", sa.String(length=64), nullable=True, comment="SHA-256 of its body"),
        sa.Column("checked_at", sa.DateTime(), nullable=True, comment="last attempt"),
        sa.Column("succeeded_at", sa.DateTime(), nullable=True, comment="last attempt that worked"),
        sa.Column("next_check_at", sa.DateTime(), nullable=True, comment="not to be asked before"),
        sa.Column("error_count", sa.Integer(), nullable=False, comment="failures in a row"),
        sa.Column("last_error", sa.Text(), nullable=True, comment="line of the last failure"),
        sa.Column(
            "refused", sa.Boolean(), nullable=False, comment="last failure: an answer of no use"
        ),
        sa.Column(
            "entry_count",
            sa.Integer(),
            nullable=False,
            comment="entries of the last stored response",
        ),
        sa.Column(
            "unseen_at",
            sa.DateTime(),
            nullable=True,
            comment="when it last brought an unknown entry",
        ),
        sa.PrimaryKeyConstraint("feed", name=op.f("pk_feeds")),
        comment="feed states: what is remembered between two collections",
    )
    op.create_table(
        "papers",
        sa.Column(
            "paper_id",
            sa.Integer(),
            autoincrement=True,
            nullable=False,
            comment="the paper's number, shown as #17",
        ),
        sa.Column("title", sa.Text(), nullable=False, comment="title, as the best source has it"),
        sa.Column(
            "title_key",
            sa.Text(),
            nullable=False,
            comment="key under which equal titles are found (text.title_key)",
        ),
        sa.Column("abstract", sa.Text(), nullable=False, comment="the paper's own summary"),
        sa.Column(
            "language", sa.String(length=35), nullable=False, comment="language of the abstract"
        ),
        sa.Column("authors", sa.JSON(), nullable=False, comment="names in order, First Last"),
        sa.Column(
            "n_authors",
            sa.Integer(),
            nullable=True,
            comment="how many authors; NULL: no source told",
        ),
        sa.Column(
            "arxiv_id", sa.String(length=64), nullable=True, comment="arXiv id without version"
        ),
        sa.Column(
            "arxiv_version", sa.Integer(), nullable=True, comment="highest arXiv version seen"
        ),
        sa.Column(
            "doi", sa.Text(), nullable=True, comment="DOI, lower case; may stand on several works"
        ),
        sa.Column(
            "published_at", sa.DateTime(), nullable=True, comment="when the first version appeared"
        ),
        sa.Column(
            "updated_at", sa.DateTime(), nullable=True, comment="when the version at hand appeared"
        ),
        sa.Column(
            "listed_date", sa.Date(), nullable=True, comment="last day on which a source listed it"
        ),
        sa.Column(
            "categories", sa.JSON(), nullable=False, comment="arXiv categories, primary first"
        ),
        sa.Column(
            "topics",
            sa.JSON(),
            nullable=False,
            comment="AITopics paths with confidence: [[path], confidence]",
        ),
        sa.Column("translations", sa.JSON(), nullable=False, comment="abstract by language code"),
        sa.Column(
            "comments", sa.Integer(), nullable=True, comment="popularity: comments, last reading"
        ),
        sa.Column(
            "upvotes", sa.Integer(), nullable=True, comment="popularity: upvotes, last reading"
        ),
        sa.Column("url", sa.Text(), nullable=True, comment="page of the paper"),
        sa.Column("pdf_url", sa.Text(), nullable=True, comment="PDF of the paper"),
        sa.Column("code_url", sa.Text(), nullable=True, comment="code of the paper"),
        sa.Column("project_url", sa.Text(), nullable=True, comment="project page of the paper"),
        sa.Column(
            "venue",
            sa.Text(),
            nullable=True,
            comment="where it was accepted, as its authors say",
        ),
        sa.Column(
            "organisation",
            sa.Text(),
            nullable=True,
            comment="whose work it is, as a source says",
        ),
        sa.Column(
            "ai_summary",
            sa.Text(),
            nullable=True,
            comment="summary made by a source's language model",
        ),
        sa.Column(
            "withdrawn", sa.Boolean(), nullable=False, comment="whether the authors withdrew it"
        ),
        sa.Column(
            "sources", sa.JSON(), nullable=False, comment="who saw it, in order of precedence"
        ),
        sa.Column(
            "first_seen_at",
            sa.DateTime(),
            nullable=False,
            comment="when any source first showed it",
        ),
        sa.Column(
            "new_at",
            sa.DateTime(),
            nullable=True,
            comment="when it was first presented as new; NULL: only as a replacement",
        ),
        sa.Column(
            "provenance",
            sa.JSON(),
            nullable=False,
            comment="field name -> source whose value was taken",
        ),
        sa.Column(
            "changed_at", sa.DateTime(), nullable=False, comment="when this row was last written"
        ),
        sa.Column(
            "superseded_by",
            sa.Integer(),
            nullable=True,
            comment="the paper that took all its entries; NULL: it stands for itself",
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by"], ["papers.paper_id"], name=op.f("fk_papers_superseded_by_papers")
        ),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_papers")),
        sa.UniqueConstraint("arxiv_id", name=op.f("uq_papers_arxiv_id")),
        comment="works, one row each after merging",
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_papers_doi"), "papers", ["doi"], unique=False)
    op.create_index(op.f("ix_papers_first_seen_at"), "papers", ["first_seen_at"], unique=False)
    op.create_index(op.f("ix_papers_new_at"), "papers", ["new_at"], unique=False)
    op.create_index(op.f("ix_papers_superseded_by"), "papers", ["superseded_by"], unique=False)
    op.create_index(op.f("ix_papers_title_key"), "papers", ["title_key"], unique=False)
    op.create_table(
        "runs",
        sa.Column(
            "run_id", sa.Integer(), autoincrement=True, nullable=False, comment="number of the run"
        ),
        sa.Column("kind", sa.String(length=32), nullable=False, comment="collect or publish"),
        sa.Column("started_at", sa.DateTime(), nullable=False, comment="when it began"),
        sa.Column(
            "finished_at",
            sa.DateTime(),
            nullable=True,
            comment="when it ended; NULL: it runs, or was cut off",
        ),
        sa.Column("report", sa.JSON(), nullable=True, comment="what it says of itself"),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_runs")),
        comment="runs of collecting and publishing",
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_runs_kind_run_id"), "runs", ["kind", "run_id"], unique=False)
    op.create_table(
        "subscribers",
        sa.Column(
            "subscriber_id",
            sa.Integer(),
            autoincrement=True,
            nullable=False,
            comment="number of the subscriber",
        ),
        sa.Column(
            "address",
            sa.Text(),
            nullable=False,
            comment="address that mail goes to; domain in lower case",
        ),
        sa.Column("address_key", sa.Text(), nullable=False, comment="address, all in lower case"),
        sa.Column(
            "state",
            sa.String(length=16),
            nullable=False,
            comment="pending, active, paused, unsubscribed",
        ),
        sa.Column("profile", sa.JSON(), nullable=False, comment="interests and options"),
        sa.Column(
            "timezone", sa.String(length=64), nullable=False, comment="of the profile: IANA zone"
        ),
        sa.Column(
            "send_minute",
            sa.Integer(),
            nullable=False,
            comment="of the profile: after local midnight",
        ),
        sa.Column(
            "weekdays", sa.Integer(), nullable=False, comment="of the profile: bit 0 is Monday"
        ),
        sa.Column(
            "created_at", sa.DateTime(), nullable=False, comment="when the address was first given"
        ),
        sa.Column("state_at", sa.DateTime(), nullable=False, comment="when the state was entered"),
        sa.PrimaryKeyConstraint("subscriber_id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("address_key", name=op.f("uq_subscribers_address_key")),
        comment="addresses that receive, with what they want and when",
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_subscribers_timezone_send_minute_weekdays"),
        "subscribers",
        ["timezone", "send_minute", "weekdays"],
        unique=False,
    )
    op.create_table(
        "suppressions",
        sa.Column("address_key", sa.Text(), nullable=False, comment="address, all in lower case"),
        sa.Column("reason", sa.Text(), nullable=False, comment="why it is not mailed any more"),
        sa.Column("suppressed_at", sa.DateTime(), nullable=False, comment="since when"),
        sa.PrimaryKeyConstraint("address_key", name=op.f("pk_suppressions")),
        comment="addresses never to be mailed again, whether subscribed or not",
    )
    op.create_table(
        "editions",
        sa.Column(
            "edition_id",
            sa.Integer(),
            autoincrement=True,
            nullable=False,
            comment="number of the edition",
        ),
        sa.Column("subscriber_id", sa.Integer(), nullable=False, comment="for whom"),
        sa.Column(
            "edition_date", sa.Date(), nullable=False, comment="day in the subscriber's zone"
        ),
        sa.Column(
            "composed_at",
            sa.DateTime(),
            nullable=False,
            comment="instant up to which papers were considered; Date of its messages",
        ),
        sa.Column(
            "name", sa.Text(), nullable=False, comment="the subscriber's name for the profile"
        ),
        sa.Column(
            "language", sa.String(length=35), nullable=False, comment="language of the edition"
        ),
        sa.Column(
            "sections", sa.JSON(), nullable=False, comment="headings in order: title and interest"
        ),
        sa.Column(
            "candidates", sa.Integer(), nullable=False, comment="how many new papers were looked at"
        ),
        sa.Column("silence", sa.Text(), nullable=True, comment="why it is empty; NULL: it is not"),
        sa.Column("health", sa.JSON(), nullable=False, comment="feeds that had a problem"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.subscriber_id"],
            name=op.f("fk_editions_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("edition_id", name=op.f("pk_editions")),
        sa.UniqueConstraint(
            "subscriber_id", "edition_date", name=op.f("uq_editions_subscriber_id_edition_date")
        ),
        comment="composed selections, unchangeable",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "entries",
        sa.Column(
            "entry_id",
            sa.Integer(),
            autoincrement=True,
            nullable=False,
            comment="number of the entry",
        ),
        sa.Column("paper_id", sa.Integer(), nullable=False, comment="the paper it belongs to"),
        sa.Column("source", sa.String(length=64), nullable=False, comment="key of the source"),
        sa.Column(
            "external_id",
            sa.Text(),
            nullable=False,
            comment="the paper's identity within the source",
        ),
        sa.Column(
            "version", sa.Integer(), nullable=False, comment="version it speaks of; 0: none told"
        ),
        sa.Column("arxiv_id", sa.Text(), nullable=True, comment="arXiv id without version"),
        sa.Column("doi", sa.Text(), nullable=True, comment="DOI, lower case"),
        sa.Column("title_key", sa.Text(), nullable=False, comment="key of its title"),
        sa.Column(
            "content_hash",
            sa.String(length=64),
            nullable=False,
            comment="hash of all but volatile fields",
        ),
        sa.Column("payload", sa.JSON(), nullable=False, comment="the whole entry (Entry.to_dict)"),
        sa.Column(
            "rule", sa.Text(), nullable=False, comment="rule of the merge order that placed it"
        ),
        sa.Column("detail", sa.Text(), nullable=False, comment="evidence for that rule, in words"),
        sa.Column("first_seen_at", sa.DateTime(), nullable=False, comment="when it was first read"),
        sa.Column(
            "changed_at",
            sa.DateTime(),
            nullable=False,
            comment="when it last said something else than before",
        ),
        sa.ForeignKeyConstraint(
            ["paper_id"], ["papers.paper_id"], name=op.f("fk_entries_paper_id_papers")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_entries")),
        sa.UniqueConstraint(
            "source", "external_id", "version", name=op.f("uq_entries_source_external_id_version")
        ),
        comment="what one source said of one paper at one time",
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_entries_arxiv_id"), "entries", ["arxiv_id"], unique=False)
    op.create_index(op.f("ix_entries_doi"), "entries", ["doi"], unique=False)
    op.create_index(op.f("ix_entries_paper_id"), "entries", ["paper_id"], unique=False)
    op.create_index(op.f("ix_entries_title_key"), "entries", ["title_key"], unique=False)
    op.create_table(
        "popularity",
        sa.Column("paper_id", sa.Integer(), nullable=False, comment="the paper"),
        sa.Column("source", sa.String(length=64), nullable=False, comment="who counted"),
        sa.Column("read_at", sa.DateTime(), nullable=False, comment="when the counts were read"),
        sa.Column("upvotes", sa.Integer(), nullable=True, comment="upvotes; NULL: not told"),
        sa.Column("comments", sa.Integer(), nullable=True, comment="comments; NULL: not told"),
        sa.ForeignKeyConstraint(
            ["paper_id"],
            ["papers.paper_id"],
            name=op.f("fk_popularity_paper_id_papers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("paper_id", "source", "read_at", name=op.f("pk_popularity")),
        comment="history of popularity: a row when a reading differs from the one before",
    )
    op.create_table(
        "shards",
        sa.Column(
            "shard_id",
            sa.Integer(),
            autoincrement=True,
            nullable=False,
            comment="number of the shard",
        ),
        sa.Column("run_id", sa.Integer(), nullable=False, comment="the run that planned it"),
        sa.Column("number", sa.Integer(), nullable=False, comment="0, 1, 2 .. within the run"),
        sa.Column(
            "owner", sa.Text(), nullable=True, comment="worker that holds the lease; NULL: free"
        ),
        sa.Column("lease_until", sa.DateTime(), nullable=True, comment="when the lease runs out"),
        sa.Column("fence", sa.Integer(), nullable=False, comment="how often it was claimed"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_shards_run_id_runs")),
        sa.PrimaryKeyConstraint("shard_id", name=op.f("pk_shards")),
        sa.UniqueConstraint("run_id", "number", name=op.f("uq_shards_run_id_number")),
        comment="portions of deliveries, each worked on by one worker at a time",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "deliveries",
        sa.Column(
            "delivery_id",
            sa.Integer(),
            autoincrement=True,
            nullable=False,
            comment="number of the delivery",
        ),
        sa.Column("run_id", sa.Integer(), nullable=False, comment="the run that planned it"),
        sa.Column("shard_id", sa.Integer(), nullable=True, comment="the portion it is sent with"),
        sa.Column("subscriber_id", sa.Integer(), nullable=False, comment="to whom"),
        sa.Column("edition_id", sa.Integer(), nullable=True, comment="what; NULL: not composed"),
        sa.Column(
            "edition_date", sa.Date(), nullable=False, comment="day in the subscriber's zone"
        ),
        sa.Column(
            "channel",
            sa.String(length=32),
            nullable=False,
            comment="way out: smtp, directory, outbox",
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
        sa.Column(
            "next_try_at", sa.DateTime(), nullable=True, comment="not to be tried before (deferred)"
        ),
        sa.Column(
            "detail",
            sa.Text(),
            nullable=False,
            comment="last answer of the server, or what happened",
        ),
        sa.Column(
            "planned_at",
            sa.DateTime(),
            nullable=False,
            comment="when it was planned; freshness counts from here",
        ),
        sa.Column("state_at", sa.DateTime(), nullable=False, comment="when the state was entered"),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.edition_id"], name=op.f("fk_deliveries_edition_id_editions")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.run_id"], name=op.f("fk_deliveries_run_id_runs")
        ),
        sa.ForeignKeyConstraint(
            ["shard_id"], ["shards.shard_id"], name=op.f("fk_deliveries_shard_id_shards")
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.subscriber_id"],
            name=op.f("fk_deliveries_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "subscriber_id",
            "edition_date",
            "channel",
            name=op.f("uq_deliveries_subscriber_id_edition_date_channel"),
        ),
        comment="the ledger: one edition to one subscriber by one channel",
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_deliveries_edition_id"), "deliveries", ["edition_id"], unique=False)
    op.create_index(op.f("ix_deliveries_run_id"), "deliveries", ["run_id"], unique=False)
    op.create_index(
        op.f("ix_deliveries_shard_id_state"), "deliveries", ["shard_id", "state"], unique=False
    )
    op.create_index(
        op.f("ix_deliveries_state_next_try_at"),
        "deliveries",
        ["state", "next_try_at"],
        unique=False,
    )
    op.create_table(
        "edition_papers",
        sa.Column("edition_id", sa.Integer(), nullable=False, comment="the edition"),
        sa.Column("position", sa.Integer(), nullable=False, comment="0, 1, 2 .. from the top"),
        sa.Column("paper_id", sa.Integer(), nullable=False, comment="the paper"),
        sa.Column(
            "section", sa.Integer(), nullable=False, comment="index into the edition's sections"
        ),
        sa.Column("score", sa.Float(), nullable=False, comment="score for the interest"),
        sa.Column(
            "interest",
            sa.JSON(),
            nullable=True,
            comment="the interest it was chosen for; NULL: popularity",
        ),
        sa.Column(
            "reasons",
            sa.JSON(),
            nullable=False,
            comment="why, with what each explains of the score",
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["editions.edition_id"],
            name=op.f("fk_edition_papers_edition_id_editions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["paper_id"], ["papers.paper_id"], name=op.f("fk_edition_papers_paper_id_papers")
        ),
        sa.PrimaryKeyConstraint("edition_id", "position", name=op.f("pk_edition_papers")),
        comment="papers of an edition",
    )
    op.create_index(
        op.f("ix_edition_papers_paper_id"), "edition_papers", ["paper_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_edition_papers_paper_id"), table_name="edition_papers")
    op.drop_table("edition_papers")
    op.drop_index(op.f("ix_deliveries_state_next_try_at"), table_name="deliveries")
    op.drop_index(op.f("ix_deliveries_shard_id_state"), table_name="deliveries")
    op.drop_index(op.f("ix_deliveries_run_id"), table_name="deliveries")
    op.drop_index(op.f("ix_deliveries_edition_id"), table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_table("shards")
    op.drop_table("popularity")
    op.drop_index(op.f("ix_entries_title_key"), table_name="entries")
    op.drop_index(op.f("ix_entries_paper_id"), table_name="entries")
    op.drop_index(op.f("ix_entries_doi"), table_name="entries")
    op.drop_index(op.f("ix_entries_arxiv_id"), table_name="entries")
    op.drop_table("entries")
    op.drop_table("editions")
    op.drop_table("suppressions")
    op.drop_index(op.f("ix_subscribers_timezone_send_minute_weekdays"), table_name="subscribers")
    op.drop_table("subscribers")
    op.drop_index(op.f("ix_runs_kind_run_id"), table_name="runs")
    op.drop_table("runs")
    op.drop_index(op.f("ix_papers_title_key"), table_name="papers")
    op.drop_index(op.f("ix_papers_superseded_by"), table_name="papers")
    op.drop_index(op.f("ix_papers_new_at"), table_name="papers")
    op.drop_index(op.f("ix_papers_first_seen_at"), table_name="papers")
    op.drop_index(op.f("ix_papers_doi"), table_name="papers")
    op.drop_table("papers")
    op.drop_table("feeds")
