"""The hand-over types: what one stage gives to the next. All frozen; none does I/O.

Times named ``*_at`` are aware UTC instants, ``*_date`` are calendar days. Text fields hold
what the source said, cleaned of control characters; TeX is turned to Unicode only for display.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

# ---------------------------------------------------------------- entries and papers

_NOT_NEWS = frozenset({"replace", "replace-cross", "absonly"})


@dataclass(frozen=True, slots=True)
class Topic:
    """An AITopics path, from the general to the particular, with its confidence (0 to 1)."""

    path: tuple[str, ...]
    confidence: float

    def __str__(self) -> str:
        return " > ".join(self.path)


@dataclass(frozen=True, slots=True)
class Entry:
    """What one source said of one paper at one time.

    Attributes:
        source: key in ``sources.SOURCES``.
        external_id: the paper's identity within that source, stable from day to day.
        authors: "First Last", in order; empty when the source gives none.
        authors_raw: the line as written, where it had to be taken apart.
        n_authors: how many authors; known even where names are not. None: not told.
        arxiv_id: without version. doi: lower case, without resolver.
        published_at: when the first version appeared; updated_at: this version.
        listed_date: the day on which the source listed or announced the paper.
        announce_type: arXiv's new, cross, replace, replace-cross; None elsewhere.
        tags_more: topics that the source hides behind "(2 more...)".
        translations: abstract by language code.
        comments, upvotes: popularity as read; None: not told.
        flags: short words on what was doubtful or cut, like ``authors_ambiguous``.
    """

    source: str
    external_id: str
    title: str
    abstract: str = ""
    language: str = "en"
    authors: tuple[str, ...] = ()
    authors_raw: str | None = None
    n_authors: int | None = None
    arxiv_id: str | None = None
    arxiv_version: int | None = None
    doi: str | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    listed_date: date | None = None
    announce_type: str | None = None
    categories: tuple[str, ...] = ()
    topics: tuple[Topic, ...] = ()
    tags_more: int = 0
    translations: Mapping[str, str] = field(default_factory=dict)
    comments: int | None = None
    upvotes: int | None = None
    url: str | None = None
    pdf_url: str | None = None
    code_url: str | None = None
    project_url: str | None = None
    author_comment: str | None = None
    withdrawn: bool = False
    flags: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, int]:
        """Identity of this entry among all entries (version 0 when there is none)."""
        return self.source, self.external_id, self.arxiv_version or 0

    @property
    def is_news(self) -> bool:
        """Whether this entry presents the paper as new.

        A replacement is not; nor is a cross-list of a paper that was announced elsewhere
        before: a later version, or an arXiv id older than the month before the listing.
        """
        if self.announce_type in _NOT_NEWS:
            return False
        if self.announce_type != "cross":
            return True
        return (self.arxiv_version or 1) == 1 and not self._id_is_older_than_listing()

    def _id_is_older_than_listing(self) -> bool:
        if not self.arxiv_id or not self.listed_date or not self.arxiv_id[:4].isdigit():
            return self.arxiv_id is not None and "/" in self.arxiv_id
        id_month = (2000 + int(self.arxiv_id[:2])) * 12 + int(self.arxiv_id[2:4])
        return self.listed_date.year * 12 + self.listed_date.month - id_month > 1

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data, the form of ``digest parse --json`` and of the store."""
        plain: dict[str, Any] = {}
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if name == "topics":
                value = [[list(t.path), t.confidence] for t in value]
            elif isinstance(value, datetime | date):
                value = value.isoformat()
            elif isinstance(value, tuple):
                value = list(value)
            elif isinstance(value, Mapping):
                value = dict(value)
            plain[name] = value
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Entry":
        """Return the entry that `to_dict` wrote; fields of a later version are ignored."""
        known = {k: v for k, v in plain.items() if k in cls.__dataclass_fields__}
        for name in ("published_at", "updated_at"):
            if known.get(name):
                known[name] = datetime.fromisoformat(known[name])
        if known.get("listed_date"):
            known["listed_date"] = date.fromisoformat(known["listed_date"])
        for name in ("authors", "categories", "flags"):
            known[name] = tuple(known.get(name) or ())
        known["topics"] = tuple(Topic(tuple(p), c) for p, c in known.get("topics") or ())
        return cls(**known)

    @property
    def content_hash(self) -> str:
        """Hash of all that matters, without the volatile counts and listing days."""
        plain = self.to_dict()
        for volatile in ("comments", "upvotes", "listed_date", "announce_type"):
            del plain[volatile]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Sighting:
    """An entry with the instant at which Digest first saw it."""

    entry: Entry
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Paper:
    """The work itself: one after merging, however many sources saw it.

    Attributes:
        paper_id: key in the store; 0 before it is stored.
        new_at: when Digest first saw it presented as new; None: only ever as a replacement.
        sources: who saw it, in order of precedence.
        provenance: field name -> the source whose value was taken.
    """

    paper_id: int
    title: str
    abstract: str = ""
    language: str = "en"
    authors: tuple[str, ...] = ()
    n_authors: int | None = None
    arxiv_id: str | None = None
    arxiv_version: int | None = None
    doi: str | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    listed_date: date | None = None
    categories: tuple[str, ...] = ()
    topics: tuple[Topic, ...] = ()
    translations: Mapping[str, str] = field(default_factory=dict)
    comments: int | None = None
    upvotes: int | None = None
    url: str | None = None
    pdf_url: str | None = None
    code_url: str | None = None
    project_url: str | None = None
    withdrawn: bool = False
    sources: tuple[str, ...] = ()
    first_seen_at: datetime | None = None
    new_at: datetime | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def ref(self) -> str:
        """A name for this paper that people can type: arXiv id, DOI or ``#17``."""
        return self.arxiv_id or self.doi or f"#{self.paper_id}"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where merging puts one entry, and why.

    Attributes:
        entry: the entry to be placed.
        paper_id: the known paper it belongs to; None: a paper that is not stored yet.
        group: entries of one new paper in this batch share a group number.
        rule: the rule of the merge order that decided, like ``same arXiv id``.
        detail: the evidence in words, for ``digest papers``.
    """

    entry: Entry
    paper_id: int | None
    group: int
    rule: str
    detail: str


@dataclass(frozen=True, slots=True)
class KnownPaper:
    """A stored paper as merging sees it: its sightings."""

    paper_id: int
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class PaperChange:
    """A paper as it should be stored, with the placements that brought it there.

    ``paper.paper_id`` is 0 for a new paper. `changed` tells whether an entry is new or says
    something new; if not, only popularity is to be written.
    """

    paper: Paper
    placements: tuple[Placement, ...]
    changed: bool


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is remembered of a feed between two collections.

    Attributes:
        feed: the feed's name.
        etag, last_modified: validators, verbatim, of the last response that was stored.
        body_hash: SHA-256 of that response's body.
        checked_at: the last attempt; succeeded_at: the last one that worked.
        next_check_at: not to be asked before.
        error_count: failures in a row; last_error: the last one's line.
        entry_count: entries of the last response that was stored.
    """

    feed: str
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    checked_at: datetime | None = None
    succeeded_at: datetime | None = None
    next_check_at: datetime | None = None
    error_count: int = 0
    last_error: str | None = None
    entry_count: int = 0


