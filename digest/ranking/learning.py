"""Several example papers together: what they share, and what sets them apart from all papers.

A closed-form ridge, whitened by the background, says more than each example by itself:
``w = (B'B + lambda I)^-1 sum(g x)``, where B are papers of the background, x the examples and g
their weights. It is solved on the side of the papers (Woodbury), whose inverse is shared by all
readers, so one profile costs two small products. The fewer examples, the larger lambda: with
less to go by, the middle of them is the better guess. Added to it, with half the weight, is the
pool ``log mean exp(20 cos)``, which rewards closeness to one of them; then how alike the
categories are, the rare ones more; and, where there are embeddings, the pool of those.

A paper matches its nearest example when that example alone is above the bar, or, from three
examples on, when all of them together are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from digest.ranking.candidates import Candidates
from digest.ranking.features import Floats, Ints, Matrix
from digest.ranking.similarity import (
    BAR,
    evidence,
    standardise,
    strength_of,
    telling_weights,
    z_of_cosines,
)

_ENOUGH = 3  # examples that together make a match of what none of them makes alone
_MANY = 5  # examples from which on the ridge is trusted
_PENALTY, _PENALTY_OF_FEW = 10.0, 30.0
_POOL_WEIGHT = 0.5
_SHARPNESS, _DENSE_SHARPNESS = 20.0, 10.0
_CATEGORY_WEIGHT = 0.5
_DENSE_WEIGHT = 0.8


@dataclass(frozen=True, slots=True)
class Example:
    """A paper somebody likes, as vectors.

    Attributes:
        stems: one row, as `Features.vector` gives it.
        whole: one row, stems and written words together.
        dense: its embedding; None: there is none.
        categories: of the paper.
        weight: how much it counts.
    """

    stems: Matrix
    whole: Matrix
    dense: Floats | None
    categories: tuple[str, ...]
    weight: float


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


def learn(candidates: Candidates, examples: Sequence[Example]) -> Joint:
    """Judge the candidates by example papers, one or more."""
    n = len(candidates.papers)
    stems = sparse.vstack([example.stems for example in examples]).tocsr()
    cosines = (candidates.reference @ stems.T).toarray()
    nearest = np.argmax(cosines[:n], axis=1)
    alone = np.array([z_of_cosines(column)[:n] for column in cosines.T])
    proofs = [evidence(candidates, telling_weights(candidates.features, row)) for row in stems]
    proof = np.array(proofs)[nearest, np.arange(n)]
    in_words = _in_words(candidates, examples)[:n]
    best = alone.max(axis=0)
    if len(examples) >= _ENOUGH:
        best = np.maximum(in_words, best)
    z = in_words + _CATEGORY_WEIGHT * standardise(
        candidates.kinship.to([example.categories for example in examples])
    )
    meaning = _in_meaning(candidates, examples)
    if meaning is not None:
        z += _DENSE_WEIGHT * meaning[:n]
    return Joint(strength_of(z), nearest, best * proof >= BAR)


def _in_words(candidates: Candidates, examples: Sequence[Example]) -> Floats:
    """Return by row of `Candidates.whole` the ridge and the pool, standardised."""
    weights = np.array([example.weight for example in examples])
    whole = sparse.vstack([example.whole for example in examples]).tocsr()
    total = np.asarray(whole.T @ weights).ravel() / weights.sum()
    penalty = _PENALTY if len(examples) >= _MANY else _PENALTY_OF_FEW
    sample, inverse = candidates.whitening(penalty)
    whitened = (total - sample.T @ (inverse @ (sample @ total))) / penalty
    ridge = candidates.whole @ whitened
    pool = _pool((candidates.whole @ whole.T).toarray(), _SHARPNESS)
    return standardise(standardise(ridge) + _POOL_WEIGHT * standardise(pool))


def _in_meaning(candidates: Candidates, examples: Sequence[Example]) -> Floats | None:
    """Return by row of `Candidates.dense` the pool, standardised; None: nothing is known."""
    dense = [example.dense for example in examples if example.dense is not None]
    if candidates.dense is None or not dense:
        return None
    has_one = candidates.dense.any(axis=1)
    pool = _pool(candidates.dense @ np.array(dense).T, _DENSE_SHARPNESS)
    scores = np.zeros(len(pool))
    known = pool[has_one]
    scores[has_one] = (known - known.mean()) / max(float(known.std()), 1e-9)
    return scores


def _pool(cosines: Floats, sharpness: float) -> Floats:
    return np.asarray(np.log(np.exp(sharpness * cosines).mean(axis=1)))
