"""Reasons: words that tell a reader something, and parts that add up."""

import pytest

from digest.models import Interest, InterestKind, Opinion, Paper, Profile, ReasonKind
from digest.ranking import Candidates, Judgement, prepare, rank, taught

LIKED = Paper(
    901,
    "Basalt fibre looms",
    "Basalt fibre is woven on looms, as Smith et al. show (p = 0.05). It remains unclear how the"
    " method extends to 22 languages. Code: https://github.com/looms and looms.github.io.",
)


@pytest.fixture(scope="module")
def day(papers: list[Paper], background: list[Paper]) -> Candidates:
    near = Paper(
        801,
        "Basalt fibre in bridges",
        "Looms across existing mills weave basalt fibre; Jones et al. tested it (p = 0.05). It"
        " remains unclear whether it lasts. See https://github.com/bridges, bridges.github.io,"
        " and our work in 22 languages.",
    )
    return prepare([near, *papers], background)


def _reasons(day: Candidates, profile: Profile, **known) -> dict[int, tuple]:
    ranking = rank(day, profile, **known)
    return {s.paper.paper_id: s.reasons for _, found in ranking.by_interest for s in found}


def _example(paper: Paper) -> tuple[Profile, dict]:
    profile = Profile((Interest(InterestKind.EXAMPLE, paper.title),))
    return profile, {"examples": {paper.title: paper}}


def test_words_that_any_paper_is_written_in_are_no_reason(day: Candidates) -> None:
    profile, known = _example(LIKED)
    (reason,) = _reasons(day, profile, **known)[801]
    assert reason.kind is ReasonKind.EXAMPLE
    assert [word.casefold() for word in reason.words] == ["basalt fibre", "looms"]


@pytest.mark.parametrize(
    ("said", "vague"),
    [
        ("remains unclear", {True}),
        ("p = 0", {True}),
        ("x y", {True}),
        ("22 languages", {True, False}),
        ("Smith et", {False, True}),
        ("vitamin d", {False}),
        ("apollo 11", {False}),
        ("graph neural", {False}),
        ("強化学習", {False}),
    ],
)
def test_some_terms_tell_a_reader_nothing(said: str, vague: set[bool]) -> None:
    text = "It remains unclear. We saw p = 0 in 22 languages, x y. Smith et al. Vitamin D on Apollo 11."
    features = prepare([Paper(1, text, "Graph neural nets. 強化学習。")], ()).features
    stems = features.lexicon.read(said)
    columns = features.terms(stems)[0]
    assert len(columns)
    assert set(features.vague[columns].tolist()) == vague
    # A common word by itself is no reason either way; with a number it says no more.
    pairs = columns[features.pair[columns]]
    assert features.vague[pairs].all() == (True in vague)


def test_a_vague_word_is_not_shown_beside_a_telling_one(
    papers: list[Paper], background: list[Paper]
) -> None:
    # "remains" is common: it would be shown with what stands beside it.
    one = Paper(801, "Weaving", "Basalt remains on looms.")
    liked = Paper(901, "Basalt and looms", "Looms remain; basalt wears.")
    profile, known = _example(liked)
    (reason,) = _reasons(prepare([one, *papers], background), profile, **known)[801]
    assert {word.casefold() for word in reason.words} == {"basalt", "looms"}


def test_the_parts_are_exact_whatever_is_shown(day: Candidates) -> None:
    profile, known = _example(LIKED)
    judgement = Judgement(day, profile, **known)
    ((interest, (scored,)),) = judgement.ranking().by_interest
    assert interest is not None
    terms = dict(judgement.terms(801, interest))
    # All that the score goes by is told where all is asked for.
    assert any("github" in term for term in terms)
    assert any("unclear" in term for term in terms)
    parts = [reason.contribution for reason in judgement.parts(scored)]
    assert sum(parts) == pytest.approx(scored.score, abs=1e-5)


