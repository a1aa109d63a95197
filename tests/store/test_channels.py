from dataclasses import replace
from datetime import datetime, timedelta

from digest.store import ChannelState, Store, open_store


def test_a_channel_that_never_failed_is_as_new(store: Store) -> None:
    assert store.channels.get("smtp") == ChannelState("smtp")
    assert store.channels.all() == {}


def test_failures_outlive_the_process_until_the_channel_works_again(
    url: str, store: Store, now: datetime
) -> None:
    state = ChannelState("smtp", 3, 1, now + timedelta(minutes=1), "connection refused", now)
    store.channels.save(state)
    later = replace(state, failures=4, pauses=2)
    store.channels.save(later)
    store.channels.save(ChannelState("directory", 1, problem="read-only", failed_at=now))
    with open_store(url) as other:
        assert other.channels.get("smtp") == later
        other.channels.worked("smtp")
    assert list(store.channels.all()) == ["directory"]
