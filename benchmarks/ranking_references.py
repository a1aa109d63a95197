"""What others order papers by, derived again from their formulas, on the texts that Digest gets.

centroid  the cosine to the sum of the profile's papers by TF-IDF of words: the simplest ranker
stemmed   the same by stems and pairs of neighbouring stems
bm25      Robertson's BM25 (k1 = 1.2, b = 0.75) with the profile's 100 strongest terms as a
          weighted query
mean      the mean cosine to the profile's papers, weighted by 1 / (1 + log10(place)) from the
          newest, as zotero-arxiv-daily has it; by TF-IDF here, and by embeddings where given
svm       a linear SVM a reader, the profile's papers against all others, as arxiv-sanity-lite
          has it: TF-IDF of words and pairs, C = 0.01, balanced classes

A profile of keywords is a text of its own; it has nothing for `svm` to learn from.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import Stemmer
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer, TfidfVectorizer
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

from digest.pipeline.evaluation import Embeddings, Task

Floats = NDArray[np.float64]

_K1, _B, _QUERY = 1.2, 0.75, 100
_WORD = re.compile(r"(?u)\b\w\w+\b")


@dataclass(frozen=True)
class Wish:
    """What is known of a reader: ids of liked papers, and phrases."""

    liked: Sequence[str]
    words: Sequence[str]


class References:
    """The rankers of one task.

    Args:
        task: papers, candidates and users, as `rank_task` gets them.
        embeddings: of the same; None: `mean` goes by TF-IDF only.
    """

    def __init__(self, task: Task, embeddings: Embeddings | None = None) -> None:
        self._task = task
        self._embeddings = embeddings
        self._place = {name: row for row, name in enumerate(task.papers)}
        self._texts = [f"{paper.title}. {paper.abstract}" for paper in task.papers.values()]
        self._chosen = np.array([self._place[name] for name in task.candidates])

    def rankers(self) -> Mapping[str, Callable[[Wish], Floats | None]]:
        """Return the rankers by name: each gives a score by candidate, or None: it cannot."""
        found: dict[str, Callable[[Wish], Floats | None]] = {
            "centroid": self.centroid,
            "stemmed": self.stemmed,
            "BM25": self.bm25,
            "mean": self.mean,
        }
        if self._embeddings is not None:
            found["mean, MiniLM"] = self.mean_in_meaning
        return found | {"SVM": self.svm}

    def centroid(self, wish: Wish) -> Floats:
        return self._by_sum(*self._words, wish)

    def stemmed(self, wish: Wish) -> Floats:
        return self._by_sum(*self._stems, wish)

    def mean(self, wish: Wish) -> Floats:
        words, vectors = self._words
        if not wish.liked:
            return self._by_sum(words, vectors, wish)
        return self._weighted(vectors[self._chosen] @ vectors[self._rows(wish)].T, len(wish.liked))

    def mean_in_meaning(self, wish: Wish) -> Floats:
        assert self._embeddings is not None
        if not wish.liked:
            told = [self._embeddings.texts[word] for word in wish.words]
            return self._dense[self._chosen] @ _unpacked(told).mean(axis=0)
        near = self._dense[self._chosen] @ self._dense[self._rows(wish)].T
        return self._weighted(near, len(wish.liked))

    def bm25(self, wish: Wish) -> Floats:
        """Score by BM25; the query's weights are those of `centroid`."""
        words, _ = self._words
        query = self._total(*self._words, wish)
        best = np.argpartition(-query, _QUERY)[:_QUERY] if len(query) > _QUERY else ...
        cut = np.zeros(len(query))
        cut[best] = query[best]
        return np.asarray(self._saturated(words) @ cut)

    def svm(self, wish: Wish) -> Floats | None:
        if not wish.liked:
            return None
        wanted = np.zeros(len(self._texts))
        wanted[self._rows(wish)] = 1
        machine = sanity_classifier().fit(self._sanity, wanted)
        return np.asarray(machine.decision_function(self._sanity[self._chosen]))

    def _rows(self, wish: Wish) -> list[int]:
        """Return the rows of the liked papers, newest first where days are known."""
        papers = self._task.papers
        days = {name: papers[name].published_at for name in wish.liked}
        liked = list(wish.liked)
        if all(days.values()):
            liked.sort(key=lambda name: (str(days[name]), name), reverse=True)
        return [self._place[name] for name in liked]

    def _weighted(self, cosines: Floats | sparse.csr_matrix, number: int) -> Floats:
        weights = 1 / (1 + np.log10(np.arange(number) + 1))
        return np.asarray(cosines @ (weights / weights.sum()))

    def _by_sum(self, words: TfidfVectorizer, vectors: sparse.csr_matrix, wish: Wish) -> Floats:
        return np.asarray(vectors[self._chosen] @ self._total(words, vectors, wish))

    def _total(self, words: TfidfVectorizer, vectors: sparse.csr_matrix, wish: Wish) -> Floats:
        if not wish.liked:
            return words.transform([" . ".join(wish.words)]).toarray().ravel()
        return np.asarray(vectors[self._rows(wish)].sum(axis=0)).ravel()

    @cached_property
    def _words(self) -> tuple[TfidfVectorizer, sparse.csr_matrix]:
        words = TfidfVectorizer(sublinear_tf=True, stop_words="english", min_df=2)
        return words, words.fit_transform(self._texts)

    @cached_property
    def _stems(self) -> tuple[TfidfVectorizer, sparse.csr_matrix]:
        words = TfidfVectorizer(analyzer=_stems_and_pairs(), sublinear_tf=True, min_df=2)
        return words, words.fit_transform(self._texts)

    @cached_property
    def _sanity(self) -> sparse.csr_matrix:
        return sanity_vectors(self._texts)

    @cached_property
    def _dense(self) -> NDArray[np.float32]:
        assert self._embeddings is not None
        return _unpacked([self._embeddings.papers[name] for name in self._task.papers])

    def _saturated(self, words: TfidfVectorizer) -> sparse.csr_matrix:
        """Return what each term is worth in each candidate by BM25, without the query."""
        if "_bm25" not in self.__dict__:
            self.__dict__["_bm25"] = bm25_weights(words, self._texts)[self._chosen]
        found: sparse.csr_matrix = self.__dict__["_bm25"]
        return found


