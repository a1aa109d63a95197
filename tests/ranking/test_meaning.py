"""Embeddings: one more term for example papers, where there are any."""

from dataclasses import replace

import numpy as np
import pytest

from digest.models import Interest, InterestKind, Paper, Profile
from digest.ranking import best_first, prepare, rank


def packed(*numbers: float) -> bytes:
    vector = np.array(numbers)
    return (vector / np.linalg.norm(vector)).astype("<f2").tobytes()


@pytest.fixture
def day() -> list[Paper]:
    """Thirty papers that share no words beyond those of all papers."""
    return [
        Paper(n, f"Wordone{n} wordtwo{n} wordthree{n}", f"We study wordfour{n} and wordfive{n}.")
        for n in range(1, 31)
    ]


LIKED = Paper(99, "Quite other words stand here", "None of them is in any paper of the day.")


def order(day, vectors, meaning, **how):
    example = Interest(InterestKind.EXAMPLE, "liked")
    found = rank(
        prepare(day, [], vectors=vectors),
        Profile((example,)),
        examples={"liked": replace(LIKED, abstract=day[4].title)},
        meanings={"liked": meaning} if meaning else None,
        below_bar=True,
        **how,
    )
    return [scored.paper.paper_id for scored in best_first(found)]


def test_papers_near_in_meaning_rise(day):
    vectors = {paper.paper_id: packed(0.1, 1.0, 0.0) for paper in day}
    vectors[7] = packed(1.0, 0.1, 0.0)
    assert 7 not in order(day, None, None)[:2]
    assert order(day, vectors, packed(1.0, 0.0, 0.0))[:2] == [5, 7]


def test_papers_without_a_vector_and_vectors_of_another_length_count_as_none(day):
    plain = order(day, None, None)
    vectors = {paper.paper_id: packed(0.1, 1.0, 0.0) for paper in day[:15]}
    vectors[7] = packed(1.0, 0.1, 0.0)
    vectors[8] = packed(1.0, 0.1)
    assert set(order(day, vectors, packed(1.0, 0.0, 0.0))) >= {5, 7}
    assert order(day, vectors, packed(1.0, 0.0)) == plain
    assert order(day, vectors, None) == plain
    assert order(day, {}, packed(1.0, 0.0, 0.0)) == plain


def test_equal_vectors_change_nothing(day):
    vectors = {paper.paper_id: packed(1.0, 0.0) for paper in day}
    assert order(day, vectors, packed(0.0, 1.0)) == order(day, None, None)


def test_meaning_alone_makes_no_match(day):
    vectors = {paper.paper_id: packed(0.1, 1.0) for paper in day}
    vectors[7] = packed(1.0, 0.1)
    found = rank(
        prepare(day, [], vectors=vectors),
        Profile((Interest(InterestKind.EXAMPLE, "liked"),)),
        examples={"liked": LIKED},
        meanings={"liked": packed(1.0, 0.0)},
    )
    assert best_first(found) == []
