"""Reasons in words that the reader finds in the paper itself."""

import numpy as np

from digest.ranking.candidates import Candidates
from digest.ranking.features import Floats

_MAX_TERMS = 6  # the strongest terms that are looked at,
_MAX_WORDS = 4  # and what is left of them once neighbours are joined
_MAX_LENGTH = 60


def shared_words(candidates: Candidates, row: int, weights: Floats) -> tuple[str, ...]:
    """Return the paper's own words that matched an interest most, strongest first.

    A term's part in the match is its weight in the interest times its weight in the paper.
    Terms that overlap where they first stand are shown as one: "graph neural networks".
    Common terms are shown only where nothing else matched.
    """
    matrix = candidates.matrix
    part = slice(matrix.indptr[row], matrix.indptr[row + 1])
    columns = matrix.indices[part]
    products = matrix.data[part] * weights[columns]
    best = [i for i in np.lexsort((columns, -products)) if products[i] > 0]
    telling = [i for i in best if not candidates.features.common[columns[i]]]
    wording = candidates.wording(row)
    merged: list[tuple[int, int, int]] = []
    for i in (telling or best)[:_MAX_TERMS]:
        place = wording.places.get(int(columns[i]))
        if place is not None:
            merged = _joined(merged, place)
    words: dict[str, str] = {}
    for text, start, end in merged:
        word = wording.texts[text][start:end]
        if len(word) <= _MAX_LENGTH:
            words.setdefault(word.casefold(), word)
    return tuple(words.values())[:_MAX_WORDS]


def _joined(
    places: list[tuple[int, int, int]], new: tuple[int, int, int]
) -> list[tuple[int, int, int]]:
    """Add a place in a text, joined with all it overlaps, where the strongest of them stood."""
    text, start, end = new
    at = len(places)
    apart = []
    for position, place in enumerate(places):
        if place[0] == text and place[1] < end and start < place[2]:
            start, end = min(start, place[1]), max(end, place[2])
            at = min(at, position)
        else:
            apart.append(place)
    return [*apart[:at], (text, start, end), *apart[at:]]
