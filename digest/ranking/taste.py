"""A profile's phrases and sentences as one taste: it orders what each of them matches.

Phrases that go together help each other: of the papers on "mesh generation", who also wants
"isogeometric analysis" would rather see the one that is near both. Where they have nothing to
do with each other, as with robots and sequencing, the middle of them is nobody's taste, and
none is reckoned with (`coherence`). Each interest still ranks by itself; the taste is a
bounded leaning on top, so a perfect match of one stays above a paper that is lukewarm to all.

It is the similarity to the middle of all phrases, plus what the most similar papers of the
background add to it (pseudo-relevance feedback; Rocchio, 1971): their middle, what sets them
apart from all papers, their categories; and, where there are embeddings, the nearness in
meaning of both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from digest.ranking.candidates import Candidates
from digest.ranking.features import Floats, Matrix
from digest.ranking.similarity import middle_of, nearest, products, standardise

_PAPERS = 10
_MIDDLE, _APART, _KIN = 0.5, 0.3, 0.3
_MEANING, _MEANING_OF_PAPERS = 0.8, 0.3
_PENALTY = 30.0
# Mean cosines of phrases' vectors with feedback: of phrases drawn at random they are 0.03 at
# the median, of one author's 0.1 (docs/benchmarks.md).
_STRANGERS, _KINDRED = 0.02, 0.1


@dataclass(frozen=True, slots=True)
class Told:
    """A phrase or some sentences: a vector (one row), its embedding if there is one, a weight."""

    vector: Matrix
    dense: Floats | None
    weight: float


def taste(candidates: Candidates, told: Sequence[Told]) -> Floats:
    """Return by candidate how well it suits all that was told, in spreads above the mean."""
    n = len(candidates.papers)
    known = [one for one in told if one.vector.nnz]
    if not known:
        return np.zeros(n)
    weights = sparse.csr_matrix([one.weight for one in known])
    middle = weights @ sparse.vstack([one.vector for one in known]).tocsr()
    z = standardise(products(middle, candidates.columns)[0])[:n]
    rows, _ = nearest(candidates, middle, _PAPERS)
    kin = np.zeros(n)
    if len(rows):
        about = middle_of(candidates.background[rows])
        z = z + _MIDDLE * standardise(products(about, candidates.columns)[0])[:n]
        z = z + _APART * _set_apart(candidates, about)[:n]
        kin = standardise(
            candidates.kinship.to([candidates.background_categories[row] for row in rows])
        )
    z = standardise(z) + _KIN * kin
    if candidates.dense is None:
        return z
    dense = [one.weight * one.dense for one in known if one.dense is not None]
    if dense:
        z = z + _MEANING * candidates.near_in_meaning(lambda every: every @ np.sum(dense, axis=0))
    if dense and len(rows):
        theirs = candidates.dense_of_background(rows).mean(axis=0)
        z = z + _MEANING_OF_PAPERS * candidates.near_in_meaning(lambda every: every @ theirs)
    return z


def coherence(vectors: Sequence[Matrix]) -> float:
    """Return how far phrases go together, 0 to 1; a single one does with itself.

    Args:
        vectors: unit vectors of the phrases, with feedback.
    """
    known = [vector for vector in vectors if vector.nnz]
    if len(known) < 2:
        return 1.0
    total = sum(known[1:], known[0])
    pairs = len(known) * (len(known) - 1)
    mean = (float((total.data**2).sum()) - len(known)) / pairs
    return min(max((mean - _STRANGERS) / (_KINDRED - _STRANGERS), 0.0), 1.0)


def _set_apart(candidates: Candidates, about: Matrix) -> Floats:
    """Return the whitened ridge of some papers' middle, standardised."""
    wide = candidates.whole.shape[1]
    whole = sparse.csr_matrix((about.data, about.indices, about.indptr), shape=(1, wide))
    scores = candidates.whitening(_PENALTY).scores(products(whole, candidates.whole_columns)[0])
    return standardise(scores)
