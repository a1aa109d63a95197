import time as clock
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from digest.models import (
    DeliveryState,
    Edition,
    Profile,
    Schedule,
    Subscriber,
    SubscriberState,
)
from digest.store import Composed, Due, Settlement, Shard, Store, open_store
from digest.store.schema import subscribers

Subscribe = Callable[..., Subscriber]
Plan = Callable[..., int]
MINUTE = timedelta(minutes=1)


def subscribe_many(store: Store, count: int, now: datetime) -> None:
    """Copy one subscriber; `People.add` commits each by itself."""
    store.people.add("0@example.org", Profile(), SubscriberState.ACTIVE, now)
    with store._database.writing() as connection:
        row = dict(connection.execute(subscribers.select()).mappings().one())
        del row["subscriber_id"]
        rows = [
            row | dict.fromkeys(("address", "address_key"), f"{i}@example.org")
            for i in range(1, count)
        ]
        if rows:
            connection.execute(subscribers.insert(), rows)


def states(store: Store) -> dict[int, DeliveryState]:
    return {d.delivery_id: d.state for d, _ in store.deliveries.list_deliveries(limit=10_000)}


@pytest.fixture
def claimed(store: Store, plan: Plan, now: datetime, lease: timedelta) -> Callable[[int], Shard]:
    """Plan so many deliveries; claim their shard as worker "w"."""

    def claim(count: int) -> Shard:
        subscribe_many(store, count, now)
        plan()
        shard = store.deliveries.claim("w", now, lease)
        assert shard is not None
        return shard

    return claim


# ---------------------------------------------------------------- planning


def test_planning_twice_plans_nothing_new(
    store: Store, subscribe: Subscribe, plan: Plan, today: date
) -> None:
    subscribe("a@example.org")
    subscribe("b@example.org")
    assert plan() == 2
    assert plan() == 0
    assert plan(day=today + timedelta(days=1)) == 2
    assert plan("smtp", "directory") == 2


@pytest.mark.parametrize(
    "other",
    [
        Schedule(time(7, 1)),
        Schedule(weekdays=frozenset({0, 1, 2, 3, 4})),
        Schedule(timezone="Asia/Tokyo"),
    ],
    ids=["time", "weekdays", "zone"],
)
def test_only_subscribers_with_exactly_this_schedule_are_planned(
    store: Store, subscribe: Subscribe, plan: Plan, other: Schedule
) -> None:
    subscribe("a@example.org", Profile(schedule=Schedule()))
    subscribe("b@example.org", Profile(schedule=other))
    assert plan(schedule=other) == 1
    ((_, subscriber),) = store.deliveries.list_deliveries()
    assert subscriber.address == "b@example.org"


@pytest.mark.parametrize("state", [s for s in SubscriberState if s is not SubscriberState.ACTIVE])
def test_only_active_subscribers_are_planned(
    subscribe: Subscribe, plan: Plan, state: SubscriberState
) -> None:
    subscribe("a@example.org", state=state)
    assert plan() == 0


def test_suppressed_addresses_are_not_planned(
    store: Store, subscribe: Subscribe, plan: Plan, now: datetime
) -> None:
    subscribe("A@example.org")
    store.people.suppress("a@EXAMPLE.org", "complaint", now)
    assert plan() == 0


def test_planning_may_be_for_one_address(store: Store, subscribe: Subscribe, plan: Plan) -> None:
    subscribe("a@example.org")
    subscribe("b@example.org")
    assert plan(only="B@example.org") == 1
    assert plan(only="nobody@example.org") == 0


def test_shards_hold_so_many_subscribers_each_with_all_channels(
    store: Store, plan: Plan, now: datetime, lease: timedelta
) -> None:
    subscribe_many(store, 25, now)
    assert plan("smtp", "directory", shard_size=10) == 50
    sizes = []
    while shard := store.deliveries.claim("w", now, lease):
        waiting = store.deliveries.shard_deliveries(shard.shard_id, now)
        channels = {s.subscriber_id: set() for _, s in waiting}
        for delivery, subscriber in waiting:
            channels[subscriber.subscriber_id].add(delivery.channel)
        assert set(map(frozenset, channels.values())) == {frozenset({"smtp", "directory"})}
        sizes.append((shard.number, len(channels)))
    assert sizes == [(0, 10), (1, 10), (2, 5)]


def test_a_run_may_plan_more_later(
    store: Store, subscribe: Subscribe, now: datetime, today: date
) -> None:
    run = store.runs.start("publish", now)
    for number, address in enumerate(("a@example.org", "b@example.org")):
        subscribe(address)
        assert store.deliveries.plan(run, [Due(Schedule(), today)], channels=["smtp"], now=now) == 1
        shard = store.deliveries.claim("w", now, MINUTE)
        assert shard is not None
        assert (shard.run_id, shard.number) == (run, number)


