"""Editions, how they are rendered, and the record of their delivery."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from digest.models.people import Interest
from digest.models.rankings import ScoredPaper


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
    """An edition as people read it.

    Attributes:
        alternative: the text that stands beside the HTML in one mail, where papers had no room
            in both; empty: `text` does.
    """

    subject: str
    html: str
    text: str
    markdown: str
    alternative: str = ""


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
