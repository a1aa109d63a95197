from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.composing import compose, lessons, remarks
from digest.models import (
    Bar,
    Edition,
    FeedHealth,
    Interest,
    InterestCount,
    InterestKind,
    Lesson,
    Paper,
    Profile,
    Ranking,
    Reason,
    ReasonKind,
    Remarks,
    Schedule,
    ScoredPaper,
)

DAY = date(2031, 3, 4)
NOW = datetime(2031, 3, 4, 6, tzinfo=UTC)
Listed = dict[Interest, dict[int, float]]


def _interest(
    value: str, weight: float = 1.0, kind: InterestKind = InterestKind.PHRASE
) -> Interest:
    return Interest(kind, value, weight)


def _paper(paper_id: int) -> Paper:
    return Paper(paper_id, f"Title number {paper_id}")


def _scored(paper_id: int, score: float, interest: Interest | None) -> ScoredPaper:
    return ScoredPaper(_paper(paper_id), score, interest)


def _ranking(listed: Listed, popular: list[int] = (), candidates: int = 42) -> Ranking:  # type: ignore[assignment]
    by_interest = tuple(
        (
            interest,
            tuple(
                _scored(paper_id, score, interest)
                for paper_id, score in sorted(scores.items(), key=lambda item: -item[1])
            ),
        )
        for interest, scores in listed.items()
    )
    rising = tuple(_scored(paper_id, 1.0, None) for paper_id in popular)
    return Ranking(by_interest, rising, candidates, 0)


def _compose(
    ranking: Ranking,
    papers: int = 10,
    trending: int = 2,
    language: str = "en",
    **options: object,
) -> Edition:
    profile = Profile(
        interests=tuple(interest for interest, _ in ranking.by_interest),
        papers=papers,
        trending=trending,
        language=language,
    )
    return compose(ranking, profile, edition_date=DAY, composed_at=NOW, **options)  # type: ignore[arg-type]


def _sections(edition: Edition) -> dict[str, list[int]]:
    return {s.title: [p.paper.paper_id for p in s.papers] for s in edition.sections}


A, B = _interest("alpha"), _interest("beta")


def test_a_small_interest_is_not_drowned_by_a_big_one() -> None:
    ranking = _ranking({A: {n: 1 - n / 100 for n in range(1, 30)}, B: {50: 0.3, 51: 0.2, 52: 0.1}})
    assert _sections(_compose(ranking, papers=4, trending=0)) == {
        "alpha": [1, 2],
        "beta": [50, 51],
    }


def test_an_interest_of_a_tenth_of_the_weight_gets_its_place_on_days_it_has_a_good_paper() -> None:
    small = _interest("small", weight=0.1)
    good = _ranking({A: {n: 1 - n / 100 for n in range(1, 30)}, small: {50: 0.6, 51: 0.55}})
    assert _sections(_compose(good))["small"] == [50]
    assert len(_compose(good).papers) == 10
    poor = _ranking({A: {n: 1 - n / 100 for n in range(1, 30)}, small: {50: 0.3}})
    assert "small" not in _sections(_compose(poor))


def test_where_there_are_more_good_interests_than_places_the_heavier_and_better_come_first() -> (
    None
):
    listed: Listed = {_interest(f"i{n}"): {n: 0.5 + n / 100} for n in range(1, 9)}
    listed[_interest("heavy", weight=2)] = {90: 0.5}
    edition = _compose(_ranking(listed), papers=3, trending=0)
    assert {p.paper.paper_id for p in edition.papers} == {90, 8, 7}


class _Twins:
    """Two papers that are like each other, and like no other."""

    def __init__(self, *twins: int) -> None:
        self._twins = set(twins)
        self._chosen: set[int] = set()

    def add(self, paper_id: int) -> None:
        self._chosen.add(paper_id)

    def of(self, paper_ids: Iterable[int]) -> list[float]:
        near = self._twins if self._twins & self._chosen else set[int]()
        return [0.9 if number in near else 0.0 for number in paper_ids]


