"""Metrics: how an installation stands, in Prometheus' text format. The only prometheus_client.

Every figure is read from the database when it is asked for, so all processes of an
installation tell the same, and nothing is lost when one restarts. No figure names a person.
https://prometheus.io/docs/practices/naming/
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE

from digest.models import DeliveryState, SubscriberState
from digest.pipeline.conditions import Condition
from digest.pipeline.standing import Standing

__all__ = ["CONTENT_TYPE", "exposition"]


def exposition(found: Standing) -> bytes:
    """Return how an installation stands, as `CONTENT_TYPE`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(found))
    return generate_latest(registry)


class _Told:
    """The metrics of one standing, in the form in which the library collects them."""

    def __init__(self, found: Standing) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        found = self._found
        yield _one("digest_papers", "Papers that are known.", found.papers.papers)
        yield _each("digest_entries", "Entries by source.", "source", found.papers.entries)
        yield _each(
            "digest_subscribers",
            "Subscribers by state.",
            "state",
            {state.value: found.subscribers.get(state, 0) for state in SubscriberState},
        )
        yield _each(
            "digest_deliveries",
            "Deliveries by state, over all time.",
            "state",
            {state.value: found.deliveries.get(state, 0) for state in DeliveryState},
        )
        yield from self._feeds()
        yield _each(
            "digest_channel_failures",
            "Failures in a row of a way out that is out of order.",
            "channel",
            {state.channel: state.failures for state in found.channels},
        )
        run = found.published
        yield _at("digest_published", "When the last run that published began.", run, "started_at")
        yield _at("digest_published_end", "When it ended.", run, "finished_at")

    def _feeds(self) -> Iterable[Metric]:
        feeds = self._found.feeds
        condition = GaugeMetricFamily(
            "digest_feed_condition",
            "How a feed stands: 1 for the condition it is in.",
            labels=("feed", "condition"),
        )
        for reading in feeds:
            for one in Condition:
                labels = [reading.feed.name, one.value]
                condition.add_metric(labels, float(reading.condition is one))
        yield condition
        yield _each(
            "digest_feed_errors",
            "Failures in a row of a feed.",
            "feed",
            {reading.feed.name: reading.state.error_count for reading in feeds},
        )
        yield _each(
            "digest_feed_read_timestamp_seconds",
            "When a feed was last read without a problem.",
            "feed",
            {
                reading.feed.name: reading.state.succeeded_at.timestamp()
                for reading in feeds
                if reading.state.succeeded_at
            },
        )


def _one(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)


def _each(name: str, told: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=(label,))
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _at(name: str, told: str, run: object, field: str) -> Metric:
    """Return an instant; no sample where there is none."""
    instant: datetime | None = getattr(run, field, None)
    family = GaugeMetricFamily(f"{name}_timestamp_seconds", told)
    if instant is not None:
        family.add_metric([], instant.timestamp())
    return family
