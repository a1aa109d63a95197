"""A plain ranker, to compare with: cosines of TF-IDF vectors, as recommenders of papers begin.

A phrase or text is its own vector, and all liked papers are their middle (Rocchio, 1971). What
else the usual ranker reckons with is left out: what goes with a phrase in other papers, how good
the evidence is, the ridge, the pool, the taste of all phrases, categories that are alike,
meaning and other readers. Where a phrase stands word for word, authors, topics, categories,
mutes and popularity count as ever.
"""

from collections.abc import Sequence

import numpy as np

from digest.ranking.candidates import Candidates
from digest.ranking.features import Floats, Matrix
from digest.ranking.learning import Examples, Joint
from digest.ranking.similarity import (
    BAR,
    Rows,
    Similarity,
    lengths_of,
    products,
    stacked,
    strength_of,
    telling_part,
    z_of_cosines,
)


def cosines_of(candidates: Candidates, texts: Sequence[str]) -> list[Similarity]:
    """Compare all candidates with some texts by their own words; see `similarities`."""
    if not texts:
        return []
    own = candidates.features.vectors(texts)
    rows = Rows(own, telling_part(candidates.features, own), own)
    every = z_of_cosines(products(own, candidates.columns))[:, : len(candidates.papers)]
    return [
        Similarity(rows, number, strength_of(z), np.where(z >= BAR, strength_of(z), 0.0))
        for number, z in enumerate(every)
    ]


def middles(
    candidates: Candidates, stems: Matrix, whole: Matrix, readers: Sequence[Examples]
) -> list[Joint]:
    """Judge the candidates by the middle of what each reader likes; see `learning.learn`."""
    n = len(candidates.papers)
    cosines = products(stems, candidates.columns)[:, :n]
    parts = stacked(
        [(each.gains / np.abs(each.gains).sum(), each.rows) for each in readers], stems.shape[0]
    )
    sums = (parts @ stems).tocsr()
    lengths = np.maximum(lengths_of(sums), 1e-9).reshape(-1, 1)
    every = z_of_cosines(products(sums, candidates.columns) / lengths)[:, :n]
    totals = (parts @ whole).tocsr()
    return [
        _joint(examples, z, cosines, totals[number])
        for number, (examples, z) in enumerate(zip(readers, every, strict=True))
    ]


def _joint(examples: Examples, z: Floats, cosines: Floats, total: Matrix) -> Joint:
    liked = examples.liked
    nearest = np.zeros(len(z), dtype=np.int64)
    if len(liked):
        nearest = liked[np.argmax(cosines[examples.rows[liked]], axis=0)]
    passes = (z >= BAR) & bool(len(liked))
    return Joint(z, strength_of(z), nearest, passes, total, 1.0)
