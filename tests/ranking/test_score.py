"""What a score is made of: each part does what is said of it, and no more."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from digest.models import (
    Interest,
    InterestKind,
    Opinion,
    Paper,
    Profile,
    Reason,
    ReasonKind,
    ScoredPaper,
    Topic,
)
from digest.ranking import Candidates, Judgement, best_first, prepare


def _wanting(**told: str) -> Profile:
    return Profile(tuple(Interest(InterestKind(kind), value) for kind, value in told.items()))


def _parts(judgement: Judgement, scored: ScoredPaper) -> dict[ReasonKind, Reason]:
    return {part.kind: part for part in judgement.parts(scored)}


def _ordered(day: Candidates, *liked: Opinion) -> list[ScoredPaper]:
    return best_first(Judgement(day, Profile(), opinions=liked, below_bar=True).ranking())


def test_a_further_interest_adds_a_quarter_of_its_strength(
    papers: list[Paper], background: list[Paper]
) -> None:
    day = prepare(papers, background)
    judgement = Judgement(day, _wanting(author="Ines Barraquero", phrase="enzyme design"))
    by_author, by_phrase = judgement.ranking().by_interest
    number = by_phrase[1][0].paper.paper_id
    (one,) = [s for s in by_author[1] if s.paper.paper_id == number]
    own, other = _parts(judgement, one), _parts(judgement, by_phrase[1][0])
    assert own[ReasonKind.AUTHOR].contribution == 1.0
    assert other[ReasonKind.AUTHOR].contribution == 0.25
    phrase = other[ReasonKind.PHRASE].contribution
    assert own[ReasonKind.PHRASE].contribution == pytest.approx(phrase / 4, abs=1e-5)


def test_popularity_lifts_a_paper_a_little_and_never_more() -> None:
    counts = [0] * 60 + [3, 1_000_000]
    day = prepare(
        [
            Paper(n, f"Lute {n}", categories=("cs.SD",), upvotes=count, sources=("huggingface",))
            for n, count in enumerate(counts, 1)
        ],
        (),
    )
    judgement = Judgement(day, _wanting(category="cs.SD"))
    found = list(judgement.ranking().by_interest[0][1])
    assert [s.paper.paper_id for s in found[:2]] == [62, 61]
    parts = [_parts(judgement, s)[ReasonKind.POPULARITY].contribution for s in found[:2]]
    assert parts[0] == pytest.approx(0.09)
    assert 0 < parts[1] < 0.09


def test_a_surer_topic_comes_before_a_newer_paper() -> None:
    first = datetime(2031, 3, 3, 6, tzinfo=UTC)
    day = prepare(
        [
            Paper(
                n,
                f"Lute {n}",
                topics=(Topic(("Arts", "Music"), sure),),
                published_at=first + timedelta(hours=n),
            )
            for n, sure in enumerate((0.9, 0.5, 0.1), 1)
        ],
        (),
    )
    judgement = Judgement(day, _wanting(topic="Music"))
    found = list(judgement.ranking().by_interest[0][1])
    assert [s.paper.paper_id for s in found] == [1, 2, 3]
    strengths = [_parts(judgement, s)[ReasonKind.TOPIC].contribution for s in found]
    assert strengths == pytest.approx([0.85, 0.65, 0.45])


def test_phrases_that_go_together_lift_what_is_near_both() -> None:
    background = [
        Paper(100 + n, f"Looms and kilns, part {n}", "Basalt looms and amber kilns side by side.")
        for n in range(12)
    ] + [Paper(200 + n, f"Harbour {n}", f"Gulls of quay{n} are counted.") for n in range(40)]
    day = prepare(
        [
            Paper(1, "Basalt looms by the sea", "Basalt looms by the sea, and gulls."),
            Paper(2, "Basalt looms by the fire", "Basalt looms by the fire, and kilns."),
        ],
        background,
    )
    profile = Profile(
        tuple(Interest(InterestKind.PHRASE, said) for said in ("basalt looms", "amber kilns"))
    )
    judgement = Judgement(day, profile)
    found = list(judgement.ranking().by_interest[0][1])
    assert [s.paper.paper_id for s in found] == [2, 1]
    taste = [_parts(judgement, s)[ReasonKind.TASTE].contribution for s in found]
    assert taste[0] > taste[1]
    assert taste[0] > 0.05


# ---------------------------------------------------------------- liked papers


def test_one_liked_paper_speaks_also_by_the_papers_that_are_like_it() -> None:
    background = [
        Paper(100 + n, "Slow looms", f"Looms and basalt with kilns and glaze, round {n}.")
        for n in range(8)
    ] + [Paper(200 + n, f"Gulls {n}", f"Harbour{n} and quay{n} birds counted.") for n in range(40)]
    day = prepare(
        [
            Paper(2, "Ponds", "Ponds and reeds, ponds by hand."),
            Paper(3, "Kilns", "Kilns and glaze, kilns by hand."),
        ],
        background,
    )
    kilns, ponds = _ordered(day, Opinion(Paper(99, "Looms and basalt", "Basalt looms."), 1.0))
    # It shares no word with either.
    assert (kilns.paper.paper_id, ponds.paper.paper_id) == (3, 2)
    assert kilns.score > 10 * ponds.score


def test_on_a_young_installation_an_odd_word_of_one_liked_paper_says_little() -> None:
    # What is known are papers of the reader's own field. A ridge takes out what they share, and
    # oddities would be all that is left.
    background = [
        Paper(
            1_000 + n,
            f"Looms weave basalt fibre, part {n}",
            f"Basalt fibre is woven on looms of kind{n % 7}; threads and tension are measured.",
        )
        for n in range(250)
    ]
    liked = [
        Paper(
            2_000 + n,
            f"Basalt fibre on looms, essay {n}",
            f"Basalt fibre, looms and threads; seen from oddity{n} and curio{n}.",
        )
        for n in range(9)
    ]
    near = Paper(1, "Basalt fibre looms", "Looms weave basalt fibre; threads under tension.")
    odd = Paper(2, "Harbours of oddity3", "Harbours and oddity3, with curio3 in them, by gulls.")
    others = [Paper(10 + n, f"Harbour{n}", f"Gulls{n} are counted near quays.") for n in range(10)]
    day = prepare([odd, near, *others], background)
    first, second, *_ = _ordered(day, *(Opinion(paper, 1.0) for paper in liked))
    assert (first.paper.paper_id, second.paper.paper_id) == (1, 2)
    assert second.score < first.score / 3


def test_from_three_on_what_liked_papers_share_is_enough_for_a_match() -> None:
    theme = "Basalt looms weave threads under tension while hammers fall quietly."

    def essay(number: int, start: str) -> Paper:
        rest = " ".join(f"matter{number}x{n}" for n in range(150))
        return Paper(number, f"Essay {number}", f"{start} {rest}")

    liked = [essay(900 + n, theme) for n in range(6)]
    others = [Paper(100 + n, f"Gulls {n}", f"Harbour{n} and quay{n} birds.") for n in range(200)]
    day = prepare([essay(1, theme), *(essay(2 + n, "") for n in range(20))], [*others, *liked])

    def matching(count: int) -> list[int]:
        judgement = Judgement(day, Profile(), opinions=[Opinion(p, 1.0) for p in liked[:count]])
        return [s.paper.paper_id for s in best_first(judgement.ranking())]

    # None of them is alike enough by itself.
    assert matching(1) == matching(2) == []
    assert matching(3) == matching(6) == [1]


def _vector(*numbers: float) -> bytes:
    vector = np.array(numbers)
    return (vector / np.linalg.norm(vector)).astype("<f2").tobytes()


@pytest.mark.parametrize("likes", [1, 2])
def test_one_or_two_liked_papers_are_compared_without_what_all_papers_mean(likes: int) -> None:
    chance = np.random.default_rng(3)
    told = "Words of no weight stand here for length. " * 6
    every = [Paper(n, f"Paper{n}", f"On thing{n} and matter{n}. {told}") for n in range(1, 611)]
    vectors = {p.paper_id: _vector(5, *chance.normal(0, 0.5, 6)) for p in every}
    # By its cosine the first is nearest: it means what all papers mean, and hardly more.
    vectors[1] = _vector(9, 0, 1, 0, 0, 0, 0)
    vectors[2] = _vector(1, 2, 0, 0.5, 0.5, 0, 0)
    liked = _vector(3, 1.5, 0, 0, 0, 0, 0)
    cosines = [
        float(np.frombuffer(liked, "<f2") @ np.frombuffer(vectors[n], "<f2")) for n in (1, 2)
    ]
    assert cosines[0] > cosines[1] + 0.1
    opinions = [
        Opinion(Paper(900 + n, f"Liked {n}", "Of thing7 alone."), 1.0, liked) for n in range(likes)
    ]
    found = _ordered(prepare(every[:10], every[10:], vectors=vectors), *opinions)
    scores = {s.paper.paper_id: s.score for s in found}
    assert scores[2] > scores[1] + 0.1
