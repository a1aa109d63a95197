from dataclasses import replace
from datetime import datetime, timedelta

from digest.models import FeedState
from digest.store import Store


def test_a_feed_never_collected_has_an_empty_state(store: Store) -> None:
    assert store.feeds.state("arxiv") == FeedState("arxiv")


def test_a_state_comes_back_as_it_was_stored(store: Store, now: datetime) -> None:
    state = FeedState(
        "arxiv", "0" * 16, '"etag"', "Tue, 12 May 2026", "0" * 64, now, now, now + timedelta(hours=1),
        2, "the server said 503", True, 40, now - timedelta(days=1),
    )  # fmt: skip
    store.feeds.save(state)
    assert store.feeds.state("arxiv") == state


def test_a_later_state_takes_the_place_of_the_earlier(store: Store) -> None:
    failed = FeedState("arxiv", error_count=1, last_error="no answer")
    store.feeds.save(failed)
    store.feeds.save(replace(failed, error_count=0, last_error=None))
    store.feeds.save(FeedState("aitopics"))
    assert store.feeds.states() == [FeedState("aitopics"), FeedState("arxiv")]
