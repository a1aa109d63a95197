"""Editions, how they are rendered, and the record of their delivery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Self, TypeAlias

from digest.models.people import Interest
from digest.models.rankings import ScoredPaper


@dataclass(frozen=True, slots=True)
class Section:
    """Papers of an edition under one heading; `interest` None: trending outside the profile.

    `updates`: papers that were sent before, of which there is news.
    """

    title: str
    interest: Interest | None
    papers: tuple[ScoredPaper, ...]
    updates: bool = False


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """How a feed did in the last collection, for the footer and the report.

    Attributes:
        problem: one line for its operator; None when all is well.
        condition: the same in a word (``failing``, ``refused``, ``stale``), to be said in the
            reader's language; empty: not told.
        times: how often in a row it failed.
        unseen_date: when it last brought something new; None: not told.
    """

    feed: str
    source: str
    entries: int
    problem: str | None = None
    condition: str = ""
    times: int = 0
    unseen_date: date | None = None


@dataclass(frozen=True, slots=True)
class InterestCount:
    """How many new papers matched an interest, whether or not they were sent."""

    title: str
    papers: int


@dataclass(frozen=True, slots=True)
class Lesson:
    """What an answer brought into an edition: papers on these words, since that day."""

    words: str
    since: date


@dataclass(frozen=True, slots=True)
class Remarks:
    """What an edition says beside its papers.

    Attributes:
        since: the first day of those it sums up; None: it is about one or two days.
        weekly: whether its subscriber wants one a week.
        week: new papers of the last days by interest, the most first.
        days: how many days `week` counts.
        thin: why there are few papers, in a sentence; empty: there are not.
        read: keys of the sources that were read for it.
        quiet: those of them that announce nothing that day.
        lessons: what answers of the last days brought into it.
    """

    since: date | None = None
    weekly: bool = False
    week: tuple[InterestCount, ...] = ()
    days: int = 7
    thin: str = ""
    read: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()
    lessons: tuple[Lesson, ...] = ()


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
        remarks: what it says beside its papers.
    """

    edition_date: date
    composed_at: datetime
    name: str
    language: str
    sections: tuple[Section, ...]
    candidates: int
    silence: str | None = None
    health: tuple[FeedHealth, ...] = ()
    remarks: Remarks = Remarks()

    @property
    def papers(self) -> tuple[ScoredPaper, ...]:
        """All papers, in the order of the edition."""
        return tuple(p for section in self.sections for p in section.papers)


class Block:
    """A text that many renderings share, as one and the same object.

    Attributes:
        text: what it says; not empty.
        size: bytes in UTF-8.
        coded: what a channel keeps of it, so that it is made once.
    """

    __slots__ = ("coded", "size", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.size = len(text.encode("utf-8", "replace"))
        self.coded: object = None


class Stencil:
    """A text with open places that many renderings share, as one and the same object.

    Attributes:
        parts: texts, and for each place which of a rendering's values stands there, from 0.
        coded: what a channel keeps of it.
    """

    __slots__ = ("coded", "parts")

    def __init__(self, parts: Sequence[Block | int]) -> None:
        self.parts = tuple(parts)
        self.coded: object = None

    def filled(self, values: Sequence[str]) -> str:
        """Return the text with a rendering's values in it."""
        return "".join([p.text if isinstance(p, Block) else values[p] for p in self.parts])


# A stencil, and the values of one rendering.
Piece: TypeAlias = tuple[Stencil, Sequence[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Rendering:
    """An edition as people read it; a form that nobody asked for is empty.

    Attributes:
        pieces: by the name of a form (``html``, ``text``, ``markdown``, ``alternative``), its
            text in pieces, some of which many renderings share.
    """

    subject: str
    pieces: Mapping[str, Sequence[Piece]]

    @classmethod
    def of(cls, subject: str, **texts: str) -> Self:
        """Return a rendering of whole texts, by the names of their forms."""
        whole = {name: [(Stencil((Block(text),)), ())] for name, text in texts.items() if text}
        return cls(subject, whole)

    @property
    def html(self) -> str:
        """The HTML."""
        return self._joined("html")

    @property
    def text(self) -> str:
        """The plain text."""
        return self._joined("text")

    @property
    def markdown(self) -> str:
        """The Markdown."""
        return self._joined("markdown")

    @property
    def alternative(self) -> str:
        """The text that stands beside the HTML in one mail; empty: `text` does.

        It is another one where papers had no room in both.
        """
        return self._joined("alternative")

    def _joined(self, form: str) -> str:
        return "".join([stencil.filled(own) for stencil, own in self.pieces.get(form, ())])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rendering):
            return NotImplemented
        return self._said() == other._said()

    def __hash__(self) -> int:
        return hash(self._said())

    def _said(self) -> tuple[str, ...]:
        return self.subject, self.html, self.text, self.markdown, self.alternative


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
    """The record of one edition to one subscriber by one channel.

    Freshness counts from `planned_at`; None: it was not stored yet.
    """

    delivery_id: int
    subscriber_id: int
    edition_id: int | None
    edition_date: date
    channel: str
    state: DeliveryState
    attempts: int = 0
    next_try_at: datetime | None = None
    detail: str = ""
    planned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many messages within so many seconds.

    Attributes:
        name: what is limited: the channel's name, or with a domain of recipients after a colon.
    """

    name: str
    count: int
    seconds: int

    @property
    def domain(self) -> str:
        """The recipients' domain that is limited; empty: all of them."""
        return self.name.partition(":")[2]
