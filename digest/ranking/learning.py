"""Several example papers together: what they share, and what sets them apart from all papers.

From three examples on, a closed-form ridge whitened by the background says more than each
example by itself: ``w = (B'B + lambda I)^-1 sum(g x)``, where B are papers of the background,
x the examples and g their weights. It is solved on the side of the papers (Woodbury), whose
inverse is shared by all readers, so one profile costs two small products. Added to it, with
half the weight, is the pool ``log mean exp(20 cos)``, which rewards closeness to one of them. A paper
matches its nearest example when both together, or that example alone, are above the bar.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from digest.ranking.candidates import LAMBDA, Candidates
from digest.ranking.features import Floats, Ints, Matrix
from digest.ranking.similarity import BAR, has_evidence, standardise, strength_of, z_of_cosines

ENOUGH = 3  # examples; below, the ridge is no better than the examples by themselves
_POOL_WEIGHT = 0.5
_SHARPNESS = 20.0


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


def learn(candidates: Candidates, vectors: Sequence[Matrix], weights: Sequence[float]) -> Joint:
    """Judge the candidates by several example papers (vectors of one row each)."""
    n = len(candidates.papers)
    examples = sparse.vstack(vectors).tocsr()
    cosines = (candidates.reference @ examples.T).toarray()
    total = np.asarray(examples.T @ np.array(weights)).ravel() / sum(weights)
    ridge = candidates.reference @ _whitened(candidates, total)
    pool = np.log(np.exp(_SHARPNESS * cosines).mean(axis=1))
    z = standardise(standardise(ridge) + _POOL_WEIGHT * standardise(pool))[:n]
    nearest = np.argmax(cosines[:n], axis=1)
    alone = np.array([z_of_cosines(column)[:n] for column in cosines.T])
    passes = np.maximum(z, alone.max(axis=0)) >= BAR
    for number in range(len(vectors)):
        rows = np.flatnonzero(passes & (nearest == number))
        passes[rows] = has_evidence(candidates, rows, vectors[number].toarray().ravel())
    return Joint(strength_of(z), nearest, passes)


def _whitened(candidates: Candidates, total: Floats) -> Floats:
    """Return (B'B + lambda I)^-1 total."""
    sample, inverse = candidates.whitening
    return np.asarray((total - sample.T @ (inverse @ (sample @ total))) / LAMBDA)