def bm25_weights(words: TfidfVectorizer, texts: Sequence[str]) -> sparse.csr_matrix:
    """Return Robertson's weights, a row a text: ``idf tf (k1 + 1) / (tf + k1 K)``.

    K is ``1 - b + b length / mean length``, idf ``log(1 + (N - n + 0.5) / (n + 0.5))``.
    """
    counts = CountVectorizer(stop_words="english", vocabulary=words.vocabulary_)
    found = counts.fit_transform(texts).tocsr().astype(float)
    lengths = np.asarray(found.sum(axis=1)).ravel()
    seen = np.bincount(found.indices, minlength=found.shape[1])
    idf = np.log(1 + (len(texts) - seen + 0.5) / (seen + 0.5))
    norm = 1 - _B + _B * lengths / max(lengths.mean(), 1e-9)
    norm = np.repeat(norm, np.diff(found.indptr))
    found.data = idf[found.indices] * found.data * (_K1 + 1) / (found.data + _K1 * norm)
    return found


def sanity_vectors(texts: Sequence[str]) -> sparse.csr_matrix:
    """Return TF-IDF vectors with the settings of arxiv-sanity-lite's compute.py; no names."""
    words = TfidfVectorizer(
        strip_accents="unicode",
        stop_words="english",
        token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",
        ngram_range=(1, 2),
        max_features=10_000,
        sublinear_tf=True,
        max_df=0.5,
        min_df=5,
    )
    return normalize(words.fit_transform(texts)).tocsr()


def sanity_classifier() -> LinearSVC:
    """Return the classifier of arxiv-sanity-lite's serve.py."""
    return LinearSVC(class_weight="balanced", max_iter=10_000, tol=1e-6, C=0.01, random_state=0)


def _stems_and_pairs() -> Callable[[str], list[str]]:
    stemmer = Stemmer.Stemmer("english")

    def analyse(text: str) -> list[str]:
        words = [word for word in _WORD.findall(text.lower()) if word not in ENGLISH_STOP_WORDS]
        stems = stemmer.stemWords(words)
        return [*stems, *map(" ".join, pairwise(stems))]

    return analyse


def _unpacked(vectors: Sequence[bytes]) -> NDArray[np.float32]:
    rows = np.array([np.frombuffer(vector, "<f2") for vector in vectors], dtype=np.float32)
    return rows
