from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.composing import compose
from digest.models import Bar, Interest, InterestKind, Paper, Profile, Ranking, ReasonKind
from digest.ranking import Candidates, Judgement, best_first, prepare, rank

Profiles = Callable[..., Profile]


@pytest.fixture(scope="module")
def day(papers: list[Paper], background: list[Paper]) -> Candidates:
    return prepare(papers, background)


def _ids(ranking: Ranking, number: int = 0) -> list[int]:
    return [scored.paper.paper_id for scored in ranking.by_interest[number][1]]


def _text(paper: Paper) -> str:
    return " ".join((paper.title, paper.abstract, *paper.translations.values())).casefold()


# ---------------------------------------------------------------- phrases


def test_papers_with_the_phrase_come_before_near_matches(
    day: Candidates, profile_of: Profiles
) -> None:
    papers = rank(day, profile_of(phrase="protein folding")).by_interest[0][1]
    exact = ["protein folding" in _text(scored.paper) for scored in papers]
    assert sum(exact) == 5
    assert exact == sorted(exact, reverse=True)
    for scored, has_it in zip(papers, exact, strict=True):
        kind = ReasonKind.PHRASE if has_it else ReasonKind.WORDS
        assert scored.reasons[0].kind is kind


def test_a_phrase_in_the_title_weighs_more(day: Candidates, profile_of: Profiles) -> None:
    papers = rank(day, profile_of(phrase="minimum wages")).by_interest[0][1]
    in_title = ["minimum wages" in s.paper.title.casefold() for s in papers if s.score > 0.6]
    assert in_title == sorted(in_title, reverse=True)


def test_a_phrase_matches_other_endings_but_not_across_sentences(profile_of: Profiles) -> None:
    papers = [
        Paper(1, "On a neural network"),
        Paper(2, "Neural. Networks"),
        Paper(3, "All is neural", "Networks of all kinds"),
        Paper(4, "Networks that are neural"),
    ]
    ranking = rank(prepare(papers, ()), profile_of(phrase="Neural Networks"))
    assert [s.paper.paper_id for s in ranking.by_interest[0][1]] == [1]


def test_a_japanese_phrase_is_found_in_the_translation(profile_of: Profiles) -> None:
    paper = Paper(1, "Agents", "About agents.", translations={"ja": "強化学習の新しい手法。"})
    ranking = rank(prepare([paper, Paper(2, "Others")], ()), profile_of(phrase="強化学習"))
    (scored,) = ranking.by_interest[0][1]
    assert scored.paper.paper_id == 1
    assert scored.reasons[0].kind is ReasonKind.PHRASE


def test_kanji_across_two_words_are_no_phrase(profile_of: Profiles) -> None:
    told = {
        1: "強化学習の新しい手法。",
        2: "深層強化学習を用いた制御。",
        3: "化学反応の予測。",
        4: "有機化学の基礎。",
        5: "生化学の実験。",
        6: "強化学習による化学の研究。",
    }
    papers = [Paper(n, f"Paper {n}", translations={"ja": text}) for n, text in told.items()]
    ranking = rank(prepare(papers, ()), profile_of(phrase="化学"))
    found = ranking.by_interest[0][1]
    assert {scored.paper.paper_id for scored in found} == {3, 4, 5, 6}
    assert {scored.reasons[0].kind for scored in found} == {ReasonKind.PHRASE}


def test_a_word_of_kanji_is_not_similar_to_the_middle_of_a_longer_phrase(
    profile_of: Profiles,
) -> None:
    papers = [
        Paper(1, "One", translations={"ja": "量子計算の化学への応用。化学反応。"}),
        Paper(2, "Two", translations={"ja": "深層学習の強化。"}),
        *(Paper(n, f"Paper {n}", translations={"ja": "氷河の音響。"}) for n in range(3, 30)),
    ]
    ranking = rank(prepare(papers, ()), profile_of(phrase="強化学習"))
    assert [scored.paper.paper_id for scored in ranking.by_interest[0][1]] == [2]


def test_a_muted_phrase_leaves_papers_whose_words_only_touch(profile_of: Profiles) -> None:
    papers = [
        Paper(1, "Agents", translations={"ja": "強化学習の手法。"}),
        Paper(2, "Agents too", translations={"ja": "強化学習と化学。"}),
    ]
    ranking = rank(prepare(papers, ()), profile_of(phrase="agents", mute_phrase="化学"))
    assert ranking.muted == 1


