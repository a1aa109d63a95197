"""Cadence: interests that come once a week, on their day, with what the week brought.

If there was no edition on that day (an outage, a pause), they come with the next one.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, timedelta

from digest.models import Listed, Profile, Ranking, ScoredPaper, ids_of

_WEEK = 7  # days


def is_due(profile: Profile, edition_date: date, since: date | None) -> bool:
    """Tell whether an edition holds the weekly interests.

    Args:
        profile: what is wanted.
        edition_date: day of the edition.
        since: day of the edition before; None: there is none.
    """
    if not any(interest.weekly for interest in profile.wanted):
        return False
    days = _WEEK if since is None else min(_WEEK, (edition_date - since).days)
    return any(
        (edition_date - timedelta(days=n)).weekday() == profile.weekly_day for n in range(days)
    )


def in_turn(ranking: Ranking, daily: Collection[int], *, due: bool) -> Ranking:
    """Return a ranking of a week's papers with only those whose turn it is.

    Args:
        ranking: of all papers that may be in the edition, of the last week too if it is `due`.
        daily: numbers of the papers that are up for the interests that are not weekly.
        due: whether the weekly interests come.
    """
    if not any(interest.weekly for interest, _ in ranking.by_interest):
        return ranking
    waiting = {
        number
        for interest, papers in ranking.by_interest
        if interest.weekly and not due
        for number in ids_of(papers)
    }
    return replace(
        ranking,
        by_interest=tuple(
            (
                interest,
                (papers if due else ()) if interest.weekly else _among(papers, daily),
            )
            for interest, papers in ranking.by_interest
        ),
        popular=tuple(
            scored
            for scored in ranking.popular
            if scored.paper.paper_id in daily and scored.paper.paper_id not in waiting
        ),
    )


def among(ranking: Ranking, ids: Collection[int]) -> Ranking:
    """Return a ranking with these papers alone."""
    return replace(
        ranking,
        by_interest=tuple(
            (interest, _among(papers, ids)) for interest, papers in ranking.by_interest
        ),
        popular=tuple(_among(ranking.popular, ids)),
    )


def _among(papers: Sequence[ScoredPaper], ids: Collection[int]) -> Sequence[ScoredPaper]:
    if isinstance(papers, Listed):
        return papers.among(ids)
    return tuple(scored for scored in papers if scored.paper.paper_id in ids)
