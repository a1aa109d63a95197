"""The corridor of people: addresses are checked at the border, and each is subscribed once."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from digest.errors import AddressError, UsageError
from digest.models import Interest, InterestKind, Profile, Schedule, SubscriberState
from digest.store import open_store
from digest.subscriptions import Subscriptions

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
ICE = Profile((Interest(InterestKind.PHRASE, "glacier acoustics"),))
ROBOTS = Profile(
    (Interest(InterestKind.PHRASE, "harbour robots"),),
    schedule=Schedule(time(9), timezone="Asia/Tokyo"),
)


@pytest.fixture
def people(tmp_path: Path):
    with open_store(f"sqlite:///{tmp_path}/digest.db") as store:
        yield Subscriptions(store)


def test_whoever_is_added_receives(people) -> None:
    person = people.add("Ada@Example.ORG", ICE, NOW)
    assert (person.address, person.state) == ("Ada@example.org", SubscriberState.ACTIVE)
    assert (person.profile, person.created_at) == (ICE, NOW)
    assert people.get("ada@example.org") == person
    assert people.all() == [person]
    assert people.store.people.schedules() == [ICE.schedule]


@pytest.mark.parametrize(
    "address",
    ["", "ada", "ada@", "@example.org", "ada@example", "ada@example.org, tomo@example.org",
     "ada@example.org\nBcc: tomo@example.org", "Ada <ada@example.org>", "a b@example.org"],
)  # fmt: skip
def test_what_is_no_address_is_refused(people, address) -> None:
    with pytest.raises(AddressError):
        people.add(address, ICE, NOW)
    with pytest.raises(AddressError):
        people.get(address)
    assert people.all() == []


def test_an_address_with_an_international_domain_is_kept_as_it_is_sent_to(people) -> None:
    person = people.add("ada@bücher.example", ICE, NOW)
    assert person.address == "ada@xn--bcher-kva.example"
    assert people.get("ada@BÜCHER.example") == person


@pytest.mark.parametrize("again", ["ada@example.org", "ADA@example.org", " ada@EXAMPLE.org "])
def test_nobody_is_subscribed_twice(people, again) -> None:
    first = people.add("ada@example.org", ICE, NOW)
    with pytest.raises(UsageError, match="already"):
        people.add(again, ROBOTS, NOW)
    assert people.all() == [first]


def test_a_new_profile_replaces_the_old_one(people) -> None:
    before = people.add("ada@example.org", ICE, NOW)
    after = people.update("ADA@example.org", ROBOTS)
    assert (after.subscriber_id, after.address) == (before.subscriber_id, before.address)
    assert after.profile == ROBOTS
    assert people.get("ada@example.org") == after
    assert people.store.people.schedules() == [ROBOTS.schedule]


def test_a_pause_lasts_until_it_is_ended(people) -> None:
    people.add("ada@example.org", ICE, NOW)
    assert people.pause("ada@example.org", NOW).state is SubscriberState.PAUSED
    assert people.store.people.schedules() == []
    assert people.pause("ada@example.org", NOW).state is SubscriberState.PAUSED
    assert people.update("ada@example.org", ROBOTS).state is SubscriberState.PAUSED
    later = NOW + timedelta(days=1)
    assert people.resume("ada@example.org", later).state is SubscriberState.ACTIVE
    assert people.store.people.schedules() == [ROBOTS.schedule]


def test_whoever_is_removed_is_forgotten_and_may_come_back(people) -> None:
    first = people.add("ada@example.org", ICE, NOW)
    people.add("tomo@example.org", ROBOTS, NOW)
    people.remove("ADA@example.org")
    assert [person.address for person in people.all()] == ["tomo@example.org"]
    assert people.add("ada@example.org", ROBOTS, NOW).subscriber_id != first.subscriber_id


@pytest.mark.parametrize(
    "act",
    [
        lambda people: people.get("ada@example.org"),
        lambda people: people.update("ada@example.org", ICE),
        lambda people: people.pause("ada@example.org", NOW),
        lambda people: people.resume("ada@example.org", NOW),
        lambda people: people.remove("ada@example.org"),
    ],
    ids=["get", "update", "pause", "resume", "remove"],
)
def test_an_unknown_address_is_named_with_what_to_do(people, act) -> None:
    with pytest.raises(UsageError, match=r"ada@example\.org.*digest subscriber list"):
        act(people)
