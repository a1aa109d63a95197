"""What readers with like tastes like: factors of papers, learnt from many readers' likes.

Implicit-feedback matrix factorisation (Hu, Koren and Volinsky, 2008) gives each reader and
each liked paper a short vector of factors, so that their product is large where he likes it. A
ridge from the papers' words to their factors gives factors to papers that nobody has seen yet,
and a reader's own are folded in from the papers he likes; so a new paper and a new reader need
no learning anew.

It says something where there are some hundreds of readers, and is off below. What keeps one
reader's likes out of another's ranking: a paper counts only if at least `LIKERS` readers like
it, a reader counts with at most `MOST` likes, and nothing but the papers' factors is kept. So a
paper that only a few like moves nobody else; but this is no formal guarantee as differential
privacy gives it: a like among many still moves the factors a little.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digest.ranking.features import Floats, Matrix

READERS = 300  # with likes that count; below, there is nothing to learn
LIKERS = 5  # readers who like a paper; below, it does not count
LEAST, MOST = 3, 200  # likes of a reader; fewer do not count, more are cut
TAUGHT = 6_000  # papers beyond the background that tell what words say of factors
DIMENSIONS = 96
_SWEEPS = 6
_CONFIDENCE = 10.0  # alpha: how much a like says beside the silence on all other papers
_PENALTY = 5.0
_TEXT_PENALTY = 1.0
_STEPS = 20  # of conjugate gradients
_BATCH = 256
_SEED = 20_261

_STORED = np.dtype("<f2")

Singles = NDArray[np.float32]


def learn_factors(likes: Sequence[Collection[int]]) -> dict[int, bytes]:
    """Return factors of the papers that enough readers like.

    Args:
        likes: for each reader the numbers of the papers he likes.

    Returns:
        By paper a vector of `DIMENSIONS` as 16-bit floats; empty where there are too few
        readers or likes.
    """
    likers = Counter(paper for liked in likes for paper in set(liked))
    columns = {
        paper: column
        for column, paper in enumerate(sorted(p for p, n in likers.items() if n >= LIKERS))
    }
    # Only what counts is cut: else a like that nobody shares would push out one that does.
    known = [[columns[p] for p in sorted(set(liked)) if p in columns][:MOST] for liked in likes]
    known = [liked for liked in known if len(liked) >= LEAST]
    if len(known) < READERS or len(columns) < DIMENSIONS:
        return {}
    by_paper: list[list[int]] = [[] for _ in columns]
    for reader, liked in enumerate(known):
        for column in liked:
            by_paper[column].append(reader)
    chance = np.random.default_rng(_SEED)
    papers = chance.normal(0, 0.1, (len(columns), DIMENSIONS)).astype(np.float32)
    for _ in range(_SWEEPS):
        readers = _solved(known, papers)
        papers = _solved(by_paper, readers)
    return {paper: papers[column].astype(_STORED).tobytes() for paper, column in columns.items()}


def _solved(liked: Sequence[Sequence[int]], others: Singles) -> Singles:
    """Return the factors of one side, given those of the other: a small ridge for each row."""
    common = others.T @ others + _PENALTY * np.eye(others.shape[1], dtype=np.float32)
    solved = np.zeros((len(liked), others.shape[1]), dtype=np.float32)
    by_length = sorted(range(len(liked)), key=lambda row: len(liked[row]))
    padded = np.concatenate([others, np.zeros((1, others.shape[1]), dtype=np.float32)])
    for start in range(0, len(by_length), _BATCH):
        rows = by_length[start : start + _BATCH]
        longest = max(len(liked[row]) for row in rows)
        if not longest:
            continue
        places = np.full((len(rows), longest), len(others))
        for place, row in enumerate(rows):
            places[place, : len(liked[row])] = liked[row]
        chosen = padded[places]
        gram = common + _CONFIDENCE * (chosen.transpose(0, 2, 1) @ chosen)
        right = (1 + _CONFIDENCE) * chosen.sum(axis=1)
        solved[rows] = np.linalg.solve(gram, right[..., np.newaxis])[..., 0]
    return solved


@dataclass(frozen=True, slots=True)
class Collaborative:
    """Factors of the day's papers.

    Attributes:
        factors: learnt ones, by paper number.
        scored: those of the rows that are scored, by what they say.
        words: a column's part in the factors (columns x dimensions).
        meaning: the same of each number of an embedding, which comes first, and the words say
            what it leaves; None: there are no embeddings.
        common: the sum of the products of all factors with themselves.
    """

    factors: Mapping[int, Singles]
    scored: Floats
    words: Floats
    meaning: Floats | None
    common: Floats

    @classmethod
    def of(
        cls,
        stored: Mapping[int, bytes],
        numbers: Sequence[int],
        learnt_from: tuple[Matrix, Singles | None],
        scored: tuple[Matrix, Singles | None],
    ) -> "Collaborative | None":
        """Map words and meaning to factors; None: too few papers have any.

        Args:
            stored: what `learn_factors` returned.
            numbers: of the papers to learn from.
            learnt_from: their unit vectors, and their embeddings if there are any.
            scored: the same of the papers that want factors.
        """
        size = DIMENSIONS * _STORED.itemsize
        factors = {
            number: np.frombuffer(vector, _STORED).astype(np.float32)
            for number, vector in stored.items()
            if len(vector) == size
        }
        known = [place for place, number in enumerate(numbers) if number in factors]
        if len(known) < DIMENSIONS:
            return None
        wanted = np.array([factors[numbers[place]] for place in known], dtype=float)
        (rows, dense), (new_rows, new_dense) = learnt_from, scored
        meaning = None
        found = np.zeros((new_rows.shape[0], DIMENSIONS))
        if dense is not None and new_dense is not None:
            theirs = dense[known].astype(float)
            gram = theirs.T @ theirs + _TEXT_PENALTY * np.eye(theirs.shape[1])
            meaning = np.linalg.solve(gram, theirs.T @ wanted)
            wanted -= theirs @ meaning
            found += new_dense.astype(float) @ meaning
        words = _ridge(rows[known], wanted)
        every = np.array(list(factors.values()), dtype=float)
        return cls(factors, found + new_rows @ words, words, meaning, every.T @ every)

    def scores(
        self, numbers: Sequence[int], rows: Matrix, dense: Sequence[Floats | None], gains: Floats
    ) -> Floats:
        """Return how much the scored papers suit a reader.

        Args:
            numbers: of the papers he likes (0: it has none).
            rows: their unit vectors.
            dense: their embeddings.
            gains: how much each counts.
        """
        theirs = np.asarray(rows @ self.words)
        for place, (number, vector) in enumerate(zip(numbers, dense, strict=True)):
            if number in self.factors:
                theirs[place] = self.factors[number]
            elif self.meaning is not None and vector is not None:
                theirs[place] += vector @ self.meaning
        weights = _CONFIDENCE * gains[:, np.newaxis]
        gram = self.common + _PENALTY * np.eye(theirs.shape[1]) + theirs.T @ (weights * theirs)
        right = ((1 + _CONFIDENCE) * gains) @ theirs
        return np.asarray(self.scored @ np.linalg.solve(gram, right))


def _ridge(rows: Matrix, wanted: Floats) -> Floats:
    """Return the weights by column that map rows to what is wanted, by conjugate gradients.

    It is solved on the side of the rows: ``(X X' + lambda I) a = Y``, and the weights are
    ``X' a``.
    """
    columns = rows.T.tocsr()
    found = np.zeros_like(wanted)
    left = wanted.copy()
    direction = left.copy()
    size = (left**2).sum(axis=0)
    for _ in range(_STEPS):
        moved = rows @ (columns @ direction) + _TEXT_PENALTY * direction
        step = size / np.maximum((direction * moved).sum(axis=0), 1e-12)
        found += step * direction
        left -= step * moved
        before, size = size, (left**2).sum(axis=0)
        direction = left + size / np.maximum(before, 1e-12) * direction
    return np.asarray(columns @ found)