@pytest.mark.parametrize("phrase", ["(.*", "[a-z", "$", "???", "*" * 5_000, "x " * 2_500, "\0"])
def test_odd_phrases_match_nothing_and_do_no_harm(
    day: Candidates, profile_of: Profiles, phrase: str
) -> None:
    ranking = rank(day, profile_of(phrase=phrase, mute_phrase=phrase))
    assert ranking.by_interest[0][1] == ()
    assert ranking.muted == 0


def test_common_words_alone_are_no_match(day: Candidates, profile_of: Profiles) -> None:
    ranking = rank(day, profile_of(text="We propose a new learning model with better results."))
    assert _ids(ranking) == []


def test_a_text_finds_the_papers_of_its_field(day: Candidates, profile_of: Profiles) -> None:
    text = "I work on the atmospheres of exoplanets, seen by transit photometry."
    ranking = rank(day, profile_of(text=text))
    assert ranking.by_interest[0][1]
    assert {s.paper.categories for s in ranking.by_interest[0][1]} == {("astro-ph.EP",)}


# ---------------------------------------------------------------- other interests


def test_an_author_is_certain_by_full_name_and_possible_by_initial(
    day: Candidates, profile_of: Profiles
) -> None:
    ranking = rank(day, profile_of(author=["Barraquero, Inés", "Kim Halloway"]))
    certain, possible = (papers for _, papers in ranking.by_interest)
    assert len(certain) == len(possible) == 4
    assert min(s.score for s in certain) > max(s.score for s in possible)
    assert {s.reasons[0].kind for s in certain} == {ReasonKind.AUTHOR}
    # It says whom it may be, not that it is him.
    assert {s.reasons[0].kind for s in possible} == {ReasonKind.NAMESAKE}
    assert possible[0].reasons[0].value == "Kim Halloway"
    assert possible[0].reasons[0].words == ("K. Halloway",)
    (same,) = (found for _, found in rank(day, profile_of(author="K. Halloway")).by_interest)
    assert {s.reasons[0].kind for s in same} == {ReasonKind.AUTHOR}


def test_a_category_or_archive_lists_all_its_papers(day: Candidates, profile_of: Profiles) -> None:
    ranking = rank(day, profile_of(category=["cs.lg", "cs", "cs.*", "econ"]))
    assert [len(papers) for _, papers in ranking.by_interest] == [8, 16, 16, 8]


def test_a_category_is_ordered_by_likeness_then_popularity_then_newest(
    day: Candidates, profile_of: Profiles
) -> None:
    alone = rank(day, profile_of(category="cs.LG"))
    assert _ids(alone)[:3] == [8, 7, 6]
    unread = rank(day, profile_of(category="econ.GN"))
    assert _ids(unread) == list(range(40, 32, -1))
    liked = rank(day, profile_of(category="cs.LG", phrase="message passing"))
    assert all("message passing" in _text(s.paper) for s in liked.by_interest[0][1][:3])


def test_a_topic_is_found_by_its_path_or_a_part_of_it(
    day: Candidates, profile_of: Profiles
) -> None:
    ranking = rank(day, profile_of(topic=["natural language > machine translation", "Law", "Lang"]))
    assert [len(papers) for _, papers in ranking.by_interest] == [8, 8, 0]
    surest = ranking.by_interest[0][1][0]
    assert surest.paper.paper_id == 32
    assert surest.reasons[0].value == "Natural Language > Machine Translation"
    assert surest.reasons[0].words == ("0.85",)


@pytest.mark.parametrize("value", ["3103.00009", "https://arxiv.org/abs/3103.00009v2", "x"])
def test_an_example_finds_its_field_but_never_itself(
    day: Candidates, papers: list[Paper], profile_of: Profiles, value: str
) -> None:
    profile = profile_of(example=value, category="q-bio.BM")
    ranking = rank(day, profile, examples={value: papers[8]})
    assert _ids(ranking)
    assert 9 not in _ids(ranking) + _ids(ranking, 1)
    assert {s.paper.categories for s in ranking.by_interest[0][1]} == {("q-bio.BM",)}
    reason = ranking.by_interest[0][1][0].reasons[0]
    assert (reason.kind, reason.value) == (ReasonKind.EXAMPLE, papers[8].title)


def test_an_example_that_is_not_stored_is_read_as_a_title_or_matches_nothing(
    day: Candidates, profile_of: Profiles
) -> None:
    ranking = rank(
        day, profile_of(example=["Bidder collusion in auction theory", "2999.12345", "nonsense"])
    )
    assert [bool(papers) for _, papers in ranking.by_interest] == [True, False, False]


