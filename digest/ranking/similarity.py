"""How similar papers are to an interest in words, on a scale that all interests share.

A cosine alone says little: 0.1 is much for a paragraph and nothing for a phrase. So it is
measured in spreads above the mean of the day's and the background's papers (z), together
with some imagined papers that share nothing: they keep the scale sane on the first day. Mean
and spread are bounded: where half of the papers are about an interest, they still match it.
The strength of a match is z / (z + 6): 0.33 at the bar of 3, 0.5 at 6, 0.75 at 18. On real
days of some 320 papers the bar lets one in 300 pass for an example paper, and every tenth
paper that its reader went on to write.

A match has to pass the bar, and half of it has to come from at least two terms that are not
common: "a learning model" is no evidence, "protein folding" is.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from digest.ranking.candidates import Candidates
from digest.ranking.features import Floats, Matrix

BAR = 3.0
_HALF = 6.0  # the z at which the strength is one half
# Of cosines: a smaller spread is an accident, a larger mean or spread shows that the interest
# is what many of the papers are about.
_MIN_SPREAD, _MAX_SPREAD, _MAX_MEAN = 0.015, 0.03, 0.03
_IMAGINED = 100
_MIN_TERMS = 2

_FEEDBACK_PAPERS = 20
_FEEDBACK_TERMS = 300
_FEEDBACK_WEIGHT = 0.7
_FEEDBACK_MIN = 0.1  # cosine; a paper below has nothing to tell about the interest


@dataclass(frozen=True, slots=True)
class Similarity:
    """How similar each candidate is to one interest.

    Attributes:
        weights: the interest's weight by column.
        strength: by row, 0 to 1; whatever the bar.
        passes: by row, whether it is a match.
    """

    weights: Floats
    strength: Floats
    passes: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @property
    def matches(self) -> Floats:
        """The strength of the matches; 0 elsewhere."""
        return np.where(self.passes, self.strength, 0.0)


def similarity(candidates: Candidates, vector: Matrix) -> Similarity:
    """Compare all candidates with an interest's vector (one row)."""
    weights = vector.toarray().ravel()
    z = z_of_cosines(candidates.reference @ weights)[: len(candidates.papers)]
    passes = z >= BAR
    passes[passes] = has_evidence(candidates, np.flatnonzero(passes), weights)
    return Similarity(weights, strength_of(z), passes)


def z_of_cosines(cosines: Floats) -> Floats:
    """Return cosines as z-scores on the bounded scale."""
    mean, spread = _mean_and_spread(cosines)
    scale = min(max(spread, _MIN_SPREAD), _MAX_SPREAD)
    return np.asarray((cosines - min(mean, _MAX_MEAN)) / scale)


def standardise(scores: Floats) -> Floats:
    """Return scores of any kind in spreads above their mean."""
    mean, spread = _mean_and_spread(scores)
    return np.asarray((scores - mean) / max(spread, 1e-9))


def _mean_and_spread(scores: Floats) -> tuple[float, float]:
    """Return mean and standard deviation of scores and of the imagined papers' zeros."""
    total = len(scores) + _IMAGINED
    mean = float(scores.sum()) / total
    return mean, math.sqrt(max(float((scores**2).sum()) / total - mean**2, 0.0))


def strength_of(z: Floats) -> Floats:
    """Return strengths, 0 to 1, of z-scores."""
    above = np.maximum(z, 0)
    return np.asarray(above / (above + _HALF))


def has_evidence(
    candidates: Candidates, rows: np.ndarray[tuple[int], np.dtype[np.int64]], weights: Floats
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell for each row whether terms that are not common carry half of the match."""
    shared = candidates.matrix[rows].multiply(weights[np.newaxis, :]).tocsr()
    shared.eliminate_zeros()
    telling = shared.copy()
    telling.data = np.where(candidates.features.common[shared.indices], 0, shared.data)
    telling.eliminate_zeros()
    total, told = (np.asarray(m.sum(axis=1)).ravel() for m in (shared, telling))
    return np.asarray((np.diff(telling.indptr) >= _MIN_TERMS) & (told >= total / 2))


def with_feedback(candidates: Candidates, vector: Matrix) -> Matrix:
    """Add what the most similar papers of the background speak of to an interest's vector.

    Common terms have no say in which papers those are: they would lead anywhere.
    """
    telling = np.where(candidates.features.common, 0, vector.toarray().ravel())
    scores = candidates.background @ telling
    best = np.argsort(-scores, kind="stable")[:_FEEDBACK_PAPERS]
    best = best[scores[best] >= _FEEDBACK_MIN]
    if not len(best):
        return vector
    about = candidates.background[best].multiply(scores[best][:, np.newaxis]).sum(axis=0)
    about = np.asarray(about).ravel()
    top = np.sort(np.argsort(-about, kind="stable")[:_FEEDBACK_TERMS])
    wider = np.zeros(vector.shape[1])
    wider[top] = about[top]
    return _unit(vector + _FEEDBACK_WEIGHT * _unit(sparse.csr_matrix(wider)))


def _unit(vector: Matrix) -> Matrix:
    length = np.sqrt(vector.multiply(vector).sum())
    return vector / length if length else vector
