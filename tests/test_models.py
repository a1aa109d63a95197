"""Hand-over types: schedules across clock changes, entries to JSON and back, what is news."""

import pickle
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.models import Entry, Schedule, Topic

EVERY_DAY = frozenset(range(7))
FRESHNESS = timedelta(hours=6)


def schedule(send_time: str, zone: str) -> Schedule:
    return Schedule(time.fromisoformat(send_time), EVERY_DAY, zone)


@pytest.mark.parametrize(
    ("send_time", "zone", "day", "due"),
    [
        ("07:00", "Europe/Berlin", "2026-11-18", "2026-11-18T06:00"),
        ("07:00", "Europe/Berlin", "2026-07-01", "2026-07-01T05:00"),
        # Spring forward: 02:00 becomes 03:00; a time in the gap moves to the first instant after.
        ("02:30", "Europe/Berlin", "2026-03-29", "2026-03-29T01:00"),
        ("03:00", "Europe/Berlin", "2026-03-29", "2026-03-29T01:00"),
        ("02:15", "Australia/Lord_Howe", "2026-10-04", "2026-10-03T15:30"),
        ("00:00", "America/Santiago", "2026-09-06", "2026-09-06T04:00"),
        # Fall back: 02:30 comes twice; the first one counts.
        ("02:30", "Europe/Berlin", "2026-10-25", "2026-10-25T00:30"),
        ("01:30", "America/New_York", "2026-11-01", "2026-11-01T05:30"),
    ],
)
def test_an_edition_is_due_at_the_first_valid_instant_of_its_time(send_time, zone, day, due):
    at = schedule(send_time, zone).due_at(date.fromisoformat(day))
    assert at == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_no_edition_is_due_on_a_day_that_was_not_chosen():
    only_monday = Schedule(time(7), frozenset({0}), "UTC")
    assert only_monday.due_at(date(2026, 11, 17)) is None
    assert only_monday.due_at(date(2026, 11, 16)) is not None


@pytest.mark.parametrize(
    "zone",
    [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Santiago",
        "Africa/Casablanca",
    ],
)
@pytest.mark.parametrize("send_time", ["00:00", "01:30", "02:30", "07:00", "23:45"])
def test_ticking_through_a_year_finds_every_local_date_once(zone, send_time):
    wanted = schedule(send_time, zone)
    start = datetime(2026, 1, 1, 12, tzinfo=UTC)
    found: list[date] = []
    for step in range(365 * 24 * 4):
        now = start + timedelta(minutes=15 * step)
        found += (d for d in wanted.due_dates(now, FRESHNESS) if d not in found[-3:])
    first, last = found[0], found[-1]
    assert found == [first + timedelta(days=n) for n in range((last - first).days + 1)]
    assert len(found) >= 364


def test_a_late_start_is_caught_up_within_the_freshness_limit_even_past_midnight():
    wanted = schedule("23:30", "UTC")
    just_after = datetime(2026, 11, 19, 0, 30, tzinfo=UTC)
    assert wanted.due_dates(just_after, FRESHNESS) == [date(2026, 11, 18)]
    assert wanted.due_dates(just_after + FRESHNESS, FRESHNESS) == []


@given(st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)), st.times())
def test_what_is_due_is_never_in_the_future(naive, send_time):
    now = naive.replace(tzinfo=UTC)
    wanted = Schedule(send_time.replace(second=0, microsecond=0), EVERY_DAY, "America/Santiago")
    for day in wanted.due_dates(now, FRESHNESS):
        at = wanted.due_at(day)
        assert at is not None
        assert at <= now < at + FRESHNESS
        assert at.astimezone(ZoneInfo("America/Santiago")).date() == day


FULL = Entry(
    source="arxiv",
    external_id="2611.90001",
    title="On Waiting",
    authors=("Ada Quill",),
    arxiv_id="2611.90001",
    arxiv_version=2,
    published_at=datetime(2026, 11, 13, 9, tzinfo=UTC),
    listed_date=date(2026, 11, 17),
    announce_type="new",
    categories=("cs.LG",),
    topics=(Topic(("Information Technology", "Waiting"), 0.5),),
    translations={"ja": "待つこと"},
    upvotes=3,
    flags=("title_cut",),
)


def test_an_entry_survives_json_and_pickle():
    assert Entry.from_dict(FULL.to_dict()) == FULL
    assert pickle.loads(pickle.dumps(FULL)) == FULL


def test_fields_of_a_later_version_are_ignored():
    assert Entry.from_dict(FULL.to_dict() | {"from_the_future": 1}) == FULL


def test_counts_and_listing_days_are_no_news_of_an_entry():
    assert replace(FULL, upvotes=99, listed_date=None).says_the_same(FULL)
    assert not replace(FULL, title="On Haste").says_the_same(FULL)


@pytest.mark.parametrize(
    ("announce_type", "version", "arxiv_id", "is_news"),
    [
        (None, None, None, True),
        ("new", 1, "2611.90001", True),
        ("cross", 1, "2610.90001", True),
        ("cross", 1, "2609.90001", False),
        ("cross", 2, "2611.90001", False),
        ("cross", 1, "math/0309136", False),
        ("replace", 2, "2611.90001", False),
        ("replace-cross", 2, "2611.90001", False),
    ],
)
def test_only_what_is_presented_as_new_is_news(announce_type, version, arxiv_id, is_news):
    entry = replace(FULL, announce_type=announce_type, arxiv_version=version, arxiv_id=arxiv_id)
    assert entry.is_news == is_news
