"""How similar papers are to an interest in words, on a scale that all interests share.

A cosine alone says little: 0.1 is much for a paragraph and nothing for a phrase. So it is
measured in spreads above the mean of the day's and the background's papers (z), together
with some imagined papers that share nothing: they keep the scale sane on the first day. Mean
and spread are bounded: where half of the papers are about an interest, they still match it.

Then z counts as far as there is evidence for it: terms of the interest's own that the paper
has and that are not common, by their idf. "A learning model" is no evidence, "protein folding"
is enough; one rare word is enough for an interest of one word, and half of it for a longer one.
The strength of a match is z / (z + 6): 0.33 at the bar of 3, 0.5 at 6, 0.75 at 18.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from digest.ranking.candidates import Candidates
from digest.ranking.features import Features, Floats, Matrix

BAR = 3.0
_HALF = 6.0  # the z at which the strength is one half
# Of cosines: a smaller spread is an accident, a larger mean or spread shows that the interest
# is what many of the papers are about.
_MIN_SPREAD, _MAX_SPREAD, _MAX_MEAN = 0.015, 0.03, 0.03
_IMAGINED = 100
# Enough evidence, in idf: two rare words or their pair, and a part of what a long text offers.
_ENOUGH, _ENOUGH_SHARE = 10.0, 0.04

_FEEDBACK_PAPERS = 20
_FEEDBACK_TERMS = 300
_FEEDBACK_WEIGHT = 0.7
_FEEDBACK_MIN = 0.1  # cosine; a paper below has nothing to tell about the interest


@dataclass(frozen=True, slots=True)
class Similarity:
    """How similar each candidate is to one interest.

    Attributes:
        own: the weights of the interest's own terms by column. telling: of those of them
            that are evidence.
        strength: by row, 0 to 1; whatever the bar and the evidence.
        matches: the strength of the matches by row; 0 elsewhere.
    """

    own: Floats
    telling: Floats
    strength: Floats
    matches: Floats


def similarity(candidates: Candidates, own: Matrix, wider: Matrix | None = None) -> Similarity:
    """Compare all candidates with an interest's vector (one row).

    Args:
        candidates: the day's papers.
        own: what the interest itself says.
        wider: the same with what goes with it, to compare by; the evidence is what it says.
    """
    telling = telling_weights(candidates.features, own)
    cosines = candidates.reference @ (own if wider is None else wider).toarray().ravel()
    z = z_of_cosines(cosines)[: len(candidates.papers)]
    proven = z * evidence(candidates, telling)
    matches = np.where(proven >= BAR, strength_of(proven), 0.0)
    return Similarity(own.toarray().ravel(), telling, strength_of(z), matches)


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


def telling_weights(features: Features, vector: Matrix) -> Floats:
    """Return a vector's weights by column without those that are no evidence.

    Common terms are none; where there are no others, common pairs are, or the only word.
    """
    weights = vector.toarray().ravel()
    for telling in (~features.common, features.pair):
        if np.any(weights[telling]):
            return np.where(telling, weights, 0.0)
    return weights if vector.nnz == 1 else np.zeros_like(weights)


def evidence(candidates: Candidates, telling: Floats) -> Floats:
    """Return by row how good the evidence is, 0 to 1: the idf of the terms shared."""
    idf = np.where(telling > 0, candidates.features.idf, 0.0)
    offered = float(idf.sum())
    enough = min(_ENOUGH + _ENOUGH_SHARE * offered, offered)
    return np.asarray(np.minimum(candidates.presence @ idf / (enough or 1), 1.0))


def with_feedback(candidates: Candidates, vector: Matrix) -> Matrix:
    """Add what the most similar papers of the background speak of to an interest's vector.

    Common terms have no say in which papers those are: they would lead anywhere.
    """
    scores = candidates.background @ telling_weights(candidates.features, vector)
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
