"""Words of a text: what stands in it, in order, and which of them carry meaning.

A token is a word (with its possessive or the signs of "C++" and "C#"), a word in katakana, one
other Chinese or Japanese character, or a mark that ends a phrase. Two words with the same English stem have the same
number; accents and case do not count. So "word for word" means: the same numbers in a row.
"""

import re
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
import Stemmer
from numpy.typing import NDArray

from digest.ranking.wordlists import STOP_WORDS, VAGUE_WORDS

MAX_TITLE = 1_000  # characters that are read of a title
MAX_TEXT = 6_000  # and of an abstract, a translation or an interest

UNKNOWN = -1  # a word that stands in no paper of the day or the background
BREAK = 0  # the end of a title, an abstract, a paper: no phrase crosses it
MARK = 1  # punctuation inside a text

_CJK = "\u3005\u3041-\u30ff\u3400-\u9fff"
_KATAKANA = "\u30a1-\u30fa\u30fc-\u30fe"
_TOKEN = re.compile(
    rf"[{_KATAKANA}]+|[{_CJK}]|[^\W_{_CJK}]+(?:['’]s\b|\+\+|#)?|[.,;:!?](?=\s|$)|[()\[\]、。]"
)
_CJK_CHARACTER = re.compile(f"[{_CJK}]")
_HIRAGANA = re.compile("[\u3041-\u309f]")  # grammar, for the most part
_KANJI = re.compile("[\u3005\u3400-\u9fff]")
_ABBREVIATIONS = re.compile("[^\\Waeiouy]+[^\\Waeiouys]s")  # "llms"; the stemmer wants a vowel
_TEX_ACCENT = re.compile(r"\\[\"'`^~=.](?=\{?[A-Za-z])")
_TEX_COMMAND = re.compile(r"\\[A-Za-z]+\*?")
_TEX_MARKS = str.maketrans({"$": " ", "{": "", "}": ""})
_ACCENTS = re.compile("[\u0300-\u036f]")
_MAX_WORD = 100


def plain(text: str) -> str:
    """Return text without TeX commands: what is left are the words and formulas' letters."""
    if "\\" in text:
        text = _TEX_COMMAND.sub(" ", _TEX_ACCENT.sub("", text))
    if "$" in text or "{" in text:
        text = text.translate(_TEX_MARKS)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


class _Numbered(dict[str, int]):
    """Numbers what it is asked for, in the order of asking."""

    def __missing__(self, piece: str) -> int:
        number = self[piece] = len(self)
        return number


class Pieces:
    """Texts cut at white space: no token crosses it, and most pieces come again and again.

    So each distinct piece is read once, whatever it is to be read as.

    Args:
        texts: of any length.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        numbers = _Numbered()
        asked, lengths = array("i"), []
        for text in texts:
            words = text.split()
            asked.extend(map(numbers.__getitem__, words))
            asked.append(-1)
            lengths.append(len(words) + 1)
        self._distinct = list(numbers)
        self._asked = np.array(asked, dtype=np.int64)
        self._lengths = np.array(lengths, dtype=np.int64)

    def read(
        self,
        read: Callable[[Sequence[str]], Sequence[Sequence[int]]],
        close: Sequence[int] = (),
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the tokens of all texts in a row, and how many each text has.

        Args:
            read: returns the numbers of some pieces' tokens, each piece's apart.
            close: stands behind each text.
        """
        tokens = [*read(self._distinct), close]
        counts = np.fromiter(map(len, tokens), np.int64, len(tokens))
        flat = np.fromiter(chain.from_iterable(tokens), np.int32, int(counts.sum()))
        many = counts[self._asked]
        before = np.cumsum(many)
        starts = (np.cumsum(counts) - counts)[self._asked] - (before - many)
        stems = flat[np.repeat(starts, many) + np.arange(int(many.sum()))]
        ends = before[np.cumsum(self._lengths) - 1]
        return stems, np.diff(ends, prepend=0)


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each token of a plain text starts and ends."""
    return (found.span() for found in _TOKEN.finditer(text))


def torn_pairs(kanji: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell of each two neighbours whether they are the end of one word and the start of another.

    Args:
        kanji: of each token in a row, whether it is a Chinese character.

    Nothing stands between the words of a run of kanji, and most words are two of them: so those
    at an odd distance from the start of the run belong to two words (chemistry in the middle of
    "reinforcement learning"), unless the run ends with them (biochemistry).
    """
    torn = np.zeros(max(len(kanji) - 1, 0), dtype=bool)
    within = np.flatnonzero(kanji)
    if len(within):
        first = np.diff(within, prepend=-2) != 1
        starts = within[first][np.cumsum(first) - 1]
        odd = within[(within - starts) % 2 == 1]
        odd = odd[odd + 2 < len(kanji)]
        torn[odd[kanji[odd + 2]]] = True
    return torn


