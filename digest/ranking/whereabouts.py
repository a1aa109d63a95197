"""Where terms stand in a paper's texts, so that reasons can be told in its own words."""

from dataclasses import dataclass

import numpy as np

from digest.models import Paper
from digest.ranking.features import Features, Ints, texts_of
from digest.ranking.words import BREAK, spans


@dataclass(frozen=True, slots=True)
class Wording:
    """Where the terms of one paper stand in its texts.

    Attributes:
        texts: title, abstract, translations.
        spans: of each token: text, start, end. Texts are closed by an empty token.
        columns: of each term, in the order of `starts`.
        starts: the token with which each term begins.
        order: their places by column; sorted: the columns in this order.
    """

    texts: tuple[str, ...]
    spans: list[tuple[int, int, int]]
    columns: Ints
    starts: Ints
    order: Ints
    sorted: Ints

    @classmethod
    def of(cls, paper: Paper, features: Features) -> "Wording":
        """Find all terms of a paper."""
        texts = texts_of(paper)
        where: list[tuple[int, int, int]] = []
        for number, text in enumerate(texts):
            where += ((number, start, end) for start, end in spans(text))
            where.append((number, len(text), len(text)))
        stems = [stem for text in texts for stem in [*features.lexicon.read(text), BREAK]]
        columns, starts = features.terms(stems)
        order = np.argsort(columns, kind="stable")
        return cls(texts, where, columns, starts, order, columns[order])
