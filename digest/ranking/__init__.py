"""Rank: papers and a profile in, scored papers with reasons out. Pure: it touches nothing.

::

    prepare   the day's papers -> vectors, an index, popularity      once, for all subscribers
    rank      every interest by itself -> strengths -> scores -> reasons    for one profile

A score for an interest is the strength of its match (0 to 1, `interests`), plus a quarter of
the strengths of the profile's other interests that match too, plus a little for popularity.
Its reasons are the parts of that sum, the largest first. Equal scores: the newer paper, then
the smaller ``paper_id``; so equal input gives equal output.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from digest.models import (
    Interest,
    InterestKind,
    Paper,
    Profile,
    Ranking,
    Reason,
    ScoredPaper,
)
from digest.ranking.candidates import Candidates, prepare
from digest.ranking.features import Floats
from digest.ranking.interests import Match, match_all
from digest.ranking.popularity import popularity_reason

__all__ = ["Candidates", "best_first", "prepare", "rank"]

_OTHERS = 0.25  # of the strength of each further interest that a paper matches
_POPULARITY = 0.03  # a spread of popularity above the mean,
_MAX_POPULARITY = 3.0  # at most so many
_MAX_REASONS = 3
_DIGITS = 6  # so that no last bit of a sum decides an order


def rank(
    candidates: Candidates,
    profile: Profile,
    *,
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
        examples: the stored papers that example interests name, by the interests' values.
        meanings: embeddings of the same papers, by the same; some may be missing.
        eligible: ids of the papers this subscriber may still get; None: all.
        below_bar: also list papers that are similar but no match, after the matches and
            without reasons; to evaluate the order, not to publish it.
        limit: list at most so many papers for each interest; None: all.
        explain: give the reasons, which takes most of the time.
    """
    examples = examples or {}
    mine = np.ones(len(candidates.papers), dtype=bool)
    if eligible is not None:
        mine = np.array([p.paper_id in eligible for p in candidates.papers], dtype=bool)
    unwanted = _muted(candidates, profile.muted, examples) & mine
    shown = mine & ~unwanted & ~_example_rows(candidates, profile.wanted, examples)
    matches = match_all(candidates, profile, examples, meanings or {})
    strengths = np.array([m.likeness if below_bar else m.strength for m in matches])
    strengths = np.where(shown, strengths.reshape(len(matches), len(shown)), 0.0)
    popular = [_popular_paper(candidates, row) for row in candidates.popular if shown[row]]
    return Ranking(
        by_interest=tuple(
            (
                match.interest,
                _scored(candidates, matches, strengths, number, limit, explain=explain),
            )
            for number, match in enumerate(matches)
        ),
        popular=tuple(popular),
        candidates=int(mine.sum() - unwanted.sum()),
        muted=int(unwanted.sum()),
    )


def best_first(ranking: Ranking) -> list[ScoredPaper]:
    """Return all matching papers in one list, each once with its best score, best first."""
    best: dict[int, ScoredPaper] = {}
    for _, papers in ranking.by_interest:
        for scored in papers:
            known = best.get(scored.paper.paper_id)
            if known is None or scored.score > known.score:
                best[scored.paper.paper_id] = scored
    return sorted(best.values(), key=lambda scored: (-scored.score, scored.paper.paper_id))


def _scored(
    candidates: Candidates,
    matches: Sequence[Match],
    strengths: Floats,
    number: int,
    limit: int | None,
    *,
    explain: bool,
) -> tuple[ScoredPaper, ...]:
    """Return the papers of one interest, best first."""
    own = strengths[number]
    popularity = _POPULARITY * np.clip(candidates.popularity, 0, _MAX_POPULARITY)
    scores = own + _OTHERS * (strengths.sum(axis=0) - own) + popularity
    scores = np.round(scores, _DIGITS)
    rows = np.flatnonzero(own > 0)
    rows = rows[np.lexsort((candidates.order[rows], -scores[rows]))][:limit]
    parts = _OTHERS * strengths
    parts[number] = own
    return tuple(
        ScoredPaper(
            candidates.papers[row],
            float(scores[row]),
            matches[number].interest,
            _reasons(candidates, matches, parts[:, row], float(popularity[row]), row)
            if explain
            else (),
        )
        for row in rows.tolist()
    )


def _reasons(
    candidates: Candidates, matches: Sequence[Match], parts: Floats, popularity: float, row: int
) -> tuple[Reason, ...]:
    """Return the strongest reasons for a paper; `parts` is what each interest contributes."""
    reasons = [
        matches[number].why(row, round(float(parts[number]), _DIGITS))
        for number in np.argsort(-parts, kind="stable")[:_MAX_REASONS].tolist()
        if parts[number] > 0 and matches[number].strength[row] > 0
    ]
    if popularity > 0:
        reasons.append(popularity_reason(candidates.papers[row], round(popularity, _DIGITS)))
    reasons.sort(key=lambda reason: -reason.contribution)
    return tuple(reasons[:_MAX_REASONS])


def _popular_paper(candidates: Candidates, row: int) -> ScoredPaper:
    paper, score = candidates.papers[row], round(float(candidates.popularity[row]), _DIGITS)
    return ScoredPaper(paper, score, None, (popularity_reason(paper, score),))


def _muted(
    candidates: Candidates, muted: Sequence[Interest], examples: Mapping[str, Paper]
) -> NDArray[np.bool_]:
    """Return which rows the mutes take out, whoever else wants them."""
    out = np.zeros(len(candidates.papers), dtype=bool)
    index = candidates.index
    for interest in muted:
        match interest.kind:
            case InterestKind.PHRASE | InterestKind.TEXT:
                rows = candidates.phrase_rows(interest.value)[0].tolist()
            case InterestKind.AUTHOR:
                rows = list(index.authored(interest.value))
            case InterestKind.CATEGORY:
                rows = index.in_category(interest.value)
            case InterestKind.TOPIC:
                rows = list(index.about(interest.value))
            case InterestKind.EXAMPLE:
                rows = list(index.named(interest.value, examples.get(interest.value)))
        out[rows] = True
    return out


def _example_rows(
    candidates: Candidates, wanted: Sequence[Interest], examples: Mapping[str, Paper]
) -> NDArray[np.bool_]:
    """Return the rows of the example papers themselves: the subscriber knows them."""
    out = np.zeros(len(candidates.papers), dtype=bool)
    for interest in wanted:
        if interest.kind is InterestKind.EXAMPLE:
            out[list(candidates.index.named(interest.value, examples.get(interest.value)))] = True
    return out
