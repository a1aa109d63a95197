"""What all papers have in common, so that it can be taken out of what one reader likes.

The ridge ``w = (B'B + lambda I)^-1 v``, where B are papers of the background and v is what a
reader likes, has one operator for all readers. It is solved on the side of the papers
(Woodbury's identity), so nothing as wide as the vocabulary is ever inverted:
``w = (v - B'(BB' + lambda I)^-1 B v) / lambda``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from digest.ranking.features import Floats, Ints, Matrix

Singles = NDArray[np.float32]


_FREQUENT = 120  # papers that have a term; from there on a dense product is the faster one
_NEIGHBOURS = 10  # papers of the background that tell how crowded it is around one
_LEAST_CROWDED = 0.25  # of the usual: what shares little with any paper is not raised beyond it
_ROWS = 250  # rows of a sparse product at a time
_MANY = 5_000  # papers to score; from there on the vocabulary is gone through for each reader
_READERS = 16  # at a time, then: a number for each of them and each term


@dataclass(frozen=True, slots=True)
class Common:
    """What the background's papers (B) have in common; the same for all penalties.

    Attributes:
        products: of the background's rows with all rows; where there are many papers to score,
            with each other.
        terms: then also all rows, by the terms that the background's share with others.
    """

    products: Singles
    terms: Matrix | None

    @classmethod
    def of(cls, whole: Matrix, scored: int) -> "Common":
        """Return what the rows of `whole` after those that are scored have in common."""
        if scored <= _MANY:
            return cls(_products(whole.astype(np.float32), scored), None)
        return cls(_products(whole[scored:].astype(np.float32), 0), _shared(whole, scored))


def _products(rows: Matrix, scored: int) -> Singles:
    """Return the products of the background's rows (after `scored`) with all rows."""
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


def _shared(whole: Matrix, scored: int) -> Matrix:
    """Return all rows by the terms that the background's papers share with others."""
    size = whole.shape[1]
    theirs = np.bincount(whole.indices[whole.indptr[scored] :], minlength=size)
    shared = (theirs > 0) & (np.bincount(whole.indices, minlength=size) > 1)
    kept = shared[whole.indices]
    columns = (np.cumsum(shared) - 1)[whole.indices[kept]]
    ends = np.concatenate([[0], np.cumsum(kept)])[whole.indptr]
    data = whole.data[kept].astype(np.float32)
    return sparse.csr_matrix((data, columns, ends), shape=(whole.shape[0], int(shared.sum())))


def _in_pieces(rows: int) -> Iterator[slice]:
    return (slice(start, start + _ROWS) for start in range(0, rows, _ROWS))


def crowding(near: Callable[[Ints], Singles], rows: Ints, scored: int, most: int) -> Floats:
    """Return how crowded it is around some papers; 1: as crowded as is usual.

    Some papers are near to everything, whoever looks: surveys, and what all write about. Scores
    are divided by this, the root of the mean cosine to the nearest papers of the background,
    against what is usual: local scaling against hubs (Zelnik-Manor and Perona, 2004; Schnitzer
    et al., 2012).

    Args:
        near: returns a new table of cosines, some rows by the background's papers.
        rows: of the papers; from `scored` on they are the background's.
        scored: how many papers come before the background.
        most: nearest papers that count; where the background has no more, it is crowded nowhere.
    """
    means = []
    for some in _in_pieces(len(rows)):
        cosines = near(rows[some])
        if cosines.shape[1] <= most:
            return np.ones(len(rows))
        own = np.flatnonzero(rows[some] >= scored)
        cosines[own, rows[some][own] - scored] = 0  # each with itself
        means.append(np.partition(cosines, -most, axis=1)[:, -most:].mean(axis=1, dtype=float))
    mean = np.concatenate(means) if means else np.ones(0)
    usual = max(float(mean.mean()) if len(mean) else 1.0, 1e-9)
    return np.asarray(np.sqrt(np.maximum(mean / usual, _LEAST_CROWDED)))


class Whitening:
    """The operator of one penalty.

    Args:
        whole: unit rows: first the papers to score, then those of the background.
        common: what these have in common.
        scored: how many of the rows are scored; the others are B.
        shown: rows of the background that are scored too, to compare with.
        penalty: lambda.
    """

    def __init__(
        self, whole: Matrix, common: Common, scored: int, shown: Ints, penalty: float
    ) -> None:
        self._common = common
        self._sample = whole[scored:]
        self._scored = scored
        self._rows = np.concatenate([np.arange(scored), scored + shown])  # whose scores are given
        self._penalty = penalty

    def scores(self, products: Floats) -> Floats:
        """Return ``x w`` for the rows that are scored, then for those that are shown.

        Args:
            products: ``x v`` for each row x of `whole`; of several readers, a row each.
        """
        direct = products[:, self._rows]
        if not self._sample.shape[0]:
            return np.asarray(direct / self._penalty)
        theirs = np.asfortranarray(products[:, self._scored :].T, dtype=np.float32)
        solved = linalg.cho_solve(self._factor, theirs, overwrite_b=True, check_finite=False)
        return np.asarray((direct - self._in_common(solved)) / self._penalty)

    def _in_common(self, solved: Singles) -> NDArray[np.floating]:
        """Return ``x B' s`` by row, for what was solved: a column for each reader."""
        terms = self._common.terms
        if terms is None:
            return solved.T @ self._looked_at
        found = np.empty((solved.shape[1], len(self._rows)))
        for start in range(0, len(found), _READERS):
            weights = self._by_term @ np.ascontiguousarray(solved[:, start : start + _READERS])
            found[start : start + _READERS] = (terms @ weights)[self._rows].T
        return found

    def weights(self, liked: Matrix) -> Floats:
        """Return w, by column, of what a reader likes (one row)."""
        products = (self._sample @ liked.T).toarray().ravel()
        common = linalg.cho_solve(self._factor, products.astype(np.float32))
        return np.asarray((liked.toarray().ravel() - self._sample.T @ common) / self._penalty)

    @cached_property
    def crowding(self) -> Floats:
        """How crowded it is around the rows that are scored, then those that are shown."""
        return crowding(self._near, self._rows, self._scored, _NEIGHBOURS)

    def _near(self, rows: Ints) -> Singles:
        """Return the products of some rows with the background's papers."""
        terms = self._common.terms
        if terms is None:
            return self._common.products[:, rows].T
        return np.asarray((terms[rows] @ self._by_term).toarray())

    @cached_property
    def _factor(self) -> tuple[Singles, bool]:
        products = self._common.products
        gram = products[:, -len(products) :].copy()
        gram[np.diag_indices(len(gram))] += self._penalty
        factor: tuple[Singles, bool] = linalg.cho_factor(
            np.asfortranarray(gram), lower=True, overwrite_a=True, check_finite=False
        )
        return factor

    @cached_property
    def _looked_at(self) -> Singles:
        """What each row of the background has in common with those that are scored or shown."""
        return self._common.products[:, self._rows]

    @cached_property
    def _by_term(self) -> Matrix:
        """The background's papers by the terms that they share with others."""
        assert self._common.terms is not None
        return self._common.terms[self._scored :].T.tocsr()