def test_many_examples_are_judged_together_and_shown_by_the_nearest(
    day: Candidates, papers: list[Paper], profile_of: Profiles
) -> None:
    chosen = [papers[0], papers[1], papers[6], papers[32]]
    profile = profile_of(example=[p.ref for p in chosen])
    ranking = rank(day, profile, examples={p.ref: p for p in chosen})
    best = [found[0].paper.categories[0] for _, found in ranking.by_interest]
    assert best == ["cs.LG", "cs.LG", "cs.LG", "econ.GN"]
    everything = [s.paper.paper_id for _, found in ranking.by_interest for s in found]
    assert len(everything) == len(set(everything))


def test_of_equally_similar_papers_the_one_in_the_examples_category_comes_first(
    papers: list[Paper], background: list[Paper], profile_of: Profiles
) -> None:
    twins = [replace(papers[4], paper_id=n, arxiv_id=None) for n in (901, 902)]
    twins[0] = replace(twins[0], categories=("hep-th",))
    chosen = [papers[0], papers[1], papers[6]]
    ranking = rank(
        prepare([*twins, *papers[8:]], background),
        profile_of(example=[p.ref for p in chosen]),
        examples={p.ref: p for p in chosen},
    )
    found = [s.paper.paper_id for s in best_first(ranking)]
    assert found.index(902) < found.index(901)


# ---------------------------------------------------------------- scores and reasons


def test_a_paper_that_matches_several_interests_says_so_and_gains(
    day: Candidates, profile_of: Profiles
) -> None:
    alone = rank(day, profile_of(phrase="enzyme design"))
    both = rank(day, profile_of(phrase="enzyme design", author="Ines Barraquero", category="q-bio"))
    first = both.by_interest[0][1][0]
    assert first.score > alone.by_interest[0][1][0].score
    shown = [reason for reason in first.reasons if reason.kind is not ReasonKind.TASTE]
    kinds = [reason.kind for reason in shown]
    assert kinds == [ReasonKind.PHRASE, ReasonKind.AUTHOR, ReasonKind.CATEGORY]
    parts = [reason.contribution for reason in shown]
    assert parts == sorted(parts, reverse=True)


def test_a_paper_loved_by_one_interest_stays_above_one_that_is_lukewarm_to_all(
    papers: list[Paper], background: list[Paper], profile_of: Profiles
) -> None:
    loved = Paper(801, "Enzyme design by hand", "Enzyme design, step by step: enzyme design.")
    lukewarm = Paper(
        802,
        "Notes of a year",
        "Some lines on enzymes, then on stellar winds and orbits, on dialects that few speak,"
        " and on markets; none of them is treated at length.",
    )
    profile = profile_of(
        phrase=["enzyme design", "stellar winds", "low-resource dialects", "housing markets"]
    )
    day = prepare([loved, lukewarm, *papers[:4]], background)
    found = [s.paper.paper_id for s in best_first(rank(day, profile))]
    assert found[0] == 801
    assert 802 in found


def test_however_many_interests_a_paper_is_lukewarm_to_it_stays_below_the_loved_one() -> None:
    subjects = [" ".join(words) for words in _SUBJECTS]
    background = [
        Paper(1_000 + 20 * n + part, f"Part {part} on {subject}", f"All that {subject} are.")
        for n, subject in enumerate(subjects)
        for part in range(8)
    ]
    loved = Paper(801, "Balver boltim at dusk", "How balver boltim came, and what it is for.")
    told = "; ".join(f"{other}, or else {one}" for one, other in _SUBJECTS)
    lukewarm = Paper(802, "Notes of a year", f"A word each on {told}.")
    profile = Profile(tuple(Interest(InterestKind.PHRASE, subject) for subject in subjects))
    judgement = Judgement(prepare([loved, lukewarm], background), profile)
    ranked = judgement.ranking()
    matching = sum(802 in [s.paper.paper_id for s in found] for _, found in ranked.by_interest)
    assert matching == len(subjects)
    first, second = best_first(ranked)
    assert (first.paper.paper_id, second.paper.paper_id) == (801, 802)
    edition = compose(
        ranked,
        replace(profile, papers=1),
        edition_date=date(2031, 3, 3),
        composed_at=datetime(2031, 3, 3, 6, tzinfo=UTC),
    )
    assert [s.paper.paper_id for s in edition.papers] == [801]
    for scored in (first, second):
        parts = [part.contribution for part in judgement.parts(scored)]
        assert sum(parts) == pytest.approx(scored.score, abs=1e-5)


