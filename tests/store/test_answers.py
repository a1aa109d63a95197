from collections.abc import Callable
from datetime import datetime, timedelta

from digest.models import Answer, AnswerKind, Entry, Paper, PaperChange, Placement, Subscriber
from digest.store import Store

AddPapers = Callable[[int], list[Paper]]
Subscribe = Callable[..., Subscriber]
MORE, LESS, SAVE = AnswerKind.MORE, AnswerKind.LESS, AnswerKind.SAVE
HOUR = timedelta(hours=1)


def test_answers_come_back_oldest_first(
    store: Store, add_papers: AddPapers, subscribe: Subscribe, now: datetime
) -> None:
    one, two = add_papers(2)
    who, other = subscribe().subscriber_id, subscribe("ben@example.org").subscriber_id
    store.answers.save(who, two.paper_id, MORE, now)
    store.answers.save(who, one.paper_id, SAVE, now - HOUR)
    assert store.answers.of([who, other]) == {
        who: (Answer(one.paper_id, SAVE, now - HOUR), Answer(two.paper_id, MORE, now))
    }
    assert store.answers.count() == (2, 1)


def test_the_same_answer_twice_is_one(
    store: Store, add_papers: AddPapers, subscribe: Subscribe, now: datetime
) -> None:
    (paper,), who = add_papers(1), subscribe().subscriber_id
    store.answers.save(who, paper.paper_id, MORE, now)
    store.answers.save(who, paper.paper_id, MORE, now + HOUR)
    assert store.answers.of([who])[who] == (Answer(paper.paper_id, MORE, now + HOUR),)


def test_more_and_less_take_each_other_back_and_leave_the_rest(
    store: Store, add_papers: AddPapers, subscribe: Subscribe, now: datetime
) -> None:
    (one, two), who = add_papers(2), subscribe().subscriber_id
    store.answers.save(who, two.paper_id, MORE, now)
    for kind in (SAVE, MORE, LESS):
        store.answers.save(who, one.paper_id, kind, now)
    told = {(a.paper_id, a.kind) for a in store.answers.of([who])[who]}
    assert told == {(one.paper_id, SAVE), (one.paper_id, LESS), (two.paper_id, MORE)}


def test_answers_are_forgotten_by_paper_by_kind_or_all(
    store: Store, add_papers: AddPapers, subscribe: Subscribe, now: datetime
) -> None:
    (one, two), who = add_papers(2), subscribe().subscriber_id
    other = subscribe("ben@example.org").subscriber_id
    for paper in (one, two):
        for kind in (MORE, SAVE):
            store.answers.save(who, paper.paper_id, kind, now)
    store.answers.save(other, one.paper_id, MORE, now)
    assert store.answers.forget(who, one.paper_id, SAVE) == 1
    assert store.answers.forget(who, one.paper_id) == 1
    assert store.answers.forget(who, one.paper_id) == 0
    assert store.answers.forget(who) == 2
    assert store.answers.of([who, other]).keys() == {other}


def test_an_answer_follows_its_paper_into_the_one_it_was_merged_with(
    store: Store, change: Callable[..., PaperChange], subscribe: Subscribe, now: datetime
) -> None:
    store.papers.save([change("A Paper"), change("The Same Paper")], seen_at=now)
    kept, merged = sorted(store.papers.background(2), key=lambda paper: paper.paper_id)
    who = subscribe().subscriber_id
    store.answers.save(who, merged.paper_id, MORE, now)
    entry = Entry("arxiv", "The Same Paper", "The Same Paper")
    placement = Placement(entry, kept.paper_id, 1, "arxiv id", "the same arXiv id")
    store.papers.save([PaperChange(kept, (placement,), True)], seen_at=now)
    assert store.answers.of([who])[who] == (Answer(kept.paper_id, MORE, now),)
    assert store.answers.forget(who, kept.paper_id) == 1


def test_answers_go_with_the_subscriber(
    store: Store, add_papers: AddPapers, subscribe: Subscribe, now: datetime
) -> None:
    (paper,), who = add_papers(1), subscribe()
    store.answers.save(who.subscriber_id, paper.paper_id, MORE, now)
    store.people.remove(who.address)
    assert store.answers.count() == (0, 0)
