"""The tables of the ledger: runs, what they planned, what was sent, and what the ways out bear."""

from sqlalchemy import (
    Column,
    Date,
    Float,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from digest.store.columns import SafeText, UtcDateTime
from digest.store.parts import instant, metadata, number, plain, refers, text

runs = Table(
    "runs",
    metadata,
    number("run_id", "number of the run"),
    Column("kind", String(32), nullable=False, comment="collect or publish"),
    instant("started_at", "when it began"),
    instant("finished_at", "when it ended; NULL: it runs, or was cut off", nullable=True),
    plain("report", "what it says of itself", nullable=True),
    Column(
        "planned",
        Integer,
        nullable=False,
        server_default="0",
        comment="deliveries it planned, without those erased with their subscribers",
    ),
    Index(None, "kind", "run_id"),
    comment="runs of collecting and publishing",
    sqlite_autoincrement=True,
)

shards = Table(
    "shards",
    metadata,
    number("shard_id", "number of the shard"),
    refers("run_id", "runs.run_id", "the run that planned it"),
    Column("number", Integer, nullable=False, comment="0, 1, 2 .. within the run"),
    text("owner", "worker that holds the lease; NULL: free", nullable=True),
    instant("lease_until", "when the lease runs out", nullable=True),
    Column("fence", Integer, nullable=False, default=0, comment="how often it was claimed"),
    UniqueConstraint("run_id", "number"),
    comment="portions of deliveries, each worked on by one worker at a time",
    sqlite_autoincrement=True,
)

editions = Table(
    "editions",
    metadata,
    number("edition_id", "number of the edition"),
    refers("subscriber_id", "subscribers.subscriber_id", "for whom", cascade=True),
    Column("edition_date", Date, nullable=False, comment="day in the subscriber's zone"),
    instant("composed_at", "instant up to which papers were considered; Date of its messages"),
    text("name", "the subscriber's name for the profile"),
    Column("language", String(35), nullable=False, comment="language of the edition"),
    plain("sections", "headings in order: title and interest"),
    Column("candidates", Integer, nullable=False, comment="how many new papers were looked at"),
    text("silence", "why it is empty; NULL: it is not", nullable=True),
    plain("health", "feeds that had a problem"),
    plain("remarks", "what it says beside its papers; NULL: nothing", nullable=True),
    UniqueConstraint("subscriber_id", "edition_date"),
    comment="composed selections, unchangeable",
    sqlite_autoincrement=True,
)

edition_papers = Table(
    "edition_papers",
    metadata,
    refers("edition_id", "editions.edition_id", "the edition", cascade=True, primary_key=True),
    Column("position", Integer, primary_key=True, comment="0, 1, 2 .. from the top"),
    refers("paper_id", "papers.paper_id", "the paper", index=True),
    Column("section", Integer, nullable=False, comment="index into the edition's sections"),
    Column("score", Float, nullable=False, comment="score for the interest"),
    plain("interest", "the interest it was chosen for; NULL: popularity", nullable=True),
    plain("reasons", "why, with what each explains of the score"),
    comment="papers of an edition",
)

deliveries = Table(
    "deliveries",
    metadata,
    number("delivery_id", "number of the delivery"),
    refers("run_id", "runs.run_id", "the run that planned it", index=True),
    refers("shard_id", "shards.shard_id", "the portion it is sent with", nullable=True),
    refers("subscriber_id", "subscribers.subscriber_id", "to whom", cascade=True),
    refers(
        "edition_id", "editions.edition_id", "what; NULL: not composed", nullable=True, index=True
    ),
    Column("edition_date", Date, nullable=False, comment="day in the subscriber's zone"),
    Column("channel", String(32), nullable=False, comment="way out: smtp, directory, outbox"),
    Column("state", String(16), nullable=False, comment="see models.DeliveryState"),
    Column("attempts", Integer, nullable=False, comment="how often it was handed to the server"),
    instant("next_try_at", "not to be tried before (deferred)", nullable=True),
    text("detail", "last answer of the server, or what happened"),
    instant("planned_at", "when it was planned; freshness counts from here"),
    instant("state_at", "when the state was entered"),
    UniqueConstraint("subscriber_id", "edition_date", "channel"),
    Index(None, "shard_id", "state"),
    Index(None, "state", "next_try_at"),
    comment="the ledger: one edition to one subscriber by one channel",
    sqlite_autoincrement=True,
)

# ---------------------------------------------------------------- channels

channels = Table(
    "channels",
    metadata,
    Column("channel", String(32), primary_key=True, comment="way out: smtp, directory, outbox"),
    Column("failures", Integer, nullable=False, comment="failures in a row"),
    Column("pauses", Integer, nullable=False, comment="pauses in a row"),
    instant("paused_until", "not to be tried before by itself; NULL: it may", nullable=True),
    text("problem", "line of the last failure"),
    instant("failed_at", "when it last failed"),
    comment="channels that failed and have not worked since",
)

rates = Table(
    "rates",
    metadata,
    Column("name", SafeText, primary_key=True, comment="what is limited: a channel, or a domain"),
    Column("seconds", Integer, primary_key=True, comment="the limit counts within so many"),
    Column("slot_at", UtcDateTime, primary_key=True, comment="beginning of a part of them"),
    Column("taken", Integer, nullable=False, comment="messages begun in that part"),
    comment="how much of each rate limit is used; kept as long as it counts",
)
