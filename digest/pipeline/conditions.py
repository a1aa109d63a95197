"""Conditions: how a feed stands, in one word, so that silence has a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from digest.models import FeedState
from digest.pipeline.patience import moved_line
from digest.sources.announcements import is_quiet_day, last_announcement
from digest.sources.base import Feed


class Condition(StrEnum):
    """How a feed stands."""

    FINE = "fine"  # read, and new papers came when they were to come
    QUIET = "quiet"  # read; its source announces nothing today
    STALE = "stale"  # read, but without anything new since an announcement that must be there
    FAILING = "failing"  # cannot be read
    REFUSED = "refused"  # answers with something else than papers: perhaps a changed layout
    UNREAD = "unread"  # never read so far

    @property
    def is_trouble(self) -> bool:
        """Whether somebody should look at it."""
        return self in {Condition.STALE, Condition.FAILING, Condition.REFUSED}


@dataclass(frozen=True, slots=True)
class FeedReading:
    """A feed, what is remembered of it, and how it stands."""

    feed: Feed
    state: FeedState
    condition: Condition

    @property
    def problem(self) -> str | None:
        """One line for people on what is wrong; None when nothing is."""
        match self.condition:
            case Condition.FAILING | Condition.REFUSED:
                count = self.state.error_count
                times = f" ({count} times in a row)" if count > 1 else ""
                return f"{self.state.last_error or 'it failed'}{times}"
            case Condition.STALE:
                last = self.state.unseen_at
                since = f"since {last:%Y-%m-%d}" if last else "so far"
                return f"it brought nothing new {since}, though its source announced papers"
        return None

    @property
    def moved(self) -> str | None:
        """One line for people on where the feed moved to for good; None: it did not."""
        return moved_line(self.feed, self.state)


def condition(feed: Feed, state: FeedState, now: datetime) -> Condition:
    """Tell how a feed stands.

    A feed that serves yesterday's batch again looks healthy in every answer; only the absence
    of unknown entries on an announcement day gives it away.
    """
    if state.error_count:
        return Condition.REFUSED if state.refused else Condition.FAILING
    if state.succeeded_at is None:
        return Condition.UNREAD
    if feed.location and "://" not in feed.location:
        return Condition.FINE  # saved files announce nothing
    due = last_announcement(feed.source, now)
    read_since = due is not None and state.succeeded_at >= due
    if due and read_since and (state.unseen_at is None or state.unseen_at < due):
        return Condition.STALE
    return Condition.QUIET if is_quiet_day(feed.source, now) else Condition.FINE


def readings(
    feeds: Sequence[Feed], states: Mapping[str, FeedState], now: datetime
) -> list[FeedReading]:
    """Tell how each feed stands."""
    found = []
    for feed in feeds:
        state = states.get(feed.name, FeedState(feed.name))
        found.append(FeedReading(feed, state, condition(feed, state, now)))
    return found
