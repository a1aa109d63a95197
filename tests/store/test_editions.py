from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from digest.models import (
    DeliveryState,
    Edition,
    FeedHealth,
    Interest,
    InterestCount,
    InterestKind,
    Lesson,
    Paper,
    PaperChange,
    Reason,
    ReasonKind,
    Remarks,
    ScoredPaper,
    Section,
    Subscriber,
)
from digest.store import Composed, History, Settlement, Shard, Store, Stored

Compose = Callable[..., Edition]
DAY = timedelta(days=1)


@pytest.fixture
def publish(store: Store, plan: Callable[..., int]) -> Callable[..., Shard]:
    """Plan a day, and store this edition for everything that was planned."""

    def run(edition: Edition, *channels: str, silent: bool = False) -> Shard:
        at = edition.composed_at
        plan(*channels, day=edition.edition_date, at=at)
        *_, latest = store.deliveries.claimable(at)
        shard = store.deliveries.claim("w", at, DAY / 24, of=latest)
        assert shard is not None
        waiting = store.deliveries.shard_deliveries(shard.shard_id, at)
        items = [Composed(d.delivery_id, edition, silent) for d, _ in waiting]
        assert store.deliveries.save_editions(shard, "w", items, now=at, lease=DAY / 24)
        return shard

    return run


def test_an_edition_comes_back_exactly(
    store: Store,
    subscribe: Callable[..., Subscriber],
    add_papers: Callable[[int], list[Paper]],
    publish: Callable[..., Shard],
    now: datetime,
    today: date,
) -> None:
    subscribe()
    one, two, three = add_papers(3)
    phrase = Interest(InterestKind.PHRASE, "sparse attention", 2.0)
    author = Interest(InterestKind.AUTHOR, "Ana Ruiz")
    edition = Edition(
        today,
        now,
        "稀疏",
        "ja",
        (
            Section("Sparse attention", phrase, (
                ScoredPaper(two, 0.1 + 0.2, phrase, (
                    Reason(ReasonKind.WORDS, "sparse attention", ("sparse", "long"), 1 / 3),
                    Reason(ReasonKind.POPULARITY, "huggingface", ("57 upvotes",)),
                )),
                ScoredPaper(one, -1.5, author),
            )),
            Section("Nothing here", author, ()),
            Section("Rising", None, (ScoredPaper(three, 2.0, None),)),
        ),
        42,
        None,
        (FeedHealth("daily", "huggingface", 0, "no answer"), FeedHealth("cs", "arxiv", 9),
         FeedHealth("jp", "arxivjp", 0, "HTTP 503", "failing", 3, today)),
        Remarks(today - DAY, True, (InterestCount("稀疏", 12),), 5, "Few.", ("arxiv", "x"), ("x",),
                (Lesson("sea ice", today),)),
    )  # fmt: skip
    publish(edition)
    numbers = store.editions.dates(1)
    assert numbers == {today: 1}
    assert store.editions.edition(1) == edition


def test_an_unknown_edition_is_none(store: Store) -> None:
    assert store.editions.edition(1) is None
    assert store.editions.by_ids([1, 2]) == {}


def test_two_channels_share_one_edition(
    store: Store,
    subscribe: Callable[..., Subscriber],
    add_papers: Callable[[int], list[Paper]],
    publish: Callable[..., Shard],
    compose: Compose,
) -> None:
    subscribe()
    publish(compose(*add_papers(2)), "smtp", "directory")
    told = store.deliveries.list_deliveries()
    assert [delivery.edition_id for delivery, _ in told] == [1, 1]
    assert len(store.editions.dates(1)) == 1


def test_an_edition_that_is_stored_stays_as_it_is(
    store: Store,
    subscribe: Callable[..., Subscriber],
    add_papers: Callable[[int], list[Paper]],
    publish: Callable[..., Shard],
    compose: Compose,
    now: datetime,
    lease: timedelta,
) -> None:
    """A worker died after storing it; the next one composes again and must not change it."""
    subscribe()
    one, two = add_papers(2)
    shard = publish(compose(one))
    again = [Composed(1, compose(two))]
    assert store.deliveries.save_editions(shard, "w", again, now=now, lease=lease) == Stored({1: 1})
    assert store.editions.edition(1) == compose(one)


def test_an_edition_of_a_paper_that_became_part_of_another_is_readable(
    store: Store,
    subscribe: Callable[..., Subscriber],
    change: Callable[..., PaperChange],
    publish: Callable[..., Shard],
    compose: Compose,
    now: datetime,
) -> None:
    subscribe()
    first, second = change("T"), change("U")
    store.papers.save([first, second], seen_at=now)
    publish(compose(*store.papers.by_ids([1])))
    moved = tuple(p.entry for c in (first, second) for p in c.placements)
    store.papers.save([change("U", paper_id=2, entries=moved)], seen_at=now)
    edition = store.editions.edition(1)
    assert edition is not None
    assert [scored.paper.paper_id for scored in edition.papers] == [1]
    assert store.editions.history([1])[1].sent_papers == {2}


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        (DeliveryState.QUEUED, True),
        (DeliveryState.TRANSMITTING, True),
        (DeliveryState.DEFERRED, True),
        (DeliveryState.SENT, True),
        (DeliveryState.UNKNOWN, False),
        (DeliveryState.FAILED, False),
        (DeliveryState.EXPIRED, False),
        (DeliveryState.SUPPRESSED, False),
    ],
)
def test_papers_come_again_only_if_the_edition_did_not_arrive(
    store: Store,
    subscribe: Callable[..., Subscriber],
    add_papers: Callable[[int], list[Paper]],
    publish: Callable[..., Shard],
    compose: Compose,
    now: datetime,
    lease: timedelta,
    state: DeliveryState,
    counts: bool,
) -> None:
    subscribe()
    shard = publish(compose(*add_papers(2)))
    settled = [Settlement(1, state, next_try_at=now)]
    assert store.deliveries.advance(shard, "w", settled=settled, now=now, lease=lease)
    expected = History(frozenset({1, 2}), now) if counts else History()
    assert store.editions.history([1]) == {1: expected}


