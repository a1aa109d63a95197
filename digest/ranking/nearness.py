"""How alike the day's papers are, so that an edition does not say the same again and again."""

from collections.abc import Iterable, Mapping

import numpy as np

from digest.ranking.features import Floats, Matrix

_NUMBERS = 2_000_000  # that are kept: of so many papers by all others


class Cosines:
    """The cosines of papers, of one with all at a time; the last ones are kept.

    Args:
        matrix: a unit vector a paper.
    """

    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix
        self._columns = matrix.T.tocsr()
        self._kept: dict[int, Floats] = {}
        self._most = max(_NUMBERS // max(matrix.shape[0], 1), 1)

    def of(self, row: int) -> Floats:
        """Return how alike all papers are to one of them."""
        if row not in self._kept:
            if len(self._kept) >= self._most:
                self._kept.clear()
            self._kept[row] = (self._matrix[row] @ self._columns).toarray()[0]
        return self._kept[row]


class Nearness:
    """How near papers are to the most similar one of those that were chosen, 0 to 1.

    Args:
        cosines: of the day's papers.
        places: the row of each by its number.
    """

    def __init__(self, cosines: Cosines, places: Mapping[int, int]) -> None:
        self._cosines = cosines
        self._places = places
        self._nearest: Floats | None = None

    def add(self, paper_id: int) -> None:
        """Choose one more, by its number."""
        alike = self._cosines.of(self._places[paper_id])
        if self._nearest is None:
            self._nearest = np.maximum(alike, 0.0)
        else:
            np.maximum(self._nearest, alike, out=self._nearest)

    def of(self, paper_ids: Iterable[int]) -> list[float]:
        """Return how near some papers are, by their numbers."""
        rows = [self._places[number] for number in paper_ids]
        if self._nearest is None:
            return [0.0] * len(rows)
        near: list[float] = self._nearest[rows].tolist()
        return near
