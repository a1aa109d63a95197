"""Learning from all readers, once a day, where there are enough of them."""

from digest.models import AnswerKind, Interest, InterestKind, Profile, SubscriberState
from digest.pipeline import likes
from digest.pipeline.likes import FACTORS, learn_likes


def test_too_few_readers_teach_nothing(store, clock, add_papers):
    add_papers()
    store.people.add("ada@example.org", Profile(), SubscriberState.ACTIVE, clock.now)
    assert learn_likes(store, clock.now) is None
    assert store.runs.last("likes") is None


def test_factors_are_learnt_once_a_day_from_examples_and_answers(
    store, clock, add_papers, monkeypatch
):
    monkeypatch.setattr(likes.ranking, "READERS", 3)
    seen = []
    monkeypatch.setattr(likes.ranking, "learn_factors", lambda told: seen.append(told) or {})
    one, two, three, four = add_papers(*["glacier acoustics"] * 4)
    example = Interest(InterestKind.EXAMPLE, f"#{one}")
    ids = [
        store.people.add(f"r{n}@example.org", Profile((example,)), state, clock.now).subscriber_id
        for n, state in enumerate([SubscriberState.ACTIVE] * 3 + [SubscriberState.PAUSED])
    ]
    for paper, kind in ((two, "more"), (three, "less"), (four, "click")):
        store.answers.save(ids[0], paper, AnswerKind(kind), clock.now)
    assert learn_likes(store, clock.now) == 0
    assert seen == [[{one, two, four}, {one}, {one}]]
    clock.move(hours=1)
    assert learn_likes(store, clock.now) is None
    clock.move(hours=20)
    assert learn_likes(store, clock.now) == 0
    assert len(seen) == 2


def test_factors_come_back_and_go_when_readers_have_left(store, clock, add_papers, monkeypatch):
    (paper,) = add_papers("glacier acoustics")
    store.vectors.replace(FACTORS, {paper: b"11"})
    store.vectors.replace(FACTORS, {paper: b"12"})
    assert store.vectors.of([paper], FACTORS) == {paper: b"12"}
    store.runs.finish(store.runs.start("likes", clock.now), clock.now, {})
    clock.move(days=1)
    assert learn_likes(store, clock.now) is None
    assert store.vectors.of([paper], FACTORS) == {}
