from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from digest.models import Paper, PaperChange
from digest.store import Store

AddPapers = Callable[[int], list[Paper]]


def test_vectors_come_back_by_paper_and_model(store: Store, add_papers: AddPapers) -> None:
    one, two, three = add_papers(3)
    store.vectors.save("a", [(one, b"11"), (two, b"22")])
    store.vectors.save("b", [(one, b"33")])
    ids = [one.paper_id, two.paper_id, three.paper_id]
    assert store.vectors.of(ids, "a") == {one.paper_id: b"11", two.paper_id: b"22"}
    assert store.vectors.of(ids, "b") == {one.paper_id: b"33"}
    assert store.vectors.of([], "a") == {}
    assert (store.vectors.count("a"), store.vectors.count("c")) == (2, 0)


def test_the_vectors_of_the_newest_papers_are_had_without_their_numbers(
    store: Store, add_papers: AddPapers
) -> None:
    one, two, three = add_papers(3)
    store.vectors.save("a", [(one, b"11"), (two, b"22")])
    store.vectors.save("b", [(three, b"33")])
    assert store.vectors.newest("a", 9) == {two.paper_id: b"22", one.paper_id: b"11"}
    assert store.vectors.newest("a", 1) == {two.paper_id: b"22"}
    assert store.vectors.newest("c", 9) == {}


def test_the_newest_papers_without_a_vector_are_missing_theirs(
    store: Store, change: Callable[..., PaperChange], now: datetime
) -> None:
    for day in range(4):
        seen = now + timedelta(days=day)
        store.papers.save([change(f"Paper {day}", seen_at=seen)], seen_at=seen)
    papers = store.vectors.missing("a", 3)
    assert [paper.title for paper in papers] == ["Paper 3", "Paper 2", "Paper 1"]
    store.vectors.save("a", [(papers[0], b"11"), (papers[1], b"22")])
    assert [paper.title for paper in store.vectors.missing("a", 9)] == ["Paper 1", "Paper 0"]
    assert len(store.vectors.missing("b", 9)) == 4


def test_a_paper_whose_text_changed_wants_a_new_vector(
    store: Store, change: Callable[..., PaperChange], now: datetime
) -> None:
    store.papers.save([change("A Paper")], seen_at=now)
    (paper,) = store.vectors.missing("a", 9)
    store.vectors.save("a", [(paper, b"11")])
    assert store.vectors.missing("a", 9) == []
    changed = PaperChange(replace(paper, abstract="Now with an abstract."), (), True)
    store.papers.save([changed], seen_at=now)
    (again,) = store.vectors.missing("a", 9)
    store.vectors.save("a", [(again, b"22")])
    assert store.vectors.of([paper.paper_id], "a") == {paper.paper_id: b"22"}
    assert store.vectors.missing("a", 9) == []


def test_vectors_of_interests_come_back_by_text_and_go_with_the_last_who_says_it(
    store: Store,
) -> None:
    store.vectors.save_texts("a", [("sea ice", b"11"), ("robots", b"22")])
    store.vectors.save_texts("a", [("sea ice", b"33")])
    store.vectors.save_texts("b", [("sea ice", b"44")])
    assert store.vectors.of_texts(["sea ice", "robots", "nothing"], "a") == {
        "sea ice": b"11",
        "robots": b"22",
    }
    assert store.vectors.of_texts(["sea ice"], "b") == {"sea ice": b"44"}
    assert store.vectors.keep_texts(["robots"]) == 1
    assert store.vectors.of_texts(["sea ice", "robots"], "a") == {"robots": b"22"}
    assert store.vectors.of_texts(["sea ice"], "b") == {}
