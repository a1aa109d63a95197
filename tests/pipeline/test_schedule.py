"""Exactly one edition for each local date, whatever clocks and processes do."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from digest.models import DeliveryState, Profile, Schedule, SubscriberState
from digest.store import Due, open_store
from fakes import ScriptedChannel, accept

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Casablanca",
)
# Before, in and after what clocks skip or repeat, and around midnight.
TIMES = (time(0, 0), time(0, 30), time(1, 45), time(2, 15), time(2, 30))
FRESH = timedelta(hours=6)
MINUTE = timedelta(minutes=1)


def changes_of_2026(zone: str) -> list[datetime]:
    """Return the instants at which the clocks of a zone change, to the minute."""
    there = ZoneInfo(zone)
    found = []
    at, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    while at < end:
        if at.astimezone(there).utcoffset() != (at + 15 * MINUTE).astimezone(there).utcoffset():
            found.append(at + 15 * MINUTE)
        at += 15 * MINUTE
    return found


CHANGES = [(zone, change) for zone in ZONES for change in changes_of_2026(zone)]


def test_each_zone_changes_its_clocks_twice_or_more() -> None:
    count = Counter(zone for zone, _ in CHANGES)
    assert set(count) == set(ZONES)
    assert min(count.values()) >= 2


def planned_dates(store) -> Counter[date]:
    return Counter(d.edition_date for d, _ in store.deliveries.list_deliveries(limit=10_000))


def plan(store, now: datetime) -> None:
    """Plan as a tick does."""
    due = [
        Due(schedule, day)
        for schedule in store.people.schedules()
        for day in schedule.due_dates(now, FRESH)
    ]
    run = store.runs.start("publish", now)
    store.deliveries.plan(run, due, channels=["smtp"], now=now)


@pytest.mark.parametrize("send_time", TIMES, ids=str)
@pytest.mark.parametrize(("zone", "change"), CHANGES, ids=lambda v: str(v)[:16])
def test_each_local_date_around_a_change_of_clocks_is_due_once_and_for_six_hours(
    zone: str, change: datetime, send_time: time
) -> None:
    schedule = Schedule(send_time, timezone=zone)
    at, end = change - timedelta(days=2), change + timedelta(days=2)
    first, last = schedule.local_date(at), schedule.local_date(end)
    due: dict[date, list[datetime]] = {}
    while at <= end:
        for day in schedule.due_dates(at, FRESH):
            due.setdefault(day, []).append(at)
        at += MINUTE
    inner = [day for day in due if first < day < last]
    assert len(inner) == (last - first).days - 1  # no date is left out
    for day in inner:
        ticks = due[day]
        # One stretch of six hours, so that a tick that comes late still finds it ...
        assert len(ticks) == 360
        assert ticks[-1] - ticks[0] == 359 * MINUTE
        # ... that begins at the wall clock's time, or right after the hour that is skipped.
        wall = ticks[0].astimezone(ZoneInfo(zone))
        assert wall.date() == day
        if wall.time() != send_time:
            assert ticks[0] == change


def test_five_zones_and_five_times_get_one_edition_a_local_date_in_all_changes(
    store, clock
) -> None:
    """All 25 at once, ticks every 10 minutes, through three days around each change."""
    for zone in ZONES:
        for number, send_time in enumerate(TIMES):
            name = f"{zone.replace('/', '.').lower()}.{number}@example.org"
            profile = Profile(schedule=Schedule(send_time, timezone=zone))
            store.people.add(name, profile, SubscriberState.ACTIVE, clock())
    schedules = store.people.schedules()
    for change in sorted({change.date() for _, change in CHANGES}):
        at = datetime.combine(change - timedelta(days=1), time(0), UTC)
        for _ in range(3 * 24 * 6):
            if any(s.due_dates(at, 10 * MINUTE) for s in schedules):
                plan(store, at)
            at += 10 * MINUTE
    keys = Counter(
        (who.address, d.edition_date) for d, who in store.deliveries.list_deliveries(limit=100_000)
    )
    assert set(keys.values()) == {1}
    for zone in ZONES:
        for n in range(len(TIMES)):
            name = f"{zone.replace('/', '.').lower()}.{n}@example.org"
            got = {day for who, day in keys if who == name}
            for change in {c.date() for _, c in CHANGES}:
                assert change in got, (name, change)


# ---------------------------------------------------------------- clocks and people that move


@pytest.fixture
def ticks(publisher, add_papers, subscribe, clock):
    """Tick at these hours after 08:00 UTC of a Monday; give the dates that were sent."""
    add_papers()
    channel = ScriptedChannel(accept)

    async def run(*hours: float, send_time: str = "07:30") -> list[date]:
        subscribe(send_time=send_time, send_empty=True)
        start = clock()
        for hour in hours:
            clock.now = start + timedelta(hours=hour)
            await publisher(channel).publish(on_time=True)
        return [parcel.edition_date for parcel in channel.parcels]

    return run


MON, TUE, WED = (date(2026, 11, day) for day in (16, 17, 18))


async def test_a_machine_that_slept_catches_up_within_the_freshness_limit(ticks) -> None:
    assert await ticks(-1, 4, 5, 24 + 5.4, 48 + 5.6) == [MON, TUE]


async def test_a_clock_that_is_set_back_sends_nothing_twice(ticks) -> None:
    assert await ticks(0, -0.4, 0, -3, 0.5, 24) == [MON, TUE]


async def test_a_clock_that_jumps_ahead_and_back_sends_each_day_once(ticks) -> None:
    assert await ticks(0, 48, 0, 24, 48) == [MON, WED, TUE]


@pytest.mark.parametrize(
    ("zone", "dates"),
    [
        ("Pacific/Auckland", [MON, TUE, WED]),  # thirteen hours ahead: Tuesday comes sooner
        ("America/Los_Angeles", [MON, TUE]),  # behind: Monday's was sent already
        ("Pacific/Kiritimati", [MON, TUE, WED]),
    ],
)
async def test_who_moves_to_another_time_zone_gets_each_local_date_once(
    publisher, add_papers, subscribe, store, clock, zone, dates
) -> None:
    add_papers()
    address = subscribe(send_empty=True)
    channel = ScriptedChannel(accept)
    await publisher(channel).publish(on_time=True)
    person = store.people.get(address)
    moved = replace(person.profile.schedule, timezone=zone)
    store.people.update(address, replace(person.profile, schedule=moved))
    for _ in range(47):
        clock.move(hours=1)
        await publisher(channel).publish(on_time=True)
    assert [parcel.edition_date for parcel in channel.parcels][:3] == dates
    assert max(Counter(p.edition_date for p in channel.parcels).values()) == 1


@pytest.mark.parametrize("count", [2, 4])
def test_several_schedulers_on_one_database_plan_each_date_once(
    store, subscribe, tmp_path, clock, count
) -> None:
    for number in range(30):
        subscribe(f"reader{number}")

    def tick_on(_: int) -> None:
        with open_store(f"sqlite:///{tmp_path}/digest.db") as other:
            for minute in range(5):
                plan(other, clock() + minute * MINUTE)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(tick_on, range(count)))
    assert planned_dates(store) == {MON: 30}
    balance = store.deliveries.balance()
    assert (balance.planned, balance.missing) == (30, 0)
    assert balance.states[DeliveryState.QUEUED] == 30
