"""Readers who are looked at together get what each of them gets alone."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from digest.models import Opinion, Paper, Profile
from digest.ranking import Judgement, Wish, match, prepare

Profiles = Callable[..., Profile]


@pytest.fixture
def wishes(papers: list[Paper], background: list[Paper], profile_of: Profiles) -> list[Wish]:
    stored = {f"#{p.paper_id}": p for p in background}
    many = [f"#{p.paper_id}" for p in background[:7]]
    return [
        Wish(profile_of(phrase=["protein folding", "auction theory"], author="S. Åkerlund")),
        Wish(profile_of(example=many[:1]), (), {many[0]: stored[many[0]]}),
        Wish(profile_of(example=many[:3]), (), {name: stored[name] for name in many[:3]}),
        Wish(
            profile_of(example=many, phrase="protein folding"),
            (Opinion(background[9], 1.0), Opinion(background[20], -0.5)),
            {name: stored[name] for name in many},
        ),
        Wish(profile_of(category="cs.CL", text="how housing markets and wages go together")),
        Wish(profile_of(phrase="nowhere", example="An unknown title of machine translation")),
        Wish(Profile()),
        Wish(Profile(), (Opinion(background[3], -0.5),)),
    ]


def test_together_or_alone_comes_to_the_same(
    papers: list[Paper], background: list[Paper], wishes: list[Wish]
) -> None:
    day = prepare(papers, background)
    for wish, found in zip(wishes, match(day, wishes), strict=True):
        told = {"opinions": wish.opinions, "examples": wish.examples, "below_bar": True}
        together = Judgement(day, wish.profile, found=found, **told).ranking()
        alone = Judgement(day, wish.profile, **told).ranking()
        for (one, mine), (other, theirs) in zip(
            together.by_interest, alone.by_interest, strict=True
        ):
            assert one == other
            # The last digits depend on how many are reckoned at once, in 32 bits.
            scores = {s.paper.paper_id: s.score for s in theirs}
            assert {s.paper.paper_id: s.score for s in mine} == pytest.approx(scores, abs=1e-5)


def test_nobody_and_an_empty_day_are_no_trouble(wishes: list[Wish]) -> None:
    assert match(prepare([], []), []) == []
    assert len(match(prepare([], []), wishes)) == len(wishes)
    lone = [Paper(1, "A lone paper", published_at=datetime(2031, 1, 1, tzinfo=UTC))]
    assert len(match(prepare(lone, []), wishes)) == len(wishes)
