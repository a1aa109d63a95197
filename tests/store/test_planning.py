"""Shards get their deliveries by counting, also where their numbers are not in one piece."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from digest.models import Profile, SubscriberState
from digest.store import Store, planning

Plan = Callable[..., int]


@pytest.mark.parametrize(
    ("numbers", "stretches"),
    [
        ([], []),
        ([7], [(7, 1)]),
        ([7, 8, 9], [(7, 3)]),
        ([7, 8, 11, 12, 20], [(7, 2), (11, 2), (20, 1)]),
    ],
)
def test_numbers_make_stretches_without_a_gap(
    numbers: list[int], stretches: list[tuple[int, int]]
) -> None:
    assert planning._stretches(numbers) == stretches


def test_shards_are_filled_though_another_planner_took_numbers_in_between(
    store: Store,
    plan: Plan,
    now: datetime,
    lease: timedelta,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(8):
        store.people.add(f"r{number}@example.org", Profile(), SubscriberState.ACTIVE, now)
    # As if no two numbers were neighbours.
    monkeypatch.setattr(planning, "_stretches", lambda numbers: [(n, 1) for n in numbers])
    assert plan("smtp", "directory", shard_size=3) == 16
    filled = {}
    while shard := store.deliveries.claim("w", now, lease):
        waiting = store.deliveries.shard_deliveries(shard.shard_id, now)
        filled[shard.number] = sorted(who.address for _, who in waiting)
    assert filled == {
        number: sorted(2 * [f"r{n}@example.org" for n in range(8)[3 * number : 3 * number + 3]])
        for number in range(3)
    }
