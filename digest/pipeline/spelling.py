"""Near spellings: what the stored papers call what an interest may mean. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cached_property

from digest.models import Interest, InterestKind, Paper
from digest.text import fold, last_name

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_LONGEST = 4  # words of a suggestion
_MIN_PAPERS = 2  # in whose titles a suggestion stands
_MAX_WORDS = 30  # of a title
_MAX_COMPARED = 1_500  # the most frequent ones
_MAX_ASKED = 20  # interests for which spellings are looked up
_MAX_TEXT = 100  # characters
_SHARED = 3  # letters with which a word begins in both
_INITIALS = 2  # letters with which a last name begins in both
_ALIKE = 0.7  # difflib's ratio
_MANY = 3

# Words that carry no meaning at the ends of a suggestion.
_EMPTY = frozenset(
    {"a", "an", "and", "are", "as", "at", "by", "for", "from", "how", "in", "into", "is", "it"}
    | {"its", "of", "on", "or", "the", "their", "to", "toward", "towards", "under", "using"}
    | {"via", "what", "when", "with", "without"}
)


class Spelling:
    """The words, names, categories and topics of papers, in which to look things up.

    Args:
        papers: whose vocabulary it is.
    """

    def __init__(self, papers: Sequence[Paper]) -> None:
        self._papers = papers
        self._asked = 0

    def near(self, interest: Interest) -> tuple[str, ...]:
        """Return what the papers say that is spelt much like an interest, the likest first."""
        self._asked += 1
        if self._asked > _MAX_ASKED or len(interest.value) > _MAX_TEXT:
            return ()
        match interest.kind:
            case InterestKind.PHRASE:
                return self._near_phrase(interest.value)
            case InterestKind.AUTHOR:
                return self._near_author(interest.value)
            case InterestKind.CATEGORY:
                return _alike(interest.value, self._categories, 0.6)
            case InterestKind.TOPIC:
                return _alike(interest.value.rpartition(">")[2], self._topics, _ALIKE)
            case _:
                return ()

    @cached_property
    def _phrases(self) -> Counter[str]:
        """In how many titles each run of words stands."""
        found: Counter[str] = Counter()
        for paper in self._papers:
            words = _WORD.findall(fold(paper.title))[:_MAX_WORDS]
            runs = {
                " ".join(words[start : start + length])
                for length in range(1, _LONGEST + 1)
                for start in range(len(words) - length + 1)
                if not _EMPTY & {words[start], words[start + length - 1]}
            }
            found.update(runs)
        return Counter({run: count for run, count in found.items() if count >= _MIN_PAPERS})

    @cached_property
    def _authors(self) -> dict[str, set[str]]:
        """Names as written, by the beginning of the last name."""
        found: dict[str, set[str]] = {}
        for paper in self._papers:
            for name in paper.authors:
                found.setdefault(last_name(name)[:_INITIALS], set()).add(name)
        return found

    @cached_property
    def _categories(self) -> list[str]:
        return sorted({category for paper in self._papers for category in paper.categories})

    @cached_property
    def _topics(self) -> list[str]:
        topics = (topic for paper in self._papers for topic in paper.topics)
        return sorted({name for topic in topics for name in topic.path})

    def _near_phrase(self, value: str) -> tuple[str, ...]:
        words = _WORD.findall(fold(value))
        if not words:
            return ()
        starts = {word[:_SHARED] for word in words}
        lengths = range(max(1, len(words) - 1), len(words) + 2)
        same = " ".join(words)
        likely = [
            run
            for run, _ in self._phrases.most_common()
            if run != same
            and run.count(" ") + 1 in lengths
            and any(word[:_SHARED] in starts for word in run.split(" "))
        ]
        # The order of the words does not count: "graphs neural" means "graph neural networks".
        by_words: dict[str, str] = {}
        for run in likely[:_MAX_COMPARED]:
            by_words.setdefault(_sorted_words(run), run)
        close = get_close_matches(_sorted_words(same), by_words, _MANY, _ALIKE)
        return tuple(by_words[key] for key in close)

    def _near_author(self, value: str) -> tuple[str, ...]:
        wanted = last_name(value)
        names = self._authors.get(wanted[:_INITIALS], set())
        # Names that are written the wrong way round.
        for word in fold(value).split():
            names = names | self._authors.get(word[:_INITIALS], set())
        return _alike(value, sorted(names)[:_MAX_COMPARED], _ALIKE)


def _sorted_words(text: str) -> str:
    return " ".join(sorted(text.split(" ")))


def _alike(value: str, known: Iterable[str], cutoff: float) -> tuple[str, ...]:
    """Return what is spelt alike, whatever its case and the order of its words."""
    by_words: dict[str, str] = {}
    for name in known:
        by_words.setdefault(_sorted_words(fold(name)), name)
    close = get_close_matches(_sorted_words(fold(value)), by_words, _MANY, cutoff)
    return tuple(by_words[key] for key in close)
