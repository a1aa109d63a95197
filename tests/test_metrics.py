"""Metrics: figures that a Prometheus server can read, and that name nobody."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from digest.metrics import CONTENT_TYPE, exposition
from digest.models import DeliveryState, FeedState, SubscriberState
from digest.pipeline.conditions import readings
from digest.pipeline.standing import Standing
from digest.sources.base import Feed
from digest.store import ChannelState, Counts, Run

NOW = datetime(2026, 11, 18, 15, tzinfo=UTC)
FEEDS = [Feed("pond", "generic", "https://pond.example/feed"), Feed("dry", "generic", "https://d")]
STATES = {
    "pond": FeedState("pond", checked_at=NOW, succeeded_at=NOW),
    "dry": FeedState("dry", checked_at=NOW, error_count=3, last_error="no answer"),
}


@pytest.fixture
def found() -> Standing:
    return Standing(
        at=NOW,
        feeds=readings(FEEDS, STATES, NOW),
        papers=Counts(12, {"generic": 14}),
        embedded=None,
        subscribers={SubscriberState.ACTIVE: 3},
        deliveries={DeliveryState.SENT: 7},
        unknown=(),
        channels=(ChannelState("smtp", failures=5, problem="ada@example.org refused"),),
        published=Run(1, "publish", NOW, None, None),
    )


def samples(found: Standing) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(exposition(found).decode())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_counts_are_told_by_state_zero_where_there_are_none(found):
    told = samples(found)
    assert told["digest_papers",] == 12
    assert told["digest_entries", "generic"] == 14
    assert told["digest_subscribers", "active"] == 3
    assert told["digest_subscribers", "paused"] == 0
    assert told["digest_deliveries", "sent"] == 7
    assert told["digest_deliveries", "unknown"] == 0


def test_each_feed_is_in_exactly_one_condition(found):
    told = samples(found)
    stands = {key[1:] for key, value in told.items() if key[0] == "digest_feed_condition" and value}
    assert stands == {("fine", "pond"), ("failing", "dry")}
    assert told["digest_feed_errors", "dry"] == 3
    assert told["digest_feed_read_timestamp_seconds", "pond"] == NOW.timestamp()
    assert ("digest_feed_read_timestamp_seconds", "dry") not in told


def test_a_run_that_has_not_ended_has_no_end(found):
    told = samples(found)
    assert told["digest_published_timestamp_seconds",] == NOW.timestamp()
    assert ("digest_published_end_timestamp_seconds",) not in told
    assert ("digest_published_timestamp_seconds",) not in samples(replace(found, published=None))


def test_a_channel_that_is_out_of_order_is_told_without_words_of_its_server(found):
    assert samples(found)["digest_channel_failures", "smtp"] == 5
    assert b"ada@example.org" not in exposition(found)


def test_the_content_type_is_that_of_the_text_format():
    assert CONTENT_TYPE.startswith("text/plain; version=")
