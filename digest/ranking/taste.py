"""A profile's phrases and sentences as one taste: it orders what each of them matches.

Phrases that go together help each other: of the papers on "mesh generation", who also wants
"isogeometric analysis" would rather see the one that is near both. Where they have nothing to
do with each other, as with robots and sequencing, the middle of them is nobody's taste, and
none is reckoned with. Each interest still ranks by itself; the taste is a
bounded leaning on top, so a perfect match of one stays above a paper that is lukewarm to all.

It is the similarity to the middle of all phrases, each with what goes with it, plus what the
papers of the background that are most similar to all of them add (pseudo-relevance feedback;
Rocchio, 1971): their middle, what sets them apart from all papers, their categories. Where there
are embeddings, it is the nearness in meaning of both too, and the words of the papers that are
nearest in meaning: other words for the same, which no phrase has. It says more then, and counts
more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from digest.ranking.candidates import Candidates
from digest.ranking.features import Floats, Ints, Matrix
from digest.ranking.similarity import (
    Similarity,
    evenly,
    kin_of,
    lengths_of,
    nearest,
    products,
    standardise,
    summed,
)

_TOGETHER = 128  # readers whose products are made at once; it bounds the memory
_PAPERS = 10
_MIDDLE, _APART, _KIN = 0.5, 0.3, 0.3
_MEANING, _MEANING_OF_PAPERS, _WORDS_OF_MEANING = 1.2, 0.3, 0.8
_PENALTY = 30.0
# Mean cosines of phrases' vectors with feedback: of phrases drawn at random they are 0.03 at
# the median, of one author's 0.1 (docs/benchmarks.md).
_STRANGERS, _KINDRED = 0.02, 0.1
# Of the leaning by all phrases together, -1 to 1: as far as they go together; where their
# meaning is known, at least half as far.
_COUNTS, _COUNTS_IN_MEANING, _AT_LEAST = 1.5, 3.0, 0.5


@dataclass(frozen=True, slots=True)
class Told:
    """A phrase or some sentences: how similar papers are, an embedding if there is one, a weight."""

    near: Similarity
    dense: Floats | None
    weight: float

    @property
    def known(self) -> bool:
        """Whether it has a word that stands in a paper."""
        own = self.near.rows.own
        return bool(own.indptr[self.near.number] < own.indptr[self.near.number + 1])


def tastes(candidates: Candidates, readers: Sequence[Sequence[Told]]) -> list[Floats]:
    """Return for each reader how well candidates suit all he told, in spreads above the mean.

    What was told is of the same `Rows`.
    """
    n = len(candidates.papers)
    found = [np.zeros(n) for _ in readers]
    told = [[one for one in each if one.known] for each in readers]
    known = [number for number, each in enumerate(told) if each]
    for start in range(0, len(known), _TOGETHER):
        some = known[start : start + _TOGETHER]
        each = [told[number] for number in some]
        for number, z in zip(some, _tastes(candidates, each), strict=True):
            found[number] = z
    return found


def _tastes(candidates: Candidates, told: Sequence[Sequence[Told]]) -> Floats:
    n = len(candidates.papers)
    numbers, rows = [_numbered(each) for each in told], told[0][0].near.rows
    middles = summed(numbers, rows.own)
    z = standardise(products(summed(numbers, rows.compared), candidates.columns))[:, :n]
    near = [rows for rows, _ in nearest(candidates, middles, _PAPERS)]
    about = summed([evenly(rows) for rows in near], candidates.background)
    z = z + _MIDDLE * standardise(products(about, candidates.columns))[:, :n]
    z = z + _APART * _set_apart(candidates, about)[:, :n]
    z = standardise(z) + _KIN * kin_of(candidates, near)
    if candidates.dense is not None:
        z = z + np.array([_in_meaning(candidates, *one) for one in zip(told, near, strict=True)])
        meant = [evenly(_near_in_meaning(candidates, each)) for each in told]
        words = products(summed(meant, candidates.background), candidates.columns)
        z = z + _WORDS_OF_MEANING * standardise(words)[:, :n]
    return np.asarray(z)


def _wanted(told: Sequence[Told]) -> Floats | None:
    """Return the sum of the embeddings of what was told; None: there are none."""
    dense = [one.weight * one.dense for one in told if one.dense is not None]
    return np.sum(dense, axis=0) if dense else None


def _near_in_meaning(candidates: Candidates, told: Sequence[Told]) -> Ints:
    """Return the background's papers that are nearest in meaning."""
    wanted = _wanted(told)
    if wanted is None or candidates.dense is None:
        return np.empty(0, dtype=np.int64)
    scores = candidates.dense[len(candidates.papers) :] @ wanted.astype(np.float32)
    known = np.flatnonzero(scores > 0)
    return known[np.argsort(-scores[known], kind="stable")][:_PAPERS]


def _numbered(told: Sequence[Told]) -> tuple[Ints, Floats]:
    """Return the rows of what was told, and their weights."""
    return np.array([one.near.number for one in told]), np.array([one.weight for one in told])


def _in_meaning(candidates: Candidates, told: Sequence[Told], rows: Ints) -> Floats:
    """Return what the embeddings of what was told, and of papers near to it, say."""
    wanted = _wanted(told)
    if wanted is None:
        return np.zeros(len(candidates.papers))
    z = _MEANING * candidates.near_in_meaning(lambda every: every @ wanted)
    if len(rows):
        theirs = candidates.dense_of_background(rows).mean(axis=0)
        z = z + _MEANING_OF_PAPERS * candidates.near_in_meaning(lambda every: every @ theirs)
    return np.asarray(z)


def shares(readers: Sequence[Sequence[Told]]) -> list[float]:
    """Return how much each reader's taste counts, as a leaning, beside what matches."""
    return [
        _COUNTS_IN_MEANING * max(together, _AT_LEAST)
        if any(one.dense is not None for one in told)
        else _COUNTS * together
        for told, together in zip(readers, _coherences(readers), strict=True)
    ]


def _coherences(readers: Sequence[Sequence[Told]]) -> list[float]:
    """Return how far each reader's phrases go together, 0 to 1; a single one does with itself.

    It goes by their vectors with feedback, which are of length 1.
    """
    told = [[one for one in each if one.known] for each in readers]
    several = [each for each in told if len(each) > 1]
    if not several:
        return [1.0] * len(readers)
    parts = [(_numbered(each)[0], np.ones(len(each))) for each in several]
    lengths = lengths_of(summed(parts, several[0][0].near.rows.compared)).tolist()
    found = []
    for each in told:
        pairs = len(each) * (len(each) - 1)
        mean = (lengths.pop(0) ** 2 - len(each)) / pairs if pairs else _KINDRED
        found.append(min(max((mean - _STRANGERS) / (_KINDRED - _STRANGERS), 0.0), 1.0))
    return found


def _set_apart(candidates: Candidates, about: Matrix) -> Floats:
    """Return the whitened ridge of papers' middles, standardised; a row each."""
    shape = about.shape[0], candidates.whole.shape[1]
    whole = sparse.csr_matrix((about.data, about.indices, about.indptr), shape=shape)
    scores = candidates.whitening(_PENALTY).scores(products(whole, candidates.whole_columns))
    return standardise(scores)
