"""Learning from answers: what is liked comes more, what is not comes less, what is forgotten never was."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from digest.models import (
    Answer,
    AnswerKind,
    InterestKind,
    Opinion,
    Paper,
    Profile,
    ReasonKind,
)
from digest.ranking import Candidates, Judgement, best_first, gains_of, prepare, rank

Profiles = Callable[..., Profile]
NOW = datetime(2031, 3, 3, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def day(papers: list[Paper], background: list[Paper]) -> Candidates:
    return prepare(papers, background)


def answers(*told: tuple[int, AnswerKind]) -> list[Answer]:
    return [Answer(paper_id, kind, NOW) for paper_id, kind in told]


def places(ranking, category: str) -> list[int]:
    """Return the places that a category's papers have in a profile's list."""
    found = best_first(ranking)
    return [n for n, s in enumerate(found) if s.paper.categories == (category,)]


def test_an_answer_counts_by_its_kind_the_strongest_of_a_paper_and_less_above_all() -> None:
    more, less, save, click = (AnswerKind(k) for k in ("more", "less", "save", "click"))
    assert gains_of(answers((1, more), (2, save), (3, click), (4, less))) == {
        1: 1.0,
        2: 1.0,
        3: 0.3,
        4: -0.5,
    }
    assert gains_of(answers((1, click), (1, more))) == {1: 1.0}
    assert gains_of(answers((1, more), (1, click))) == {1: 1.0}
    assert gains_of(answers((1, click), (1, less), (1, save))) == {1: -0.5}
    assert gains_of([]) == {}


def test_what_is_like_a_liked_paper_has_a_section_of_its_own(
    day: Candidates, background: list[Paper]
) -> None:
    liked = background[3]
    ranking = rank(day, Profile(), opinions=[Opinion(liked, 1.0)])
    ((interest, found),) = ranking.by_interest
    assert interest.kind is InterestKind.ANSWERS
    assert {s.paper.categories for s in found[:3]} == {("cs.LG",)}
    assert found[0].reasons[0].kind is ReasonKind.EXAMPLE
    assert found[0].reasons[0].value == liked.title


def test_more_lifts_its_like_within_another_interest_and_says_so(
    day: Candidates, background: list[Paper], profile_of: Profiles
) -> None:
    profile = profile_of(category="cs")
    opinions = [Opinion(paper, 1.0) for paper in background if paper.paper_id % 40 in {25, 26, 27}]
    before, after = rank(day, profile), rank(day, profile, opinions=opinions)
    (_, listed), _ = after.by_interest
    rank_of = [s.paper.categories for s in listed]
    assert rank_of[:4] == [("cs.CL",)] * 4
    assert places(before, "cs.CL")[:4] != [0, 1, 2, 3]
    titles = {opinion.paper.title for opinion in opinions}
    (said,) = (reason for reason in listed[0].reasons if reason.value in titles)
    assert said.words
    assert said.contribution > 0.2


def test_less_lowers_its_like(
    day: Candidates, background: list[Paper], profile_of: Profiles
) -> None:
    profile = profile_of(category=["cs", "q-bio"])
    opinions = [Opinion(paper, -0.5) for paper in background if paper.paper_id % 40 in {9, 10, 11}]
    before, after = rank(day, profile), rank(day, profile, opinions=opinions)
    assert sum(places(after, "q-bio.BM")) > sum(places(before, "q-bio.BM"))
    assert len(best_first(after)) == len(best_first(before))
    assert not any(i.kind is InterestKind.ANSWERS for i, _ in after.by_interest)


def test_a_forgotten_answer_leaves_nothing_behind(
    papers: list[Paper], background: list[Paper], profile_of: Profiles
) -> None:
    profile = profile_of(phrase="enzyme design", example="3103.00003")
    examples = {"3103.00003": papers[2]}
    kept = [Opinion(background[3], 1.0), Opinion(background[60], -0.5)]
    forgotten = Opinion(background[20], 1.0)
    day = prepare(papers, background)
    rank(day, profile, opinions=[*kept, forgotten], examples=examples)
    never = rank(prepare(papers, background), profile, opinions=kept, examples=examples)
    assert rank(day, profile, opinions=kept, examples=examples) == never


def test_papers_that_were_answered_on_do_not_come_again(
    day: Candidates, papers: list[Paper], profile_of: Profiles
) -> None:
    opinions = [Opinion(papers[0], 1.0), Opinion(papers[1], -0.5)]
    found = best_first(rank(day, profile_of(category="cs.LG"), opinions=opinions))
    assert not {papers[0].paper_id, papers[1].paper_id} & {s.paper.paper_id for s in found}


def test_an_example_that_is_also_liked_counts_once(
    day: Candidates, background: list[Paper], profile_of: Profiles
) -> None:
    profile = profile_of(example="#x")
    examples = {"#x": background[3]}
    once = rank(day, profile, examples=examples)
    assert rank(day, profile, examples=examples, opinions=[Opinion(background[3], 1.0)]) == once
    twice = rank(day, profile_of(example=["#x", "#y"]), examples={"#y": background[3], **examples})
    assert twice.by_interest[0][1] == once.by_interest[0][1]
    assert twice.by_interest[1][1] == ()


def test_terms_of_a_match_add_up_to_what_the_likeness_is_measured_by(
    day: Candidates, background: list[Paper], profile_of: Profiles
) -> None:
    judgement = Judgement(day, profile_of(phrase="enzyme design", author="Ines Barraquero"))
    phrase, author = judgement.ranking().by_interest
    terms = judgement.terms(phrase[1][0].paper.paper_id, phrase[0])
    assert terms[0][0].casefold() in {"enzyme", "design", "enzyme design"}
    assert terms[-1][0] == ""
    assert 0.1 < sum(part for _, part in terms) <= 1.2
    assert judgement.terms(author[1][0].paper.paper_id, author[0]) == []
    liked = Judgement(day, Profile(), opinions=[Opinion(background[3], 1.0)])
    ((interest, found),) = liked.ranking().by_interest
    told = liked.terms(found[0].paper.paper_id, interest)
    assert all(part > 0 for _, part in told[:3])
