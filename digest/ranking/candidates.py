"""The day's candidates, prepared once and shared by all subscribers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from functools import cached_property

import numpy as np
from scipy import sparse

from digest.models import Paper
from digest.ranking.features import Corpus, Features, Floats, Ints, Matrix, build, texts_of
from digest.ranking.index import Index
from digest.ranking.kinship import Kinship
from digest.ranking.popularity import popularity
from digest.ranking.words import BREAK, MARK, MAX_TEXT, UNKNOWN, plain, spans
from digest.ranking.written import Written, beside

MAX_REFERENCE = 1_000  # papers of the background that scores are compared with
MAX_WHITENING = 3_000  # and those that tell what all papers have in common; more brought nothing
DENSE = np.dtype("<f2")  # of an embedding as it is stored


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
        written: the words as they are written; whole: unit vectors of stems and such words
            together, of the candidates and of a sample of the background.
        dense: the embeddings of the same papers (rows x dimensions; 0: it has none), or None.
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
    written: Written
    whole: Matrix
    dense: Floats | None = None
    _whitenings: dict[float, Floats] = field(default_factory=dict)
    _wordings: dict[int, "Wording"] = field(default_factory=dict)

    def wording(self, row: int) -> "Wording":
        """Return where a paper's terms stand in its texts."""
        if row not in self._wordings:
            self._wordings[row] = Wording.of(self.papers[row], self.features)
        return self._wordings[row]

    def meaning(self, vector: bytes | None) -> Floats | None:
        """Return an embedding as numbers, where it can be compared with the candidates'."""
        if self.dense is None or vector is None:
            return None
        numbers = np.frombuffer(vector, DENSE).astype(float)
        return numbers if len(numbers) == self.dense.shape[1] else None

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
    def kinship(self) -> Kinship:
        """How alike the categories are."""
        return Kinship.of(self.papers)

    def whitening(self, penalty: float) -> tuple[Matrix, Floats]:
        """What all papers have in common: B and (BB' + penalty I)^-1, for `learning`."""
        sample = self.whole[len(self.papers) :]
        if penalty not in self._whitenings:
            gram = (sample @ sample.T).toarray()
            gram[np.diag_indices(len(gram))] += penalty
            self._whitenings[penalty] = np.linalg.inv(gram)
        return sample, self._whitenings[penalty]


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


def prepare(
    candidates: Sequence[Paper],
    background: Sequence[Paper],
    *,
    vectors: Mapping[int, bytes] | None = None,
) -> Candidates:
    """Turn the day's papers into vectors.

    Args:
        candidates: the papers that editions may draw on.
        background: stored papers that tell which words are common, what goes together, and
            how similar is similar; may be empty, and may hold candidates, which are left out.
        vectors: embeddings by paper_id, as 16-bit floats; papers may lack one.
    """
    known = {paper.paper_id for paper in candidates}
    others = [paper for paper in background if paper.paper_id not in known]
    features, corpus, matrix, far = build(candidates, others)
    scores, popular = popularity(candidates)
    order = np.empty(len(candidates), dtype=np.int64)
    order[sorted(range(len(candidates)), key=lambda row: _newest(candidates[row]))] = np.arange(
        len(candidates)
    )
    step = _step(len(others), MAX_WHITENING)
    known_papers = [*candidates, *others[::step]]
    written, spelled = Written.of(known_papers)
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
        written=written,
        whole=beside(sparse.vstack([matrix, far[::step]]), spelled),
        dense=_dense(known_papers, vectors) if vectors else None,
    )


def _sample(rows: Matrix, limit: int) -> Matrix:
    """Return at most `limit` rows, evenly spaced."""
    return rows[:: _step(rows.shape[0], limit)]


def _step(number: int, limit: int) -> int:
    """Return every how many rows one is taken, so that at most `limit` are."""
    return max(1, -(-number // limit))


def _dense(papers: Sequence[Paper], vectors: Mapping[int, bytes]) -> Floats | None:
    """Return the embeddings as rows; of another length than the most: as if there were none."""
    lengths = Counter(len(vector) for vector in vectors.values())
    size = max(lengths, key=lambda length: lengths[length], default=0)
    rows = np.zeros((len(papers), size // DENSE.itemsize))
    for row, paper in enumerate(papers):
        vector = vectors.get(paper.paper_id, b"")
        if len(vector) == size:
            rows[row] = np.frombuffer(vector, DENSE)
    return rows if rows.any() else None


def _newest(paper: Paper) -> tuple[float, int]:
    """Return the key that sorts newer papers first."""
    listed = datetime.combine(paper.listed_date, time(), UTC) if paper.listed_date else None
    appeared = paper.published_at or listed or paper.new_at or paper.first_seen_at
    return -appeared.timestamp() if appeared else 0.0, paper.paper_id
