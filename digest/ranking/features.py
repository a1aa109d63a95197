"""Papers as numbers: a sparse TF-IDF matrix over stems and pairs of neighbouring stems.

Chinese and Japanese count by words in katakana and pairs of other characters. A translation
is a unit vector of its own beside the paper's, so that it never dilutes the original's words.
Rare words weigh more: idf comes from the background and the day's papers, on top of some
hundred imagined papers that tell a young installation which words every paper uses.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from digest.models import Paper
from digest.ranking.wordlists import COMMON_WORDS
from digest.ranking.words import BREAK, MAX_TEXT, MAX_TITLE, Lexicon, Pieces, plain, torn_pairs

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Matrix: TypeAlias = sparse.csr_matrix

# A word or pair in more than this share of all papers is no evidence by itself.
_COMMON = 0.1

# The imagined papers: how many, and how often each common word stands in them.
_IMAGINED = 300
_COMMON_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Corpus:
    """The texts of some papers as one row of stem numbers, for finding phrases.

    Attributes:
        stems: all texts one after the other, each closed by `BREAK`.
        rows: for each stem, the paper it belongs to.
        in_title: for each stem, whether it stands in the title.
    """

    stems: NDArray[np.int32]
    rows: NDArray[np.int32]
    in_title: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Features:
    """How texts become vectors: the lexicon, the terms' columns and their weights.

    Attributes:
        lexicon: numbers of stems.
        traits: what each stem may be.
        keys: the key of each column, rising: a stem's number, or that of a pair.
        idf: the weight of each column.
        common: whether a column's term is too common to be evidence by itself.
        lone: whether it is a pair that stands in one text only.
        pair: whether it is two neighbouring words.
        vague: whether it tells a reader nothing: words that any paper is written in, or numbers.
    """

    lexicon: Lexicon
    traits: "_Traits"
    keys: Ints
    idf: Floats
    common: NDArray[np.bool_]
    lone: NDArray[np.bool_]
    pair: NDArray[np.bool_]
    vague: NDArray[np.bool_]

    def vector(self, text: str) -> Matrix:
        """Return the vector of a text as a matrix of one row (empty: nothing known in it)."""
        return self.vectors([text])

    def vectors(self, texts: Sequence[str]) -> Matrix:
        """Return the vectors of texts, a row each."""
        read = [[*self.lexicon.read(plain(text[:MAX_TEXT])), BREAK] for text in texts]
        columns, places = self.terms([stem for stems in read for stem in stems])
        owners = np.repeat(np.arange(len(texts)), [len(stems) for stems in read])[places]
        keys, counts = np.unique(owners * len(self.keys) + columns, return_counts=True)
        owners, columns = np.divmod(keys, len(self.keys) or 1)
        ends = np.searchsorted(owners, np.arange(len(texts) + 1))
        weights = (1 + np.log(counts)) * self.idf[columns]
        for start, end in pairwise(ends.tolist()):
            own = weights[start:end]
            weights[start:end] /= math.sqrt((own * own)[~self.lone[columns[start:end]]].sum()) or 1
        shape = len(texts), len(self.keys)
        return sparse.csr_matrix((weights, columns, ends), shape=shape)

    def terms(self, stems: Sequence[int]) -> tuple[Ints, Ints]:
        """Return the columns of all terms in a row of stems, and where each term starts."""
        closed = np.maximum(np.array([*stems, BREAK]), BREAK)
        keys, places = _term_keys(closed, self.traits)
        columns = np.searchsorted(self.keys, keys)
        known = columns < len(self.keys)
        known[known] = self.keys[columns[known]] == keys[known]
        return columns[known], places[known]


@dataclass(frozen=True, slots=True)
class _Traits:
    """The lexicon's traits as arrays, when it has learnt all."""

    size: int
    term: NDArray[np.bool_]
    link: NDArray[np.bool_]
    cjk: NDArray[np.bool_]
    kanji: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Built:
    """What `build` makes of some papers.

    Attributes:
        features: how texts become vectors.
        corpus: the candidates' words in order.
        candidates: a unit vector each; background: the same of the others.
    """

    features: Features
    corpus: Corpus
    candidates: Matrix
    background: Matrix


def build(candidates: Sequence[Paper], background: Sequence[Paper]) -> Built:
    """Return the features of the day, the candidates' texts, and both matrices (a row a paper).

    Rows are unit vectors, or zero where a paper has no words; so a product of two is a cosine.
    Lone pairs, however, come on top of a row's length: each paper has a hundred of them, and
    they would make all it shares with others look small.
    """
    lexicon = Lexicon()
    known = lexicon.learn_all(COMMON_WORDS)
    papers = [*candidates, *background]
    corpus, foreign = _read(lexicon, papers)
    told = (lexicon.term, lexicon.link, lexicon.cjk, lexicon.kanji)
    traits = _Traits(len(lexicon), *map(np.array, told))
    n = len(candidates)
    keys, counts = _count(corpus, foreign, traits, n, len(papers))
    seen = np.bincount(counts.indices, minlength=len(keys))
    lone = (seen == 1) & (keys >= traits.size)
    idf, common = _weigh(seen, np.isin(keys, _term_keys(np.array(known), traits)[0]), len(papers))
    counts.data = 1 + np.log(counts.data)
    texts = _weighted(counts, idf, lone)
    matrix = texts
    if foreign.any():
        matrix = (texts[: len(papers)] + texts[len(papers) :]).tocsr()
    pair = keys >= traits.size
    vague = _vague(lexicon, traits, keys, common)
    features = Features(lexicon, traits, keys, idf, common, lone, pair, vague)
    end = int(np.searchsorted(corpus.rows, n))
    own = Corpus(corpus.stems[:end], corpus.rows[:end], corpus.in_title[:end])
    matrix.sort_indices()
    return Built(features, own, matrix[:n], matrix[n : len(papers)])


