"""Standing: how feeds, papers, subscribers and deliveries stand, for whoever watches over them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from digest.models import Delivery, DeliveryState, Subscriber, SubscriberState
from digest.pipeline.conditions import FeedReading, readings
from digest.sources.base import Feed
from digest.store import ChannelState, Counts, Run, Store


@dataclass(frozen=True, slots=True)
class Standing:
    """How one installation stands at one instant.

    Attributes:
        feeds: the feeds that are on.
        papers: how many papers there are, and entries by source.
        embedded: how many papers have a vector; None: embeddings are off, or out of order.
        subscribers: how many, by state.
        deliveries: how many, by state, over all time; or of some states alone.
        unknown: the newest deliveries whose outcome was lost, with their subscribers; not
            always all of them.
        channels: channels that failed and have not worked since.
        published: the last run that had something to publish.
    """

    at: datetime
    feeds: Sequence[FeedReading]
    papers: Counts
    embedded: int | None
    subscribers: Mapping[SubscriberState, int]
    deliveries: Mapping[DeliveryState, int]
    unknown: Sequence[tuple[Delivery, Subscriber]]
    channels: Sequence[ChannelState]
    published: Run | None

    @property
    def collected_at(self) -> datetime | None:
        """When a feed was last read without a problem."""
        read = [r.state.succeeded_at for r in self.feeds if r.state.succeeded_at]
        return max(read, default=None)


def standing(
    store: Store,
    feeds: Sequence[Feed],
    now: datetime,
    *,
    model: str = "",
    only: Collection[DeliveryState] = (),
    unknown: int = 10_000,
) -> Standing:
    """Tell how an installation stands; a handful of counting queries.

    Args:
        store: what is counted.
        feeds: the feeds that are on.
        now: the instant.
        model: whose embeddings count; empty: none do.
        only: of which states deliveries are counted; empty: of all.
        unknown: how many of the newest unknown deliveries are listed, at most.
    """
    known = {state.feed: state for state in store.feeds.states()}
    return Standing(
        at=now,
        feeds=readings(feeds, known, now),
        papers=store.papers.counts(),
        embedded=store.vectors.count(model) if model else None,
        subscribers=store.people.counts(),
        deliveries=store.deliveries.counts(only) if only else store.deliveries.totals(),
        unknown=store.deliveries.list_deliveries(DeliveryState.UNKNOWN, limit=unknown),
        channels=tuple(store.channels.all().values()),
        published=store.runs.last("publish"),
    )
