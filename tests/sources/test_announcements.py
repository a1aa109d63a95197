"""Announcement days: weekends and holidays are quiet, all others are not."""

from datetime import UTC, datetime

import pytest

from digest.sources.announcements import is_quiet_day, last_announcement


def at(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("source", "now", "quiet"),
    [
        ("arxiv", "2026-11-18T12:00", False),
        ("arxiv", "2026-11-21T12:00", True),  # Saturday
        ("arxiv", "2026-11-23T03:00", True),  # still Sunday in New York
        ("arxiv", "2026-11-23T06:00", False),
        ("arxiv", "2026-11-26T12:00", True),  # Thanksgiving
        ("huggingface", "2026-11-22T12:00", True),
        ("huggingface", "2026-11-26T12:00", False),
        ("biorxiv", "2026-11-22T12:00", False),
    ],
)
def test_a_quiet_day_is_one_on_which_the_source_announces_nothing(
    source: str, now: str, quiet: bool
) -> None:
    assert is_quiet_day(source, at(now)) is quiet


@pytest.mark.parametrize(
    ("source", "now", "since"),
    [
        ("arxiv", "2026-11-18T12:00", "2026-11-18T05:00"),
        ("arxiv", "2026-11-18T10:00", "2026-11-17T05:00"),  # not surely there before 06:00 EST
        ("arxiv", "2026-11-22T12:00", "2026-11-20T05:00"),  # Sunday: Friday's
        ("arxiv", "2026-11-26T20:00", "2026-11-25T05:00"),  # Thanksgiving: Wednesday's
        ("arxiv", "2026-07-01T12:00", "2026-07-01T04:00"),  # summer time
        ("huggingface", "2026-11-23T12:00", "2026-11-20T00:00"),
    ],
)
def test_the_last_announcement_is_the_one_that_must_be_there(
    source: str, now: str, since: str
) -> None:
    assert last_announcement(source, at(now)) == at(since)


def test_of_a_source_without_a_calendar_nothing_is_expected() -> None:
    assert last_announcement("generic", at("2026-11-18T12:00")) is None