def texts_of(paper: Paper) -> tuple[str, ...]:
    """Return a paper's plain texts, bounded: title, abstract, translations."""
    return (
        plain(paper.title[:MAX_TITLE]),
        plain(paper.abstract[:MAX_TEXT]),
        *(plain(paper.translations[name][:MAX_TEXT]) for name in sorted(paper.translations)),
    )


def _read(lexicon: Lexicon, papers: Sequence[Paper]) -> tuple[Corpus, NDArray[np.bool_]]:
    """Return all texts as stem numbers, and for each whether it stands in a translation."""
    texts = [texts_of(paper) for paper in papers]
    stems, sizes = Pieces(text for told in texts for text in told).read(lexicon.learn_each, [BREAK])
    owners = [(row, min(n, 2)) for row, told in enumerate(texts) for n in range(len(told))]
    rows, places = np.array(owners, dtype=np.int32).reshape(-1, 2).T
    where = np.repeat(places, sizes)
    return Corpus(stems, np.repeat(rows, sizes), where == 0), where == 2


def _term_keys(stems: NDArray[np.int32] | Ints, traits: _Traits) -> tuple[Ints, Ints]:
    """Return the keys of all terms in a row of stems, and where each starts."""
    single = np.flatnonzero(traits.term[stems])
    left, right = stems[:-1], stems[1:]
    pairs = traits.link[left] & traits.link[right] & (traits.cjk[left] == traits.cjk[right])
    double = np.flatnonzero(pairs & ~torn_pairs(traits.kanji[stems]))
    keys = (stems[double].astype(np.int64) + 1) * traits.size + stems[double + 1]
    return np.concatenate([stems[single].astype(np.int64), keys]), np.concatenate([single, double])


def _count(
    corpus: Corpus,
    foreign: NDArray[np.bool_],
    traits: _Traits,
    n_candidates: int,
    n_papers: int,
) -> tuple[Ints, Matrix]:
    """Return the terms' keys and how often each stands in each text.

    A translation counts as a text of its own, by its CJK characters only. Pairs that stand in
    one text of the background only are left out: they are most of all pairs, and can match
    no candidate.
    """
    keys, places = _term_keys(corpus.stems, traits)
    rows = corpus.rows[places]
    if foreign.any():
        kept = ~foreign[places] | traits.cjk[corpus.stems[places]]
        keys, places = keys[kept], places[kept]
        rows = corpus.rows[places] + np.where(foreign[places], n_papers, 0)
    found, columns, times = np.unique(keys, return_inverse=True, return_counts=True)
    of_the_day = np.zeros(len(found), dtype=bool)
    of_the_day[columns[rows % n_papers < n_candidates]] = True
    # Most pairs stand in one place only: they are sorted out before they are counted by text.
    stay = (times > 1) | of_the_day | (found < traits.size)
    counted = stay[columns]
    columns = (np.cumsum(stay) - 1)[columns[counted]]
    found, of_the_day = found[stay], of_the_day[stay]
    shape = (n_papers * (2 if foreign.any() else 1), len(found))
    ones = np.ones(len(columns))
    counts = sparse.csr_matrix((ones, (rows[counted], columns)), shape=shape)
    several = np.bincount(counts.indices, minlength=len(found)) > 1
    stay = several | of_the_day | (found < traits.size)
    return found[stay], counts if stay.all() else counts[:, np.flatnonzero(stay)]


def _weigh(seen: Ints, known: NDArray[np.bool_], n_papers: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Return each term's idf, and whether it is common: `known` to be, or seen to be."""
    total = n_papers + _IMAGINED
    all_seen = seen + _IMAGINED * _COMMON_SHARE * known
    return np.log((1 + total) / (1 + all_seen)) + 1, known | (all_seen > _COMMON * total)


def _vague(
    lexicon: Lexicon, traits: _Traits, keys: Ints, common: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return which columns tell a reader nothing.

    Those are words that any paper is written in, alone or beside another ("remain unclear"),
    and what a number says beside a letter or a common word ("p = 0", "22 languages").
    """
    pair = keys >= traits.size
    left, right = np.where(pair, keys // traits.size - 1, keys), keys % traits.size
    says = traits.term | traits.cjk
    says[keys[~pair & common]] = False
    vague, digits = np.array(lexicon.vague), np.array(lexicon.digits)
    with_number = pair & (digits[left] | digits[right]) & ~(says[left] | says[right])
    letters = pair & ~(traits.term | traits.cjk)[left] & ~(traits.term | traits.cjk)[right]
    return np.asarray(vague[left] | vague[right] | with_number | letters)


def _weighted(rows: Matrix, idf: Floats, lone: NDArray[np.bool_]) -> Matrix:
    """Return rows times idf, each of length 1 but for its lone pairs."""
    data = rows.data * idf[rows.indices]
    counted = np.where(lone[rows.indices], 0.0, data)
    squares = np.concatenate([[0.0], np.cumsum(counted * counted)])
    norms = np.sqrt(np.maximum(np.diff(squares[rows.indptr]), 0))
    norms[norms == 0] = 1
    data /= np.repeat(norms, np.diff(rows.indptr))
    return sparse.csr_matrix((data, rows.indices, rows.indptr), shape=rows.shape)
