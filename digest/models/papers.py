"""Entries, papers, and what merging decides about them; the state of a feed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

_NOT_NEWS = frozenset({"replace", "replace-cross", "absonly"})

# What changes from one reading to the next without any news in it.
_VOLATILE = frozenset({"comments", "upvotes", "listed_date", "announce_type"})


# The rule of entries that a person took out of a paper; merging does not undo it.
SPLIT = "split by hand"


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
        announce_type: arXiv's new, cross, replace, replace-cross, absonly; a later version at
            bioRxiv is a ``replace``; None elsewhere.
        tags_more: topics that the source hides behind "(2 more...)".
        translations: abstract by language code.
        comments, upvotes: popularity as read; None: not told.
        code_url, project_url: as told, or found in what the authors say of their own work.
        organisation: whose work it is, as the source says.
        venue: where it was accepted, like ``NeurIPS 2026``; only where that is said plainly.
        ai_summary, ai_keywords: made by the source's own machine (Hugging Face), not by the
            authors and not by Digest.
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
    organisation: str | None = None
    venue: str | None = None
    ai_summary: str | None = None
    ai_keywords: tuple[str, ...] = ()

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
        plain: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name in ("published_at", "updated_at", "listed_date"):
            plain[name] = plain[name] and plain[name].isoformat()
        for name in ("authors", "categories", "flags", "ai_keywords"):
            plain[name] = list(plain[name])
        plain["topics"] = [[list(t.path), t.confidence] for t in self.topics]
        plain["translations"] = dict(self.translations)
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
        for name in ("authors", "categories", "flags", "ai_keywords"):
            known[name] = tuple(known.get(name) or ())
        known["topics"] = tuple(Topic(tuple(p), c) for p, c in known.get("topics") or ())
        return cls(**known)

    def says_the_same(self, other: "Entry") -> bool:
        """Whether another reading says the same but for counts and listing days."""
        return replace(self, **{name: getattr(other, name) for name in _VOLATILE}) == other


@dataclass(frozen=True, slots=True)
class Sighting:
    """An entry with the instant at which Digest first saw it.

    `apart`: a person decided that it belongs to no other paper (rule `SPLIT`).
    """

    entry: Entry
    first_seen_at: datetime
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """The work itself: one after merging, however many sources saw it.

    Attributes:
        paper_id: key in the store; 0 before it is stored.
        venue, organisation, ai_summary: as in `Entry`.
        new_at: when Digest first saw it presented as new; None: only ever as a replacement.
        revised_at: when Digest first saw its latest version, where it knew an earlier one.
        tldr: one sentence by a language model of the operator's choice; "": it gave none of use;
            None: none was asked.
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
    venue: str | None = None
    organisation: str | None = None
    ai_summary: str | None = None
    withdrawn: bool = False
    sources: tuple[str, ...] = ()
    first_seen_at: datetime | None = None
    new_at: datetime | None = None
    revised_at: datetime | None = None
    tldr: str | None = None
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
        feed: the feed's name; place: what it reads (`Feed.place`). A feed that was pointed
            elsewhere starts anew.
        etag, last_modified: validators, verbatim, of the last response that was stored.
        body_hash: SHA-256 of that response's body.
        checked_at: the last attempt; succeeded_at: the last one that worked.
        next_check_at: not to be asked before.
        error_count: failures in a row; last_error: the last one's line.
        refused: the last failure was an answer that is not what the source says: an error
            page, or a page whose layout changed.
        entry_count: entries of the last response that was stored.
        unseen_at: when the feed last brought an entry that was not known.
        moved_to: where the feed says it has moved for good; moved_count: how many answers in
            a row said so.
    """

    feed: str
    place: str = ""
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    checked_at: datetime | None = None
    succeeded_at: datetime | None = None
    next_check_at: datetime | None = None
    error_count: int = 0
    last_error: str | None = None
    refused: bool = False
    entry_count: int = 0
    unseen_at: datetime | None = None
    moved_to: str | None = None
    moved_count: int = 0
