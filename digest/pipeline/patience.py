"""Patience: when a feed is asked again after trouble, and at which address.

Servers are not hurried: a feed that fails is left alone for ever longer, one that asks to wait
gets its time, and one that says that it moved for good is believed when it has said so several
times. All of it is kept in the feed's state, so that a restart forgets nothing.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from digest.errors import FetchError, ParseError, SourceError
from digest.models import FeedState
from digest.sources.base import Feed

MOVED_AFTER = 3  # answers in a row that say so: one may be a mistake, or a captive portal
STRIKES = 3  # failures in a row that end a patience
_FIRST_PAUSE = timedelta(minutes=15)
_GONE = timedelta(days=30)
_LONGEST_PAUSE = timedelta(hours=24)
# Added to a pause, so that feeds that failed together do not come back together.
_MOST_JITTER = timedelta(hours=1)
_JITTER = 0.2  # of the pause


def is_due(state: FeedState, every: timedelta, now: datetime) -> bool:
    """Tell whether a feed's time has come.

    Args:
        state: what is remembered of the feed.
        every: how often a feed without trouble is asked.
        now: the present instant, aware.
    """
    if state.checked_at is None:
        return True
    return now >= (state.next_check_at or state.checked_at + every)


def wait(error: SourceError) -> timedelta:
    """Return how long the server wants to be left alone; of a feed that is gone, for long."""
    if not isinstance(error, FetchError):
        return timedelta()
    return _GONE if error.permanent else timedelta(seconds=error.retry_after or 0)


def after_failure(
    state: FeedState, error: SourceError, now: datetime, jitter: float = 0.0
) -> FeedState:
    """Return the state of a feed that could not be read.

    The pause is a quarter of an hour, twice as long each time up to a day, or as long as the
    server asks. An address that is not there three times in a row is asked once a day; one
    that is gone for good, once a month. A feed that fails where it moved to is looked for at
    its configured address again: after three failures, or at once if it is gone there.

    Args:
        state: as it was before.
        error: what happened.
        now: the present instant, aware.
        jitter: from 0 to 1: how much of the usual jitter to add to the pause.
    """
    count = state.error_count + 1
    gone = isinstance(error, FetchError) and error.permanent
    lost = has_moved(state) and (gone or count >= STRIKES)
    pause = min(_FIRST_PAUSE * 2 ** min(count - 1, 10), _LONGEST_PAUSE)
    if isinstance(error, FetchError) and error.absent and count >= STRIKES:
        pause = _LONGEST_PAUSE
    if not (lost and gone):
        pause = max(pause, wait(error))
    if lost:
        # Validators belong to the address that gave them.
        state = replace(state, moved_to=None, moved_count=0, etag=None, last_modified=None)
    return replace(
        state,
        checked_at=now,
        next_check_at=now + pause + min(pause * _JITTER, _MOST_JITTER) * jitter,
        error_count=count,
        last_error=str(error),
        refused=isinstance(error, ParseError),
    )


def has_moved(state: FeedState) -> bool:
    """Tell whether a feed said often enough that it moved for good."""
    return state.moved_to is not None and state.moved_count >= MOVED_AFTER


def address(feed: Feed, state: FeedState) -> str:
    """Return where a feed of a single address is asked: as configured, or where it moved to."""
    return state.moved_to if has_moved(state) and state.moved_to else feed.location


def after_answer(state: FeedState, feed: Feed, moved_to: str | None) -> FeedState:
    """Return the state with what an answer told of the feed's address.

    Args:
        state: as it was when the feed was asked.
        feed: a feed of a single address.
        moved_to: where redirects led that were all for good; None: there were none, or others.
    """
    if moved_to is None and has_moved(state):
        return state  # it answers where it moved to
    if moved_to is None or moved_to == feed.location:
        return replace(state, moved_to=None, moved_count=0)
    again = moved_to == state.moved_to
    count = min(state.moved_count + 1, MOVED_AFTER) if again else 1
    return replace(state, moved_to=moved_to, moved_count=count)


def moved_line(feed: Feed, state: FeedState) -> str | None:
    """Return one line for the operator of a feed that moved for good; None: it did not."""
    if not has_moved(state) or state.place != feed.place:
        return None
    return told_move(state.moved_to or "")


def told_move(address: str) -> str:
    """Return one line for the operator on where a feed moved to."""
    return f"moved to {address}; put it in the configuration"
