"""The day's candidates, prepared once and shared by all subscribers."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from digest.models import Paper
from digest.ranking.collaborative import Collaborative
from digest.ranking.features import Corpus, Features, Floats, Ints, Matrix, build
from digest.ranking.index import Index
from digest.ranking.kinship import Kinship
from digest.ranking.nearness import Cosines, Nearness
from digest.ranking.popularity import popularity
from digest.ranking.whereabouts import Wording
from digest.ranking.whitening import Common, Whitening, crowding
from digest.ranking.words import MARK, MAX_TEXT, UNKNOWN, plain, torn_pairs
from digest.ranking.written import Written, beside

MAX_REFERENCE = 1_000  # papers of the background that scores are compared with
MAX_WHITENING = 3_000  # and those that tell what all papers have in common; more brought nothing
MAX_SHOWN = 300  # and of these, those that a joint judgement is compared with
_MAX_MASKS = 16
_PAIR = 2  # kanji
TERSE = 200  # characters of title and abstract
DENSE_PENALTY = 30.0  # lambda of the embeddings' ridge
_CROWD_IN_MEANING = 30  # papers nearest in meaning that tell how crowded it is around one
DISTINCTIVE_PENALTY = 100.0  # and of the embeddings that few examples are compared by
DENSE = np.dtype("<f2")  # of an embedding as it is stored


@dataclass(frozen=True, repr=False)
class Candidates:
    """Papers as vectors, with what all subscribers' rankings share.

    Attributes:
        papers: the candidates, by row.
        features: how texts become vectors.
        corpus: the candidates' words in order.
        matrix: a unit vector a paper.
        background: the same of the background's papers. background_categories: of each.
        reference: a sample of both, against which a similarity is high or low.
        popularity: z-scores within each source. popular: rows of the popular papers.
        index: the papers by author, category, topic and identity.
        order: a row's place among all, newest first, then by paper_id: it breaks ties.
        written: the words as they are written; spelled: unit vectors of them, of all papers.
        whole: unit vectors of stems and such words together, of the candidates and of a sample
            of the background: `sample`, its rows.
        places: the row of each paper, by number: the candidates', then the background's.
        dense: the embeddings of the same papers (rows x dimensions; 0: it has none), or None.
        collaborative: what readers with like tastes like; None: that is not known.
    """

    papers: tuple[Paper, ...]
    features: Features
    corpus: Corpus
    matrix: Matrix
    background: Matrix
    background_categories: tuple[tuple[str, ...], ...]
    reference: Matrix
    popularity: Floats
    popular: tuple[int, ...]
    index: Index
    order: Ints
    written: Written
    spelled: Matrix
    whole: Matrix
    sample: Ints
    places: Mapping[int, int]
    dense: NDArray[np.float32] | None = None
    collaborative: Collaborative | None = None
    _whitenings: dict[float, Whitening] = field(default_factory=dict)
    _wordings: dict[int, Wording] = field(default_factory=dict)
    _masks: dict[frozenset[int], NDArray[np.bool_]] = field(default_factory=dict)

    def wording(self, row: int) -> Wording:
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
        stems = self._stems(phrase)
        places = self._places(stems)
        kanji = self.features.lexicon.kanji
        if len(places) and len(stems) == _PAIR and all(kanji[stem] for stem in stems):
            # Two kanji may belong to two words (see `torn_pairs`).
            places = places[~self._torn_pairs[places]]
        corpus = self.corpus
        in_title = places[corpus.in_title[places]]
        return _each_once(corpus.rows[places]), _each_once(corpus.rows[in_title])

    def _places(self, stems: Sequence[int]) -> Ints:
        """Return where in the corpus a row of stems begins, rising."""
        if not stems or UNKNOWN in stems:
            return np.empty(0, dtype=np.int64)
        corpus, (order, sorted_stems) = self.corpus, self._by_stem
        # Of the same type, or numpy would copy all of them for each phrase.
        first = np.array([stems[0], stems[0] + 1], dtype=sorted_stems.dtype)
        start, end = np.searchsorted(sorted_stems, first)
        places = order[start:end]
        for offset, stem in enumerate(stems[1:], start=1):
            places = places[places + offset < len(corpus.stems)]
            places = places[corpus.stems[places + offset] == stem]
        return places

    @cached_property
    def _by_stem(self) -> tuple[Ints, NDArray[np.int32]]:
        """The places of the corpus by the stem that stands there, and these stems, rising."""
        order = np.argsort(self.corpus.stems, kind="stable")
        return order, self.corpus.stems[order]

    def _stems(self, phrase: str) -> list[int]:
        """Return a phrase's stems without marks around it."""
        stems = self.features.lexicon.read(plain(phrase[:MAX_TEXT]))
        words = [place for place, stem in enumerate(stems) if stem != MARK]
        return stems[words[0] : words[-1] + 1] if words else []

    @cached_property
    def _torn_pairs(self) -> NDArray[np.bool_]:
        return torn_pairs(np.array(self.features.lexicon.kanji)[self.corpus.stems])

    def vectors_of(self, described: Sequence[tuple[int, str]]) -> tuple[Matrix, Matrix]:
        """Return the vectors of any papers, a row each: of their stems, and like `whole`.

        Args:
            described: of each paper its number (0: it has none) and its text.
        """
        places = np.array([self.places.get(number, -1) for number, _ in described])
        known, new = np.flatnonzero(places >= 0), np.flatnonzero(places < 0)
        stems, spelled = self.every[places[known]], self.spelled[places[known]]
        if len(new):
            texts = [described[place][1] for place in new.tolist()]
            order = np.empty(len(places), dtype=np.int64)
            order[np.concatenate([known, new])] = np.arange(len(places))
            stems = sparse.vstack([stems, self.features.vectors(texts)]).tocsr()[order]
            spelled = sparse.vstack([spelled, self.written.vectors(texts)]).tocsr()[order]
        return stems, beside(stems, spelled)

    def nearness(self) -> Nearness:
        """Return what tells how near papers are to some chosen ones; nothing is chosen yet."""
        return Nearness(self._cosines, self.places)

    @cached_property
    def _cosines(self) -> Cosines:
        return Cosines(self.matrix)

    def mask(self, numbers: frozenset[int]) -> NDArray[np.bool_]:
        """Return which candidates are among some numbers; what is asked for again is kept."""
        if numbers not in self._masks:
            if len(self._masks) >= _MAX_MASKS:
                self._masks.clear()
            self._masks[numbers] = np.array([n in numbers for n in self.by_number], dtype=bool)
        return self._masks[numbers]

    @cached_property
    def by_number(self) -> Mapping[int, Paper]:
        """The candidates by their numbers."""
        return {paper.paper_id: paper for paper in self.papers}

    @cached_property
    def numbers(self) -> Ints:
        """The candidates' numbers by row."""
        return np.array([paper.paper_id for paper in self.papers], dtype=np.int64)

    @cached_property
    def every(self) -> Matrix:
        """The candidates and the background's papers, by `places`."""
        return sparse.vstack([self.matrix, self.background]).tocsr()

    @cached_property
    def columns(self) -> Matrix:
        """The papers of `reference` by term: a row a term, a column a paper."""
        return self.reference.T.tocsr()

    @cached_property
    def background_columns(self) -> Matrix:
        """The background's papers by term."""
        return self.background.T.tocsr()

    @cached_property
    def whole_columns(self) -> Matrix:
        """The papers of `whole` by term."""
        return self.whole.T.tocsr()

    @cached_property
    def shown_columns(self) -> Matrix:
        """The candidates and the papers that joint judgements are compared with, by term."""
        n = len(self.papers)
        return sparse.vstack([self.whole[:n], self.whole[n:][self._shown]]).T.tocsr()

    @cached_property
    def presence(self) -> Matrix:
        """Which terms each candidate has, by term: 1 where it does."""
        columns = self.matrix.T.tocsr()
        columns.data = np.ones(columns.nnz)
        return columns

    @cached_property
    def kinship(self) -> Kinship:
        """How alike the categories are."""
        return Kinship.of(self.papers)

    @cached_property
    def background_kin(self) -> Matrix:
        """The categories of the background's papers, a unit vector each."""
        return self.kinship.units(self.background_categories)

    @cached_property
    def _shown(self) -> Ints:
        """Which rows of the sample joint judgements are compared with."""
        return _spaced(len(self.sample), MAX_SHOWN)

    @cached_property
    def _common(self) -> Common:
        return Common.of(self.whole, len(self.papers))

    def whitening(self, penalty: float) -> Whitening:
        """Return the operator that takes out what all papers have in common."""
        if penalty not in self._whitenings:
            self._whitenings[penalty] = Whitening(
                self.whole, self._common, len(self.papers), self._shown, penalty
            )
        return self._whitenings[penalty]

    def dense_of_background(self, rows: Ints) -> Floats:
        """Return the embeddings of papers of the background (0: it has none)."""
        assert self.dense is not None
        return self.dense[len(self.papers) + rows].astype(float)

    @cached_property
    def terse(self) -> bool:
        """Whether most papers are known by hardly more than their titles."""
        lengths = [len(paper.title) + len(paper.abstract) for paper in self.papers]
        return bool(lengths) and float(np.median(lengths)) < TERSE

    def whitened_meaning(self, liked: Floats) -> Floats:
        """Return an embedding without what all papers mean: the ridge of `whitening`."""
        return np.asarray(self._dense_whitening @ liked)

    @cached_property
    def _dense_whitening(self) -> Floats:
        return self._whitened(DENSE_PENALTY, -1.0)

    @cached_property
    def distinctive(self) -> Floats:
        """What turns embeddings into such that what all papers mean counts little in a cosine."""
        return self._whitened(DISTINCTIVE_PENALTY, -0.5)

    @cached_property
    def crowding_in_meaning(self) -> Floats:
        """How crowded it is around the embeddings that `near_in_meaning` scores."""
        assert self.dense is not None
        dense, n = self.dense, len(self.papers)
        rows = np.concatenate([np.arange(n), n + self.sample[self._shown]])[self._meant[1]]
        return crowding(lambda some: dense[some] @ dense[n:].T, rows, n, _CROWD_IN_MEANING)

    def _whitened(self, penalty: float, power: float) -> Floats:
        """Return a power of ``B'B + penalty I``, where B are the background's embeddings."""
        assert self.dense is not None
        known = self.dense[len(self.papers) :].astype(float)
        values, axes = np.linalg.eigh(known.T @ known)
        return np.asarray((axes * (np.maximum(values, 0) + penalty) ** power) @ axes.T)

    def near_in_meaning(self, score: Callable[[Floats], Floats]) -> Floats:
        """Return a score of embeddings by candidate, in spreads above the mean; 0: it has none.

        Args:
            score: takes embeddings (papers x dimensions), returns a number for each.
        """
        n = len(self.papers)
        if self.dense is None:
            return np.zeros(n)
        rows, has_one = self._meant
        scores = np.zeros(len(has_one))
        if has_one.any():
            known = score(rows.astype(float))
            scores[has_one] = (known - known.mean()) / max(float(known.std()), 1e-9)
        return scores[:n]

    @cached_property
    def _meant(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The embeddings that `near_in_meaning` scores, and which rows have one."""
        assert self.dense is not None
        n = len(self.papers)
        rows = np.concatenate([self.dense[:n], self.dense[n + self.sample[self._shown]]])
        has_one = np.asarray(rows.any(axis=1))
        return rows[has_one], has_one


def prepare(
    candidates: Sequence[Paper],
    background: Sequence[Paper],
    *,
    vectors: Mapping[int, bytes] | None = None,
    factors: Mapping[int, bytes] | None = None,
    taught: Sequence[Paper] = (),
) -> Candidates:
    """Turn the day's papers into vectors.

    Args:
        candidates: the papers that editions may draw on.
        background: stored papers that tell which words are common, what goes together, and
            how similar is similar; may be empty, and may hold candidates, which are left out.
        vectors: embeddings by paper_id, as 16-bit floats; papers may lack one.
        factors: what `learn_factors` returned of papers, by paper_id; most lack them.
        taught: further papers that have factors; they tell too what words say of these.
    """
    known = {paper.paper_id for paper in candidates}
    others = [paper for paper in background if paper.paper_id not in known]
    built = build(candidates, others)
    matrix, far = built.candidates, built.background
    scores, popular = popularity(candidates)
    order = np.empty(len(candidates), dtype=np.int64)
    order[sorted(range(len(candidates)), key=lambda row: _newest(candidates[row]))] = np.arange(
        len(candidates)
    )
    sample = _spaced(len(others), MAX_WHITENING)
    n = len(candidates)
    every = [*candidates, *others]
    counted = np.concatenate([np.arange(n), n + sample])
    written, spelled = Written.of(every, counted)
    popular.sort(key=lambda row: (-scores[row], order[row]))
    dense = _dense([*every, *taught], vectors) if vectors else None
    meanings = (None, None) if dense is None else (dense[n:], dense[:n])
    told = [f"{paper.title}. {paper.abstract}" for paper in taught]
    collaborative = Collaborative.of(
        factors or {},
        [paper.paper_id for paper in (*others, *taught)],
        (sparse.vstack([far, built.features.vectors(told)]).tocsr() if told else far, meanings[0]),
        (matrix, meanings[1]),
    )
    return Candidates(
        papers=tuple(candidates),
        features=built.features,
        corpus=built.corpus,
        matrix=matrix,
        background=far,
        background_categories=tuple(paper.categories for paper in others),
        reference=sparse.vstack([matrix, far[_spaced(len(others), MAX_REFERENCE)]]).tocsr(),
        popularity=scores,
        popular=tuple(popular),
        index=Index.of(candidates),
        order=order,
        written=written,
        spelled=spelled,
        whole=beside(sparse.vstack([matrix, far[sample]]), spelled[counted]),
        sample=sample,
        places={paper.paper_id: row for row, paper in enumerate(every)},
        dense=dense if dense is None else dense[: len(every)],
        collaborative=collaborative,
    )


def _each_once(rows: NDArray[np.int32]) -> Ints:
    """Return rows that never fall, each once."""
    return rows[np.diff(rows, prepend=-1) > 0].astype(np.int64)


def _spaced(number: int, most: int) -> Ints:
    """Return at most so many of the first numbers from 0, evenly spaced."""
    return np.unique(np.linspace(0, number - 1, min(number, most)).astype(np.int64))


def _dense(papers: Sequence[Paper], vectors: Mapping[int, bytes]) -> NDArray[np.float32] | None:
    """Return the embeddings as rows; of another length than the most: as if there were none."""
    lengths = Counter(len(vector) for vector in vectors.values())
    size = max(lengths, key=lambda length: lengths[length], default=0)
    rows = np.zeros((len(papers), size // DENSE.itemsize), dtype=np.float32)
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
