"""Subscribers, their profiles, and when an edition is due."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class InterestKind(StrEnum):
    """What a subscriber can want (or mute)."""

    PHRASE = "phrase"
    AUTHOR = "author"
    CATEGORY = "category"
    TOPIC = "topic"
    EXAMPLE = "example"
    TEXT = "text"
    ANSWERS = "answers"  # what was liked by answers; no profile names it


@dataclass(frozen=True, slots=True)
class Interest:
    """One thing a subscriber wants, with a weight above 0; or does not want (`muted`).

    `value` is a phrase, an author's name, an arXiv category, an AITopics path (a part of it is
    enough), an example paper (id, link or title) or some sentences in plain language. One that is
    `weekly` comes on one day of the week, with what the week brought.
    """

    kind: InterestKind
    value: str
    weight: float = 1.0
    muted: bool = False
    weekly: bool = False


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


class Bar(StrEnum):
    """From which strength of a match on a subscriber wants papers."""

    USUAL = "usual"  # all that match
    HIGH = "high"  # only what is clearly theirs, and nothing outside the interests


class Updates(StrEnum):
    """What a subscriber wants to hear of papers that were sent before."""

    NONE = "none"  # nothing
    WITHDRAWN = "withdrawn"  # that their authors withdrew them
    ALL = "all"  # and that there is a new version


@dataclass(frozen=True, slots=True)
class Profile:
    """A subscriber's interests and options.

    Attributes:
        papers: how many papers an edition holds at most.
        minutes: how long it may take to read their abstracts; None: that does not matter.
        bar: how clear a match has to be.
        trending: how many of them at most may be popular papers outside the interests.
        language: ``en`` or ``ja``; ``ja`` also shows Japanese translations.
        send_empty: whether a day without papers brings a mail that says why.
        updates: what is told of papers that were sent before.
        weekly_on: the weekday of weekly interests (0 = Monday); None: the first chosen one.
    """

    interests: tuple[Interest, ...] = ()
    name: str = ""
    papers: int = 10
    minutes: int | None = None
    bar: Bar = Bar.USUAL
    trending: int = 2
    language: str = "en"
    format: Format = Format.HTML
    schedule: Schedule = field(default_factory=Schedule)
    send_empty: bool = False
    updates: Updates = Updates.WITHDRAWN
    weekly_on: int | None = None

    @property
    def weekly_day(self) -> int:
        """The weekday on which weekly interests come (0 = Monday)."""
        if self.weekly_on is not None:
            return self.weekly_on
        return min(self.schedule.weekdays, default=0)

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
    """An address that receives.

    Attributes:
        link_generation: raising it revokes the links that were sent before.
        paused_until: when a pause ends by itself; None: it does not, or there is none.
    """

    subscriber_id: int
    address: str
    state: SubscriberState
    profile: Profile
    created_at: datetime
    link_generation: int = 0
    paused_until: datetime | None = None


class AnswerKind(StrEnum):
    """What a subscriber can say of a paper."""

    MORE = "more"  # more like this
    LESS = "less"  # less like this
    SAVE = "save"  # kept for later
    CLICK = "click"  # opened


@dataclass(frozen=True, slots=True)
class Answer:
    """What a subscriber said of a paper, and when."""

    paper_id: int
    kind: AnswerKind
    answered_at: datetime