def test_the_next_paper_is_a_good_one_that_is_not_like_those_before_it() -> None:
    ranking = _ranking({A: {1: 1.0, 2: 0.95, 3: 0.9, 4: 0.3}})
    chosen = _compose(ranking, papers=2, trending=0, nearness=_Twins(1, 2))
    assert {p.paper.paper_id for p in chosen.papers} == {1, 3}
    # A poor paper is not let in only because it is different.
    chosen = _compose(ranking, papers=3, trending=0, nearness=_Twins(1, 2))
    assert {p.paper.paper_id for p in chosen.papers} == {1, 2, 3}


def _readable(words: int, language: str = "en") -> tuple[ScoredPaper, ...]:
    word = "字" * 10 if language == "ja" else "word"
    papers = [Paper(n, f"Title {n}", f"{word} " * words) for n in range(1, 20)]
    return tuple(ScoredPaper(p, 1 - p.paper_id / 100, A) for p in papers)


@pytest.mark.parametrize(
    ("scored", "count"), [(_readable(236), 5), (_readable(50, "ja"), 4), (_readable(5_000), 1)]
)
def test_an_edition_ends_where_the_time_to_read_it_ends(
    scored: tuple[ScoredPaper, ...], count: int
) -> None:
    profile = Profile((A,), papers=20, minutes=5)
    ranking = Ranking(((A, scored),), (), 19, 0)
    edition = compose(ranking, profile, edition_date=DAY, composed_at=NOW)
    assert [p.paper.paper_id for p in edition.papers] == list(range(1, count + 1))


def test_a_high_bar_lets_nothing_in_from_outside_and_says_what_came_near() -> None:
    high = Profile((A,), bar=Bar.HIGH)
    ranking = Ranking(((A, ()),), (_scored(7, 1.0, None),), 42, 0, below_bar=3)
    edition = compose(ranking, high, edition_date=DAY, composed_at=NOW)
    assert edition.silence == "42 new papers; 3 came near your interests, below your bar."
    ja = compose(ranking, replace(high, language="ja"), edition_date=DAY, composed_at=NOW)
    assert ja.silence is not None
    assert "基準" in ja.silence


def test_an_interest_with_few_papers_gives_its_places_back() -> None:
    ranking = _ranking({A: {n: 1 - n / 100 for n in range(1, 30)}, B: {50: 0.9}})
    assert _sections(_compose(ranking, papers=5, trending=0)) == {
        "alpha": [1, 2, 3, 4],
        "beta": [50],
    }


def test_places_go_by_weight() -> None:
    heavy = _interest("heavy", weight=3)
    ranking = _ranking(
        {A: dict.fromkeys(range(1, 20), 0.9), heavy: dict.fromkeys(range(20, 40), 0.5)}
    )
    counts = {t: len(ids) for t, ids in _sections(_compose(ranking, papers=8, trending=0)).items()}
    assert counts == {"alpha": 2, "heavy": 6}


def test_a_paper_stands_once_where_it_scores_best() -> None:
    ranking = _ranking({A: {1: 0.9, 2: 0.5}, B: {2: 0.8, 3: 0.4}})
    assert _sections(_compose(ranking)) == {"alpha": [1], "beta": [2, 3]}


def test_near_duplicates_are_left_out() -> None:
    long = " ".join(f"{a}{b}word" for a in "abcdefgh" for b in "stuvw")
    papers = [
        Paper(1, "One and only", long),
        Paper(2, "Another title", f"{long} extra"),
        Paper(3, "One -- and only!", "Short."),
        Paper(4, "Different", "Short."),
    ]
    scored = tuple(ScoredPaper(p, 1 - p.paper_id / 10, A) for p in papers)
    edition = _compose(Ranking(((A, scored),), (), 4, 0))
    assert [p.paper.paper_id for p in edition.papers] == [1, 4]


