"""The tables. Every table and column says what it holds; SQLite keeps no comments, we do.

Entries and papers: `entries` hold what the sources said, word for word; `papers` are what
merging made of them, and can be made again from them; `popularity` is the history of counts.
`vectors` and `text_vectors` are embeddings, where there are any.
People: `signups` become `subscribers` once an address is confirmed; their `answers`; `letters` about
subscriptions; and `suppressions`, which outlive all of them. The ledger: `runs` plan
`deliveries` in `shards`; an `editions` row is committed before anything of it is sent.

Ids are never given twice (AUTOINCREMENT): links in old mails carry them.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from digest.store.columns import Count, SafeText, UtcDateTime

# The revision that migrations/versions brings a database to; a test compares the two.
REVISION = "0007"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id(name: str, comment: str) -> Column[int]:
    return Column(name, Integer, primary_key=True, autoincrement=True, comment=comment)


def _at(name: str, comment: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, UtcDateTime, nullable=nullable, comment=comment)


def _text(name: str, comment: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, SafeText, nullable=nullable, comment=comment)


def _json(name: str, comment: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, JSON(none_as_null=True), nullable=nullable, comment=comment)


def _to(
    name: str, target: str, comment: str, *, cascade: bool = False, **kwargs: Any
) -> Column[int]:
    key = ForeignKey(target, ondelete="CASCADE" if cascade else None)
    kwargs.setdefault("nullable", False)
    return Column(name, Integer, key, comment=comment, **kwargs)


# ---------------------------------------------------------------- entries and papers

papers = Table(
    "papers",
    metadata,
    _id("paper_id", "the paper's number, shown as #17"),
    _text("title", "title, as the best source has it"),
    _text("title_key", "key under which equal titles are found (text.title_key)"),
    _text("abstract", "the paper's own summary"),
    Column("language", String(35), nullable=False, comment="language of the abstract"),
    _json("authors", "names in order, First Last"),
    Column("n_authors", Count, comment="how many authors; NULL: no source told"),
    Column("arxiv_id", String(64), unique=True, comment="arXiv id without version"),
    Column("arxiv_version", Count, comment="highest arXiv version seen"),
    Column("doi", SafeText, index=True, comment="DOI, lower case; may stand on several works"),
    _at("published_at", "when the first version appeared", nullable=True),
    _at("updated_at", "when the version at hand appeared", nullable=True),
    Column("listed_date", Date, comment="last day on which a source listed it"),
    _json("categories", "arXiv categories, primary first"),
    _json("topics", "AITopics paths with confidence: [[path], confidence]"),
    _json("translations", "abstract by language code"),
    Column("comments", Count, comment="popularity: comments, last reading"),
    Column("upvotes", Count, comment="popularity: upvotes, last reading"),
    _text("url", "page of the paper", nullable=True),
    _text("pdf_url", "PDF of the paper", nullable=True),
    _text("code_url", "code of the paper", nullable=True),
    _text("project_url", "project page of the paper", nullable=True),
    _text("venue", "where it was accepted, as its authors say", nullable=True),
    _text("organisation", "whose work it is, as a source says", nullable=True),
    _text("ai_summary", "summary made by a source's language model", nullable=True),
    Column("withdrawn", Boolean, nullable=False, comment="whether the authors withdrew it"),
    _json("sources", "who saw it, in order of precedence"),
    _at("first_seen_at", "when any source first showed it"),
    _at("new_at", "when it was first presented as new; NULL: only as a replacement", nullable=True),
    _json("provenance", "field name -> source whose value was taken"),
    _at("changed_at", "when this row was last written"),
    _to(
        "superseded_by",
        "papers.paper_id",
        "the paper that took all its entries; NULL: it stands for itself",
        nullable=True,
        index=True,
    ),
    Index(None, "title_key"),
    Index(None, "new_at"),
    Index(None, "first_seen_at"),
    comment="works, one row each after merging",
    sqlite_autoincrement=True,
)

entries = Table(
    "entries",
    metadata,
    _id("entry_id", "number of the entry"),
    _to("paper_id", "papers.paper_id", "the paper it belongs to", index=True),
    Column("source", String(64), nullable=False, comment="key of the source"),
    _text("external_id", "the paper's identity within the source"),
    Column("version", Count, nullable=False, comment="version it speaks of; 0: none told"),
    Column("arxiv_id", SafeText, index=True, comment="arXiv id without version"),
    Column("doi", SafeText, index=True, comment="DOI, lower case"),
    Column("title_key", SafeText, nullable=False, index=True, comment="key of its title"),
    _json("payload", "the entry, without what it does not say (Entry.to_dict)"),
    _text("rule", "rule of the merge order that placed it"),
    _text("detail", "evidence for that rule, in words"),
    _at("first_seen_at", "when it was first read"),
    _at("changed_at", "when it last said something else than before"),
    UniqueConstraint("source", "external_id", "version"),
    comment="what one source said of one paper at one time",
    sqlite_autoincrement=True,
)

popularity = Table(
    "popularity",
    metadata,
    _to("paper_id", "papers.paper_id", "the paper", cascade=True, primary_key=True),
    Column("source", String(64), primary_key=True, comment="who counted"),
    Column("read_at", UtcDateTime, primary_key=True, comment="when the counts were read"),
    Column("upvotes", Count, comment="upvotes; NULL: not told"),
    Column("comments", Count, comment="comments; NULL: not told"),
    comment="history of popularity: a row when a reading differs from the one before",
)

vectors = Table(
    "vectors",
    metadata,
    _to("paper_id", "papers.paper_id", "the paper", cascade=True, primary_key=True),
    Column("model", String(64), primary_key=True, comment="what made it, with its fingerprint"),
    Column("text_hash", String(64), nullable=False, comment="SHA-256 of the text it stands for"),
    Column("vector", LargeBinary, nullable=False, comment="float16, little endian, length 1"),
    comment="embeddings of papers, one for each model",
)

text_vectors = Table(
    "text_vectors",
    metadata,
    Column("text_hash", String(64), primary_key=True, comment="SHA-256 of an interest's text"),
    Column("model", String(64), primary_key=True, comment="what made it, with its fingerprint"),
    Column("vector", LargeBinary, nullable=False, comment="float16, little endian, length 1"),
    comment="embeddings of interests; the text itself stands in the profiles only",
)

feeds = Table(
    "feeds",
    metadata,
    Column("feed", SafeText, primary_key=True, comment="name of the feed, as configured"),
    Column("place", String(16), nullable=False, comment="fingerprint of what it reads"),
    _text("etag", "ETag of the last stored response, verbatim", nullable=True),
    _text("last_modified", "Last-Modified of that response, verbatim", nullable=True),
    Column("body_hash", String(64), comment="SHA-256 of its body"),
    _at("checked_at", "last attempt", nullable=True),
    _at("succeeded_at", "last attempt that worked", nullable=True),
    _at("next_check_at", "not to be asked before", nullable=True),
    Column("error_count", Integer, nullable=False, comment="failures in a row"),
    _text("last_error", "line of the last failure", nullable=True),
    Column("refused", Boolean, nullable=False, comment="last failure: an answer of no use"),
    Column("entry_count", Integer, nullable=False, comment="entries of the last stored response"),
    _at("unseen_at", "when it last brought an unknown entry", nullable=True),
    _text("moved_to", "where it says it has moved for good", nullable=True),
    Column(
        "moved_count",
        Integer,
        nullable=False,
        server_default="0",
        comment="how many answers in a row said so",
    ),
    comment="feed states: what is remembered between two collections",
)

# ---------------------------------------------------------------- people

subscribers = Table(
    "subscribers",
    metadata,
    _id("subscriber_id", "number of the subscriber"),
    _text("address", "address that mail goes to; domain in lower case"),
    Column(
        "address_key", SafeText, nullable=False, unique=True, comment="address, all in lower case"
    ),
    Column("state", String(16), nullable=False, comment="pending, active, paused, unsubscribed"),
    _json("profile", "interests and options"),
    Column("timezone", String(64), nullable=False, comment="of the profile: IANA zone"),
    Column("send_minute", Integer, nullable=False, comment="of the profile: after local midnight"),
    Column("weekdays", Integer, nullable=False, comment="of the profile: bit 0 is Monday"),
    _at("created_at", "when the address was first given"),
    _at("state_at", "when the state was entered"),
    Column(
        "link_generation",
        Integer,
        nullable=False,
        server_default="0",
        comment="of the links in mails; raising it revokes those sent before",
    ),
    _at("paused_until", "when a pause ends by itself; NULL: it does not", nullable=True),
    Index(None, "timezone", "send_minute", "weekdays"),
    comment="addresses that receive, with what they want and when",
    sqlite_autoincrement=True,
)

signups = Table(
    "signups",
    metadata,
    _id("signup_id", "number of the sign-up"),
    _text("address", "address that is to be confirmed; domain in lower case"),
    Column("address_key", SafeText, nullable=False, comment="address, all in lower case"),
    _to(
        "subscriber_id",
        "subscribers.subscriber_id",
        "whose new address it is; NULL: it is a new subscriber's",
        cascade=True,
        nullable=True,
        unique=True,
    ),
    _json("profile", "interests and options of a new subscriber", nullable=True),
    _at("asked_at", "when it was last asked for"),
    Index(None, "address_key"),
    Index(None, "asked_at"),
    comment="addresses that wait for their owners to confirm; confirming deletes the row",
    sqlite_autoincrement=True,
)

letters = Table(
    "letters",
    metadata,
    _id("letter_id", "number of the letter"),
    Column("kind", String(16), nullable=False, comment="see models.LetterKind"),
    _text("address", "address that it goes to"),
    Column("address_key", SafeText, nullable=False, comment="address, all in lower case"),
    _to(
        "subscriber_id",
        "subscribers.subscriber_id",
        "whose links stand in it; NULL: nobody's",
        cascade=True,
        nullable=True,
        index=True,
    ),
    Column("signup_id", Integer, comment="the sign-up that it asks to confirm; it may be gone"),
    Column("language", String(35), nullable=False, comment="language of the letter"),
    Column("client", String(64), nullable=False, comment="pseudonym of who asked for it, for caps"),
    Column("state", String(16), nullable=False, comment="see models.DeliveryState"),
    Column("attempts", Integer, nullable=False, comment="how often it was handed to the server"),
    _at("next_try_at", "not to be tried before", nullable=True),
    _at("lease_until", "until when a worker has it; NULL: nobody does", nullable=True),
    _text("detail", "last answer of the server, or what happened"),
    _at("created_at", "when it was asked for"),
    _at("state_at", "when the state was entered"),
    Index(None, "state", "next_try_at"),
    Index(None, "address_key", "created_at"),
    Index(None, "client", "created_at"),
    Index(None, "created_at"),
    comment="mails about subscriptions: what they say is made when they are sent",
    sqlite_autoincrement=True,
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_key", SafeText, primary_key=True, comment="address, all in lower case"),
    _text("reason", "why it is not mailed any more"),
    _at("suppressed_at", "since when"),
    comment="addresses never to be mailed again, whether subscribed or not",
)

bounces = Table(
    "bounces",
    metadata,
    _id("bounce_id", "number of the bounce"),
    Column("fingerprint", String(64), nullable=False, unique=True, comment="SHA-256 of its mail"),
    _to("subscriber_id", "subscribers.subscriber_id", "whose mail came back", cascade=True),
    Column("kind", String(16), nullable=False, comment="hard, soft, complaint or ours"),
    Column("status", String(16), comment="enhanced status code (RFC 3463); NULL: none told"),
    _text("detail", "what the other server said"),
    _at("bounced_at", "when it was read"),
    Index(None, "subscriber_id", "bounced_at"),
    comment="mails that came back; the address itself stands with its subscriber only",
    sqlite_autoincrement=True,
)

answers = Table(
    "answers",
    metadata,
    _to(
        "subscriber_id", "subscribers.subscriber_id", "who answered", cascade=True, primary_key=True
    ),
    _to(
        "paper_id", "papers.paper_id", "on which paper", cascade=True, primary_key=True, index=True
    ),
    Column("kind", String(16), primary_key=True, comment="see models.AnswerKind"),
    _at("answered_at", "when"),
    comment="what subscribers said of papers; forgetting one deletes its row",
)

# ---------------------------------------------------------------- the ledger

runs = Table(
    "runs",
    metadata,
    _id("run_id", "number of the run"),
    Column("kind", String(32), nullable=False, comment="collect or publish"),
    _at("started_at", "when it began"),
    _at("finished_at", "when it ended; NULL: it runs, or was cut off", nullable=True),
    _json("report", "what it says of itself", nullable=True),
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
    _id("shard_id", "number of the shard"),
    _to("run_id", "runs.run_id", "the run that planned it"),
    Column("number", Integer, nullable=False, comment="0, 1, 2 .. within the run"),
    _text("owner", "worker that holds the lease; NULL: free", nullable=True),
    _at("lease_until", "when the lease runs out", nullable=True),
    Column("fence", Integer, nullable=False, default=0, comment="how often it was claimed"),
    UniqueConstraint("run_id", "number"),
    comment="portions of deliveries, each worked on by one worker at a time",
    sqlite_autoincrement=True,
)

editions = Table(
    "editions",
    metadata,
    _id("edition_id", "number of the edition"),
    _to("subscriber_id", "subscribers.subscriber_id", "for whom", cascade=True),
    Column("edition_date", Date, nullable=False, comment="day in the subscriber's zone"),
    _at("composed_at", "instant up to which papers were considered; Date of its messages"),
    _text("name", "the subscriber's name for the profile"),
    Column("language", String(35), nullable=False, comment="language of the edition"),
    _json("sections", "headings in order: title and interest"),
    Column("candidates", Integer, nullable=False, comment="how many new papers were looked at"),
    _text("silence", "why it is empty; NULL: it is not", nullable=True),
    _json("health", "feeds that had a problem"),
    UniqueConstraint("subscriber_id", "edition_date"),
    comment="composed selections, unchangeable",
    sqlite_autoincrement=True,
)

edition_papers = Table(
    "edition_papers",
    metadata,
    _to("edition_id", "editions.edition_id", "the edition", cascade=True, primary_key=True),
    Column("position", Integer, primary_key=True, comment="0, 1, 2 .. from the top"),
    _to("paper_id", "papers.paper_id", "the paper", index=True),
    Column("section", Integer, nullable=False, comment="index into the edition's sections"),
    Column("score", Float, nullable=False, comment="score for the interest"),
    _json("interest", "the interest it was chosen for; NULL: popularity", nullable=True),
    _json("reasons", "why, with what each explains of the score"),
    comment="papers of an edition",
)

deliveries = Table(
    "deliveries",
    metadata,
    _id("delivery_id", "number of the delivery"),
    _to("run_id", "runs.run_id", "the run that planned it", index=True),
    _to("shard_id", "shards.shard_id", "the portion it is sent with", nullable=True),
    _to("subscriber_id", "subscribers.subscriber_id", "to whom", cascade=True),
    _to("edition_id", "editions.edition_id", "what; NULL: not composed", nullable=True, index=True),
    Column("edition_date", Date, nullable=False, comment="day in the subscriber's zone"),
    Column("channel", String(32), nullable=False, comment="way out: smtp, directory, outbox"),
    Column("state", String(16), nullable=False, comment="see models.DeliveryState"),
    Column("attempts", Integer, nullable=False, comment="how often it was handed to the server"),
    _at("next_try_at", "not to be tried before (deferred)", nullable=True),
    _text("detail", "last answer of the server, or what happened"),
    _at("planned_at", "when it was planned; freshness counts from here"),
    _at("state_at", "when the state was entered"),
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
    _at("paused_until", "not to be tried before by itself; NULL: it may", nullable=True),
    _text("problem", "line of the last failure"),
    _at("failed_at", "when it last failed"),
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
