"""Papers by their words as they are written, beside the stems and pairs of `features`.

Stems say what a paper is about. How it says so, with its endings, hyphens, capitals' names and
even its grammar, tells its school and its authors: together they order the papers of somebody's
taste better than the stems alone (docs/benchmarks.md). They are no evidence and no reason, so
only examples are compared by them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from digest.models import Paper
from digest.ranking.features import Floats, Ints, Matrix
from digest.ranking.words import MAX_TEXT, MAX_TITLE, Pieces

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
    def of(cls, papers: Sequence[Paper], sample: Ints) -> tuple["Written", Matrix]:
        """Return the words that count, and a unit vector for each paper.

        Args:
            papers: title and abstract are read, with the names of TeX commands.
            sample: the rows of those that tell which words count.
        """
        numbers: dict[str, int] = {}
        pieces = Pieces(f"{p.title[:MAX_TITLE]} {p.abstract[:MAX_TEXT]}" for p in papers)
        words, sizes = pieces.read(
            lambda told: [
                [numbers.setdefault(w, len(numbers)) for w in _words(piece)] for piece in told
            ]
        )
        number = len(papers)
        rows = np.repeat(np.arange(number), sizes)
        shape = number, len(numbers)
        counts = sparse.csr_matrix((np.ones(len(words)), (rows, words)), shape=shape)
        sampled = np.zeros(number, dtype=bool)
        sampled[sample] = True
        within = counts.indices[np.repeat(sampled, np.diff(counts.indptr))]
        seen = np.bincount(within, minlength=len(numbers))
        most = max(_COMMON * len(sample), 2)
        kept = np.flatnonzero((seen >= 2) & (seen <= most))
        idf = np.log((1 + len(sample)) / (1 + seen[kept])) + 1
        spelled = list(numbers)
        columns = {spelled[number]: column for column, number in enumerate(kept.tolist())}
        return cls(columns, idf), _unit_rows(counts[:, kept], idf)

    @property
    def words(self) -> tuple[str, ...]:
        """The words by column."""
        return tuple(self.columns)

    def vectors(self, texts: Sequence[str]) -> Matrix:
        """Return the unit vectors of texts, a row each (empty: nothing known in it)."""
        found = [
            np.unique(
                [self.columns[word] for word in _words(text) if word in self.columns],
                return_counts=True,
            )
            for text in texts
        ]
        ends = np.cumsum([0, *(len(columns) for columns, _ in found)])
        columns = np.concatenate([columns for columns, _ in found]).astype(np.int64)
        counts = np.concatenate([counts for _, counts in found]).astype(float)
        shape = len(texts), len(self.columns)
        return _unit_rows(sparse.csr_matrix((counts, columns, ends), shape=shape), self.idf)


def _unit_rows(counts: Matrix, idf: Floats) -> Matrix:
    """Return counts as weights, each row of length 1 (or empty)."""
    weights = (1 + np.log(counts.data)) * idf[counts.indices]
    squares = np.concatenate([[0.0], np.cumsum(weights**2)])
    lengths = np.sqrt(np.maximum(np.diff(squares[counts.indptr]), 0))
    weights /= np.repeat(np.where(lengths > 0, lengths, 1), np.diff(counts.indptr))
    return sparse.csr_matrix((weights, counts.indices, counts.indptr), shape=counts.shape)


def beside(stems: Matrix, written: Matrix) -> Matrix:
    """Return unit rows of both kinds as one, again of length 1."""
    both = sparse.hstack([stems, _SHARE * written]) / np.sqrt(1 + _SHARE**2)
    return both.tocsr()


def _words(text: str) -> list[str]:
    if len(text) > 1 and text.isascii() and text.isalpha():
        return [text.lower()]
    return _WORD.findall(text[: MAX_TITLE + MAX_TEXT].lower())
