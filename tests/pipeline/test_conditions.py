"""Conditions: quiet, stale, failing and refused are told apart."""

from datetime import UTC, datetime, timedelta

import pytest

from digest.models import FeedState
from digest.pipeline.conditions import Condition, FeedReading, condition, readings
from digest.sources.base import Feed

WEDNESDAY = datetime(2026, 11, 18, 15, tzinfo=UTC)
SATURDAY = datetime(2026, 11, 21, 15, tzinfo=UTC)
THANKSGIVING = datetime(2026, 11, 26, 20, tzinfo=UTC)
ARXIV = Feed("arxiv-cs", "arxiv")
POND = Feed("pond", "generic", "https://pond.example/feed")


def read(at: datetime, *, unseen: datetime | None = None, **more) -> FeedState:
    return FeedState("arxiv-cs", checked_at=at, succeeded_at=at, unseen_at=unseen, **more)


@pytest.mark.parametrize(
    ("feed", "state", "now", "expected"),
    [
        (ARXIV, FeedState("arxiv-cs"), WEDNESDAY, Condition.UNREAD),
        (ARXIV, read(WEDNESDAY, unseen=WEDNESDAY), WEDNESDAY, Condition.FINE),
        # Yesterday's batch again: every answer is fine, but nothing in it is unknown.
        (ARXIV, read(WEDNESDAY, unseen=WEDNESDAY - timedelta(days=1)), WEDNESDAY, Condition.STALE),
        (ARXIV, read(WEDNESDAY), WEDNESDAY, Condition.STALE),
        # Not read since the announcement: that is no fault of the feed.
        (ARXIV, read(WEDNESDAY - timedelta(days=2)), WEDNESDAY, Condition.FINE),
        (ARXIV, read(SATURDAY, unseen=SATURDAY - timedelta(days=1)), SATURDAY, Condition.QUIET),
        (
            ARXIV,
            read(THANKSGIVING, unseen=THANKSGIVING - timedelta(days=1)),
            THANKSGIVING,
            Condition.QUIET,
        ),
        (POND, read(WEDNESDAY), WEDNESDAY, Condition.FINE),
        (Feed("saved", "arxiv", "/saved"), read(WEDNESDAY), WEDNESDAY, Condition.FINE),
        (POND, read(WEDNESDAY, error_count=2), WEDNESDAY, Condition.FAILING),
        (POND, read(WEDNESDAY, error_count=1, refused=True), WEDNESDAY, Condition.REFUSED),
    ],
)
def test_each_kind_of_silence_has_its_word(feed, state, now, expected):
    assert condition(feed, state, now) is expected


def test_trouble_is_told_in_one_line_and_health_is_not():
    failing = read(WEDNESDAY, error_count=3, last_error="pond.example gave no answer")
    (told,) = readings([POND], {"pond": failing}, WEDNESDAY)
    assert told.problem == "pond.example gave no answer (3 times in a row)"
    stale = FeedReading(ARXIV, read(WEDNESDAY, unseen=SATURDAY), Condition.STALE)
    assert stale.problem is not None
    assert "nothing new since 2026-11-21" in stale.problem
    assert FeedReading(POND, read(WEDNESDAY), Condition.QUIET).problem is None


def test_a_feed_without_a_state_is_unread():
    assert readings([POND], {}, WEDNESDAY)[0].condition is Condition.UNREAD