def test_trending_shows_popular_papers_outside_the_interests() -> None:
    ranking = _ranking({A: {1: 0.9}}, popular=[1, 7, 8, 9])
    assert _sections(_compose(ranking)) == {"alpha": [1], "Rising outside your profile": [7, 8]}


def test_trending_shares_the_number_of_papers() -> None:
    many = dict.fromkeys(range(1, 20), 0.5)
    full = _compose(_ranking({A: many}, popular=[30, 31, 32]), papers=5)
    assert [len(s.papers) for s in full.sections] == [3, 2]
    assert [len(s.papers) for s in _compose(_ranking({A: many}), papers=5).sections] == [5]
    one = _compose(_ranking({A: many}, popular=[30, 31]), papers=1, trending=1)
    assert len(one.papers) == 1


def test_without_interests_the_edition_is_all_trending() -> None:
    edition = _compose(_ranking({}, popular=[4, 5, 6]), papers=2, trending=0)
    assert _sections(edition) == {"Rising now": [4, 5]}


@pytest.mark.parametrize(
    ("interest", "title"),
    [
        (_interest("graph  neural\nnetworks"), "graph neural networks"),
        (_interest("Mira Oldenveld", kind=InterestKind.AUTHOR), "Mira Oldenveld"),
        (_interest("cs.LG", kind=InterestKind.CATEGORY), "cs.LG"),
        (_interest("Science > Biology", kind=InterestKind.TOPIC), "Biology"),
        (_interest("3103.00001", kind=InterestKind.EXAMPLE), "Like: On old maps"),
        (_interest("word " * 40, kind=InterestKind.TEXT), "word " * 10 + "word…"),
    ],
)
def test_sections_are_titled_by_the_interest_in_words(interest: Interest, title: str) -> None:
    scored = ScoredPaper(_paper(1), 0.5, interest)
    titles = {"3103.00001": "On old maps"}
    edition = _compose(Ranking(((interest, (scored,)),), (), 1, 0, titles=titles))
    assert edition.sections[0].title == title
    assert edition.sections[0].interest == interest


def test_many_single_papers_share_a_heading() -> None:
    listed: Listed = {_interest(f"interest {n}"): {n: n / 20} for n in range(1, 16)}
    edition = _compose(_ranking(listed), papers=15)
    assert _sections(edition) == {"From your interests": list(range(15, 0, -1))}
    listed[_interest("big")] = {101: 0.1, 102: 0.05}
    edition = _compose(_ranking(listed), papers=20)
    assert list(_sections(edition)) == ["big", "From your other interests"]


@pytest.mark.parametrize(
    ("ranking", "silence"),
    [
        (_ranking({A: {}}, candidates=0), "No new papers were collected since your last edition."),
        (_ranking({A: {}}, candidates=42), "42 new papers, none matches your interests."),
        (Ranking(((A, ()),), (), 0, 1), "1 new paper, all of what you muted."),
        (
            _ranking({}, candidates=1_042),
            "1,042 new papers, none of them popular, and your profile names no interests.",
        ),
    ],
)
def test_an_empty_edition_says_why(ranking: Ranking, silence: str) -> None:
    edition = _compose(ranking)
    assert edition.silence == silence
    assert edition.sections == ()


_BROKEN = FeedHealth("one", "arxiv", 0, "failed 3 times")
_WELL = FeedHealth("two", "arxiv", 9)


def test_a_known_reason_for_the_quiet_is_given_trouble_first() -> None:
    nothing = _ranking({A: {}}, candidates=0)
    quiet = _compose(nothing, health=(_WELL,), quiet=True)
    assert quiet.silence == (
        "No new papers: the sources announce nothing at weekends and on holidays."
    )
    troubled = _compose(nothing, health=(_BROKEN, _WELL), quiet=True)
    assert troubled.silence == "No new papers came in, and there is trouble with one."
    assert _compose(_ranking({A: {}}), quiet=True).silence == (
        "42 new papers, none matches your interests."
    )


