from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from digest.models import Rate
from digest.store import Store, open_store

HOURLY = Rate("smtp", 10, 3600)


@pytest.mark.parametrize("seconds", [1, 60, 3600])
def test_no_stretch_of_time_ever_holds_more_than_the_limit(
    store: Store, now: datetime, seconds: int
) -> None:
    limit = Rate("smtp", 5, seconds)
    sent: list[datetime] = []
    at, end = now, now + 5 * timedelta(seconds=seconds)
    while at < end:
        wait = store.rates.take([limit], at)
        if wait is None:
            sent.append(at)
            at += timedelta(seconds=seconds / 37)
        else:
            assert (
                at < wait.until <= at + timedelta(seconds=seconds) + timedelta(seconds=seconds) / 12
            )
            at = wait.until
    for first, sixth in zip(sent, sent[5:], strict=False):
        assert sixth - first > timedelta(seconds=seconds)
    assert len(sent) >= 20  # and most of it can be used


def test_a_limit_is_remembered_by_the_next_process(url: str, store: Store, now: datetime) -> None:
    for _ in range(10):
        assert store.rates.take([HOURLY], now) is None
    with open_store(url) as other:
        wait = other.rates.take([HOURLY], now + timedelta(minutes=1))
    assert wait is not None
    assert now + timedelta(minutes=60) <= wait.until <= now + timedelta(minutes=65)
    assert store.rates.take([HOURLY], wait.until) is None


def test_what_one_limit_stops_is_not_counted_against_another(store: Store, now: datetime) -> None:
    domain = Rate("smtp:example.org", 1, 60)
    assert store.rates.take([HOURLY, domain], now) is None
    for _ in range(20):
        wait = store.rates.take([HOURLY, domain], now)
        assert wait is not None
        assert wait.rate == domain
    assert all(store.rates.take([HOURLY], now) is None for _ in range(9))
    assert store.rates.take([HOURLY], now) is not None


def test_a_clock_that_was_set_back_does_not_stop_the_mail(store: Store, now: datetime) -> None:
    for _ in range(10):
        store.rates.take([HOURLY], now)
    assert store.rates.take([HOURLY], now - timedelta(days=1)) is None


def test_slots_that_count_no_more_are_dropped(store: Store, now: datetime) -> None:
    for hour in range(100):
        store.rates.take([HOURLY], now + timedelta(hours=hour))
    with store._database.reading() as connection:
        kept = connection.exec_driver_sql("SELECT count(*) FROM rates").scalar_one()
    assert kept <= 2


def test_several_processes_share_a_limit(url: str, store: Store, now: datetime) -> None:
    def take(_: int) -> int:
        with open_store(url) as other:
            return sum(other.rates.take([HOURLY], now) is None for _ in range(10))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(take, range(4))) == 10
