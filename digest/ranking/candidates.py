"""The day's candidates, prepared once and shared by all subscribers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from functools import cached_property

import numpy as np
from scipy import sparse

from digest.models import Paper
from digest.ranking.features import Corpus, Features, Floats, Ints, Matrix, build, texts_of
from digest.ranking.index import Index
from digest.ranking.popularity import popularity
from digest.ranking.words import BREAK, MARK, MAX_TEXT, UNKNOWN, plain, spans

MAX_REFERENCE = 1_000  # papers of the background that scores are compared with
MAX_WHITENING = 1_500  # and those that tell what all papers have in common; more brought nothing
LAMBDA = 10.0


@dataclass(frozen=True)
class Candidates:
    """Papers as vectors, with what all subscribers' rankings share.

    Attributes:
        papers: the candidates, by row.
        features: how texts become vectors.
        corpus: the candidates' words in order.
        matrix: a unit vector a paper.
        background: the same of the background's papers.
        reference: a sample of both, against which a similarity is high or low.
        popularity: z-scores within each source. popular: rows of the popular papers.
        index: the papers by author, category, topic and identity.
        order: a row's place among all, newest first, then by paper_id: it breaks ties.
    """

    papers: tuple[Paper, ...]
    features: Features
    corpus: Corpus
    matrix: Matrix
    background: Matrix
    reference: Matrix
    popularity: Floats
    popular: tuple[int, ...]
    index: Index
    order: Ints
    _wordings: dict[int, "Wording"] = field(default_factory=dict)

    def wording(self, row: int) -> "Wording":
        """Return where a paper's terms stand in its texts."""
        if row not in self._wordings:
            self._wordings[row] = Wording.of(self.papers[row], self.features)
        return self._wordings[row]

    def phrase_rows(self, phrase: str) -> tuple[Ints, Ints]:
        """Return the rows in whose texts a phrase stands word for word, and in whose titles.

        Endings, case and accents do not count; order does, and so does punctuation within.
        """
        stems = self.features.lexicon.read(plain(phrase[:MAX_TEXT]))
        words = [place for place, stem in enumerate(stems) if stem != MARK]
        if not words or UNKNOWN in stems:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        stems = stems[words[0] : words[-1] + 1]
        corpus = self.corpus
        places = np.flatnonzero(corpus.stems == stems[0])
        for offset, stem in enumerate(stems[1:], start=1):
            places = places[places + offset < len(corpus.stems)]
            places = places[corpus.stems[places + offset] == stem]
        return np.unique(corpus.rows[places]), np.unique(
            corpus.rows[places[corpus.in_title[places]]]
        )

    @cached_property
    def presence(self) -> Matrix:
        """Which terms each candidate has: 1 where `matrix` is not 0."""
        ones = np.ones(self.matrix.nnz)
        return sparse.csr_matrix((ones, self.matrix.indices, self.matrix.indptr), self.matrix.shape)

    @cached_property
    def whitening(self) -> tuple[Matrix, Floats]:
        """What all papers have in common: B and (BB' + lambda I)^-1, for `learning`."""
        sample = _sample(self.background, MAX_WHITENING)
        gram = (sample @ sample.T).toarray()
        gram[np.diag_indices(len(gram))] += LAMBDA
        return sample, np.linalg.inv(gram)


@dataclass(frozen=True, slots=True)
class Wording:
    """Where the terms of one paper stand in its texts.

    Attributes:
        texts: title, abstract, translations.
        spans: of each token: text, start, end. Texts are closed by an empty token.
        columns: of each term, in the order of `starts`.
        starts: the token with which each term begins.
    """

    texts: tuple[str, ...]
    spans: list[tuple[int, int, int]]
    columns: Ints
    starts: Ints

    @classmethod
    def of(cls, paper: Paper, features: Features) -> "Wording":
        """Find all terms of a paper."""
        texts = texts_of(paper)
        where: list[tuple[int, int, int]] = []
        for number, text in enumerate(texts):
            where += ((number, start, end) for start, end in spans(text))
            where.append((number, len(text), len(text)))
        stems = [stem for text in texts for stem in [*features.lexicon.read(text), BREAK]]
        return cls(texts, where, *features.terms(stems))


def prepare(candidates: Sequence[Paper], background: Sequence[Paper]) -> Candidates:
    """Turn the day's papers into vectors.

    Args:
        candidates: the papers that editions may draw on.
        background: stored papers that tell which words are common, what goes together, and
            how similar is similar; may be empty, and may hold candidates, which are left out.
    """
    known = {paper.paper_id for paper in candidates}
    others = [paper for paper in background if paper.paper_id not in known]
    features, corpus, matrix, far = build(candidates, others)
    scores, popular = popularity(candidates)
    order = np.empty(len(candidates), dtype=np.int64)
    order[sorted(range(len(candidates)), key=lambda row: _newest(candidates[row]))] = np.arange(
        len(candidates)
    )
    popular.sort(key=lambda row: (-scores[row], order[row]))
    return Candidates(
        papers=tuple(candidates),
        features=features,
        corpus=corpus,
        matrix=matrix,
        background=far,
        reference=sparse.vstack([matrix, _sample(far, MAX_REFERENCE)]).tocsr(),
        popularity=scores,
        popular=tuple(popular),
        index=Index.of(candidates),
        order=order,
    )


def _sample(rows: Matrix, limit: int) -> Matrix:
    """Return at most `limit` rows, evenly spaced."""
    return rows[:: max(1, -(-rows.shape[0] // limit))]


def _newest(paper: Paper) -> tuple[float, int]:
    """Return the key that sorts newer papers first."""
    listed = datetime.combine(paper.listed_date, time(), UTC) if paper.listed_date else None
    appeared = paper.published_at or listed or paper.new_at or paper.first_seen_at
    return -appeared.timestamp() if appeared else 0.0, paper.paper_id
