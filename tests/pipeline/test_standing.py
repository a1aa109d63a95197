"""How an installation stands, counted from its store."""

from datetime import timedelta

import pytest

from digest.models import DeliveryState, FeedState, SubscriberState
from digest.pipeline.standing import standing
from digest.sources.base import Feed


def test_a_new_installation_has_nothing(store, clock):
    found = standing(store, [], clock())
    assert (found.papers.papers, found.subscribers, found.unknown) == (0, {}, [])
    assert (found.collected_at, found.published, found.embedded) == (None, None, None)


@pytest.mark.asyncio
async def test_papers_people_and_deliveries_are_counted(
    store, clock, add_papers, subscribe, publisher
):
    add_papers()
    subscribe("ada")
    store.people.set_state(subscribe("ben"), SubscriberState.PAUSED, clock())
    await publisher().publish()
    found = standing(store, [], clock())
    assert found.papers.papers == 4
    assert found.subscribers == {SubscriberState.ACTIVE: 1, SubscriberState.PAUSED: 1}
    assert found.deliveries[DeliveryState.SENT] == 1
    assert found.published is not None
    assert found.published.finished_at == clock()


def test_the_last_collection_is_that_of_the_feed_read_last(store, clock):
    early, late = clock() - timedelta(hours=2), clock() - timedelta(hours=1)
    for name, at in (("a", late), ("b", early)):
        store.feeds.save(FeedState(name, checked_at=at, succeeded_at=at))
    feeds = [Feed(name, "generic", f"https://{name}.example") for name in "abc"]
    assert standing(store, feeds, clock()).collected_at == late