def test_one_channel_that_arrived_is_enough(
    store: Store,
    subscribe: Callable[..., Subscriber],
    add_papers: Callable[[int], list[Paper]],
    publish: Callable[..., Shard],
    compose: Compose,
    now: datetime,
    lease: timedelta,
) -> None:
    subscribe()
    shard = publish(compose(*add_papers(1)), "smtp", "directory")
    settled = [Settlement(1, DeliveryState.FAILED), Settlement(2, DeliveryState.SENT)]
    store.deliveries.advance(shard, "w", settled=settled, now=now, lease=lease)
    assert store.editions.history([1])[1].sent_papers == {1}


def test_a_silent_edition_moves_the_cut_and_is_not_sent(
    store: Store,
    subscribe: Callable[..., Subscriber],
    publish: Callable[..., Shard],
    compose: Compose,
    now: datetime,
) -> None:
    subscribe()
    shard = publish(compose(), silent=True)
    assert store.editions.history([1]) == {1: History(frozenset(), now)}
    assert store.deliveries.shard_deliveries(shard.shard_id, now) == []
    assert store.deliveries.balance().states[DeliveryState.SILENT] == 1
    edition = store.editions.edition(1)
    assert edition is not None
    assert edition.silence == "weekend: arXiv announced nothing"


def test_history_is_told_of_each_and_may_leave_out_old_papers(
    store: Store,
    subscribe: Callable[..., Subscriber],
    add_papers: Callable[[int], list[Paper]],
    publish: Callable[..., Shard],
    compose: Compose,
    now: datetime,
    today: date,
) -> None:
    subscribe("a@example.org")
    old, new = add_papers(2)
    publish(compose(old, day=today - DAY, at=now - DAY))
    publish(compose(new))
    subscribe("b@example.org")
    assert store.editions.history([1, 2]) == {
        1: History(frozenset({1, 2}), now),
        2: History(),
    }
    assert store.editions.history([1], since=now) == {1: History(frozenset({2}), now)}


def test_the_oldest_editions_are_deleted_and_their_deliveries_stay(
    store: Store,
    subscribe: Callable[..., Subscriber],
    add_papers: Callable[[int], list[Paper]],
    publish: Callable[..., Shard],
    compose: Compose,
    now: datetime,
    today: date,
    lease: timedelta,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    subscribe()
    papers = add_papers(2)
    states = (DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.SENT, None, None)
    for day, state in enumerate(states):
        at = now + day * DAY
        shard = publish(compose(*papers, day=today + day * DAY, at=at))
        if state is not None:
            settled = [Settlement(day + 1, state)]
            store.deliveries.advance(shard, "w", settled=settled, now=at, lease=lease)
    monkeypatch.setattr("digest.store.editions._AT_ONCE", 2)
    assert store.editions.forget(now, 100) == 0
    assert store.editions.forget(now + 4 * DAY, 100) == 2  # the fourth waits to be sent
    assert sorted(store.editions.dates(1).values()) == [2, 4, 5]
    assert store.editions.edition(2) == compose(*papers, day=today + DAY, at=now + DAY)
    told = {d.delivery_id: d.edition_id for d, _ in store.deliveries.list_deliveries()}
    assert told == {1: None, 2: 2, 3: None, 4: 4, 5: 5}
    assert store.editions.forget(now + 4 * DAY, 100) == 0


def test_no_more_editions_are_deleted_at_once_than_was_asked_for(
    store: Store,
    subscribe: Callable[..., Subscriber],
    publish: Callable[..., Shard],
    compose: Compose,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in "abc":
        subscribe(f"{name}@example.org")
    publish(compose(), silent=True)
    monkeypatch.setattr("digest.store.editions._AT_ONCE", 1)
    assert [store.editions.forget(now + DAY, 2) for _ in range(3)] == [2, 1, 0]


def test_erasing_a_subscriber_erases_editions_and_deliveries(
    store: Store,
    subscribe: Callable[..., Subscriber],
    add_papers: Callable[[int], list[Paper]],
    publish: Callable[..., Shard],
    compose: Compose,
    now: datetime,
    lease: timedelta,
) -> None:
    subscribe()
    shard = publish(compose(*add_papers(2)))
    store.people.remove("mei@example.org")
    assert store.editions.edition(1) is None
    assert store.deliveries.list_deliveries() == []
    assert len(store.papers.background(9)) == 2
    # A worker that is at it learns nothing new, and does no harm.
    late = Composed(1, replace(compose(), name="late"))
    assert store.deliveries.save_editions(shard, "w", [late], now=now, lease=lease) == Stored({})
    assert store.deliveries.advance(shard, "w", starting=[1], now=now, lease=lease)
