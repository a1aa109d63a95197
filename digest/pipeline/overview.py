"""The overview: how an installation stands and how the last days went, on one page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from digest.models import DeliveryState
from digest.pipeline.conditions import FeedReading, readings
from digest.pipeline.matters import Matter, matters
from digest.pipeline.standing import Standing, standing
from digest.sources.base import Feed
from digest.store import Run, Store

# Kinds of runs that say something to a person.
RUNS = ("publish", "restore", "likes")

# What did not come to the end that was meant, or has not yet. There are few of these, however
# many deliveries there are.
UNSETTLED = (
    DeliveryState.QUEUED,
    DeliveryState.TRANSMITTING,
    DeliveryState.DEFERRED,
    DeliveryState.UNKNOWN,
    DeliveryState.FAILED,
    DeliveryState.EXPIRED,
)
_DAYS = 7
_NEWEST = 6  # runs


@dataclass(frozen=True, slots=True)
class Day:
    """A day in UTC: papers that were seen for the first time, and deliveries that were planned."""

    day: date
    papers: int
    planned: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What whoever runs an installation looks at first.

    Attributes:
        standing: how it stands; its deliveries are counted in `UNSETTLED` states only.
        matters: what needs a person.
        feeds: those that are on, the ones in trouble first.
        days: the last ones, the newest first.
        runs: the newest ones.
    """

    standing: Standing
    matters: Sequence[Matter]
    feeds: Sequence[FeedReading]
    days: Sequence[Day]
    runs: Sequence[Run]


def overview(store: Store, feeds: Sequence[Feed], now: datetime) -> Overview:
    """Look an installation over; what it takes does not grow with the mails that were sent."""
    found = standing(store, feeds, now, only=UNSETTLED, unknown=1)
    return Overview(
        found,
        matters(found, None),
        _by_trouble(found.feeds),
        _days(store, now),
        store.runs.page(RUNS, limit=_NEWEST),
    )


def feeds_by_trouble(store: Store, feeds: Sequence[Feed], now: datetime) -> list[FeedReading]:
    """Tell how each feed stands, the ones in trouble first, and then by name."""
    known = {state.feed: state for state in store.feeds.states()}
    return _by_trouble(readings(feeds, known, now))


def _by_trouble(found: Sequence[FeedReading]) -> list[FeedReading]:
    return sorted(found, key=lambda r: (not r.condition.is_trouble, r.feed.name))


def _days(store: Store, now: datetime) -> list[Day]:
    today = now.astimezone(UTC).date()
    days = [today - timedelta(days=back) for back in range(_DAYS)]
    planned = dict.fromkeys(days, 0)
    for started_at, count in store.runs.planned(_midnight(days[-1])):
        day = started_at.date()
        planned[day] = planned.get(day, 0) + count
    return [
        Day(
            day,
            store.papers.first_seen(_midnight(day), _midnight(day + timedelta(days=1))),
            planned[day],
        )
        for day in days
    ]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
