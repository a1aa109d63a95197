"""What needs the operator, from how an installation stands."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from digest.models import DeliveryState, FeedState, SubscriberState
from digest.pipeline.conditions import readings
from digest.pipeline.matters import ends, matters
from digest.pipeline.standing import Standing
from digest.sources.base import Feed
from digest.store import ChannelState, Counts, Run

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
FINE = Standing(NOW, [], Counts(0, {}), None, {}, {}, [], [], None)
FEED = Feed("pond", "generic", "https://pond.example/feed")


def feed(**state) -> Standing:
    known = {"pond": FeedState("pond", **state)}
    return replace(FINE, feeds=readings([FEED], known, NOW))


def keys(found: Standing, before=None) -> list[str]:
    return [matter.key for matter in matters(found, before)]


def test_nothing_is_the_matter_with_an_installation_that_works():
    assert matters(FINE, None) == []
    assert matters(FINE, ends(FINE)) == []


def test_a_feed_that_fails_for_a_day_is_a_matter_and_one_that_fails_for_an_hour_is_none():
    failing = {"error_count": 3, "last_error": "answers 503"}
    assert keys(feed(succeeded_at=NOW - timedelta(hours=1), **failing)) == []
    [matter] = matters(feed(succeeded_at=NOW - timedelta(days=2), **failing), None)
    assert matter.key == "feed pond"
    assert "answers 503 (3 times in a row)" in matter.text
    assert "last read 2026-11-16 09:00 UTC" in matter.text


def test_a_feed_that_was_never_read_is_a_matter_after_some_tries():
    assert keys(feed(error_count=4, last_error="no such host")) == []
    assert keys(feed(error_count=5, last_error="no such host")) == ["feed pond"]


def test_a_feed_that_changes_from_failing_to_refused_is_a_new_matter():
    told = {"succeeded_at": NOW - timedelta(days=2), "error_count": 3, "last_error": "no papers"}
    [failing] = matters(feed(**told), None)
    [refused] = matters(feed(refused=True, **told), None)
    assert failing.key == refused.key
    assert failing.mark != refused.mark


def test_a_channel_is_a_matter_when_it_is_left_alone_and_not_at_the_first_failure():
    state = ChannelState("smtp", 1, problem="login refused", failed_at=NOW)
    assert keys(replace(FINE, channels=[state])) == []
    [matter] = matters(replace(FINE, channels=[replace(state, failures=3)]), None)
    assert matter.text == (
        "Nothing goes out by smtp: login refused (3 failures in a row, the last at"
        " 2026-11-18 09:00 UTC). `digest doctor` tries it."
    )


@pytest.mark.parametrize(
    ("before", "expired", "told"), [(None, 7, []), (7, 7, []), (7, 8, ["expired"])]
)
def test_editions_that_came_too_late_are_a_matter_once(before, expired, told):
    found = replace(FINE, deliveries={DeliveryState.EXPIRED: expired})
    assert keys(found, None if before is None else {"expired": before}) == told


@pytest.mark.parametrize(
    ("readers", "failed", "told"),
    [(100, 10, []), (100, 11, ["failed"]), (1000, 50, []), (1000, 51, ["failed"])],
)
def test_refused_mails_are_a_matter_when_they_are_many(readers, failed, told):
    found = replace(
        FINE,
        subscribers={SubscriberState.ACTIVE: readers},
        deliveries={DeliveryState.FAILED: failed},
    )
    assert keys(found, {"failed": 0}) == told


def test_a_run_that_never_ended_is_a_matter_and_one_that_goes_on_is_none():
    going = Run(4, "publish", NOW - timedelta(hours=1), None, None)
    assert keys(replace(FINE, published=going)) == []
    cut_off = replace(going, started_at=NOW - timedelta(hours=7))
    assert keys(replace(FINE, published=cut_off)) == ["run"]


def test_a_ledger_that_does_not_balance_is_told_in_the_words_of_the_run():
    run = Run(
        4, "publish", NOW, NOW, {"mistakes": ["the ledger does not balance: 3 of 4 are there"]}
    )
    [matter] = matters(replace(FINE, published=run), None)
    assert "2026-11-18 09:00 UTC: the ledger does not balance" in matter.text


def test_somebody_elses_words_are_bounded():
    state = ChannelState("smtp", 3, problem="no " * 5_000, failed_at=NOW)
    [matter] = matters(replace(FINE, channels=[state]), None)
    assert len(matter.text) < 500


def test_unknown_outcomes_are_counted_without_naming_a_reader(store, subscribe, clock):
    address = subscribe("ada")
    person = store.people.get(address)
    due_on = date(2026, 11, 16)
    found = replace(FINE, unknown=[(delivery(7, person, due_on), person)])
    [matter] = matters(found, None)
    assert (matter.key, matter.mark, matter.again) == ("unknown", "7", None)
    assert "The outcome of 1 mail is unknown" in matter.text
    assert address not in matter.text


def delivery(number, person, day):
    from digest.models import Delivery

    values = dict.fromkeys(Delivery.__dataclass_fields__)
    known = {"delivery_id": number, "subscriber_id": person.subscriber_id, "edition_date": day}
    return Delivery(**(values | known))
