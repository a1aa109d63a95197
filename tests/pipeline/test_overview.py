"""The overview: counts of what is open, the last days, and the newest runs."""

from datetime import date, timedelta

import pytest

from digest.delivery import Outcome, OutcomeKind
from digest.models import DeliveryState, FeedState
from digest.pipeline.overview import feeds_by_trouble, overview
from digest.sources.base import Feed
from fakes import ScriptedChannel

MONDAY = date(2026, 11, 16)


def test_a_new_installation_needs_nobody(store, clock):
    found = overview(store, [], clock())
    assert (found.matters, found.feeds, found.runs) == ([], [], [])
    assert [(d.day, d.papers, d.planned) for d in found.days] == [
        (MONDAY - timedelta(days=n), 0, 0) for n in range(7)
    ]


async def test_days_and_runs_tell_how_it_went(store, clock, add_papers, subscribe, publisher):
    for name in ("ada", "ben", "cy"):
        subscribe(name)
    for _ in range(9):
        add_papers()
        await publisher().publish()
        clock.move(days=1)
    found = overview(store, [], clock() - timedelta(days=1))
    assert [(d.papers, d.planned) for d in found.days] == [(4, 3)] * 7
    assert found.days[0].day == MONDAY + timedelta(days=8)
    assert [run.planned for run in found.runs] == [3] * 6
    assert found.runs[0].run_id > found.runs[-1].run_id
    assert found.standing.deliveries == {}  # all of them were sent


async def test_all_unknown_outcomes_are_counted_though_one_is_listed(
    store, clock, add_papers, subscribe, publisher
):
    for number in range(9):
        subscribe(f"reader{number}")
    add_papers()
    await publisher(
        ScriptedChannel(lambda parcel: Outcome(OutcomeKind.UNKNOWN, "the answer was lost"))
    ).publish()
    found = overview(store, [], clock())
    assert found.standing.deliveries == {DeliveryState.UNKNOWN: 3, DeliveryState.QUEUED: 6}
    assert len(found.standing.unknown) == 1
    assert any("The outcome of 3 mails is unknown" in matter.text for matter in found.matters)


def test_feeds_in_trouble_come_first(store, clock):
    for name, errors in (("a", 0), ("b", 3), ("c", 0), ("d", 1)):
        store.feeds.save(
            FeedState(name, error_count=errors, last_error="500", succeeded_at=clock())
        )
    feeds = [Feed(name, "generic", f"https://{name}.example") for name in "acbd"]
    told = feeds_by_trouble(store, feeds, clock())
    assert [reading.feed.name for reading in told] == ["b", "d", "a", "c"]


@pytest.mark.parametrize("days", [1, 400])
def test_what_was_long_ago_is_no_matter_of_the_last_days(store, clock, add_papers, days):
    add_papers()
    clock.move(days=days)
    assert sum(day.papers for day in overview(store, [], clock()).days) == (4 if days == 1 else 0)