# Twenty subjects that have nothing to do with each other.
_SUBJECTS = [(f"{letter}alver", f"{letter}oltim") for letter in "bcdfghjklmnprstvwxyz"]


def test_with_a_high_bar_only_clear_matches_are_listed_and_the_others_counted(
    day: Candidates, profile_of: Profiles
) -> None:
    profile = profile_of(phrase="enzyme design", category="cs.CL")
    usual, high = rank(day, profile), rank(day, replace(profile, bar=Bar.HIGH))
    assert usual.below_bar == 0
    ids = {s.paper.paper_id for s in best_first(high)}
    every = {s.paper.paper_id for s in best_first(usual)}
    assert ids < every
    assert high.below_bar == len(every - ids)
    for scored in best_first(high):
        assert "enzyme design" in _text(scored.paper)


def test_the_parts_of_a_score_add_up_to_it(day: Candidates, profile_of: Profiles) -> None:
    profile = profile_of(phrase=["enzyme design", "graphs"], author="Ines Barraquero")
    judgement = Judgement(day, profile)
    listed = judgement.ranking().by_interest
    assert sum(len(found) for _, found in listed) > 5
    for scored in (scored for _, found in listed for scored in found):
        parts = [reason.contribution for reason in judgement.parts(scored)]
        assert parts == sorted(parts, reverse=True)
        assert sum(parts) == pytest.approx(scored.score, abs=1e-5)


def test_mutes_take_papers_out_and_are_counted(day: Candidates, profile_of: Profiles) -> None:
    profile = profile_of(
        category=["cs", "q-bio"],
        mute_phrase="graph neural network",
        mute_author="Tanabata, Y.",
        mute_category="astro-ph",
        mute_topic="Economics",
        mute_example="3103.00010",
    )
    ranking = rank(day, profile)
    left = {s.paper.paper_id for _, papers in ranking.by_interest for s in papers}
    assert ranking.muted == 5 + 4 + 8 + 8 + 1
    assert ranking.candidates == 40 - ranking.muted
    assert left == set(range(1, 33)) - set(range(17, 25)) - {
        p.paper_id
        for p in day.papers
        if "graph neural networks" in _text(p) or "Yuki Tanabata" in p.authors or p.paper_id == 10
    }
    assert {s.paper.paper_id for s in ranking.popular} <= left


def test_only_eligible_papers_are_ranked(day: Candidates, profile_of: Profiles) -> None:
    ranking = rank(day, profile_of(category="cs.LG"), eligible={1, 2, 30, 999})
    assert sorted(_ids(ranking)) == [1, 2]
    assert ranking.candidates == 3


def test_below_the_bar_papers_follow_the_matches_without_reasons(
    day: Candidates, profile_of: Profiles
) -> None:
    profile = profile_of(phrase="protein folding", text="stellar winds")
    matches = best_first(rank(day, profile))
    everything = best_first(rank(day, profile, below_bar=True))
    assert len(everything) > len(matches)
    assert [s for s in everything if s.reasons and s.reasons[0].kind is not ReasonKind.POPULARITY]


def test_best_first_lists_each_paper_once(day: Candidates, profile_of: Profiles) -> None:
    ordered = best_first(rank(day, profile_of(category=["cs", "cs.LG"], phrase="message passing")))
    assert len({s.paper.paper_id for s in ordered}) == len(ordered) == 16
    assert [s.score for s in ordered] == sorted((s.score for s in ordered), reverse=True)


# ---------------------------------------------------------------- odd input


def test_no_candidates_and_no_interests_do_no_harm(
    papers: list[Paper], profile_of: Profiles
) -> None:
    full = profile_of(phrase="x", author="y z", category="cs", topic="Law", text="a b")
    examples = profile_of(example=["one two", "three four", "graph learning"])
    for profile in (full, examples, Profile()):
        empty = rank(prepare((), ()), profile)
        assert (empty.candidates, empty.muted, empty.popular) == (0, 0, ())
        assert not any(found for _, found in empty.by_interest)
    only_popular = rank(prepare(papers, ()), Profile())
    assert only_popular.by_interest == ()
    assert [s.interest for s in only_popular.popular] == [None] * len(only_popular.popular)
    assert only_popular.popular[0].reasons[0].words == ("49 upvotes",)


def test_papers_without_any_word_do_no_harm(profile_of: Profiles) -> None:
    papers = [Paper(1, ""), Paper(2, "…", "$$"), Paper(3, "the of and"), Paper(4, "\\", "{}")]
    ranking = rank(prepare(papers, papers), profile_of(phrase="the of", text="and"))
    assert _ids(ranking) == [3]


