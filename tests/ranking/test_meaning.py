"""Embeddings: one more term for example papers, where there are any."""

import random
from dataclasses import replace

import numpy as np
import pytest

from digest.models import Interest, InterestKind, Opinion, Paper, Profile
from digest.ranking import Judgement, best_first, learn_factors, prepare, rank
from digest.ranking.similarity import similarities
from digest.ranking.taste import Told, shares, tastes


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
    assert order(day, vectors, packed(1.0, 0.0, 0.0))[:2] == [7, 5]


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


def test_where_papers_are_known_by_their_titles_meaning_weighs_more_than_words(day):
    # Paper 5 shares the example's words, paper 7 its meaning.
    vectors = {paper.paper_id: packed(0.1, 1.0, 0.1 * paper.paper_id) for paper in day}
    vectors[7] = packed(1.0, 0.1, 0.0)
    assert order(day, vectors, packed(1.0, 0.0, 0.0))[0] == 7
    filler = " ".join(["and much else is said of all that"] * 8)
    told = [replace(paper, abstract=f"{paper.abstract} {filler}") for paper in day]
    assert order(told, vectors, packed(1.0, 0.0, 0.0))[0] == 5


def test_what_readers_alike_like_goes_by_meaning_too_where_it_is_known(day):
    background = [
        Paper(n, f"Otherword{n} thing", f"Nothing in common, number{n}.") for n in range(100, 420)
    ]
    chance = random.Random(3)
    likes = [{100 + r % 2 + 2 * n for n in chance.sample(range(160), 12)} for r in range(500)]
    side = {True: packed(1.0, 0.1, 0.0), False: packed(0.1, 1.0, 0.0)}
    vectors = {p.paper_id: side[p.paper_id % 2 == 0] for p in (*day, *background)}
    prepared = prepare(day, background, vectors=vectors, factors=learn_factors(likes))
    assert prepared.collaborative is not None
    found = Judgement(
        prepared,
        Profile(),
        opinions=[Opinion(background[2], 1.0, vectors[102])],
        below_bar=True,
    ).ranking()
    assert {s.paper.paper_id % 2 for s in best_first(found)[:15]} == {0}


def test_a_phrase_takes_up_the_words_of_papers_near_in_meaning(day):
    # Ten earlier papers mean what the phrase means, and speak of it in the words of paper 9.
    near = [Paper(n, f"Elsewhere{n}", "About wordfour9 and wordfive9.") for n in range(100, 110)]
    far = [Paper(n, f"Far{n} away{n}", f"Of else{n} and more{n}.") for n in range(110, 200)]
    vectors = {p.paper_id: packed(1.0, 0.1) for p in near}
    vectors |= {p.paper_id: packed(0.1, 1.0) for p in far}
    prepared = prepare(day, [*near, *far], vectors=vectors)
    (found,) = similarities(prepared, ["wordone5 wordtwo5"])
    in_words, in_meaning = [Told(found, None, 1.0)], [Told(found, np.array([1.0, 0.0]), 1.0)]
    words, meaning = tastes(prepared, [in_words, in_meaning])
    assert [prepared.papers[row].paper_id for row in np.argsort(-meaning)[:2]] == [5, 9]
    assert words[8] < meaning[8]
    assert words[8] == pytest.approx(words[9], abs=0.1)
    assert shares([in_words, in_meaning]) == [1.5, 3.0]


def test_it_is_crowded_around_a_meaning_that_many_papers_are_near(day):
    chance = random.Random(7)
    crowd = [replace(paper, paper_id=paper.paper_id + 100 * n) for n in (1, 2) for paper in day]
    vectors = {
        paper.paper_id: packed(1.0, chance.gauss(0, 0.1), chance.gauss(0, 0.1)) for paper in crowd
    }
    vectors |= {1: packed(1.0, 0.1, 0.0), 3: packed(0.2, 1.0, 0.0)}  # the second has none
    found = prepare(day[:3], crowd, vectors=vectors).crowding_in_meaning
    assert len(found) == 2 + len(crowd)
    assert found[0] > 1 > found[1]
    assert set(prepare(day[:3], crowd[:20], vectors=vectors).crowding_in_meaning) == {1.0}
