"""Reasons in words that the reader finds in the paper itself."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from digest.ranking.candidates import Candidates, Wording
from digest.ranking.features import Floats, Ints, Matrix
from digest.ranking.match import Match

_MAX_TERMS = 12  # the strongest terms that are looked at,
_MAX_WORDS = 4  # how many words or phrases are shown of what they make up in the text,
_LEAST = 0.15  # and how strong they have to be beside the first
_MAX_LENGTH = 60
_MAX_LISTED = 12  # terms that are told of one by one where all are asked for

# Terms that stand side by side in a text: the first token, the last, and the terms' columns.
Run = tuple[int, int, frozenset[int]]


def shared_words(
    candidates: Candidates, row: int, interest: Matrix, telling: Matrix
) -> tuple[str, ...]:
    """Return the paper's own words that matched an interest most, strongest first.

    A term's part in the match is its weight in the interest times its weight in the paper.
    Terms that stand side by side are shown as one, "graph neural networks", and each term is
    shown once, where it stands with most of the others. Terms that tell a reader nothing are
    left out ("remains unclear"); if there are no others, nothing is shown.

    Args:
        candidates: the day's papers.
        row: the paper.
        interest: the interest's vector (one row); its terms may be shown with others,
        telling: and these of them also alone.
    """
    matrix = candidates.matrix
    part = slice(matrix.indptr[row], matrix.indptr[row + 1])
    columns = matrix.indices[part]
    told = ~candidates.features.vague[columns]
    columns = columns[told]
    evident = weights_at(telling, columns)
    products = matrix.data[part][told] * evident
    best = [i for i in np.lexsort((columns, -products))[:_MAX_TERMS] if products[i] > 0]
    left = {int(columns[i]): float(products[i]) for i in best}
    wording = candidates.wording(row)
    shared = columns[(weights_at(interest, columns) > 0) & (evident <= 0)]
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
    at = np.flatnonzero(np.isin(wording.columns, list(wanted)))
    at = at[np.argsort(wording.starts[at], kind="stable")]
    run: Run | None = None
    for column, first in zip(
        wording.columns[at].tolist(), wording.starts[at].tolist(), strict=True
    ):
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
        weights = candidates.whitening(match.joint.penalty).weights(match.joint.total)
        parts = paper.data * weights[paper.indices]
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
