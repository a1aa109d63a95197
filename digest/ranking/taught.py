"""What answers come to, in words: the terms that they speak for, and those against.

The sum of the answered papers' vectors, each times what its answer counts, is all that is learnt
from answers (`learning`). Its strongest terms are told here as they stand in those papers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digest.models import Opinion
from digest.ranking.candidates import Candidates
from digest.ranking.features import Floats, Matrix
from digest.ranking.reasons import Run, runs_of, text_of
from digest.ranking.whereabouts import Wording

_MOST_PAPERS = 200  # the ones answered on last
_TERMS = 24  # the strongest ones, which neighbours make up words of
_WORDS = 8
_LEAST = 0.2  # how strong a word has to be beside the first
_MANY_PAPERS = 2  # terms of one paper alone may be chance, once there are so many


@dataclass(frozen=True, slots=True)
class Taught:
    """Words that answers speak for, and against, the strongest first."""

    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()


def taught(candidates: Candidates, opinions: Sequence[Opinion]) -> Taught:
    """Tell what somebody's answers come to.

    Args:
        candidates: the day's papers, which tell which words are common.
        opinions: the papers that were answered on, the newest last.
    """
    told = [opinion for opinion in opinions if opinion.gain][-_MOST_PAPERS:]
    if not told:
        return Taught()
    papers = [opinion.paper for opinion in told]
    stems, _ = candidates.vectors_of([(p.paper_id, f"{p.title}. {p.abstract}") for p in papers])
    gains = np.array([opinion.gain for opinion in told])
    total = np.asarray(stems.T @ gains).ravel()
    features = candidates.features
    total[features.common | features.lone | features.vague] = 0
    sides = []
    for sign in (1, -1):
        mine = np.flatnonzero(gains * sign > 0)
        sides.append(_words(candidates, told, stems, np.maximum(sign * total, 0), mine.tolist()))
    return Taught(*sides)


def _words(
    candidates: Candidates,
    opinions: Sequence[Opinion],
    stems: Matrix,
    weights: Floats,
    mine: Sequence[int],
) -> tuple[str, ...]:
    """Return the strongest terms as some of the papers say them."""
    if not mine:
        return ()
    own = stems[mine]
    if len(mine) > _MANY_PAPERS:
        weights = np.where(own.getnnz(axis=0) > 1, weights, weights / 2)
    columns = np.lexsort((np.arange(len(weights)), -weights))[:_TERMS]
    left = {int(c): float(weights[c]) for c in columns if weights[c] > 0}
    if not left:
        return ()
    # The paper that says a term most; there are as many papers as terms at most.
    says = dict.fromkeys(np.argmax(own[:, list(left)].toarray(), axis=0).tolist())
    places: list[tuple[Wording, Run]] = []
    for number in says:
        wording = Wording.of(opinions[mine[number]].paper, candidates.features)
        places += ((wording, run) for run in runs_of(wording, left, candidates.features.pair))
    words: dict[str, str] = {}
    least = 0.0
    while places and len(words) < _WORDS:
        wording, run = max(places, key=lambda place: sum(left.get(c, 0.0) for c in place[1][2]))
        worth = sum(left.get(column, 0.0) for column in run[2])
        if worth <= least:
            break
        least = least or _LEAST * worth
        word = text_of(wording, run[0], run[1])
        words.setdefault(word.casefold(), word)
        left = {column: value for column, value in left.items() if column not in run[2]}
    return tuple(words.values())
