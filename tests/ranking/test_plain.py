"""The plain ranker that the usual one is compared with: cosines, and nothing that is learnt."""

from collections.abc import Callable

import numpy as np
import pytest

from digest.models import Interest, InterestKind, Opinion, Paper, Profile, ReasonKind
from digest.ranking import Candidates, Judgement, Wish, best_first, match, prepare

Profiles = Callable[..., Profile]


@pytest.fixture(scope="module")
def day(papers: list[Paper], background: list[Paper]) -> Candidates:
    return prepare(papers, background)


def _plainly(day: Candidates, profile: Profile, **known) -> Judgement:
    (found,) = match(day, [Wish(profile, **known)], plainly=True)
    return Judgement(day, profile, found=found, **known)


def test_a_text_ranks_by_its_cosines_alone(day: Candidates) -> None:
    text = "Stellar winds and the atmospheres of exoplanets."
    profile = Profile((Interest(InterestKind.TEXT, text),))
    ((_, found),) = _plainly(day, profile).ranking().by_interest
    cosines = (day.features.vector(text) @ day.matrix.T).toarray()[0]
    best = np.argsort(-cosines, kind="stable")[: len(found)]
    assert len(found) > 3
    rows = {s.paper.paper_id for s in found}
    assert rows == {day.papers[row].paper_id for row in best}


def test_liked_papers_rank_by_their_middle(day: Candidates, papers: list[Paper]) -> None:
    liked = [papers[n] for n in (0, 1, 2)]
    profile = Profile(tuple(Interest(InterestKind.EXAMPLE, p.ref) for p in liked))
    judgement = _plainly(day, profile, examples={p.ref: p for p in liked})
    found = best_first(judgement.ranking(explain=True))
    assert [s.paper.categories for s in found[:5]] == [("cs.LG",)] * 5
    assert {s.reasons[0].kind for s in found[:5]} == {ReasonKind.EXAMPLE}
    less = _plainly(day, Profile(), opinions=[Opinion(papers[0], -0.5)])
    assert less.ranking().by_interest == ()


def test_it_knows_no_words_that_go_with_a_phrase_and_takes_common_ones_for_evidence(
    day: Candidates, profile_of: Profiles
) -> None:
    beside = [Wish(profile_of(phrase="binding pockets"))]
    row = next(
        row
        for row, paper in enumerate(day.papers)
        if paper.categories == ("q-bio.BM",)
        and not any(word in f"{paper.title} {paper.abstract}" for word in ("inding", "pocket"))
    )
    (usual,), (plain,) = match(day, beside), match(day, beside, plainly=True)
    assert usual.each[0].likeness[row] > 0.1 > plain.each[0].likeness[row]
    common = profile_of(text="We propose a new learning model with better results.")
    assert not list(Judgement(day, common).ranking().by_interest[0][1])
    assert list(_plainly(day, common).ranking().by_interest[0][1])


def test_authors_mutes_and_exact_phrases_count_as_ever(
    day: Candidates, profile_of: Profiles
) -> None:
    profile = profile_of(author="Ines Barraquero", phrase="enzyme design", mute_topic="Economics")
    usual, plain = Judgement(day, profile).ranking(), _plainly(day, profile).ranking()
    assert plain.muted == usual.muted == 8
    for (_, one), (_, other) in zip(usual.by_interest, plain.by_interest, strict=True):
        assert {s.paper.paper_id for s in one} >= {s.paper.paper_id for s in other}
        assert list(other)