def test_ten_thousand_subscribers_are_planned_in_a_moment(
    store: Store, plan: Plan, now: datetime
) -> None:
    subscribe_many(store, 10_000, now)
    start = clock.process_time()
    assert plan() == 10_000
    assert clock.process_time() - start < 1
    start = clock.process_time()
    assert plan() == 0
    assert clock.process_time() - start < 0.5


def test_plans_of_two_processes_at_once_do_not_double(
    url: str, store: Store, now: datetime, today: date
) -> None:
    subscribe_many(store, 500, now)

    def plan_once(_: int) -> int:
        with open_store(url) as other:
            run = other.runs.start("publish", now)
            return other.deliveries.plan(run, [Due(Schedule(), today)], channels=["smtp"], now=now)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(plan_once, range(4))) == [0, 0, 0, 500]


# ---------------------------------------------------------------- claiming


def test_nothing_to_send_is_nothing_to_claim(store: Store, now: datetime, lease: timedelta) -> None:
    assert store.deliveries.claim("w", now, lease) is None


def test_a_claimed_shard_is_not_given_to_another(
    store: Store, claimed: Callable[[int], Shard], now: datetime, lease: timedelta
) -> None:
    claimed(3)
    assert store.deliveries.claim("other", now, lease) is None
    assert store.deliveries.claim("other", now + lease - MINUTE, lease) is None


def test_shards_claimed_at_once_go_to_one_worker_each(
    url: str, store: Store, plan: Plan, now: datetime, lease: timedelta
) -> None:
    subscribe_many(store, 40, now)
    plan(shard_size=2)

    def work(name: int) -> list[int]:
        mine = []
        with open_store(url) as other:
            while shard := other.deliveries.claim(f"w{name}", now, lease):
                mine.append(shard.shard_id)
        return mine

    with ThreadPoolExecutor(4) as pool:
        got = [shard for mine in pool.map(work, range(4)) for shard in mine]
    assert sorted(got) == list(range(1, 21))


def test_a_lease_that_ran_out_goes_to_another_and_the_first_is_fenced_off(
    store: Store, claimed: Callable[[int], Shard], now: datetime, lease: timedelta
) -> None:
    first = claimed(3)
    later = now + lease
    second = store.deliveries.claim("other", later, lease)
    assert second is not None
    assert second.shard_id == first.shard_id
    late: dict[str, Any] = {"now": later, "lease": lease}
    before = states(store)
    sent = [Settlement(1, DeliveryState.SENT)]
    assert not store.deliveries.advance(first, "w", settled=sent, starting=[2], **late)
    assert states(store) == before
    assert store.deliveries.advance(second, "other", settled=sent, **late)


def test_a_worker_of_the_same_name_is_fenced_off_by_its_later_claim(
    store: Store, claimed: Callable[[int], Shard], now: datetime, lease: timedelta
) -> None:
    first = claimed(3)
    second = store.deliveries.claim("w", now + lease, lease)
    assert second is not None
    assert not store.deliveries.advance(first, "w", now=now + lease, lease=lease)
    assert store.deliveries.advance(second, "w", now=now + lease, lease=lease)


def test_a_lost_lease_stores_no_editions(
    store: Store,
    claimed: Callable[[int], Shard],
    compose: Callable[..., Edition],
    now: datetime,
    lease: timedelta,
) -> None:
    first = claimed(1)
    store.deliveries.claim("other", now + lease, lease)
    items = [Composed(1, compose())]
    assert store.deliveries.save_editions(first, "w", items, now=now, lease=lease) is None
    assert store.editions.dates(1) == {}


def test_every_commit_renews_the_lease(
    store: Store,
    claimed: Callable[[int], Shard],
    compose: Callable[..., Edition],
    now: datetime,
    lease: timedelta,
) -> None:
    shard = claimed(3)
    soon = now + lease - MINUTE
    assert store.deliveries.advance(shard, "w", now=soon, lease=lease)
    assert store.deliveries.claim("other", now + lease, lease) is None
    items = [Composed(1, compose())]
    assert store.deliveries.save_editions(shard, "w", items, now=now + lease, lease=lease)
    assert store.deliveries.claim("other", now + lease + lease - MINUTE, lease) is None