@pytest.mark.parametrize(
    ("ranking", "options", "silence"),
    [
        (_ranking({A: {}}, candidates=0), {}, "前回の号のあと、新着論文はありませんでした。"),
        (_ranking({A: {}}, candidates=0), {"quiet": True}, "週末と祝日は"),
        (_ranking({A: {}}, candidates=0), {"health": (_BROKEN,)}, "問題があります：one"),
        (_ranking({A: {}}, candidates=42), {}, "新着論文42件のうち、登録した関心に合うものは"),
        (Ranking(((A, ()),), (), 0, 1), {}, "新着論文1件は、すべてミュートした"),
        (_ranking({}, candidates=1_042), {}, "新着論文1,042件に話題の論文はなく"),
    ],
)
def test_silence_speaks_japanese(
    ranking: Ranking, options: dict[str, object], silence: str
) -> None:
    spoken = _compose(ranking, language="ja", **options).silence
    assert spoken is not None
    assert silence in spoken


def test_headings_speak_japanese() -> None:
    listed: Listed = {_interest(f"interest {n}"): {n: n / 20} for n in range(1, 16)}
    edition = _compose(_ranking(listed, popular=[50]), papers=20, language="ja")
    assert list(_sections(edition)) == ["登録した関心から", "関心の外で話題の論文"]
    listed[_interest("大きな関心")] = {101: 0.1, 102: 0.05}
    edition = _compose(_ranking(listed), papers=20, language="ja")
    assert list(_sections(edition)) == ["大きな関心", "そのほかの関心から"]
    example = _interest("3103.00001", kind=InterestKind.EXAMPLE)
    scored = ScoredPaper(_paper(1), 0.5, example)
    titles = {"3103.00001": "On old maps"}
    edition = _compose(Ranking(((example, (scored,)),), (), 1, 0, titles=titles), language="ja")
    assert list(_sections(edition)) == ["似た論文：On old maps"]
    assert list(_sections(_compose(_ranking({}, popular=[4]), language="ja"))) == ["いま話題の論文"]


def test_the_edition_carries_its_frame_and_the_feeds_in_trouble() -> None:
    edition = _compose(_ranking({A: {1: 1}}), health=(_BROKEN, _WELL))
    assert (edition.edition_date, edition.composed_at, edition.candidates) == (DAY, NOW, 42)
    assert edition.health == (_BROKEN,)
    assert edition.silence is None


# ---------------------------------------------------------------- invariants

_SCORES = st.dictionaries(st.integers(1, 60), st.floats(0.01, 2), max_size=25)
_LISTED = st.lists(st.tuples(st.sampled_from([0.5, 1.0, 2.0, 7.0]), _SCORES), max_size=8)


@given(
    listed=_LISTED,
    popular=st.sets(st.integers(1, 80)),
    papers=st.integers(1, 20),
    trending=st.integers(0, 20),
)
def test_editions_keep_their_promises(
    listed: list[tuple[float, dict[int, float]]], popular: set[int], papers: int, trending: int
) -> None:
    by_interest = {_interest(f"interest {n}", w): s for n, (w, s) in enumerate(listed)}
    ranking = _ranking(by_interest, sorted(popular))
    edition = _compose(ranking, papers, trending)
    assert edition == _compose(ranking, papers, trending)
    ids = [p.paper.paper_id for p in edition.papers]
    assert len(ids) == len(set(ids)) <= papers
    assert bool(edition.silence) is not bool(ids)
    outside = Counter(p.interest is None for p in edition.papers)[True]
    if by_interest:
        assert outside <= trending
    places = papers - min(trending, papers) if by_interest else 0
    total = sum(interest.weight for interest in by_interest)
    for interest, scores in by_interest.items():
        share = int(places * interest.weight / total + 1e-9)
        # Others may have had a first place before its second.
        share -= len(by_interest) - 1
        assert len(set(ids) & set(scores)) >= min(share, len(scores))
        if places >= len(by_interest) and max(scores.values(), default=0.0) >= 0.5:
            assert set(ids) & set(scores)
    for scored in edition.papers:
        if scored.interest is not None:
            key = scored.paper.paper_id
            assert scored.score == max(s[key] for s in by_interest.values() if key in s)


