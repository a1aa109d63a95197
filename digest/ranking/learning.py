"""Several papers that somebody likes together: what they share, and what sets them apart.

A closed-form ridge, whitened by the background (`whitening`), says more than each paper by
itself. Its input is a sum: each paper's vector times its gain, 1 for an example or "more",
less for a click, negative for "less". So what is forgotten is a summand less, and nothing of
it is left. The fewer papers, the larger lambda: with less to go by, the middle of them is the
better guess. Added to it, with half the weight, is the pool ``log mean exp(20 cos)``, which
rewards closeness to one of them; then how alike the categories are, the rare ones more;
where there are embeddings, the pool of those; and where there are many readers, what those
with like tastes like (`collaborative`). Below three papers, the most similar papers of
the background have a say too (pseudo-relevance feedback; Rocchio, 1971).

A paper matches its nearest example when that example alone is above the bar, or, from three
examples on, when all of them together are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from digest.ranking.candidates import Candidates
from digest.ranking.features import Floats, Ints, Matrix
from digest.ranking.similarity import (
    BAR,
    evidence,
    middle_of,
    nearest,
    products,
    standardise,
    strength_of,
    telling_part,
    z_of_cosines,
)

_ENOUGH = 3  # liked papers that together make a match of what none of them makes alone
_MANY = 5  # liked papers from which on the ridge is trusted
_PENALTY, _PENALTY_OF_FEW = 10.0, 30.0
_POOL_WEIGHT = 0.5
_SHARPNESS, _DENSE_SHARPNESS = 20.0, 10.0
_CATEGORY_WEIGHT = 0.5
_FEEDBACK_PAPERS = 10
_FEEDBACK_WEIGHT = 0.3


@dataclass(frozen=True, slots=True)
class _Weights:
    """How much the parts count: words, the pool and the ridge of embeddings, like readers."""

    words: float
    pool: float
    ridge: float
    readers: float


# A title of nine words says less than its meaning does; beside an abstract it is the other way
# round, and the ridge of embeddings adds nothing.
_USUAL, _TERSE = _Weights(1.0, 0.8, 0.0, 1.5), _Weights(0.25, 0.5, 1.0, 0.5)


@dataclass(frozen=True, slots=True)
class Examples:
    """Papers somebody likes, or does not, as vectors; a row each.

    Attributes:
        stems: as `Features.vectors` gives them.
        whole: stems and written words together.
        dense: their embeddings; None: there is none.
        categories: of the papers.
        gains: how much each counts; below 0: it is not liked.
        numbers: of the papers; 0: it has none.
    """

    stems: Matrix
    whole: Matrix
    dense: Sequence[Floats | None]
    categories: Sequence[tuple[str, ...]]
    gains: Floats
    numbers: Sequence[int]


@dataclass(frozen=True, slots=True)
class Joint:
    """All examples' common judgement.

    Attributes:
        z: by candidate.
        strength: the same, 0 to 1; whatever the bar.
        nearest: by candidate, the number of the most similar liked example.
        passes: by candidate, whether it is a match of its nearest example.
        total: the sum that the ridge was solved for (one row of `Candidates.whole`'s width).
        penalty: of the ridge.
    """

    z: Floats
    strength: Floats
    nearest: Ints
    passes: NDArray[np.bool_]
    total: Matrix
    penalty: float


def learn(candidates: Candidates, examples: Examples) -> Joint:
    """Judge the candidates by papers that are liked or not, one or more.

    The nearest ones are numbered by their place among the examples.
    """
    n = len(candidates.papers)
    liked = np.flatnonzero(examples.gains > 0)
    places = liked.tolist()
    dense = [d for place in places if (d := examples.dense[place]) is not None]
    gains = sparse.csr_matrix(examples.gains / np.abs(examples.gains).sum())
    total = gains @ examples.whole
    penalty = _PENALTY if len(liked) >= _MANY else _PENALTY_OF_FEW
    in_words = _in_words(candidates, examples, total, penalty)
    weights = _TERSE if candidates.terse and dense and candidates.dense is not None else _USUAL
    kin = standardise(candidates.kinship.to([examples.categories[place] for place in places]))
    z = weights.words * in_words + _CATEGORY_WEIGHT * kin
    z = z + weights.readers * _of_like_readers(candidates, examples)
    z = z + _in_meaning(candidates, dense, weights)
    if not len(liked):
        nothing = np.zeros(n)
        return Joint(z, nothing, nothing.astype(np.int64), nothing > 0, total, penalty)
    stems = examples.stems[liked]
    if len(liked) < _ENOUGH:
        z = z + _of_neighbours(candidates, stems, dense)
    cosines = products(stems, candidates.columns)
    closest = np.argmax(cosines[:, :n], axis=0)
    alone = np.array([z_of_cosines(row)[:n] for row in cosines])
    proof = evidence(candidates, telling_part(candidates.features, stems))
    best = alone.max(axis=0)
    if len(liked) >= _ENOUGH:
        best = np.maximum(in_words, best)
    passes = best * proof[closest, np.arange(n)] >= BAR
    return Joint(z, strength_of(z), liked[closest], passes, total, penalty)


def _in_words(candidates: Candidates, examples: Examples, total: Matrix, penalty: float) -> Floats:
    """Return by candidate the ridge and the pool, standardised."""
    n = len(candidates.papers)
    ridge = candidates.whitening(penalty).scores(products(total, candidates.whole_columns)[0])
    scores = standardise(ridge)
    liked = np.flatnonzero(examples.gains > 0)
    if len(liked):
        cosines = products(examples.whole[liked], candidates.shown_columns)
        pool = _pool(cosines, examples.gains[liked], _SHARPNESS)
        scores = scores + _POOL_WEIGHT * standardise(pool)
    return standardise(scores)[:n]


def _of_neighbours(candidates: Candidates, stems: Matrix, dense: Sequence[Floats]) -> Floats:
    """Return what the background's papers that are most like some examples add to them."""
    n = len(candidates.papers)
    rows, _ = nearest(candidates, middle_of(stems), _FEEDBACK_PAPERS)
    if not len(rows):
        return np.zeros(n)
    about = middle_of(candidates.background[rows])
    added = standardise(products(about, candidates.columns)[0])[:n]
    kin = candidates.kinship.to([candidates.background_categories[row] for row in rows])
    added = _FEEDBACK_WEIGHT * (added + standardise(kin))
    if candidates.dense is not None and dense:
        added += _FEEDBACK_WEIGHT * candidates.near_in_meaning(
            lambda every: every @ candidates.dense_of_background(rows).mean(axis=0)
        )
    return np.asarray(added)


def _in_meaning(candidates: Candidates, dense: Sequence[Floats], weights: "_Weights") -> Floats:
    """Return by candidate what the embeddings say; 0: nothing is known."""
    if candidates.dense is None or not dense:
        return np.zeros(len(candidates.papers))
    liked = np.array(dense)
    same = np.ones(len(liked))
    score = weights.pool * candidates.near_in_meaning(
        lambda every: _pool(liked @ every.T, same, _DENSE_SHARPNESS)
    )
    if weights.ridge:
        apart = candidates.whitened_meaning(liked.mean(axis=0))
        score = score + weights.ridge * candidates.near_in_meaning(lambda every: every @ apart)
    return score


def _of_like_readers(candidates: Candidates, examples: Examples) -> Floats:
    """Return by candidate what readers with like tastes make of it; 0: that is not known."""
    liked = np.flatnonzero(examples.gains > 0)
    if candidates.collaborative is None or not len(liked):
        return np.zeros(len(candidates.papers))
    scores = candidates.collaborative.scores(
        [examples.numbers[place] for place in liked.tolist()],
        examples.stems[liked],
        [examples.dense[place] for place in liked.tolist()],
        examples.gains[liked],
    )
    return np.asarray((scores - scores.mean()) / max(float(scores.std()), 1e-9))


def _pool(cosines: Floats, gains: Floats, sharpness: float) -> Floats:
    """Return log mean exp of cosines (examples x papers), weighted by gains."""
    return np.asarray(np.log(gains @ np.exp(sharpness * cosines) / gains.sum()))