def test_a_released_shard_is_free_at_once(
    store: Store, claimed: Callable[[int], Shard], now: datetime, lease: timedelta
) -> None:
    shard = claimed(3)
    store.deliveries.release(shard, "somebody else")
    assert store.deliveries.claim("other", now, lease) is None
    store.deliveries.release(shard, "w")
    assert not store.deliveries.advance(shard, "w", now=now, lease=lease)
    assert store.deliveries.claim("other", now, lease) is not None


def test_a_deferred_delivery_waits_for_its_time(
    store: Store, claimed: Callable[[int], Shard], now: datetime, lease: timedelta
) -> None:
    shard = claimed(1)
    later = now + MINUTE
    deferred = [Settlement(1, DeliveryState.DEFERRED, "450 later", later)]
    store.deliveries.advance(shard, "w", settled=deferred, now=now, lease=lease)
    store.deliveries.release(shard, "w")
    assert store.deliveries.claim("w", now, lease) is None
    assert store.deliveries.shard_deliveries(shard.shard_id, now) == []
    assert store.deliveries.claim("w", later, lease) is not None
    ((delivery, _),) = store.deliveries.shard_deliveries(shard.shard_id, later)
    assert (delivery.detail, delivery.next_try_at) == ("450 later", later)


def test_who_left_after_planning_is_not_sent_to(
    store: Store, plan: Plan, now: datetime, lease: timedelta
) -> None:
    subscribe_many(store, 3, now)
    plan()
    store.people.set_state("0@example.org", SubscriberState.UNSUBSCRIBED, now)
    store.people.suppress("1@example.org", "complaint", now)
    shard = store.deliveries.claim("w", now, lease)
    assert shard is not None
    ((_, subscriber),) = store.deliveries.shard_deliveries(shard.shard_id, now)
    assert subscriber.address == "2@example.org"
    assert store.deliveries.balance().states[DeliveryState.SUPPRESSED] == 2


# ---------------------------------------------------------------- advancing


def test_advancing_records_answers_and_what_is_handed_over(
    store: Store, claimed: Callable[[int], Shard], now: datetime, lease: timedelta
) -> None:
    shard = claimed(4)
    advance = store.deliveries.advance
    assert advance(shard, "w", starting=[1, 2, 3], now=now, lease=lease)
    told = [
        Settlement(1, DeliveryState.SENT, "250 ok"),
        Settlement(2, DeliveryState.FAILED, "550 5.1.1"),
        Settlement(3, DeliveryState.DEFERRED, "450", now + MINUTE),
    ]
    assert advance(shard, "w", settled=told, starting=[4], now=now, lease=lease)
    found = {d.delivery_id: d for d, _ in store.deliveries.list_deliveries()}
    assert [found[i].state.value for i in (1, 2, 3, 4)] == [
        "sent",
        "failed",
        "deferred",
        "transmitting",
    ]
    assert [found[i].detail for i in (1, 2, 3, 4)] == ["250 ok", "550 5.1.1", "450", ""]
    assert [found[i].attempts for i in (1, 2, 3, 4)] == [1, 1, 1, 1]
    assert advance(shard, "w", starting=[3], now=now + MINUTE, lease=lease)
    again = {d.delivery_id: d for d, _ in store.deliveries.list_deliveries()}[3]
    assert (again.state, again.attempts, again.next_try_at) == (DeliveryState.TRANSMITTING, 2, None)


def test_what_is_final_is_not_started_again(
    store: Store, claimed: Callable[[int], Shard], now: datetime, lease: timedelta
) -> None:
    shard = claimed(1)
    sent = [Settlement(1, DeliveryState.SENT)]
    store.deliveries.advance(shard, "w", settled=sent, now=now, lease=lease)
    store.deliveries.advance(shard, "w", starting=[1], now=now, lease=lease)
    assert states(store) == {1: DeliveryState.SENT}


def test_another_shards_deliveries_are_not_touched(
    store: Store, plan: Plan, now: datetime, lease: timedelta
) -> None:
    subscribe_many(store, 2, now)
    plan(shard_size=1)
    shard = store.deliveries.claim("w", now, lease)
    assert shard is not None
    sent = [Settlement(i, DeliveryState.SENT) for i in (1, 2)]
    store.deliveries.advance(shard, "w", settled=sent, now=now, lease=lease)
    assert states(store) == {1: DeliveryState.SENT, 2: DeliveryState.QUEUED}


# ---------------------------------------------------------------- recovering, expiring, balance


