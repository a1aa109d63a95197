"""When sources announce papers: what tells a quiet day from a broken feed.

arXiv announces Sunday to Thursday evening, New York time, which its feeds carry from midnight
on, Monday to Friday; not on its holidays (https://info.arxiv.org/help/availability.html).
Hugging Face's lists are of weekdays. Of other sources no calendar is known.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

# Announced each year by arXiv; of other years only weekends are known.
ARXIV_HOLIDAYS = frozenset(
    date(2026, month, day)
    for month, day in (
        (1, 1), (1, 19), (6, 19), (7, 3), (9, 7), (11, 26), (12, 25), (12, 29), (12, 31),
    )
)  # fmt: skip
_SATURDAY = 5
_LONGEST_BREAK = 14  # days without an announcement


class _Calendar(NamedTuple):
    """A source's days, the zone they are of, and when in a day its papers are surely there."""

    zone: tzinfo
    is_quiet: Callable[[date], bool]
    ready: timedelta


def _is_weekend(day: date) -> bool:
    return day.weekday() >= _SATURDAY


_CALENDARS = {
    "arxiv": _Calendar(
        ZoneInfo("America/New_York"),
        lambda day: _is_weekend(day) or day in ARXIV_HOLIDAYS,
        timedelta(hours=6),
    ),
    # A list fills during its day; by the end of it there is something.
    "huggingface": _Calendar(UTC, _is_weekend, timedelta(hours=24)),
}


def last_announcement(source: str, now: datetime) -> datetime | None:
    """Return since when the newest announcement of a source must be in its feeds.

    None: no calendar of this source is known.
    """
    calendar = _CALENDARS.get(source)
    if calendar is None:
        return None
    day = (now - calendar.ready).astimezone(calendar.zone).date()
    for _ in range(_LONGEST_BREAK):
        if not calendar.is_quiet(day):
            return datetime.combine(day, time(), calendar.zone).astimezone(UTC)
        day -= timedelta(days=1)
    return None


def is_quiet_day(source: str, now: datetime) -> bool:
    """Tell whether a source announces nothing on the day that it is now, in its zone."""
    calendar = _CALENDARS.get(source)
    return calendar is not None and calendar.is_quiet(now.astimezone(calendar.zone).date())
