"""How similar papers are to an interest in words, on a scale that all interests share.

A cosine alone says little: 0.1 is much for a paragraph and nothing for a phrase. So it is
measured in spreads above the mean of the day's and the background's papers (z), together
with some imagined papers that share nothing: they keep the scale sane on the first day. Mean
and spread are bounded: where half of the papers are about an interest, they still match it.

Then z counts as far as there is evidence for it: terms of the interest's own that the paper
has and that are not common, by their idf. "A learning model" is no evidence, "protein folding"
is enough; one rare word is enough for an interest of one word, and half of it for a longer one.
The strength of a match is z / (z + 6): 0.33 at the bar of 3, 0.5 at 6, 0.75 at 18.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import sparse

from digest.ranking.candidates import Candidates
from digest.ranking.features import Features, Floats, Ints, Matrix

BAR = 3.0
_HALF = 6.0  # the z at which the strength is one half
_FAINT = 1e-3  # of a likeness, so that it orders all papers and yet shows as none
# Of cosines: a smaller spread is an accident, a larger mean or spread shows that the interest
# is what many of the papers are about.
_MIN_SPREAD, _MAX_SPREAD, _MAX_MEAN = 0.015, 0.03, 0.03
_IMAGINED = 100
# Enough evidence, in idf: two rare words or their pair, and a part of what a long text offers.
_ENOUGH, _ENOUGH_SHARE = 10.0, 0.04

_FEEDBACK_PAPERS = 20
_FEEDBACK_TERMS = 300
_FEEDBACK_WEIGHT = 0.7
_TOGETHER = 256  # rows that are multiplied at once; it bounds the memory
_FEEDBACK_MIN = 0.1  # cosine; a paper below has nothing to tell about the interest


@dataclass(frozen=True, slots=True)
class Similarity:
    """How similar each candidate is to one interest.

    Attributes:
        rows: the vectors of all texts that were compared together.
        number: the row of this one in each of them.
        strength: by candidate, 0 to 1; whatever the bar and the evidence.
        matches: the strength of the matches by candidate; 0 elsewhere.
    """

    rows: "Rows"
    number: int
    strength: Floats
    matches: Floats

    @property
    def own(self) -> Matrix:
        """The interest's own terms (one row)."""
        return self.rows.own[self.number]

    @property
    def telling(self) -> Matrix:
        """Those of them that are evidence."""
        return self.rows.telling[self.number]

    @property
    def compared(self) -> Matrix:
        """What the papers were compared with: the same, with what goes with it."""
        return self.rows.compared[self.number]


@dataclass(frozen=True, slots=True)
class Rows:
    """Some texts as vectors, a row each: their own, what is evidence of them, what is compared."""

    own: Matrix
    telling: Matrix
    compared: Matrix


def similarities(candidates: Candidates, texts: Sequence[str]) -> list[Similarity]:
    """Compare all candidates with some texts, each by itself, and with what goes with it."""
    if not texts:
        return []
    own = candidates.features.vectors(texts)
    rows = Rows(own, telling_part(candidates.features, own), with_feedback(candidates, own))
    n = len(candidates.papers)
    found = []
    for start in range(0, len(texts), _TOGETHER):
        some = slice(start, start + _TOGETHER)
        z = z_of_cosines(products(rows.compared[some], candidates.columns))[:, :n]
        proven = z * evidence(candidates, rows.telling[some])
        matches = np.where(proven >= BAR, strength_of(proven), 0.0)
        found += [
            Similarity(rows, start + number, *both)
            for number, both in enumerate(zip(strength_of(z), matches, strict=True))
        ]
    return found


def products(rows: Matrix, columns: Matrix) -> Floats:
    """Return the products of some rows with the papers whose terms `columns` are, row by row."""
    return np.asarray((rows @ columns).toarray())


def z_of_cosines(cosines: Floats) -> Floats:
    """Return cosines as z-scores on the bounded scale, row by row."""
    mean, spread = _mean_and_spread(cosines)
    scale = np.clip(spread, _MIN_SPREAD, _MAX_SPREAD)
    return np.asarray((cosines - np.minimum(mean, _MAX_MEAN)) / scale)


def standardise(scores: Floats) -> Floats:
    """Return scores of any kind in spreads above their mean, row by row."""
    mean, spread = _mean_and_spread(scores)
    return np.asarray((scores - mean) / np.maximum(spread, 1e-9))


