"""What liked papers and phrases say together: hubs, neighbours, and parts that add up."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from digest.models import Opinion, Paper, Profile
from digest.ranking import Candidates, Judgement, Wish, match, prepare
from digest.ranking.similarity import products

Profiles = Callable[..., Profile]


@pytest.fixture(scope="module")
def day(papers: list[Paper], background: list[Paper]) -> Candidates:
    return prepare(papers, background)


def test_it_is_crowded_around_a_paper_that_many_are_near(
    papers: list[Paper], background: list[Paper]
) -> None:
    hub = Paper(901, "A survey of graph neural networks", background[1].abstract)
    loner = Paper(902, "Sourdough and rye", "Bread rises slowly in cold kitchens, they say.")
    crowding = prepare([hub, loner, *papers], background).whitening(4.0).crowding
    assert crowding[0] > 1 > crowding[1] >= 0.5


def test_where_hardly_any_paper_is_known_it_is_crowded_nowhere(
    papers: list[Paper], background: list[Paper]
) -> None:
    for known in (0, 1, 10):
        assert set(prepare(papers, background[:known]).whitening(4.0).crowding) == {1.0}


@pytest.mark.parametrize("liked", [3, 7])
def test_terms_add_up_to_the_score_that_counts(
    day: Candidates, background: list[Paper], liked: int
) -> None:
    likes = [Opinion(paper, 1.0) for paper in background[:liked]]
    judgement = Judgement(day, Profile(), opinions=likes)
    ((interest, found),) = judgement.ranking().by_interest
    joint = match(day, [Wish(Profile(), likes)])[0].likes.joint
    assert joint is not None
    whitening = day.whitening(joint.penalty)
    (scores,) = whitening.scores(products(joint.total, day.whole_columns))
    scores = scores / (whitening.crowding if liked == 7 else 1.0)
    for scored in found[:5]:
        told = judgement.terms(scored.paper.paper_id, interest)
        row = day.places[scored.paper.paper_id]
        assert sum(part for _, part in told) == pytest.approx(scores[row], rel=1e-3)


def test_a_liked_paper_is_not_its_own_neighbour(
    papers: list[Paper], background: list[Paper]
) -> None:
    liked = replace(background[3], categories=("econ.GN",))
    twin = replace(liked, paper_id=9_999)
    others = [paper for paper in background if "graph" not in paper.title.lower()]

    def econ(stored: Paper) -> float:
        wish = Wish(Profile(), (Opinion(liked, 1.0),))
        joint = match(prepare(papers, [*others, stored]), [wish])[0].likes.joint
        assert joint is not None
        return float(joint.z[[paper.categories == ("econ.GN",) for paper in papers]].mean())

    assert econ(twin) > econ(liked) + 0.1


def test_phrases_together_speak_of_what_goes_with_each_of_them(
    papers: list[Paper], profile_of: Profiles
) -> None:
    near = [Paper(100 + n, "Protein folding", f"Variant {n}.") for n in range(12)]
    far = [
        Paper(200 + n, f"Auction theory in market {n}", f"Vickrey rules, tariffs and {word}.")
        for n, word in enumerate(("ports", "mines", "farms", "docks", "mills"))
    ]
    told = Paper(901, "Vickrey payments", "They are explained.")
    other = Paper(902, "Weather payments", "They are explained.")
    stray = Paper(300, "Weather", "Rain and wind.")
    day = prepare([told, other, *papers[:4]], [*near, *far, stray])
    wish = Wish(profile_of(phrase=["protein folding", "auction theory"]))
    words = match(day, [wish])[0].words
    assert words is not None
    assert words[0] > words[1]