# ---------------------------------------------------------------- people


class InterestKind(StrEnum):
    """What a subscriber can want (or mute)."""

    PHRASE = "phrase"
    AUTHOR = "author"
    CATEGORY = "category"
    TOPIC = "topic"
    EXAMPLE = "example"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Interest:
    """One thing a subscriber wants, with a weight above 0; or does not want (`muted`).

    `value` is a phrase, an author's name, an arXiv category, an AITopics path (a part of it is
    enough), an example paper (id, link or title) or some sentences in plain language.
    """

    kind: InterestKind
    value: str
    weight: float = 1.0
    muted: bool = False


class Format(StrEnum):
    """How a subscriber wants the digest; the value is also the file name's ending."""

    HTML = "html"
    TEXT = "txt"
    MARKDOWN = "md"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a subscriber's edition is due: a wall-clock time on chosen weekdays (0 = Monday)."""

    send_time: time = time(7, 0)
    weekdays: frozenset[int] = frozenset(range(7))
    timezone: str = "UTC"

    def local_date(self, now: datetime) -> date:
        """Return the calendar day in the subscriber's zone."""
        return now.astimezone(ZoneInfo(self.timezone)).date()

    def due_at(self, edition_date: date) -> datetime | None:
        """Return the instant at which that day's edition is due; None: not a chosen weekday.

        A time that the clock skips (spring forward) moves to the first valid instant; of a
        time that comes twice (fall back) the first one counts (PEP 495, fold=0).
        """
        if edition_date.weekday() not in self.weekdays:
            return None
        zone = ZoneInfo(self.timezone)
        wall = datetime.combine(edition_date, self.send_time)
        before = wall.replace(tzinfo=zone).astimezone(UTC)
        if before.astimezone(zone).replace(tzinfo=None) == wall:
            return before
        # Inside a gap the two folds, taken to UTC, stand on either side of the change.
        early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
        late = before
        while late - early > timedelta(seconds=1):
            middle = early + (late - early) / 2
            if middle.astimezone(zone).replace(tzinfo=None) < wall:
                early = middle
            else:
                late = middle
        return late.replace(microsecond=0)

    def due_dates(self, now: datetime, freshness: timedelta) -> list[date]:
        """Return the local dates whose edition is due now and not older than `freshness`."""
        today = self.local_date(now)
        dates = (today - timedelta(days=1), today)
        due = [(d, self.due_at(d)) for d in dates]
        return [d for d, at in due if at is not None and at <= now < at + freshness]


