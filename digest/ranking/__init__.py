"""Rank: papers and a profile in, scored papers with reasons out. Pure: it touches nothing.

::

    prepare   the day's papers -> vectors, an index, popularity      once, for all subscribers
    match     interests and answers -> strengths                     for many readers together
    judge     every interest by itself -> strengths -> scores        for one profile
    rank      the same, with the reasons for every paper

Equal scores: the newer paper, then the smaller ``paper_id``; so equal input gives equal output.
"""

from collections.abc import Collection, Mapping, Sequence

from digest.models import Opinion, Paper, Profile, Ranking, ScoredPaper, ids_of, scores_of
from digest.ranking.candidates import Candidates, prepare
from digest.ranking.collaborative import READERS, TAUGHT, learn_factors
from digest.ranking.examples import GAINS, gains_of
from digest.ranking.interests import Matches, match
from digest.ranking.judging import Judgement
from digest.ranking.match import Wish
from digest.ranking.taught import Taught, taught

__all__ = [
    "GAINS",
    "READERS",
    "TAUGHT",
    "Candidates",
    "Judgement",
    "Matches",
    "Taught",
    "Wish",
    "best_first",
    "gains_of",
    "learn_factors",
    "match",
    "prepare",
    "rank",
    "taught",
]


def rank(
    candidates: Candidates,
    profile: Profile,
    *,
    opinions: Sequence[Opinion] = (),
    examples: Mapping[str, Paper] | None = None,
    meanings: Mapping[str, bytes] | None = None,
    eligible: Collection[int] | None = None,
    below_bar: bool = False,
    limit: int | None = None,
    explain: bool = True,
) -> Ranking:
    """Rank the candidates for one profile.

    Args:
        candidates: what `prepare` made of the day's papers.
        profile: the interests.
        opinions: the papers its owner answered on.
        examples: the stored papers that example interests name, by the interests' values.
        meanings: embeddings of the interests that have one, by the same.
        eligible: ids of the papers this subscriber may still get; None: all.
        below_bar: also list papers that are similar but no match, after the matches and
            without reasons; to evaluate the order, not to publish it.
        limit: list at most so many papers for each interest; None: all.
        explain: give the reasons, which takes most of the time.
    """
    judgement = Judgement(
        candidates,
        profile,
        opinions=opinions,
        examples=examples,
        meanings=meanings,
        eligible=eligible,
        below_bar=below_bar,
    )
    return judgement.ranking(limit, explain=explain)


def best_first(ranking: Ranking, limit: int | None = None) -> list[ScoredPaper]:
    """Return all matching papers in one list, each once with its best score, best first.

    Args:
        ranking: what the candidates came to.
        limit: return at most so many; None: all.
    """
    best: dict[int, tuple[float, int, int]] = {}  # the score, whose list it is in, and where
    for number, (_, papers) in enumerate(ranking.by_interest):
        for place, (paper_id, score) in enumerate(
            zip(ids_of(papers), scores_of(papers), strict=True)
        ):
            known = best.get(paper_id)
            if known is None or score > known[0]:
                best[paper_id] = score, number, place
    order = sorted(best, key=lambda paper_id: (-best[paper_id][0], paper_id))
    return [ranking.by_interest[best[n][1]][1][best[n][2]] for n in order[:limit]]