@pytest.mark.parametrize(
    ("policy", "state"),
    [("hold", DeliveryState.UNKNOWN), ("resend", DeliveryState.QUEUED)],
)
def test_what_a_dead_worker_was_sending_is_decided_by_policy(
    store: Store,
    claimed: Callable[[int], Shard],
    now: datetime,
    lease: timedelta,
    policy: Any,
    state: DeliveryState,
) -> None:
    shard = claimed(2)
    store.deliveries.advance(shard, "w", starting=[1], now=now, lease=lease)
    assert store.deliveries.recover(now + lease - MINUTE, policy) == []
    (decided,) = store.deliveries.recover(now + lease, policy)
    assert (decided.delivery_id, decided.state, decided.attempts) == (1, state, 1)
    assert "the worker stopped" in decided.detail
    assert states(store) == {1: state, 2: DeliveryState.QUEUED}
    assert store.deliveries.recover(now + lease, policy) == []


def test_a_slow_worker_may_still_tell_the_outcome_while_nobody_took_over(
    store: Store, claimed: Callable[[int], Shard], now: datetime, lease: timedelta
) -> None:
    shard = claimed(1)
    store.deliveries.advance(shard, "w", starting=[1], now=now, lease=lease)
    store.deliveries.recover(now + lease)
    sent = [Settlement(1, DeliveryState.SENT)]
    assert store.deliveries.advance(shard, "w", settled=sent, now=now + lease, lease=lease)
    assert states(store) == {1: DeliveryState.SENT}


def test_what_waited_too_long_expires(
    store: Store, claimed: Callable[[int], Shard], now: datetime, lease: timedelta
) -> None:
    shard = claimed(4)
    told = [
        Settlement(1, DeliveryState.SENT),
        Settlement(2, DeliveryState.DEFERRED, "450 busy", now + MINUTE),
    ]
    store.deliveries.advance(shard, "w", settled=told, starting=[3], now=now, lease=lease)
    fresh = timedelta(hours=6)
    assert store.deliveries.expire(now + fresh - MINUTE, fresh) == 0
    assert store.deliveries.expire(now + fresh, fresh) == 2
    assert store.deliveries.expire(now + fresh, fresh) == 0
    expired = store.deliveries.list_deliveries(DeliveryState.EXPIRED)
    assert {d.delivery_id: d.detail for d, _ in expired} == {2: "450 busy", 4: ""}


def test_what_a_worker_holds_does_not_expire_under_its_hands(
    store: Store, claimed: Callable[[int], Shard], now: datetime, lease: timedelta
) -> None:
    shard = claimed(1)
    day = timedelta(days=1)
    store.deliveries.advance(shard, "w", now=now + day - MINUTE, lease=lease)
    assert store.deliveries.expire(now + day, timedelta(hours=6)) == 0


def test_the_sum_balances(
    store: Store, claimed: Callable[[int], Shard], now: datetime, today: date, lease: timedelta
) -> None:
    shard = claimed(6)
    told = [Settlement(1, DeliveryState.SENT), Settlement(2, DeliveryState.UNKNOWN)]
    store.deliveries.advance(shard, "w", settled=told, starting=[3], now=now, lease=lease)
    balance = store.deliveries.balance(shard.run_id)
    assert balance.planned == 6 == sum(balance.states.values())
    assert set(balance.states) == set(DeliveryState)
    assert (balance.states[DeliveryState.SENT], balance.open) == (1, 4)
    assert store.deliveries.balance(shard.run_id + 1).planned == 0


def test_deliveries_are_listed_newest_first_by_state_or_subscriber(
    store: Store, claimed: Callable[[int], Shard], now: datetime, lease: timedelta
) -> None:
    shard = claimed(3)
    sent = [Settlement(1, DeliveryState.SENT)]
    store.deliveries.advance(shard, "w", settled=sent, now=now, lease=lease)
    listed = store.deliveries.list_deliveries
    assert [d.delivery_id for d, _ in listed()] == [3, 2, 1]
    assert [d.delivery_id for d, _ in listed(limit=2)] == [3, 2]
    assert [s.address for _, s in listed(DeliveryState.SENT)] == ["0@example.org"]
    assert [d.delivery_id for d, _ in listed(subscriber_id=2)] == [2]
    assert [d.delivery_id for d, _ in listed(before=3)] == [2, 1]
    asked = DeliveryState.SENT, DeliveryState.UNKNOWN
    assert store.deliveries.counts(asked) == {DeliveryState.SENT: 1}


def test_totals_are_what_counting_all_of_it_gives(
    store: Store, claimed: Callable[[int], Shard], now: datetime, lease: timedelta
) -> None:
    shard = claimed(7)
    ended = (DeliveryState.FAILED, DeliveryState.UNKNOWN, *[DeliveryState.SENT] * 3)
    settled = [Settlement(number, state) for number, state in enumerate(ended, 1)]
    store.deliveries.advance(shard, "w", settled=settled, starting=[6], now=now, lease=lease)
    store.people.remove("4@example.org")
    totals = store.deliveries.totals()
    assert totals == store.deliveries.balance().states
    told = {state.value: count for state, count in totals.items() if count}
    assert told == {"failed": 1, "unknown": 1, "sent": 2, "transmitting": 1, "queued": 1}