def test_the_first_day_works_without_a_background(
    papers: list[Paper], profile_of: Profiles
) -> None:
    day = prepare(papers, ())
    ranking = rank(
        day, profile_of(text="word alignment of low-resource dialects", phrase="stellar winds")
    )
    assert {s.paper.categories[0] for s in ranking.by_interest[0][1]} == {"cs.CL"}
    assert {s.paper.categories[0] for s in ranking.by_interest[1][1]} == {"astro-ph.EP"}


def test_candidates_in_the_background_are_counted_once(
    papers: list[Paper], background: list[Paper]
) -> None:
    assert prepare(papers, [*background, *papers]).background.shape[0] == len(background)


# ---------------------------------------------------------------- invariants

_VALUES = {
    InterestKind.PHRASE: ["graph neural networks", "model", "stellar wind", "enzyme", "the"],
    InterestKind.AUTHOR: ["Orla Fenwick", "Writer", "A. Writer", "Nobody"],
    InterestKind.CATEGORY: ["cs", "cs.CL", "econ", "math"],
    InterestKind.TOPIC: ["Science", "Science > Biology", "Nothing"],
    InterestKind.EXAMPLE: ["3103.00003", "3103.00012", "3103.00020", "housing markets revisited"],
    InterestKind.TEXT: ["orbital resonance of planets", "subword vocabularies", ""],
}
_INTERESTS = st.sampled_from(list(_VALUES)).flatmap(
    lambda kind: st.builds(
        Interest,
        st.just(kind),
        st.sampled_from(_VALUES[kind]),
        st.sampled_from([0.5, 1.0, 3.0]),
        st.booleans() if kind is not InterestKind.TEXT else st.just(False),
    )
)
_PROFILES = st.builds(Profile, st.lists(_INTERESTS, max_size=8).map(tuple))


@settings(max_examples=60, deadline=None)
@given(profile=_PROFILES, eligible=st.sets(st.integers(1, 40)))
def test_rankings_keep_their_promises(
    day: Candidates, papers: list[Paper], profile: Profile, eligible: set[int]
) -> None:
    examples = {p.ref: p for p in papers}
    ranking = rank(day, profile, examples=examples, eligible=eligible)
    assert [interest for interest, _ in ranking.by_interest] == list(profile.wanted)
    assert ranking.candidates + ranking.muted == len(eligible)
    muted = {i.value for i in profile.muted}
    for interest, found in ranking.by_interest:
        ids = [s.paper.paper_id for s in found]
        assert len(ids) == len(set(ids))
        assert set(ids) <= eligible
        assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)
        for scored in found:
            assert scored.score > 0
            assert scored.interest == interest
            shown = [r for r in scored.reasons if r.kind is not ReasonKind.TASTE]
            assert 1 <= len(shown) <= 3
            _check_reasons(scored.paper, shown)
            assert not muted & {*scored.paper.categories, *scored.paper.authors, scored.paper.ref}
            assert not any(phrase in _text(scored.paper) for phrase in muted & {"enzyme", "model"})


def _check_reasons(paper: Paper, reasons: tuple) -> None:
    for reason in reasons:
        assert reason.contribution > 0
        if reason.kind is ReasonKind.PHRASE:
            assert reason.value in _text(paper)
        elif reason.kind in (ReasonKind.WORDS, ReasonKind.EXAMPLE):
            assert reason.words
            assert all(word.casefold() in _text(paper) for word in reason.words)
        elif reason.kind is ReasonKind.AUTHOR:
            assert reason.words[0] in paper.authors


@settings(max_examples=25, deadline=None)
@given(profile=_PROFILES)
def test_the_same_input_gives_the_same_ranking(
    day: Candidates, papers: list[Paper], background: list[Paper], profile: Profile
) -> None:
    examples = {p.ref: p for p in papers}
    assert rank(day, profile, examples=examples) == rank(
        prepare(papers, background), profile, examples=examples
    )


@settings(max_examples=60, deadline=None)
@given(title=st.text(max_size=60), abstract=st.text(max_size=200), value=st.text(max_size=60))
def test_any_text_can_be_ranked(title: str, abstract: str, value: str) -> None:
    wanted = tuple(Interest(kind, value) for kind in InterestKind)
    papers = [Paper(1, title, abstract, authors=(title,), categories=(value,)), Paper(2, value)]
    ranking = rank(prepare(papers, [replace(papers[0], paper_id=3)]), Profile(wanted))
    assert ranking.candidates == 2
