"""What all papers have in common, so that it can be taken out of what one reader likes.

The ridge ``w = (B'B + lambda I)^-1 v``, where B are papers of the background and v is what a
reader likes, has one operator for all readers. It is solved on the side of the papers
(Woodbury's identity), so nothing as wide as the vocabulary is ever inverted:
``w = (v - B'(BB' + lambda I)^-1 B v) / lambda``.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from digest.ranking.features import Floats, Ints, Matrix

Singles = NDArray[np.float32]


_FREQUENT = 120  # papers that have a term; from there on a dense product is the faster one
_NEIGHBOURS = 10  # papers of the background that tell how crowded it is around one
_LEAST_CROWDED = 0.25  # of the usual: what shares little with any paper is not raised beyond it
_ROWS = 250  # rows of a sparse product at a time


def overlaps(whole: Matrix, scored: int) -> Singles:
    """Return the products of the background's rows (after `scored`) with all rows."""
    rows = whole.astype(np.float32)
    seen = np.bincount(rows.indices, minlength=rows.shape[1])
    columns = rows.tocsc()
    dense = columns[:, seen > _FREQUENT].toarray()
    rare = columns[:, (seen > 1) & (seen <= _FREQUENT)].tocsr()
    common = dense[scored:]
    found = np.empty((len(common), len(dense)), dtype=np.float32)
    found[:, :scored] = common @ dense[:scored].T
    found[:, scored:] = common @ common.T  # symmetric, which is half of the work
    across = rare.T.tocsr()
    for start in range(0, len(found), _ROWS):  # all at once would take three times the memory
        end = min(start + _ROWS, len(found))
        found[start:end] += (rare[scored + start : scored + end] @ across).toarray()
    # A term of one paper only counts in that paper's product with itself.
    own = np.asarray(rows[scored:].multiply(rows[scored:]).sum(axis=1)).ravel()
    found[np.arange(len(own)), scored + np.arange(len(own))] = own
    return found


class Whitening:
    """The operator of one penalty.

    Args:
        whole: unit rows: first the papers to score, then those of the background.
        common: what `overlaps` returned of them.
        scored: how many of the rows are scored; the others are B.
        shown: rows of the background that are scored too, to compare with.
        penalty: lambda.
    """

    def __init__(
        self, whole: Matrix, common: Singles, scored: int, shown: Ints, penalty: float
    ) -> None:
        self._common = common
        self._sample = whole[scored:]
        self._scored = scored
        self._shown = shown
        self._penalty = penalty

    def scores(self, products: Floats) -> Floats:
        """Return ``x w`` for the rows that are scored, then for those that are shown.

        Args:
            products: ``x v`` for each row x of `whole`; of several readers, a row each.
        """
        scored = self._scored
        direct = np.concatenate([products[:, :scored], products[:, scored + self._shown]], axis=1)
        if not len(self._common):
            return np.asarray(direct / self._penalty)
        theirs = np.asfortranarray(products[:, scored:].T, dtype=np.float32)
        solved = linalg.cho_solve(self._factor, theirs, overwrite_b=True, check_finite=False)
        # A few readers by many papers: OpenBLAS is several times faster the other way round.
        return np.asarray((direct - (self._looked_at.T @ solved).T) / self._penalty)

    def weights(self, liked: Matrix) -> Floats:
        """Return w, by column, of what a reader likes (one row)."""
        products = (self._sample @ liked.T).toarray().ravel()
        common = linalg.cho_solve(self._factor, products.astype(np.float32))
        return np.asarray((liked.toarray().ravel() - self._sample.T @ common) / self._penalty)

    @cached_property
    def crowding(self) -> Floats:
        """Return how crowded it is around the rows that are scored, then those that are shown.

        Some papers are near to everything, whoever looks: surveys, and what all write about.
        Their scores are divided by this, the root of the mean cosine to their nearest papers of
        the background, against its mean: local scaling against hubs (Zelnik-Manor and Perona,
        2004; Schnitzer et al., 2012).
        """
        near = self._looked_at
        if len(near) <= _NEIGHBOURS:
            return np.ones(near.shape[1])
        near = near.copy()
        near[self._shown, self._scored + np.arange(len(self._shown))] = 0  # each with itself
        near = np.partition(near, -_NEIGHBOURS, axis=0)[-_NEIGHBOURS:]
        mean = near.mean(axis=0, dtype=float)
        usual = max(float(mean.mean()), 1e-9)
        return np.asarray(np.sqrt(np.maximum(mean / usual, _LEAST_CROWDED)))

    @cached_property
    def _factor(self) -> tuple[Singles, bool]:
        gram = self._common[:, self._scored :].copy()
        gram[np.diag_indices(len(gram))] += self._penalty
        factor: tuple[Singles, bool] = linalg.cho_factor(
            np.asfortranarray(gram), lower=True, overwrite_a=True, check_finite=False
        )
        return factor

    @cached_property
    def _looked_at(self) -> Singles:
        """What each row of the background has in common with those that are scored or shown."""
        rows = np.concatenate([np.arange(self._scored), self._scored + self._shown])
        return self._common[:, rows]