@dataclass(frozen=True, slots=True)
class Profile:
    """A subscriber's interests and options.

    Attributes:
        papers: how many papers an edition holds at most.
        trending: how many of them at most may be popular papers outside the interests.
        language: ``en`` or ``ja``; ``ja`` also shows Japanese translations.
        send_empty: whether a day without papers brings a mail that says why.
    """

    interests: tuple[Interest, ...] = ()
    name: str = ""
    papers: int = 10
    trending: int = 2
    language: str = "en"
    format: Format = Format.HTML
    schedule: Schedule = field(default_factory=Schedule)
    send_empty: bool = False

    @property
    def wanted(self) -> tuple[Interest, ...]:
        """The interests that are not muted."""
        return tuple(i for i in self.interests if not i.muted)

    @property
    def muted(self) -> tuple[Interest, ...]:
        """What the subscriber does not want to see."""
        return tuple(i for i in self.interests if i.muted)


class SubscriberState(StrEnum):
    """Where a subscriber stands."""

    PENDING = "pending"  # has not confirmed the address; receives nothing
    ACTIVE = "active"  # receives
    PAUSED = "paused"  # receives nothing until resumed
    UNSUBSCRIBED = "unsubscribed"  # left; receives nothing


@dataclass(frozen=True, slots=True)
class Subscriber:
    """An address that receives."""

    subscriber_id: int
    address: str
    state: SubscriberState
    profile: Profile
    created_at: datetime


# ---------------------------------------------------------------- ranking


class ReasonKind(StrEnum):
    """Why a paper was chosen; what `Reason.value` and `Reason.words` hold for each."""

    PHRASE = "phrase"  # value: the phrase of the profile, found word for word
    WORDS = "words"  # value: the interest; words: terms of the paper that matched it
    AUTHOR = "author"  # value: the author of the profile; words: the name in the paper
    CATEGORY = "category"  # value: the category
    TOPIC = "topic"  # value: the AITopics path; words: its confidence
    EXAMPLE = "example"  # value: title of the example paper; words: shared terms
    POPULARITY = "popularity"  # value: source; words: counts, like "57 upvotes"


@dataclass(frozen=True, slots=True)
class Reason:
    """One true reason, and how much of the score it explains."""

    kind: ReasonKind
    value: str
    words: tuple[str, ...] = ()
    contribution: float = 0.0


@dataclass(frozen=True, slots=True)
class ScoredPaper:
    """A paper with its score for one interest (None: popularity) and the reasons for it."""

    paper: Paper
    score: float
    interest: Interest | None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """The candidates as one profile sees them.

    Attributes:
        by_interest: for each wanted interest its papers with a positive score, best first.
        popular: papers by popularity, best first, whatever the interests.
        candidates: how many papers were looked at, without the muted ones.
        muted: how many papers the mutes took out.
    """

    by_interest: tuple[tuple[Interest, tuple[ScoredPaper, ...]], ...]
    popular: tuple[ScoredPaper, ...]
    candidates: int
    muted: int


# ---------------------------------------------------------------- editions and deliveries


@dataclass(frozen=True, slots=True)
class Section:
    """Papers of an edition under one heading; `interest` None: trending outside the profile."""

    title: str
    interest: Interest | None
    papers: tuple[ScoredPaper, ...]


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """How a feed did in the last collection, for the footer and the report.

    `problem` is None when all is well, else one line.
    """

    feed: str
    source: str
    entries: int
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """One dated, composed, unchangeable selection for one subscriber.

    Attributes:
        edition_date: a day in the subscriber's zone.
        composed_at: the instant up to which papers were considered.
        name: the subscriber's name for this profile, may be empty.
        candidates: how many new papers were looked at.
        silence: why the edition is empty; None when it is not.
        health: feeds that had a problem.
    """

    edition_date: date
    composed_at: datetime
    name: str
    language: str
    sections: tuple[Section, ...]
    candidates: int
    silence: str | None = None
    health: tuple[FeedHealth, ...] = ()

    @property
    def papers(self) -> tuple[ScoredPaper, ...]:
        """All papers, in the order of the edition."""
        return tuple(p for section in self.sections for p in section.papers)


@dataclass(frozen=True, slots=True)
class Rendering:
    """An edition as people read it."""

    subject: str
    html: str
    text: str
    markdown: str


class DeliveryState(StrEnum):
    """Where a delivery stands. `queued`, `transmitting` and `deferred` are not final."""

    QUEUED = "queued"  # to be sent
    TRANSMITTING = "transmitting"  # handed to the server; no answer recorded yet
    SENT = "sent"  # our server accepted it
    DEFERRED = "deferred"  # failed for now; tried again at `next_try_at`
    FAILED = "failed"  # refused for good
    UNKNOWN = "unknown"  # the answer was lost: it may have arrived
    EXPIRED = "expired"  # not sent within the freshness limit
    SUPPRESSED = "suppressed"  # the address is not mailed any more
    SILENT = "silent"  # the edition was empty, and the subscriber wants no empty mail


@dataclass(frozen=True, slots=True)
class Delivery:
    """The record of one edition to one subscriber by one channel."""

    delivery_id: int
    subscriber_id: int
    edition_id: int | None
    edition_date: date
    channel: str
    state: DeliveryState
    attempts: int = 0
    next_try_at: datetime | None = None
    detail: str = ""
