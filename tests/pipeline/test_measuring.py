"""Judging a ranking by its reader's answers, over real editions in a real store."""

from datetime import timedelta

import pytest

from digest.errors import UsageError
from digest.models import AnswerKind, Interest, InterestKind, Profile, SubscriberState
from digest.pipeline.editions import EditionOptions
from digest.pipeline.measuring import evaluate, ndcg

ICE = Profile((Interest(InterestKind.PHRASE, "glacier acoustics"),))
ROBOTS = Profile((Interest(InterestKind.PHRASE, "harbour robots"),))
OPTIONS = EditionOptions()


def test_ndcg_is_one_for_the_best_order_and_falls_with_the_place():
    assert ndcg([1.0, 0.3], [0.3, 1.0], 10) == 1.0
    assert ndcg([0.0, 1.0], [1.0], 10) == pytest.approx(0.63093, abs=1e-5)
    assert ndcg([0.0, 0.0], [1.0], 10) == 0.0
    assert ndcg([1.0, 1.0], [1.0, 1.0, 1.0], 2) == 1.0


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
