"""Several example papers together: what they share, and what sets them apart from all papers.

From three examples on, a closed-form ridge whitened by the background says more than each
example by itself: ``w = (B'B + lambda I)^-1 sum(g x)``, where B are papers of the background,
x the examples and g their weights. It is solved on the side of the papers (Woodbury), whose
inverse is shared by all readers, so one profile costs two small products. Added to it, with
half the weight, is the pool ``log mean exp(20 cos)``, which rewards closeness to one of them. A paper
matches its nearest example when both together, or that example alone, are above the bar. With
a fifth of the weight counts how many of the examples are in the paper's categories.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from digest.ranking.candidates import LAMBDA, Candidates
from digest.ranking.features import Floats, Ints, Matrix
from digest.ranking.similarity import (
    BAR,
    evidence,
    standardise,
    strength_of,
    telling_weights,
    z_of_cosines,
)

ENOUGH = 3  # examples; below, the ridge is no better than the examples by themselves
_POOL_WEIGHT = 0.5
_SHARPNESS = 20.0
_CATEGORY_WEIGHT = 0.2


@dataclass(frozen=True, slots=True)
class Joint:
    """All examples' common judgement.

    Attributes:
        strength: by row, 0 to 1; whatever the bar.
        nearest: by row, the number of the most similar example.
        passes: by row, whether it is a match of its nearest example.
    """

    strength: Floats
    nearest: Ints
    passes: np.ndarray[tuple[int], np.dtype[np.bool_]]


def learn(
    candidates: Candidates,
    vectors: Sequence[Matrix],
    weights: Sequence[float],
    categories: Sequence[str],
) -> Joint:
    """Judge the candidates by several example papers.

    Args:
        candidates: the day's papers.
        vectors: the examples, one row each.
        weights: how much each of them counts.
        categories: the categories of all of them, as often as they occur.
    """
    n = len(candidates.papers)
    examples = sparse.vstack(vectors).tocsr()
    cosines = (candidates.reference @ examples.T).toarray()
    total = np.asarray(examples.T @ np.array(weights)).ravel() / sum(weights)
    ridge = candidates.reference @ _whitened(candidates, total)
    pool = np.log(np.exp(_SHARPNESS * cosines).mean(axis=1))
    z = standardise(standardise(ridge) + _POOL_WEIGHT * standardise(pool))[:n]
    z += _CATEGORY_WEIGHT * standardise(_kinship(candidates, categories))
    nearest = np.argmax(cosines[:n], axis=1)
    alone = np.array([z_of_cosines(column)[:n] for column in cosines.T])
    proofs = [evidence(candidates, telling_weights(candidates.features, v)) for v in vectors]
    proof = np.array(proofs)[nearest, np.arange(n)]
    passes = np.maximum(z, alone.max(axis=0)) * proof >= BAR
    return Joint(strength_of(z), nearest, passes)


def _whitened(candidates: Candidates, total: Floats) -> Floats:
    """Return (B'B + lambda I)^-1 total."""
    sample, inverse = candidates.whitening
    return np.asarray((total - sample.T @ (inverse @ (sample @ total))) / LAMBDA)


def _kinship(candidates: Candidates, categories: Sequence[str]) -> Floats:
    """Return by row how often the examples are in a paper's categories."""
    kinship = np.zeros(len(candidates.papers))
    for category, count in Counter(categories).items():
        kinship[candidates.index.in_category(category)] += count
    return kinship
