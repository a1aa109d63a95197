"""What readers with like tastes like: it helps where there are many, and gives nobody away."""

import random

import numpy as np
import pytest

from digest.models import Opinion, Paper, Profile
from digest.ranking import Judgement, best_first, collaborative, learn_factors, prepare
from digest.ranking.collaborative import LIKERS, READERS, Collaborative

_FIELDS = 8
_EACH = 40


def _likes(readers: int, seed: int = 1) -> list[set[int]]:
    """Readers who each like ten papers of one field; a field has forty papers."""
    chance = random.Random(seed)
    return [
        {reader % _FIELDS * _EACH + n for n in chance.sample(range(_EACH), 10)}
        for reader in range(readers)
    ]


@pytest.fixture(scope="module")
def factors() -> dict:
    return learn_factors(_likes(400))


def test_papers_that_the_same_readers_like_have_like_factors(factors):
    rows = np.array([np.frombuffer(factors[n], "<f2").astype(float) for n in sorted(factors)])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    fields = np.array(sorted(factors)) // _EACH
    cosines = rows @ rows.T
    same = fields[:, None] == fields[None, :]
    # With 96 dimensions for 320 papers each keeps much of its own; strangers share nothing.
    assert cosines[same].mean() > 0.2
    assert abs(cosines[~same].mean()) < 0.01


def test_too_few_readers_or_likes_teach_nothing():
    assert learn_factors(_likes(READERS - 1)) == {}
    assert learn_factors([]) == {}
    assert learn_factors([{1, 2} for _ in range(1_000)]) == {}
    assert learn_factors([{n, n + 1, n + 2} for n in range(0, 6_000, 3)]) == {}


def test_the_same_likes_teach_the_same(factors):
    again = learn_factors(_likes(400))
    assert again == factors


def test_a_paper_that_few_like_moves_nobody_else(factors):
    likes = _likes(400)
    for reader in likes[: LIKERS - 1]:
        reader.add(9_999)
    with_it = learn_factors(likes)
    assert 9_999 not in with_it
    assert with_it == factors


def test_a_like_that_few_share_pushes_no_other_out_of_a_reader_with_many(monkeypatch) -> None:
    # Likes beyond the bound are cut; here each reader has as many as count.
    monkeypatch.setattr(collaborative, "MOST", 10)
    likes = [{number + 1_000 for number in reader} for reader in _likes(400)]
    before = learn_factors(likes)
    likes[-1].add(7)
    assert learn_factors(likes) == before


@pytest.mark.parametrize(("fans", "moved"), [(LIKERS - 2, False), (LIKERS - 1, True)])
def test_what_another_reader_sees_tells_nothing_of_a_like_that_few_share(
    factors, fans: int, moved: bool
) -> None:
    """Two installations that differ by one reader's like: what does a third reader see?

    `fans` others like the paper; with the one more it may be as many as it takes to count.
    """
    background = [_paper(n, f"field{n // _EACH}part{n % 2} things") for n in range(1, 320)]
    secret = _paper(9_999, "field1part0 secretly things")
    day = [_paper(1_000 + n, f"field{n // 2}part{n % 2} secretly") for n in range(2 * _FIELDS)]

    def seen(likes: list[set[int]]) -> list[tuple[int, float]]:
        prepared = prepare(day, [*background, secret], factors=learn_factors(likes))
        opinions = [Opinion(background[41], 1.0), Opinion(secret, 1.0)]
        ranking = Judgement(prepared, Profile(), opinions=opinions, below_bar=True).ranking()
        return [(s.paper.paper_id, s.score) for s in best_first(ranking)]

    likes = _likes(400)
    for reader in likes[:fans]:
        reader.add(secret.paper_id)
    before = seen(likes)
    likes[200].add(secret.paper_id)
    assert (seen(likes) != before) == moved


def test_a_reader_counts_with_a_bounded_number_of_likes(factors):
    likes = _likes(400)
    likes.append(set(range(5_000, 6_000)) | {1, 2, 3})
    with_him = learn_factors(likes)
    assert with_him.keys() == factors.keys()


def _paper(number: int, words: str) -> Paper:
    return Paper(number, f"On {words}", f"We look at {words} number{number} and what follows.")


def test_new_papers_rise_that_speak_of_what_readers_alike_like(factors):
    # Half of each field's papers speak of one thing, half of another, in words of their own.
    background = [_paper(n, f"field{n // _EACH}part{n % 2} things") for n in range(1, 320)]
    day = [_paper(1_000 + n, f"field{n // 2}part{n % 2} things") for n in range(2 * _FIELDS)]
    liked = Opinion(background[41], 1.0)  # number 42: field 1, part 0
    places = []
    for known in (None, factors):
        judgement = Judgement(
            prepare(day, background, factors=known), Profile(), opinions=[liked], below_bar=True
        )
        found = [s.paper.paper_id for s in best_first(judgement.ranking())]
        assert found[0] == 1_002
        places.append(found.index(1_003))
    assert places[0] > places[1] == 1


def test_where_no_known_paper_has_factors_there_is_no_such_term(factors):
    papers = [_paper(n, f"thing{n} matter{n}") for n in range(5_000, 5_040)]
    assert prepare(papers[:20], papers[20:], factors=factors).collaborative is None
    day = prepare(papers[:20], papers[20:])
    assert Collaborative.of({}, [1] * 20, (day.background, None), (day.matrix, None)) is None


def test_papers_beyond_the_background_teach_what_words_say_too(factors):
    known = [_paper(n, f"field{n // _EACH}part{n % 2} things") for n in range(1, 320)]
    day = [_paper(1_000 + n, f"field{n // 2}part{n % 2} things") for n in range(2 * _FIELDS)]
    alone = prepare(day, known[:60], factors=factors)
    taught = prepare(day, known[:60], factors=factors, taught=known[60:])
    assert alone.collaborative is None
    assert taught.collaborative is not None
    learnt = {n: np.frombuffer(v, "<f2").astype(float) for n, v in factors.items()}
    of_field = np.mean([learnt[n] for n in range(7 * _EACH, 8 * _EACH) if n in learnt], axis=0)
    # Field 7 stands in no paper of the background.
    assert int(np.argmax(taught.collaborative.scored @ of_field)) // 2 == 7
