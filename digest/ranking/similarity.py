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
from itertools import pairwise

import numpy as np
from scipy import sparse

from digest.ranking.candidates import Candidates
from digest.ranking.features import Features, Floats, Ints, Matrix

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
        own: the interest's own terms (one row). telling: those of them that are evidence.
        compared: what the papers were compared with: the same, or with what goes with it.
        strength: by row, 0 to 1; whatever the bar and the evidence.
        matches: the strength of the matches by row; 0 elsewhere.
    """

    own: Matrix
    telling: Matrix
    compared: Matrix
    strength: Floats
    matches: Floats


def similarity(candidates: Candidates, own: Matrix, wider: Matrix | None = None) -> Similarity:
    """Compare all candidates with an interest's vector (one row).

    Args:
        candidates: the day's papers.
        own: what the interest itself says.
        wider: the same with what goes with it, to compare by; the evidence is what it says.
    """
    telling = telling_part(candidates.features, own)
    compared = own if wider is None else wider
    z = z_of_cosines(products(compared, candidates.columns)[0])[: len(candidates.papers)]
    proven = z * evidence(candidates, telling)[0]
    matches = np.where(proven >= BAR, strength_of(proven), 0.0)
    return Similarity(own, telling, compared, strength_of(z), matches)


def products(rows: Matrix, columns: Matrix) -> Floats:
    """Return the products of some rows with the papers whose terms `columns` are, row by row."""
    return np.asarray((rows @ columns).toarray())


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


def leaning(z: Floats) -> Floats:
    """Return z-scores as a leaning for or against, -1 to 1."""
    return np.asarray(z / (np.abs(z) + _HALF))


def telling_part(features: Features, rows: Matrix) -> Matrix:
    """Return rows without the terms that are no evidence.

    Common terms are none; where there are no others, common pairs are, or the only word.
    """
    data = rows.data.copy()
    for start, end in pairwise(rows.indptr.tolist()):
        columns = rows.indices[start:end]
        telling = ~features.common[columns]
        if not telling.any():
            telling = features.pair[columns]
        if not telling.any():
            telling = np.full(len(columns), len(columns) == 1)
        data[start:end] *= telling
    part = sparse.csr_matrix((data, rows.indices.copy(), rows.indptr.copy()), shape=rows.shape)
    part.eliminate_zeros()
    return part


def evidence(candidates: Candidates, telling: Matrix) -> Floats:
    """Return how good the evidence is, 0 to 1, by row of `telling` and by candidate.

    It is the idf of the terms that both have.
    """
    weights = candidates.features.idf[telling.indices]
    idf = sparse.csr_matrix((weights, telling.indices, telling.indptr), shape=telling.shape)
    offered = np.asarray(idf.sum(axis=1)).reshape(-1, 1)
    enough = np.minimum(_ENOUGH + _ENOUGH_SHARE * offered, offered)
    shared = products(idf, candidates.presence)
    return np.minimum(shared / np.where(enough > 0, enough, 1.0), 1.0)


def nearest(candidates: Candidates, vector: Matrix, most: int) -> tuple[Ints, Floats]:
    """Return the rows of the background's papers that are most similar, and how similar.

    Common terms have no say in which papers those are: they would lead anywhere.
    """
    telling = telling_part(candidates.features, vector)
    scores = products(telling, candidates.background_columns)[0]
    best = np.flatnonzero(scores >= _FEEDBACK_MIN)
    best = best[np.argsort(-scores[best], kind="stable")][:most]
    return best, scores[best]


def with_feedback(candidates: Candidates, vector: Matrix) -> Matrix:
    """Add what the most similar papers of the background speak of to an interest's vector."""
    best, scores = nearest(candidates, vector, _FEEDBACK_PAPERS)
    if not len(best):
        return vector
    about = sparse.csr_matrix(scores) @ candidates.background[best]
    top = np.lexsort((about.indices, -about.data))[:_FEEDBACK_TERMS]
    wider = sparse.csr_matrix(
        (about.data[top], about.indices[top], [0, len(top)]), shape=vector.shape
    )
    return unit(vector + _FEEDBACK_WEIGHT * unit(wider))


def middle_of(rows: Matrix) -> Matrix:
    """Return the mean of rows as one row."""
    count = rows.shape[0]
    return sparse.csr_matrix(np.full((1, count), 1 / count)) @ rows


def unit(vector: Matrix) -> Matrix:
    """Return a vector of length 1 (empty: as it is)."""
    length = math.sqrt(float((vector.data**2).sum()))
    return vector / length if length else vector
