"""Several papers that somebody likes together: what they share, and what sets them apart.

A closed-form ridge, whitened by the background (`whitening`), says more than each paper by
itself. Its input is a sum: each paper's vector times its gain, 1 for an example or "more",
less for a click, negative for "less". So what is forgotten is a summand less, and nothing of
it is left. The fewer papers, the larger lambda: with less to go by, the middle of them is the
better guess. From seven on, papers that are near to everything have to be nearer still
(`Whitening.crowding`). Added to it, with half the weight, is the pool ``log mean exp(20 cos)``, which
rewards closeness to one of them; then how alike the categories are, the rare ones more;
where there are embeddings, the pool of those; and where there are many readers, what those
with like tastes like (`collaborative`). Below three papers, the most similar papers of
the background, but the liked ones themselves, have a say too (pseudo-relevance feedback; Rocchio,
1971).

A paper matches its nearest example when that example alone is above the bar, or, from three
examples on, when all of them together are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from digest.ranking.candidates import MAX_REFERENCE, Candidates
from digest.ranking.features import Floats, Ints, Matrix
from digest.ranking.similarity import (
    BAR,
    evenly,
    evidence,
    kin_of,
    nearest,
    products,
    stacked,
    standardise,
    strength_of,
    summed,
    telling_part,
    z_of_cosines,
)
from digest.ranking.whitening import Whitening

_NUMBERS = 4_000_000  # of a table of readers' papers by candidates; it bounds the memory
_ENOUGH = 3  # liked papers that together make a match of what none of them makes alone
_MANY = 7  # liked papers from which on the ridge is trusted
_PENALTY, _PENALTY_OF_FEW = 4.0, 30.0
_POOL_WEIGHT = 0.5
# Papers of the background from which on the ridge is trusted. With fewer it mostly takes out
# what the reader himself likes; so with many liked papers the pool takes over, with few there is
# no better guess than their middle.
_KNOWN_ENOUGH = 1_000
_DENSE_SHARPNESS = 10.0
_CATEGORY_WEIGHT = 0.5
_FEEDBACK_PAPERS = 6
_FEEDBACK_MIN = 0.05  # the cosine of two papers; it is hardly ever above 0.1
_FEEDBACK_WEIGHT = 0.6
_DISTINCTIVE_WEIGHT = 1.2  # of the cosine of few papers' embeddings, without what all mean


@dataclass(frozen=True, slots=True)
class _Weights:
    """How much the parts count: words, the pool and the ridge of embeddings, like readers.

    And `sharpness`: how much more the nearest paper counts in the words' pool than the others.
    """

    sharpness: float
    words: float
    pool: float
    ridge: float
    readers: float


_USUAL = _Weights(20.0, 1.0, 0.8, 0.0, 1.5)
# Of nine words two titles share one by chance: the nearest says less than the mean of all.
_TERSE = _Weights(1.0, 1.0, 0.0, 0.0, 1.5)
# And less than the meaning does; beside an abstract it is the other way round, and the ridge of
# embeddings adds nothing.
_TERSE_IN_MEANING = _Weights(1.0, 0.1, 0.75, 1.0, 0.4)


@dataclass(frozen=True, slots=True)
class Examples:
    """Papers somebody likes, or does not.

    Attributes:
        rows: their places among the vectors of all readers' papers.
        dense: their embeddings; None: there is none.
        categories: of the papers.
        gains: how much each counts; below 0: it is not liked.
        numbers: of the papers; 0: it has none.
    """

    rows: Ints
    dense: Sequence[Floats | None]
    categories: Sequence[tuple[str, ...]]
    gains: Floats
    numbers: Sequence[int]

    @property
    def liked(self) -> Ints:
        """The places of those that are liked among them."""
        return np.flatnonzero(self.gains > 0)


@dataclass(frozen=True, slots=True)
class Joint:
    """All examples' common judgement.

    Attributes:
        z: by candidate.
        strength: the same, 0 to 1; whatever the bar.
        nearest: by candidate, the number of the most similar liked example.
        passes: by candidate, whether it is a match of its nearest example.
        total: the sum that the ridge was solved for (one row of `Candidates.whole`'s width).
        penalty: of the ridge.
    """

    z: Floats
    strength: Floats
    nearest: Ints
    passes: NDArray[np.bool_]
    total: Matrix
    penalty: float


def learn(
    candidates: Candidates, stems: Matrix, whole: Matrix, readers: Sequence[Examples]
) -> list[Joint]:
    """Judge the candidates for each reader by papers that he likes or not, one or more.

    Readers share what is computed of a paper, and the products are made for many at once. The
    nearest ones are numbered by their place among a reader's examples.

    Args:
        candidates: the day's papers.
        stems: of all readers' papers, as `Features.vectors` gives them.
        whole: of the same, stems and written words together.
        readers: what each likes.
    """
    found: list[Joint] = []
    some: list[Examples] = []
    waiting = 0
    most = _NUMBERS // (len(candidates.papers) + MAX_REFERENCE)
    for examples in readers:
        if some and waiting + len(examples.rows) > most:
            found += _learn_some(candidates, stems, whole, some)
            some, waiting = [], 0
        some.append(examples)
        waiting += len(examples.rows)
    return found + _learn_some(candidates, stems, whole, some) if some else found


@dataclass(frozen=True, slots=True)
class _Compared:
    """The candidates compared with papers that readers like, a row each.

    Attributes:
        cosines: of stems; alone: the same as z-scores. proof: how good the evidence is.
        shown: cosines of stems and written words, with the papers that are shown too.
    """

    cosines: Floats
    alone: Floats
    proof: Floats
    shown: Floats


def _learn_some(
    candidates: Candidates, stems: Matrix, whole: Matrix, readers: Sequence[Examples]
) -> list[Joint]:
    n = len(candidates.papers)
    used = np.unique(np.concatenate([examples.rows for examples in readers]))
    places = [np.searchsorted(used, examples.rows) for examples in readers]
    stems, whole = stems[used], whole[used]
    cosines = products(stems, candidates.columns)
    compared = _Compared(
        cosines[:, :n],
        z_of_cosines(cosines)[:, :n],
        evidence(candidates, telling_part(candidates.features, stems)),
        products(whole, candidates.shown_columns),
    )
    parts = [
        (examples.gains / np.abs(examples.gains).sum(), own)
        for examples, own in zip(readers, places, strict=True)
    ]
    totals = stacked(parts, len(used)) @ whole
    penalties = [
        _PENALTY if len(examples.liked) >= _MANY else _PENALTY_OF_FEW for examples in readers
    ]
    ridges = _ridges(candidates, totals, penalties)
    added = _of_neighbours(candidates, stems, readers, places)
    return [
        _joint(
            candidates,
            examples,
            compared=_Compared(*(part[own] for part in _parts(compared))),
            ridge=(ridges[number], penalties[number]),
            total=totals[number],
            more=(added.get(number), stems[own]),
        )
        for number, (examples, own) in enumerate(zip(readers, places, strict=True))
    ]


def _parts(compared: _Compared) -> tuple[Floats, Floats, Floats, Floats]:
    return compared.cosines, compared.alone, compared.proof, compared.shown


def _ridges(candidates: Candidates, totals: Matrix, penalties: Sequence[float]) -> Floats:
    """Return the whitened ridge of each reader's sum, standardised, shown papers included."""
    common = products(totals, candidates.whole_columns)
    found = np.zeros((len(penalties), candidates.shown_columns.shape[1]))
    for penalty in dict.fromkeys(penalties):
        rows = np.flatnonzero(np.array(penalties) == penalty)
        whitening = candidates.whitening(penalty)
        found[rows] = whitening.scores(common[rows]) / _crowding(whitening, penalty)
    return standardise(found)


def _crowding(whitening: Whitening, penalty: float) -> Floats | float:
    """Return what the ridge's scores are divided by; of few papers nothing (docs/benchmarks.md)."""
    return whitening.crowding if penalty == _PENALTY else 1.0


def parts_of(candidates: Candidates, row: int, joint: "Joint") -> Floats:
    """Return what each term of a paper adds to its score by the ridge, in the order of its row.

    It is ``w_t x_t``, divided by how crowded it is around the paper where the score is.
    """
    paper, whitening = candidates.whole[row], candidates.whitening(joint.penalty)
    parts = paper.data * whitening.weights(joint.total)[paper.indices]
    crowding = _crowding(whitening, joint.penalty)
    return np.asarray(parts / (crowding if isinstance(crowding, float) else crowding[row]))


def _joint(
    candidates: Candidates,
    examples: Examples,
    *,
    compared: _Compared,
    ridge: tuple[Floats, float],
    total: Matrix,
    more: tuple[Floats | None, Matrix],
) -> Joint:
    """Return one reader's judgement.

    Args:
        candidates: the day's papers.
        examples: what he likes.
        compared: the candidates with these.
        ridge: its scores and its penalty.
        total: what it was solved for.
        more: what neighbours of his few examples add, and the stems of the examples.
    """
    n = len(candidates.papers)
    liked = examples.liked
    places = liked.tolist()
    scores, penalty = ridge
    added, stems = more
    dense = [d for place in places if (d := examples.dense[place]) is not None]
    weights = _weights(candidates, meant=bool(dense))
    if len(liked):
        pool = _pool(compared.shown[liked], examples.gains[liked], weights.sharpness)
        share = _share_of_ridge(candidates, len(liked))
        pool_weight = 1 - (1 - _POOL_WEIGHT) * share
        scores = share * scores + pool_weight * standardise(pool)
    in_words = standardise(scores)[:n]
    kin = standardise(candidates.kinship.to([examples.categories[place] for place in places]))
    z = weights.words * in_words + _CATEGORY_WEIGHT * kin
    z = z + weights.readers * _of_like_readers(candidates, examples, stems)
    z = z + _in_meaning(candidates, dense, weights, few=len(liked) < _ENOUGH)
    if not len(liked):
        nothing = np.zeros(n)
        return Joint(z, nothing, nothing.astype(np.int64), nothing > 0, total, penalty)
    if added is not None:
        z = z + added
    closest = np.argmax(compared.cosines[liked], axis=0)
    best = compared.alone[liked].max(axis=0)
    if len(liked) >= _ENOUGH:
        best = np.maximum(in_words, best)
    passes = best * compared.proof[liked[closest], np.arange(n)] >= BAR
    return Joint(z, strength_of(z), liked[closest], passes, total, penalty)


def _weights(candidates: Candidates, *, meant: bool) -> _Weights:
    if not candidates.terse:
        return _USUAL
    return _TERSE_IN_MEANING if meant and candidates.dense is not None else _TERSE


def _of_neighbours(
    candidates: Candidates, stems: Matrix, readers: Sequence[Examples], places: Sequence[Ints]
) -> dict[int, Floats]:
    """Return what the background's papers that are most like some few examples add to them.

    Args:
        candidates: the day's papers.
        stems: of all examples.
        readers: what each likes.
        places: of these among the stems.

    Returns:
        By the number of the reader; only those who like few papers, but at least one.
    """
    few = [n for n, examples in enumerate(readers) if 0 < len(examples.liked) < _ENOUGH]
    if not few:
        return {}
    middles = summed([evenly(places[number][readers[number].liked]) for number in few], stems)
    own = [_background_rows(candidates, readers[number]) for number in few]
    most = _FEEDBACK_PAPERS + max(map(len, own))
    found_near = nearest(candidates, middles, most, _FEEDBACK_MIN)
    near = [_without(*one, rows) for one, rows in zip(found_near, own, strict=True)]
    about = summed(near, candidates.background)
    added = standardise(products(about, candidates.columns))[:, : len(candidates.papers)]
    found = {}
    both = added + kin_of(candidates, [rows for rows, _ in near])
    for number, (rows, shares), words in zip(few, near, both, strict=True):
        z = words
        dense = any(readers[number].dense[place] is not None for place in readers[number].liked)
        if candidates.dense is not None and dense and len(rows):
            about_rows = shares @ candidates.dense_of_background(rows)
            z = z + candidates.near_in_meaning(partial(_product, about_rows))
        found[number] = _FEEDBACK_WEIGHT * z
    return found


def _background_rows(candidates: Candidates, examples: Examples) -> Ints:
    """Return the rows of the background that are the liked papers themselves."""
    numbers = [examples.numbers[place] for place in examples.liked.tolist()]
    rows = np.array([candidates.places.get(number, -1) for number in numbers])
    return rows[rows >= len(candidates.papers)] - len(candidates.papers)


def _without(rows: Ints, cosines: Floats, own: Ints) -> tuple[Ints, Floats]:
    """Return the nearest papers but the liked ones, which tell nothing new, and their shares."""
    kept = np.flatnonzero(~np.isin(rows, own))[:_FEEDBACK_PAPERS]
    return rows[kept], cosines[kept] / max(float(cosines[kept].sum()), 1e-9)


def _product(one: Floats, every: Floats) -> Floats:
    return np.asarray(every @ one)


def _share_of_ridge(candidates: Candidates, liked: int) -> float:
    """Return how much the ridge counts, 0 to 1; the pool counts the more for it."""
    return 1.0 if liked <= _MANY else min(len(candidates.sample) / _KNOWN_ENOUGH, 1.0)


def _in_meaning(
    candidates: Candidates, dense: Sequence[Floats], weights: "_Weights", *, few: bool
) -> Floats:
    """Return by candidate what the embeddings say; 0: nothing is known."""
    if candidates.dense is None or not dense:
        return np.zeros(len(candidates.papers))
    liked = np.array(dense)
    if few and not candidates.terse:
        apart = _unit(liked @ candidates.distinctive)
        return _DISTINCTIVE_WEIGHT * candidates.near_in_meaning(
            lambda every: (_unit(every @ candidates.distinctive) @ apart.T).mean(axis=1)
        )
    same = np.ones(len(liked))
    score = weights.pool * candidates.near_in_meaning(
        lambda every: _pool(liked @ every.T, same, _DENSE_SHARPNESS)
    )
    if weights.ridge:
        apart = candidates.whitened_meaning(liked.mean(axis=0))
        score = score + weights.ridge * candidates.near_in_meaning(
            lambda every: every @ apart / candidates.crowding_in_meaning
        )
    return score


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


def _of_like_readers(candidates: Candidates, examples: Examples, stems: Matrix) -> Floats:
    """Return by candidate what readers with like tastes make of it; 0: that is not known."""
    liked = examples.liked
    if candidates.collaborative is None or not len(liked):
        return np.zeros(len(candidates.papers))
    scores = candidates.collaborative.scores(
        [examples.numbers[place] for place in liked.tolist()],
        stems[liked],
        [examples.dense[place] for place in liked.tolist()],
        examples.gains[liked],
    )
    return np.asarray((scores - scores.mean()) / max(float(scores.std()), 1e-9))


def _pool(cosines: Floats, gains: Floats, sharpness: float) -> Floats:
    """Return log mean exp of cosines (examples x papers), weighted by gains."""
    return np.asarray(np.log(gains @ np.exp(sharpness * cosines) / gains.sum()))
