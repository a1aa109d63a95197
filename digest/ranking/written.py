"""Papers by their words as they are written, beside the stems and pairs of `features`.

Stems say what a paper is about. How it says so, with its endings, hyphens, capitals' names and
even its grammar, tells its school and its authors: together they order the papers of somebody's
taste better than the stems alone (docs/benchmarks.md). They are no evidence and no reason, so
only examples are compared by them.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from digest.models import Paper
from digest.ranking.features import Floats, Matrix
from digest.ranking.words import MAX_TEXT, MAX_TITLE

_WORD = re.compile(r"[a-z0-9][a-z0-9+-]*[a-z0-9]")
_COMMON = 0.3  # a word in more than this share of the papers tells nothing
_SHARE = 0.7  # how much it weighs beside the stems


@dataclass(frozen=True, slots=True)
class Written:
    """The words that count, with their weights.

    Attributes:
        columns: the column of each word.
        idf: the weight of each column.
    """

    columns: Mapping[str, int]
    idf: Floats

    @classmethod
    def of(cls, papers: Sequence[Paper]) -> tuple["Written", Matrix]:
        """Return the words of these papers, and a unit vector for each paper."""
        counts = [_counted(f"{paper.title[:MAX_TITLE]}. {paper.abstract}") for paper in papers]
        seen = Counter(word for told in counts for word in told)
        most = max(_COMMON * len(papers), 2)
        kept = sorted(word for word, number in seen.items() if 2 <= number <= most)
        idf = np.log((1 + len(papers)) / (1 + np.array([seen[w] for w in kept], dtype=float))) + 1
        made = cls({word: column for column, word in enumerate(kept)}, idf)
        return made, made._rows(counts)

    @property
    def words(self) -> tuple[str, ...]:
        """The words by column."""
        return tuple(self.columns)

    def vectors(self, texts: Sequence[str]) -> Matrix:
        """Return the unit vectors of texts, a row each (empty: nothing known in it)."""
        return self._rows([_counted(text) for text in texts])

    def _rows(self, counts: Sequence[Mapping[str, int]]) -> Matrix:
        found: list[tuple[int, int, int]] = []
        for row, told in enumerate(counts):
            found += (
                (row, self.columns[word], n) for word, n in told.items() if word in self.columns
            )
        rows, columns, numbers = np.array(found, dtype=np.int64).reshape(-1, 3).T
        weights = (1 + np.log(numbers)) * self.idf[columns]
        shape = len(counts), len(self.columns)
        matrix = sparse.csr_matrix((weights, (rows, columns)), shape=shape)
        lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        return (sparse.diags(1 / np.where(lengths > 0, lengths, 1)) @ matrix).tocsr()


def beside(stems: Matrix, written: Matrix) -> Matrix:
    """Return unit rows of both kinds as one, again of length 1."""
    both = sparse.hstack([stems, _SHARE * written]) / np.sqrt(1 + _SHARE**2)
    return both.tocsr()


def _counted(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text[:MAX_TEXT].lower()))
