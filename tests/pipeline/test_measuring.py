"""Judging a ranking by its reader's answers, over real editions in a real store."""

import math
import random
from datetime import timedelta

import pytest

from digest.errors import UsageError
from digest.models import AnswerKind, Interest, InterestKind, Profile, SubscriberState
from digest.pipeline.editions import EditionOptions
from digest.pipeline.measuring import estimate, evaluate, ndcg

ICE = Profile((Interest(InterestKind.PHRASE, "glacier acoustics"),))
ROBOTS = Profile((Interest(InterestKind.PHRASE, "harbour robots"),))
OPTIONS = EditionOptions()


def test_ndcg_is_one_for_the_best_order_and_falls_with_the_place():
    assert ndcg([1.0, 0.3], [0.3, 1.0], 10) == 1.0
    assert ndcg([0.0, 1.0], [1.0], 10) == pytest.approx(0.63093, abs=1e-5)
    assert ndcg([0.0, 0.0], [1.0], 10) == 0.0
    assert ndcg([1.0, 1.0], [1.0, 1.0, 1.0], 2) == 1.0


@pytest.mark.parametrize("days", [2, 3, 5, 10, 30])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_an_interval_holds_the_truth_as_often_as_it_says(days: int, share: float) -> None:
    chance = random.Random(days)
    held = {"hit": 0, "ndcg": 0}
    places = [1 / math.log2(place + 2) for place in range(4)]
    for _ in range(400):
        hits = [float(chance.random() < share) for _ in range(days)]
        scores = [hit * chance.choice(places) for hit in hits]
        one, other = estimate(hits), estimate(scores)
        assert one.low <= one.mean <= one.high
        assert other.low <= other.mean <= other.high
        held["hit"] += one.low <= share <= one.high
        held["ndcg"] += other.low <= share * sum(places) / 4 <= other.high
    # 95 % is meant; with few days there are few outcomes, so it cannot be hit exactly.
    assert min(held.values()) / 400 > 0.88


def test_an_interval_narrows_with_the_days() -> None:
    widths = [
        found.high - found.low for n in (2, 8, 32, 128) if (found := estimate([0.5, 1.0] * n))
    ]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.1


@pytest.fixture
async def reader(store, clock, publisher, add_papers):
    """A reader with two editions, who liked the paper on ice in each."""
    person = store.people.add("ada@example.org", ICE, SubscriberState.ACTIVE, clock.now)
    for _ in range(2):
        add_papers()
        clock.move(minutes=1)
        await publisher().publish(only=person.address)
        edition_id = next(iter(store.editions.dates(person.subscriber_id).values()))
        edition = store.editions.edition(edition_id)
        liked = next(p.paper for p in edition.papers if "glacier" in p.paper.title.lower())
        clock.move(hours=1)
        store.answers.save(person.subscriber_id, liked.paper_id, AnswerKind.MORE, clock.now)
        clock.move(hours=23)
    return person


async def test_a_profile_that_puts_the_liked_papers_first_scores_one(store, reader):
    result = evaluate(store, OPTIONS, reader, ICE, first=1)
    assert len(result.days) == 2
    assert (result.ndcg.mean, result.hit_rate.mean) == (1.0, 1.0)
    assert all(day.liked == 1 and day.candidates > 1 for day in result.days)


async def test_a_profile_that_wants_something_else_scores_less(store, reader):
    result = evaluate(store, OPTIONS, reader, ROBOTS, first=1)
    assert (result.ndcg.mean, result.hit_rate.mean) == (0.0, 0.0)


async def test_intervals_hold_the_mean_and_are_the_same_each_time(store, reader):
    one = evaluate(store, OPTIONS, reader, ICE, first=5)
    assert one == evaluate(store, OPTIONS, reader, ICE, first=5)
    assert one.ndcg.low <= one.ndcg.mean <= one.ndcg.high


async def test_less_takes_a_like_out_of_account(store, reader, clock):
    for answer in store.answers.of([reader.subscriber_id])[reader.subscriber_id]:
        store.answers.save(reader.subscriber_id, answer.paper_id, AnswerKind.LESS, clock.now)
    with pytest.raises(UsageError, match="has not liked a paper"):
        evaluate(store, OPTIONS, reader, ICE, first=5)


async def test_an_answer_given_before_an_edition_does_not_judge_it(store, reader, clock):
    later = clock.now - timedelta(days=30)
    for answer in store.answers.of([reader.subscriber_id])[reader.subscriber_id]:
        store.answers.save(reader.subscriber_id, answer.paper_id, answer.kind, later)
    with pytest.raises(UsageError, match="has not liked a paper"):
        evaluate(store, OPTIONS, reader, ICE, first=5)


async def test_answers_given_before_an_edition_help_to_rank_it(store, reader, clock):
    blank = Profile((Interest(InterestKind.CATEGORY, "cs"),))
    result = evaluate(store, OPTIONS, reader, blank, first=1)
    # On the first day nothing was known of the reader; on the second, what he had liked.
    assert [day.ndcg for day in result.days] == [0.0, 1.0]