def test_where_nothing_that_is_shared_tells_anything_no_word_is_shown() -> None:
    empty = "It remains unclear; existing methods achieve better results, as others show."
    papers = [Paper(1, "Notes", empty), Paper(2, "On looms", "Woven basalt.")]
    liked = Paper(9, "Remarks", empty)
    found = _reasons(prepare(papers, ()), *[_example(liked)[0]], examples={"Remarks": liked})
    assert found[1][0].words == ()


def test_what_answers_taught_is_told_in_words_that_tell_something(day: Candidates) -> None:
    told = taught(day, [Opinion(LIKED, 1.0), Opinion(day.papers[0], 1.0)])
    shown = " | ".join(told.more).casefold()
    assert "basalt" in shown
    for empty in ("github", "unclear", "et al", "p = 0", "22"):
        assert empty not in shown


def test_a_letter_or_a_number_counts_beside_a_word_that_tells_something(
    papers: list[Paper], background: list[Paper]
) -> None:
    one = Paper(801, "Vitamin D and Apollo 11", "Vitamin D on Apollo 11.")
    liked = Paper(901, "Apollo 11 took vitamin D", "On Apollo 11 vitamin D was taken.")
    profile, known = _example(liked)
    (reason,) = _reasons(prepare([one, *papers], background), profile, **known)[801]
    assert {word.casefold() for word in reason.words} == {"vitamin d", "apollo 11"}


def test_a_topic_that_two_interests_find_is_one_reason(day: Candidates) -> None:
    both = ("Biology", "Science > Biology")
    judgement = Judgement(day, Profile(tuple(Interest(InterestKind.TOPIC, t) for t in both)))
    scored = judgement.ranking().by_interest[0][1][0]
    (explained,) = judgement.explained([scored])
    (reason,) = explained.reasons
    assert (reason.kind, reason.value) == (ReasonKind.TOPIC, "Science > Biology")
    parts = [part.contribution for part in judgement.parts(scored)]
    assert len(parts) == 2
    assert reason.contribution == pytest.approx(sum(parts), abs=1e-5)


def test_an_example_is_named_once_whether_it_matches_or_is_only_liked(
    day: Candidates, papers: list[Paper]
) -> None:
    interests = (
        Interest(InterestKind.PHRASE, "basalt fibre"),
        Interest(InterestKind.EXAMPLE, LIKED.title),
    )
    judgement = Judgement(day, Profile(interests), examples={LIKED.title: LIKED})
    scored = judgement.ranking().by_interest[0][1][0]
    kinds = [part.kind for part in judgement.parts(scored)]
    assert {ReasonKind.LIKED, ReasonKind.EXAMPLE} < set(kinds)
    (explained,) = judgement.explained([scored])
    shown = [reason.kind for reason in explained.reasons]
    assert shown[:2] == [ReasonKind.PHRASE, ReasonKind.EXAMPLE]
    assert ReasonKind.LIKED not in shown
    both = [p.contribution for p in judgement.parts(scored) if p.value == LIKED.title]
    assert explained.reasons[1].contribution == pytest.approx(sum(both), abs=1e-5)


def test_the_taste_is_one_part_whatever_it_comes_from(day: Candidates, papers: list[Paper]) -> None:
    profile = Profile((Interest(InterestKind.PHRASE, "enzyme design"),))
    far = [Opinion(papers[n], 1.0) for n in (0, 16)]
    judgement = Judgement(day, profile, opinions=far)
    ranked = judgement.ranking()
    several = 0
    for _, found in ranked.by_interest:
        for scored in found:
            kinds = [part.kind for part in judgement.parts(scored)]
            assert kinds.count(ReasonKind.TASTE) <= 1
            shown = [reason.kind for reason in judgement.explained([scored])[0].reasons]
            assert shown.count(ReasonKind.TASTE) <= 1
            several += len(kinds) > 1
            parts = [part.contribution for part in judgement.parts(scored)]
            assert sum(parts) == pytest.approx(scored.score, abs=1e-5)
    assert several
