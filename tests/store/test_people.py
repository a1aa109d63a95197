from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time

import pytest

from digest.errors import UsageError
from digest.models import (
    Bar,
    Format,
    Interest,
    InterestKind,
    Profile,
    Schedule,
    Subscriber,
    SubscriberState,
)
from digest.store import Store, profile_from_json, profile_to_json

Subscribe = Callable[..., Subscriber]

FULL = Profile(
    interests=(
        Interest(InterestKind.PHRASE, "sparse attention", 2.0),
        Interest(InterestKind.AUTHOR, "Ana Ruiz", muted=True),
    ),
    name="稀疏",
    papers=7,
    trending=0,
    language="ja",
    format=Format.MARKDOWN,
    schedule=Schedule(time(6, 45), frozenset({0, 4}), "Asia/Tokyo"),
    send_empty=True,
    minutes=12,
    bar=Bar.HIGH,
)


def test_a_profile_comes_back_as_it_was_written() -> None:
    assert profile_from_json(profile_to_json(FULL)) == FULL
    assert profile_from_json(profile_to_json(Profile())) == Profile()


def test_what_a_profile_does_not_tell_takes_its_default() -> None:
    assert profile_from_json({}) == Profile()
    assert profile_from_json({"papers": 3, "of_a_later_version": 1}) == Profile(papers=3)


def test_a_subscriber_comes_back_as_added(store: Store, now: datetime) -> None:
    added = store.people.add("Mei.Tan@Example.ORG", FULL, SubscriberState.PENDING, now)
    assert added == Subscriber(1, "Mei.Tan@example.org", SubscriberState.PENDING, FULL, now)
    assert store.people.get("mei.tan@EXAMPLE.org") == added
    assert store.people.by_id(1) == added
    assert store.people.all() == [added]


def test_nobody_is_found_where_nobody_is(store: Store) -> None:
    assert store.people.get("nobody@example.org") is None
    assert store.people.by_id(1) is None


def test_an_address_subscribes_once_whatever_its_case(store: Store, subscribe: Subscribe) -> None:
    subscribe("mei@example.org")
    with pytest.raises(UsageError, match="subscriber already"):
        subscribe("MEI@example.ORG")
    assert len(store.people.all()) == 1


def test_profile_and_state_can_change(store: Store, subscribe: Subscribe, now: datetime) -> None:
    subscribe()
    assert store.people.update("mei@example.org", FULL).profile == FULL
    changed = store.people.set_state("mei@example.org", SubscriberState.PAUSED, now)
    assert changed.state is SubscriberState.PAUSED
    assert changed == store.people.get("mei@example.org")


def test_changing_or_removing_nobody_is_told(store: Store, now: datetime) -> None:
    with pytest.raises(UsageError, match="nobody subscribes"):
        store.people.update("no@example.org", FULL)
    with pytest.raises(UsageError, match="nobody subscribes"):
        store.people.set_state("no@example.org", SubscriberState.ACTIVE, now)
    with pytest.raises(UsageError, match="nobody subscribes"):
        store.people.remove("no@example.org")


def test_schedules_are_those_of_active_subscribers_each_once(
    store: Store, subscribe: Subscribe, now: datetime
) -> None:
    subscribe("a@example.org", FULL)
    subscribe("b@example.org", replace(FULL, papers=3))
    subscribe("c@example.org", Profile())
    subscribe("d@example.org", Profile(schedule=Schedule(time(23, 0))), SubscriberState.PAUSED)
    assert set(store.people.schedules()) == {FULL.schedule, Schedule()}
    assert len(store.people.schedules()) == 2
    store.people.update("c@example.org", FULL)
    assert store.people.schedules() == [FULL.schedule]


def test_a_suppressed_address_stays_so_with_its_first_reason(store: Store, now: datetime) -> None:
    assert not store.people.is_suppressed("mei@example.org")
    store.people.suppress("Mei@Example.org", "550 5.1.1 no such user", now)
    store.people.suppress("mei@example.org", "complaint", now)
    assert store.people.is_suppressed("MEI@example.org")
    assert store.people.suppressions() == {"mei@example.org": "550 5.1.1 no such user"}
    assert store.people.suppressions(["other@example.org"]) == {}
    assert store.people.unsuppress("mei@example.ORG")
    assert not store.people.unsuppress("mei@example.org")
    assert not store.people.is_suppressed("mei@example.org")


def test_a_suppression_outlives_its_subscriber(
    store: Store, subscribe: Subscribe, now: datetime
) -> None:
    subscribe()
    store.people.suppress("mei@example.org", "complaint", now)
    store.people.remove("mei@example.org")
    assert store.people.get("mei@example.org") is None
    assert store.people.is_suppressed("mei@example.org")


def test_revoking_links_makes_a_new_generation(store, now) -> None:
    store.people.add("ada@example.org", FULL, SubscriberState.ACTIVE, now)
    assert store.people.get("ada@example.org").link_generation == 0
    assert store.people.revoke_links("ada@example.org").link_generation == 1
    with pytest.raises(UsageError, match="nobody"):
        store.people.revoke_links("tomo@example.org")