def test_a_row_that_vanished_is_missing_in_the_balance(
    store: Store, claimed: Callable[[int], Shard]
) -> None:
    shard = claimed(3)
    assert store.deliveries.balance(shard.run_id).missing == 0
    with store._database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM deliveries WHERE delivery_id = 2")
    balance = store.deliveries.balance(shard.run_id)
    assert (balance.planned, balance.missing) == (3, 1)


def test_who_is_erased_is_taken_out_of_the_balance(
    store: Store, claimed: Callable[[int], Shard]
) -> None:
    shard = claimed(3)
    store.people.remove("1@example.org")
    balance = store.deliveries.balance(shard.run_id)
    assert (balance.planned, balance.missing) == (2, 0)
    assert store.deliveries.balance().planned == 2


# ---------------------------------------------------------------- who is at work


def test_the_lease_of_a_dead_worker_can_be_ended(
    store: Store, claimed: Callable[[int], Shard], now: datetime, lease: timedelta
) -> None:
    claimed(1)
    assert store.deliveries.owners(now) == ["w"]
    store.deliveries.evict(["somebody else"], now)
    assert store.deliveries.claim("other", now, lease) is None
    store.deliveries.evict(["w"], now)
    assert store.deliveries.owners(now) == []
    assert store.deliveries.claim("other", now, lease) is not None


def test_a_lease_from_before_the_clock_was_set_back_binds_nobody(
    store: Store, claimed: Callable[[int], Shard], now: datetime, lease: timedelta
) -> None:
    claimed(1)
    assert store.deliveries.claim("other", now - timedelta(minutes=30), lease) is None
    assert store.deliveries.claim("other", now - timedelta(hours=3), lease) is not None


def test_one_shard_can_be_claimed_by_its_number(
    store: Store, plan: Plan, now: datetime, lease: timedelta
) -> None:
    subscribe_many(store, 3, now)
    plan(shard_size=1)
    first, second, third = store.deliveries.claimable(now)
    shard = store.deliveries.claim("w", now, lease, of=second)
    assert shard is not None
    assert (shard.run_id, shard.number) == (second.run_id, second.number)
    assert store.deliveries.claim("other", now, lease, of=second) is None
    assert store.deliveries.claimable(now) == [first, third]


def test_what_goes_by_a_channel_that_is_out_of_order_is_left_aside(
    store: Store, subscribe: Subscribe, plan: Plan, now: datetime, lease: timedelta
) -> None:
    subscribe("a@example.org")
    plan("smtp", "directory")
    assert store.deliveries.claim("w", now, lease, without={"smtp", "directory"}) is None
    shard = store.deliveries.claim("w", now, lease, without={"smtp"})
    assert shard is not None
    waiting = store.deliveries.shard_deliveries(shard.shard_id, now, {"smtp"})
    assert [delivery.channel for delivery, _ in waiting] == ["directory"]


@pytest.mark.parametrize("leave", ["unsubscribe", "erase", "suppress"])
def test_who_leaves_while_a_shard_is_worked_on_is_not_begun(
    store: Store, claimed: Callable[[int], Shard], now: datetime, lease: timedelta, leave: str
) -> None:
    shard = claimed(2)
    if leave == "unsubscribe":
        store.people.set_state("0@example.org", SubscriberState.UNSUBSCRIBED, now)
    elif leave == "suppress":
        store.people.suppress("0@example.org", "complaint", now)
    else:
        store.people.remove("0@example.org")
    advanced = store.deliveries.advance(shard, "w", starting=[1, 2], now=now, lease=lease)
    assert advanced is not None
    assert advanced.started == {2}
    found = states(store)
    assert found.get(1, DeliveryState.SUPPRESSED) is DeliveryState.SUPPRESSED
    assert found[2] is DeliveryState.TRANSMITTING


def test_an_address_that_is_none_is_suppressed_with_the_answer(
    store: Store, claimed: Callable[[int], Shard], now: datetime, lease: timedelta
) -> None:
    shard = claimed(2)
    told = "550 5.1.1 no such user"
    gone = [Settlement(1, DeliveryState.FAILED, told, suppress=True)]
    for _ in range(2):  # a second time changes nothing
        assert store.deliveries.advance(shard, "w", settled=gone, now=now, lease=lease)
    assert store.people.suppressions() == {
        "0@example.org": "the mail server refused it: 550 5.1.1 no such user"
    }
