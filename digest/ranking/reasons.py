"""Reasons in words that the reader finds in the paper itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digest.ranking.candidates import Candidates
from digest.ranking.features import Features, Floats, Ints, Matrix
from digest.ranking.learning import parts_of
from digest.ranking.match import Match
from digest.ranking.whereabouts import Wording

_MAX_TERMS = 12  # the strongest terms that are looked at,
_MAX_WORDS = 4  # how many words or phrases are shown of what they make up in the text,
_LEAST = 0.15  # and how strong they have to be beside the first
_MAX_LENGTH = 60
_MAX_LISTED = 12  # terms that are told of one by one where all are asked for

# Terms that stand side by side in a text: the first token, the last, and the terms' columns.
Run = tuple[int, int, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The terms of an interest that tell a reader something, by column, rising.

    Attributes:
        telling: those that are evidence, and may be shown alone; weights: of them.
        others: those that may be shown with them.
    """

    telling: Ints
    weights: Floats
    others: Ints

    @classmethod
    def of(cls, features: Features, terms: Matrix, telling: Matrix, number: int) -> "Vocabulary":
        """Return the terms of one row of two matrices, whose columns rise in each row."""
        columns, weights = row_of(telling, number)
        told = (weights > 0) & ~features.vague[columns]
        columns, weights = columns[told], weights[told]
        every, parts = row_of(terms, number)
        others = (parts > 0) & ~features.vague[every] & ~_places(columns, every)[1]
        return cls(columns, weights, every[others])


def row_of(rows: Matrix, number: int) -> tuple[Ints, Floats]:
    """Return the columns and numbers of a row; it costs far less than a row of scipy's."""
    part = slice(rows.indptr[number], rows.indptr[number + 1])
    return rows.indices[part], rows.data[part]


def shared_words(candidates: Candidates, row: int, interest: Vocabulary) -> tuple[str, ...]:
    """Return the paper's own words that matched an interest most, strongest first.

    A term's part in the match is its weight in the interest times its weight in the paper.
    Terms that stand side by side are shown as one, "graph neural networks", and each term is
    shown once, where it stands with most of the others. Terms that tell a reader nothing are
    left out ("remains unclear"); if there are no others, nothing is shown.

    Args:
        candidates: the day's papers.
        row: the paper.
        interest: the interest's terms.
    """
    own, values = row_of(candidates.matrix, row)
    places, has = _places(own, interest.telling)
    columns = interest.telling[has]
    products = values[places[has]] * interest.weights[has]
    best = np.lexsort((columns, -products))[:_MAX_TERMS]
    left = dict(zip(columns[best].tolist(), products[best].tolist(), strict=True))
    shared = interest.others[_places(own, interest.others)[1]]
    wording = candidates.wording(row)
    runs = [
        run
        for run in runs_of(wording, [*left, *shared.tolist()], candidates.features.pair)
        if not run[2].isdisjoint(left)
    ]
    words: list[str] = []
    least = 0.0
    while runs and len(words) < _MAX_WORDS:
        first, last, shown = max(runs, key=lambda run: (_worth(run[2], left), -run[0]))
        worth = _worth(shown, left)
        if worth <= least:
            break
        least = least or _LEAST * worth
        words.append(text_of(wording, first, last))
        left = {column: value for column, value in left.items() if column not in shown}
    return tuple(words)


def _places(columns: Ints, wanted: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Return where among some columns (rising) others are, and which of these are."""
    if not len(columns):
        return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=bool)
    places = np.searchsorted(columns, wanted)
    places[places == len(columns)] = 0
    return places, columns[places] == wanted


def weights_at(vector: Matrix, columns: Ints) -> Floats:
    """Return the weights that a vector (one row) has at some columns; 0: none."""
    vector.sort_indices()
    places = np.searchsorted(vector.indices, columns)
    places[places == vector.nnz] = 0
    if not vector.nnz:
        return np.zeros(len(columns))
    return np.where(vector.indices[places] == columns, vector.data[places], 0.0)


def _worth(columns: Iterable[int], left: dict[int, float]) -> float:
    return sum(left.get(column, 0.0) for column in columns)


def text_of(wording: Wording, first: int, last: int) -> str:
    """Return what stands in a paper from one token to another."""
    (text, start, _), (_, _, end) = wording.spans[first], wording.spans[last]
    return wording.texts[text][start:end]


def runs_of(wording: Wording, wanted: Iterable[int], pair: NDArray[np.bool_]) -> Iterator[Run]:
    """Yield the places where wanted terms stand, joined where they touch or overlap."""
    at: list[tuple[int, int, int]] = []
    columns = np.array(list(wanted), dtype=np.int64)
    starts = np.searchsorted(wording.sorted, columns).tolist()
    ends = np.searchsorted(wording.sorted, columns, side="right").tolist()
    for column, start, end in zip(columns.tolist(), starts, ends, strict=True):
        places = wording.order[start:end]
        firsts = wording.starts[places].tolist()
        at += ((first, n, column) for first, n in zip(firsts, places.tolist(), strict=True))
    at.sort()
    run: Run | None = None
    for first, _, column in at:
        last = first + int(pair[column])
        if run is None or first > run[1] + 1 or len(text_of(wording, run[0], last)) > _MAX_LENGTH:
            if run is not None:
                yield run
            run = first, last, frozenset({column})
        else:
            run = run[0], max(run[1], last), run[2] | {column}
    if run is not None:
        yield run


def terms_of(candidates: Candidates, row: int, match: Match) -> list[tuple[str, float]]:
    """Return the terms of a paper that make it like an interest, with their parts ``w x``.

    All that are not listed are in the last one, under an empty name. Empty for interests that
    do not go by words.
    """
    if match.joint is not None:
        paper = candidates.whole[row]
        parts = parts_of(candidates, row, match.joint)
    elif match.near is not None:
        paper = candidates.matrix[row]
        parts = paper.data * weights_at(match.near.compared, paper.indices)
    else:
        return []
    strongest = np.lexsort((paper.indices, -np.abs(parts)))[:_MAX_LISTED]
    names = _names(candidates, row, paper.indices[strongest])
    listed = [
        (name, float(parts[i]))
        for name, i in zip(names, strongest.tolist(), strict=True)
        if parts[i]
    ]
    rest = float(parts.sum()) - sum(part for _, part in listed)
    return [*listed, ("", rest)] if listed else []


def _names(candidates: Candidates, row: int, columns: Ints) -> list[str]:
    """Return terms as they stand in the paper; words as written are in quotation marks."""
    wording = candidates.wording(row)
    stems = candidates.matrix.shape[1]
    names = []
    for column in columns.tolist():
        if column >= stems:
            names.append(f"“{candidates.written.words[column - stems]}”")
            continue
        at = int(np.flatnonzero(wording.columns == column)[0])
        first = int(wording.starts[at])
        names.append(text_of(wording, first, first + int(candidates.features.pair[column])))
    return names