def _fold(word: str) -> str:
    if word.isascii():
        return word.lower()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", word.replace("’", "'")))
    return unicodedata.normalize("NFC", bare).casefold()


class Lexicon:
    """Numbers the stems of words. It learns from the day's texts, and only reads after that.

    Attributes:
        term: by number, whether a stem is a term by itself.
        link: whether it may be half of a pair of neighbouring words.
        cjk: whether it is Chinese or Japanese.
        kanji: whether it is a Chinese character.
        vague: whether it tells a reader nothing.
        digits: whether it is a number.
    """

    def __init__(self) -> None:
        self._stemmer = Stemmer.Stemmer("english", 0)
        self._numbers: dict[str, int] = {"": BREAK, ".": MARK}
        self._words: dict[str, int] = {}
        self.term = [False, False]
        self.link = [False, False]
        self.cjk = [False, False]
        self.kanji = [False, False]
        self.vague = [False, False]
        self.digits = [False, False]
        self._stop_stems = frozenset(self._stems(STOP_WORDS))
        self._vague_stems = frozenset(self._stems(VAGUE_WORDS))

    def __len__(self) -> int:
        return len(self.term)

    def learn(self, text: str) -> list[int]:
        """Return the numbers of a plain text's tokens, numbering new stems."""
        return self.learn_each([text])[0]

    def learn_each(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the numbers of several texts' tokens, each text's apart."""
        told = [
            [text] if text.isascii() and text.isalpha() else _TOKEN.findall(text) for text in texts
        ]
        words = self._words
        new = list(dict.fromkeys(w for tokens in told for w in tokens if w not in words))
        for word, stem in zip(new, self._stems(new), strict=True):
            words[word] = self._add(stem)
        return [[words[word] for word in tokens] for tokens in told]

    def learn_all(self, texts: Iterable[str]) -> list[int]:
        """Return the numbers of several texts one after the other, each closed by `BREAK`."""
        return [number for text in texts for number in [*self.learn(text), BREAK]]

    def read(self, text: str) -> list[int]:
        """Return the numbers of a plain text's tokens, `UNKNOWN` for stems never learnt."""
        return [self.number(word) for word in _TOKEN.findall(text)]

    def number(self, word: str) -> int:
        """Return the number of one word's stem, or `UNKNOWN`."""
        number = self._words.get(word)
        return self._numbers.get(self._stem(word), UNKNOWN) if number is None else number

    def _stem(self, word: str) -> str:
        return self._stems([word])[0]

    def _stems(self, words: Sequence[str]) -> list[str]:
        folded = [_fold(word[:_MAX_WORD]) for word in words]
        stems: list[str] = self._stemmer.stemWords(folded)
        return [
            "."
            if not fold[:1].isalnum()
            else stem[:-1]
            if stem[-1:] == "s" and _ABBREVIATIONS.fullmatch(stem)
            else stem
            for fold, stem in zip(folded, stems, strict=True)
        ]

    def _add(self, stem: str) -> int:
        number = self._numbers.get(stem)
        if number is None:
            number = self._numbers[stem] = len(self.term)
            cjk = not stem.isascii() and _CJK_CHARACTER.match(stem) is not None
            meaningful = stem not in self._stop_stems and not (cjk and _HIRAGANA.match(stem))
            self.cjk.append(cjk)
            self.kanji.append(cjk and _KANJI.match(stem) is not None)
            self.vague.append(stem in self._vague_stems)
            self.digits.append(stem.isdigit())
            self.link.append(meaningful)
            self.term.append(meaningful and len(stem) > 1 and not stem.isdigit())
        return number
