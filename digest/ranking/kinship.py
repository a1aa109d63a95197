"""How alike the categories of papers are: rare ones count more, as words do."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from digest.models import Paper
from digest.ranking.features import Floats, Matrix


@dataclass(frozen=True, slots=True)
class Kinship:
    """The candidates' categories.

    Attributes:
        columns: the column of each category; weights: its idf.
        rows: a unit vector for each candidate, or zeros where it has no category.
    """

    columns: Mapping[str, int]
    weights: Floats
    rows: Floats

    @classmethod
    def of(cls, papers: Sequence[Paper]) -> "Kinship":
        """Return the categories of the day."""
        seen = Counter(category for paper in papers for category in set(paper.categories))
        columns = {category: column for column, category in enumerate(sorted(seen))}
        counts = np.array([seen[category] for category in columns], dtype=float)
        weights = np.log((1 + len(papers)) / (1 + counts)) + 0.1
        rows = np.array([_unit(paper.categories, columns, weights) for paper in papers])
        return cls(columns, weights, rows.reshape(len(papers), len(columns)))

    def to(self, examples: Sequence[Sequence[str]]) -> Floats:
        """Return by row the mean cosine to the categories of each of some papers."""
        vectors = [_unit(categories, self.columns, self.weights) for categories in examples]
        if not vectors:
            return np.zeros(len(self.rows))
        return np.asarray(self.rows @ np.mean(vectors, axis=0))

    def units(self, papers: Sequence[Sequence[str]]) -> Matrix:
        """Return unit vectors of some papers' categories, a row each; 0: none is known."""
        known = [[self.columns[c] for c in set(each) if c in self.columns] for each in papers]
        columns = np.array([column for each in known for column in each], dtype=np.int64)
        ends = np.cumsum([0, *map(len, known)])
        data = self.weights[columns]
        squares = np.concatenate([[0.0], np.cumsum(data * data)])[ends]
        data /= np.repeat(np.sqrt(np.maximum(np.diff(squares), 1e-18)), np.diff(ends))
        return sparse.csr_matrix((data, columns, ends), shape=(len(papers), len(self.columns)))


def _unit(categories: Sequence[str], columns: Mapping[str, int], weights: Floats) -> Floats:
    vector = np.zeros(len(columns))
    known = [columns[category] for category in categories if category in columns]
    vector[known] = weights[known]
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