def _remarked(
    ranking: Ranking, *, health: tuple[FeedHealth, ...] = (), **options: object
) -> Remarks:
    usual: dict[str, object] = {
        "counts": (),
        "days": 7,
        "since": date(2031, 3, 3),
        "quiet": False,
        "sources": {},
    }
    profile = options.pop("profile", Profile((A, B)))
    edition = _compose(ranking, health=health)
    return remarks(edition, ranking, profile, **(usual | options))  # type: ignore[arg-type]


def test_the_chart_holds_the_busiest_interests_first_and_leaves_out_what_had_nothing() -> None:
    many = [(_interest(f"word {n}"), n) for n in range(12)]
    week = _remarked(_ranking({A: {1: 1.0}}), counts=many).week
    assert week[0] == InterestCount("word 11", 11)
    assert [count.papers for count in week] == [11, 10, 9, 8, 7, 6, 5, 4]


def test_an_edition_after_some_days_says_since_when() -> None:
    one = _ranking({A: {1: 1.0}})
    assert _remarked(one).since is None
    assert _remarked(one, since=None).since is None
    assert _remarked(one, since=date(2031, 2, 25)).since == date(2031, 2, 25)
    weekly = Profile((A,), schedule=Schedule(weekdays=frozenset({1})))
    assert (_remarked(one, profile=weekly).weekly, _remarked(one).weekly) == (True, False)


def test_few_papers_have_a_reason_trouble_first() -> None:
    one = _ranking({A: {1: 1.0}})
    assert _remarked(one, health=(_BROKEN,), quiet=True).thin == (
        "Few papers this time: there is trouble with one."
    )
    assert _remarked(one, quiet=True).thin == (
        "Few papers this time: the sources announce nothing at weekends and on holidays."
    )
    assert _remarked(replace(one, below_bar=3)).thin == (
        "Few papers this time: of 42 new papers, 3 more came near your interests, below your bar."
    )
    assert _remarked(one).thin == (
        "Few papers this time: of 42 new papers, no others match your interests."
    )
    three = _ranking({A: {1: 1.0, 2: 0.9, 3: 0.8}})
    assert _remarked(three, quiet=True).thin == ""
    assert _remarked(_ranking({A: {}})).thin == ""  # then it says why it is empty
    assert _remarked(one, profile=Profile((A,), papers=2)).thin == ""


def test_the_sources_read_are_named_and_those_that_announce_nothing() -> None:
    told = _remarked(_ranking({A: {1: 1.0}}), sources={"arxiv": True, "huggingface": False})
    assert (told.read, told.quiet) == (("arxiv", "huggingface"), ("arxiv",))


def test_an_answer_of_late_that_brought_a_paper_is_a_lesson() -> None:
    monday = date(2031, 3, 3)
    liked = Reason(ReasonKind.LIKED, "On ice", ("ice", "sea ice drift"))
    other = Reason(ReasonKind.LIKED, "On rain", ("rain",))
    papers = [
        replace(_scored(n, 1.0, A), reasons=(Reason(ReasonKind.PHRASE, "On ice"), why))
        for n, why in enumerate((other, liked, liked))
    ]
    assert lessons(papers, {"On ice": monday}) == (Lesson("sea ice drift", monday),)
    assert lessons(papers, {}) == ()
    bare = [replace(papers[0], reasons=(Reason(ReasonKind.EXAMPLE, "On ice"),))]
    assert lessons(bare, {"On ice": monday}) == (Lesson("On ice", monday),)
