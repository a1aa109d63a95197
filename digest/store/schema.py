"""The tables. Every table and column says what it holds; SQLite keeps no comments, we do.

Entries and papers: `entries` hold what the sources said, word for word; `papers` are what
merging made of them, and can be made again from them; `popularity` is the history of counts.
`vectors` and `text_vectors` are embeddings, where there are any.
People: `signups` become `subscribers` once an address is confirmed; their `answers`; `letters` about
subscriptions; and `suppressions`, which outlive all of them. `sessions` are the operator's. The ledger: `runs` plan
`deliveries` in `shards`; an `editions` row is committed before anything of it is sent (its tables
stand in `ledger`).

Ids are never given twice (AUTOINCREMENT): links in old mails carry them.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    column,
)

from digest.store.columns import Count, SafeText, UtcDateTime
from digest.store.ledger import channels, deliveries, edition_papers, editions, rates, runs, shards
from digest.store.parts import instant, metadata, number, plain, refers, text

__all__ = [
    "REVISION",
    "answers",
    "bounces",
    "channels",
    "deliveries",
    "edition_papers",
    "editions",
    "entries",
    "feeds",
    "letters",
    "metadata",
    "papers",
    "popularity",
    "rates",
    "runs",
    "sessions",
    "shards",
    "signups",
    "subscribers",
    "suppressions",
    "text_vectors",
    "vectors",
]

# The revision that migrations/versions brings a database to; a test compares the two.
REVISION = "0013"

# ---------------------------------------------------------------- entries and papers

papers = Table(
    "papers",
    metadata,
    number("paper_id", "the paper's number, shown as #17"),
    text("title", "title, as the best source has it"),
    text("title_key", "key under which equal titles are found (text.title_key)"),
    text("abstract", "the paper's own summary"),
    Column("language", String(35), nullable=False, comment="language of the abstract"),
    plain("authors", "names in order, First Last"),
    Column("n_authors", Count, comment="how many authors; NULL: no source told"),
    Column("arxiv_id", String(64), unique=True, comment="arXiv id without version"),
    Column("arxiv_version", Count, comment="highest arXiv version seen"),
    Column("doi", SafeText, index=True, comment="DOI, lower case; may stand on several works"),
    instant("published_at", "when the first version appeared", nullable=True),
    instant("updated_at", "when the version at hand appeared", nullable=True),
    Column("listed_date", Date, comment="last day on which a source listed it"),
    plain("categories", "arXiv categories, primary first"),
    plain("topics", "AITopics paths with confidence: [[path], confidence]"),
    plain("translations", "abstract by language code"),
    Column("comments", Count, comment="popularity: comments, last reading"),
    Column("upvotes", Count, comment="popularity: upvotes, last reading"),
    text("url", "page of the paper", nullable=True),
    text("pdf_url", "PDF of the paper", nullable=True),
    text("code_url", "code of the paper", nullable=True),
    text("project_url", "project page of the paper", nullable=True),
    text("venue", "where it was accepted, as its authors say", nullable=True),
    text("organisation", "whose work it is, as a source says", nullable=True),
    text("ai_summary", "summary made by a source's language model", nullable=True),
    text(
        "tldr", "a language model's sentence on it; empty: none of use; NULL: none", nullable=True
    ),
    Column("withdrawn", Boolean, nullable=False, comment="whether the authors withdrew it"),
    plain("sources", "who saw it, in order of precedence"),
    instant("first_seen_at", "when any source first showed it"),
    instant(
        "new_at", "when it was first presented as new; NULL: only as a replacement", nullable=True
    ),
    instant(
        "revised_at",
        "when its latest version was first seen; NULL: no earlier one was known",
        nullable=True,
    ),
    plain("provenance", "field name -> source whose value was taken"),
    instant("changed_at", "when this row was last written"),
    refers(
        "superseded_by",
        "papers.paper_id",
        "the paper that took all its entries; NULL: it stands for itself",
        nullable=True,
        index=True,
    ),
    Index(None, "title_key"),
    Index(
        "ix_papers_url",
        "url",
        sqlite_where=column("arxiv_id").is_(None),
        postgresql_where=column("arxiv_id").is_(None),
    ),
    Index(None, "new_at"),
    Index(None, "revised_at"),
    Index(None, "first_seen_at"),
    comment="works, one row each after merging",
    sqlite_autoincrement=True,
)

entries = Table(
    "entries",
    metadata,
    number("entry_id", "number of the entry"),
    refers("paper_id", "papers.paper_id", "the paper it belongs to", index=True),
    Column("source", String(64), nullable=False, comment="key of the source"),
    text("external_id", "the paper's identity within the source"),
    Column("version", Count, nullable=False, comment="version it speaks of; 0: none told"),
    Column("arxiv_id", SafeText, index=True, comment="arXiv id without version"),
    Column("doi", SafeText, index=True, comment="DOI, lower case"),
    Column("title_key", SafeText, nullable=False, index=True, comment="key of its title"),
    plain("payload", "the entry, without what it does not say (Entry.to_dict)"),
    text("rule", "rule of the merge order that placed it"),
    text("detail", "evidence for that rule, in words"),
    instant("first_seen_at", "when it was first read"),
    instant("changed_at", "when it last said something else than before"),
    UniqueConstraint("source", "external_id", "version"),
    comment="what one source said of one paper at one time",
    sqlite_autoincrement=True,
)

popularity = Table(
    "popularity",
    metadata,
    refers("paper_id", "papers.paper_id", "the paper", cascade=True, primary_key=True),
    Column("source", String(64), primary_key=True, comment="who counted"),
    Column("read_at", UtcDateTime, primary_key=True, comment="when the counts were read"),
    Column("upvotes", Count, comment="upvotes; NULL: not told"),
    Column("comments", Count, comment="comments; NULL: not told"),
    comment="history of popularity: a row when a reading differs from the one before",
)

vectors = Table(
    "vectors",
    metadata,
    refers("paper_id", "papers.paper_id", "the paper", cascade=True, primary_key=True),
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
    text("etag", "ETag of the last stored response, verbatim", nullable=True),
    text("last_modified", "Last-Modified of that response, verbatim", nullable=True),
    Column("body_hash", String(64), comment="SHA-256 of its body"),
    instant("checked_at", "last attempt", nullable=True),
    instant("succeeded_at", "last attempt that worked", nullable=True),
    instant("next_check_at", "not to be asked before", nullable=True),
    Column("error_count", Integer, nullable=False, comment="failures in a row"),
    text("last_error", "line of the last failure", nullable=True),
    Column("refused", Boolean, nullable=False, comment="last failure: an answer of no use"),
    Column("entry_count", Integer, nullable=False, comment="entries of the last stored response"),
    instant("unseen_at", "when it last brought an unknown entry", nullable=True),
    text("moved_to", "where it says it has moved for good", nullable=True),
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
    number("subscriber_id", "number of the subscriber"),
    text("address", "address that mail goes to; domain in lower case"),
    Column(
        "address_key", SafeText, nullable=False, unique=True, comment="address, all in lower case"
    ),
    Column("state", String(16), nullable=False, comment="pending, active, paused, unsubscribed"),
    plain("profile", "interests and options"),
    Column("timezone", String(64), nullable=False, comment="of the profile: IANA zone"),
    Column("send_minute", Integer, nullable=False, comment="of the profile: after local midnight"),
    Column("weekdays", Integer, nullable=False, comment="of the profile: bit 0 is Monday"),
    instant("created_at", "when the address was first given"),
    instant("state_at", "when the state was entered"),
    Column(
        "link_generation",
        Integer,
        nullable=False,
        server_default="0",
        comment="of the links in mails; raising it revokes those sent before",
    ),
    instant("paused_until", "when a pause ends by itself; NULL: it does not", nullable=True),
    text("consent", "when and how the owner agreed, as a list said; NULL: none did", nullable=True),
    Index(None, "timezone", "send_minute", "weekdays"),
    Index(None, "state", "address_key"),
    comment="addresses that receive, with what they want and when",
    sqlite_autoincrement=True,
)

signups = Table(
    "signups",
    metadata,
    number("signup_id", "number of the sign-up"),
    text("address", "address that is to be confirmed; domain in lower case"),
    Column("address_key", SafeText, nullable=False, comment="address, all in lower case"),
    refers(
        "subscriber_id",
        "subscribers.subscriber_id",
        "whose new address it is; NULL: it is a new subscriber's",
        cascade=True,
        nullable=True,
        unique=True,
    ),
    plain("profile", "interests and options of a new subscriber", nullable=True),
    instant("asked_at", "when it was last asked for"),
    Index(None, "address_key"),
    Index(None, "asked_at"),
    comment="addresses that wait for their owners to confirm; confirming deletes the row",
    sqlite_autoincrement=True,
)

letters = Table(
    "letters",
    metadata,
    number("letter_id", "number of the letter"),
    Column("kind", String(16), nullable=False, comment="see models.LetterKind"),
    text("address", "address that it goes to"),
    Column("address_key", SafeText, nullable=False, comment="address, all in lower case"),
    refers(
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
    instant("next_try_at", "not to be tried before", nullable=True),
    instant("lease_until", "until when a worker has it; NULL: nobody does", nullable=True),
    text("detail", "last answer of the server, or what happened"),
    instant("created_at", "when it was asked for"),
    instant("state_at", "when the state was entered"),
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
    text("reason", "why it is not mailed any more"),
    instant("suppressed_at", "since when"),
    comment="addresses never to be mailed again, whether subscribed or not",
)

bounces = Table(
    "bounces",
    metadata,
    number("bounce_id", "number of the bounce"),
    Column("fingerprint", String(64), nullable=False, unique=True, comment="SHA-256 of its mail"),
    refers("subscriber_id", "subscribers.subscriber_id", "whose mail came back", cascade=True),
    Column("kind", String(16), nullable=False, comment="hard, soft, complaint or ours"),
    Column("status", String(16), comment="enhanced status code (RFC 3463); NULL: none told"),
    text("detail", "what the other server said"),
    instant("bounced_at", "when it was read"),
    Index(None, "subscriber_id", "bounced_at"),
    comment="mails that came back; the address itself stands with its subscriber only",
    sqlite_autoincrement=True,
)

answers = Table(
    "answers",
    metadata,
    refers(
        "subscriber_id", "subscribers.subscriber_id", "who answered", cascade=True, primary_key=True
    ),
    refers(
        "paper_id", "papers.paper_id", "on which paper", cascade=True, primary_key=True, index=True
    ),
    Column("kind", String(16), primary_key=True, comment="see models.AnswerKind"),
    instant("answered_at", "when"),
    comment="what subscribers said of papers; forgetting one deletes its row",
)

# ---------------------------------------------------------------- who runs the installation

sessions = Table(
    "sessions",
    metadata,
    Column("name", String(64), primary_key=True, comment="keyed hash of what the browser holds"),
    instant("opened_at", "when the password was given"),
    instant("seen_at", "when it was last used, to the minute"),
    comment="open sessions on the pages of whoever runs the installation",
)
