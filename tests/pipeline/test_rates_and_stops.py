"""Rate limits in a run, ends in good order, and a database that does not take what it should."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from digest.delivery import Outcome, OutcomeKind
from digest.errors import StoreError
from digest.models import DeliveryState, Rate
from digest.pipeline import halting
from fakes import ScriptedChannel, accept

SENT, QUEUED, DEFERRED = DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.DEFERRED
HOURLY = Rate("scripted", 2, 3600)


def states(report):
    return {state: count for state, count in report.states.items() if count}


@pytest.fixture
def readers(add_papers, subscribe):
    add_papers()

    def add(count: int) -> None:
        for number in range(count):
            subscribe(f"reader{number}", send_time="07:30")

    return add


@pytest.fixture
def sleepy(monkeypatch, clock):
    """Let a sleep move the clock instead."""

    async def sleep(self, seconds: float) -> None:
        clock.move(seconds=max(seconds, 1))
        await asyncio.sleep(0)

    monkeypatch.setattr(halting.Halt, "sleep", sleep)


async def test_a_tick_leaves_what_a_rate_limit_stops_to_a_later_tick(
    publisher, readers, clock
) -> None:
    readers(5)
    channel = ScriptedChannel(accept, rates=lambda address: [HOURLY])
    report = await publisher(channel).publish(on_time=True)
    assert states(report) == {SENT: 2, QUEUED: 3}
    assert "rate limit is used up until" in report.problems[0]
    clock.move(minutes=30)
    assert len((await publisher(channel).publish(on_time=True)).problems) == 1
    assert len(channel.parcels) == 2
    clock.move(minutes=40)
    await publisher(channel).publish(on_time=True)
    assert len(channel.parcels) == 4


async def test_a_person_who_publishes_waits_until_all_is_sent(
    publisher, readers, clock, sleepy
) -> None:
    readers(5)
    channel = ScriptedChannel(accept, rates=lambda address: [HOURLY])
    started = clock()
    report = await publisher(channel).publish()
    assert states(report) == {SENT: 5}
    assert timedelta(hours=2) <= clock() - started < timedelta(hours=3)


async def test_a_domain_that_takes_little_does_not_hold_up_the_others(
    publisher, add_papers, subscribe, store, clock
) -> None:
    add_papers()
    for number in range(6):
        subscribe(f"reader{number}", send_time="07:30")

    def rates(address: str) -> list[Rate]:
        return [Rate("scripted:slow", 1, 3600)] if address < "reader3" else []

    channel = ScriptedChannel(accept, rates=rates)
    report = await publisher(channel).publish(on_time=True)
    assert states(report) == {SENT: 4, DEFERRED: 2}
    waiting = store.deliveries.list_deliveries(DEFERRED)
    assert {delivery.attempts for delivery, _ in waiting} == {0}
    for _ in range(2):
        clock.move(minutes=70)
        await publisher(channel).publish(on_time=True)
    assert store.deliveries.balance().states[SENT] == 6


async def test_what_waits_too_long_in_a_run_expires_there(
    publisher, readers, store, sleepy
) -> None:
    readers(3)
    channel = ScriptedChannel(accept, rates=lambda address: [Rate("scripted", 1, 86_400)])
    report = await publisher(channel).publish()
    assert states(report) == {SENT: 1, DeliveryState.EXPIRED: 2}


# ---------------------------------------------------------------- ends


async def test_a_mail_on_its_way_is_told_to_hurry_and_its_outcome_is_recorded(
    publisher, readers, store
) -> None:
    readers(3)

    class Slow(ScriptedChannel):
        hurried = asyncio.Event()

        def hurry(self, seconds: float) -> None:
            assert seconds < 8
            self.hurried.set()

        async def deliver(self, parcel):
            self.parcels.append(parcel)
            await self.hurried.wait()
            return Outcome(OutcomeKind.DEFERRED, "no end before the program was stopped")

    channel = Slow(accept)
    running = publisher(channel)
    publishing = asyncio.create_task(running.publish())
    while not channel.parcels:
        await asyncio.sleep(0.01)
    running.stop()
    report = await asyncio.wait_for(publishing, 5)
    assert states(report) == {DEFERRED: 1, QUEUED: 2}


# ---------------------------------------------------------------- the database in mid-run


async def test_an_outcome_that_cannot_be_recorded_is_told_and_stays_in_doubt(
    publisher, readers, store, monkeypatch, clock
) -> None:
    readers(3)
    monkeypatch.setattr("digest.pipeline.recorder._PATIENCE", (0.01,))
    advance = store.deliveries.advance

    def full(*given, settled=(), **how):
        if settled:
            raise StoreError("the database cannot grow: the disk is full; make room and try again")
        return advance(*given, settled=settled, **how)

    channel = ScriptedChannel(accept)
    with monkeypatch.context() as broken:
        broken.setattr(store.deliveries, "advance", full)
        report = await publisher(channel).publish()
    assert "disk is full" in report.mistakes[0]
    assert "delivery 1 is sent" in report.problems[0]
    assert len(channel.parcels) == 1
    clock.move(minutes=3)
    report = await publisher(channel).publish()
    assert states(report) == {DeliveryState.UNKNOWN: 1, SENT: 2}
    assert len({parcel.address for parcel in channel.parcels}) == len(channel.parcels) == 3


async def test_a_database_that_is_busy_for_a_moment_costs_nothing(
    publisher, readers, store, monkeypatch
) -> None:
    readers(3)
    monkeypatch.setattr("digest.pipeline.recorder._PATIENCE", (0.01, 0.01))
    advance, failures = store.deliveries.advance, []

    def sometimes(*given, settled=(), **how):
        if settled and len(failures) % 2 == 0:
            failures.append(1)
            raise StoreError("the database is locked by another process")
        failures.append(0)
        return advance(*given, settled=settled, **how)

    monkeypatch.setattr(store.deliveries, "advance", sometimes)
    report = await publisher(ScriptedChannel(accept)).publish()
    assert states(report) == {SENT: 3}
    assert sum(failures) > 0


async def test_a_ledger_that_lost_a_row_is_told(publisher, readers, store) -> None:
    readers(3)

    def lose_one(parcel):
        with store._database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM deliveries WHERE delivery_id = 3")
        return accept(parcel)

    report = await publisher(ScriptedChannel(lose_one)).publish()
    assert report.mistakes[0].startswith("the ledger does not balance: of the deliveries of run 1")


# ---------------------------------------------------------------- several at once


async def test_several_connections_share_commits(publisher, readers, store, monkeypatch) -> None:
    readers(24)
    advance, commits = store.deliveries.advance, []

    def counted(*given, settled=(), starting=(), **how):
        commits.append(len(starting))
        return advance(*given, settled=settled, starting=starting, **how)

    monkeypatch.setattr(store.deliveries, "advance", counted)

    class Remote(ScriptedChannel):
        async def deliver(self, parcel):
            await asyncio.sleep(0.02)
            return accept(parcel)

        @asynccontextmanager
        async def session(self):
            yield Remote(accept)

    report = await publisher(Remote(accept, connections=8)).publish()
    assert states(report) == {SENT: 24}
    assert max(commits) <= 8  # a kill costs at most one unknown outcome a connection
    assert len(commits) < 24


async def test_shards_of_one_run_can_be_delivered_at_once_and_hints_may_be_doubled(
    publisher, readers, store
) -> None:
    readers(9)
    channel = ScriptedChannel(accept, connections=2)
    engine = publisher(channel)
    plan = store.deliveries.plan
    store.deliveries.plan = lambda *a, **k: plan(*a, **{**k, "shard_size": 2})
    _, planned, _ = engine.plan()
    assert planned == 9
    keys = engine.claimable()
    assert len(keys) == 5
    reports = await asyncio.gather(*(engine.deliver_shard(key) for key in (*keys, *keys)))
    assert sum(report is not None for report in reports) == 5
    assert engine.claimable() == []
    assert len({parcel.address for parcel in channel.parcels}) == len(channel.parcels) == 9