def _mean_and_spread(scores: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of scores and of the imagined papers' zeros."""
    total = scores.shape[-1] + _IMAGINED
    mean = scores.sum(axis=-1, keepdims=True) / total
    squares = np.einsum("...i,...i->...", scores, scores)[..., np.newaxis] / total
    return mean, np.sqrt(np.maximum(squares - mean**2, 0.0))


def strength_of(z: Floats) -> Floats:
    """Return strengths, 0 to 1, of z-scores."""
    above = np.maximum(z, 0)
    return np.asarray(above / (above + _HALF))


def likeness_of(z: Floats) -> Floats:
    """Return strengths that order also what is below the mean, where a strength is 0."""
    return np.asarray(strength_of(z) + _FAINT / (1 + np.exp(-z)))


def leaning(z: Floats) -> Floats:
    """Return z-scores as a leaning for or against, -1 to 1."""
    return np.asarray(z / (np.abs(z) + _HALF))


def telling_part(features: Features, rows: Matrix) -> Matrix:
    """Return rows without the terms that are no evidence.

    Common terms are none; where there are no others, common pairs are, or the only word.
    """
    columns, count = rows.indices, rows.shape[0]
    sizes = np.diff(rows.indptr)
    owners = np.repeat(np.arange(count), sizes)
    telling = ~features.common[columns]
    none = np.bincount(owners[telling], minlength=count) == 0
    telling = np.where(none[owners], features.pair[columns], telling)
    none = np.bincount(owners[telling], minlength=count) == 0
    telling |= none[owners] & (sizes[owners] == 1)
    ends = np.concatenate([[0], np.cumsum(np.bincount(owners[telling], minlength=count))])
    return sparse.csr_matrix((rows.data[telling], columns[telling], ends), shape=rows.shape)


def evidence(candidates: Candidates, telling: Matrix) -> Floats:
    """Return how good the evidence is, 0 to 1, by row of `telling` and by candidate.

    It is the idf of the terms that both have.
    """
    weights = candidates.features.idf[telling.indices]
    idf = sparse.csr_matrix((weights, telling.indices, telling.indptr), shape=telling.shape)
    offered = np.asarray(idf.sum(axis=1)).reshape(-1, 1)
    enough = np.minimum(_ENOUGH + _ENOUGH_SHARE * offered, offered)
    shared = products(idf, candidates.presence)
    return np.minimum(shared / np.where(enough > 0, enough, 1.0), 1.0)


def nearest(
    candidates: Candidates, rows: Matrix, most: int, least: float = _FEEDBACK_MIN
) -> list[tuple[Ints, Floats]]:
    """Return for each row the background's papers that are most similar, and how similar.

    Common terms have no say in which papers those are: they would lead anywhere.

    Args:
        candidates: the day's papers.
        rows: vectors of stems.
        most: papers for each.
        least: the cosine of such a paper; of a phrase it is larger than of a whole paper.
    """
    telling = telling_part(candidates.features, rows)
    found = []
    for start in range(0, rows.shape[0], _TOGETHER):
        some = telling[start : start + _TOGETHER]
        for scores in products(some, candidates.background_columns):
            best = np.flatnonzero(scores >= least)
            best = best[np.argsort(-scores[best], kind="stable")][:most]
            found.append((best, scores[best]))
    return found


def with_feedback(candidates: Candidates, rows: Matrix) -> Matrix:
    """Add to each row what the most similar papers of the background speak of."""
    near = nearest(candidates, rows, _FEEDBACK_PAPERS)
    about = summed(near, candidates.background)
    parts = []
    for start, end in pairwise(about.indptr.tolist()):
        data, columns = about.data[start:end], about.indices[start:end]
        top = np.lexsort((columns, -data))[:_FEEDBACK_TERMS]
        length = math.sqrt(float((data[top] ** 2).sum())) or 1.0
        parts.append((_FEEDBACK_WEIGHT / length * data[top], columns[top]))
    wider = stacked(parts, rows.shape[1])
    both = (rows + wider).tocsr()
    lengths = np.where([bool(len(best)) for best, _ in near], lengths_of(both), 1.0)
    both.data /= np.repeat(np.where(lengths > 0, lengths, 1.0), np.diff(both.indptr))
    return both


def summed(weighted: Sequence[tuple[Ints, Floats]], rows: Matrix) -> Matrix:
    """Return sums of rows: for each a row, of those that are numbered, by their weights."""
    return stacked([(weights, numbers) for numbers, weights in weighted], rows.shape[0]) @ rows


def stacked(parts: Sequence[tuple[Floats, Ints]], width: int) -> Matrix:
    """Return rows that are given by their numbers and the columns of these."""
    ends = np.cumsum([0, *(len(columns) for _, columns in parts)])
    data = np.concatenate([np.empty(0), *(data for data, _ in parts)])
    columns = np.concatenate([np.empty(0, dtype=np.int64), *(columns for _, columns in parts)])
    return sparse.csr_matrix((data, columns, ends), shape=(len(parts), width))


def kin_of(candidates: Candidates, near: Sequence[Ints]) -> Floats:
    """Return how alike the candidates' categories are to those of papers of the background.

    Args:
        candidates: the day's papers.
        near: some rows of the background, for each row of what is returned.
    """
    means = summed([evenly(rows) for rows in near], candidates.background_kin)
    return standardise(means.toarray() @ candidates.kinship.rows.T)


def evenly(numbers: Ints) -> tuple[Ints, Floats]:
    """Return numbers with weights that are equal and sum to 1."""
    return numbers, np.full(len(numbers), 1 / max(len(numbers), 1))


def lengths_of(rows: Matrix) -> Floats:
    """Return the length of each row."""
    squares = np.concatenate([[0.0], np.cumsum(rows.data * rows.data)])
    return np.asarray(np.sqrt(np.maximum(np.diff(squares[rows.indptr]), 0.0)))
