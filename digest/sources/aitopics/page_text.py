"""The text of a search page of AITopics, as people copy it: known by its content alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from digest import text
from digest.errors import ParseError
from digest.models import Entry, Topic
from digest.sources.base import MAX_ENTRIES, Page, Response
from digest.sources.common import bounded, lines, title_id
from digest.sources.enrich import enriched

NAME = "aitopics"

_TAG = re.compile(r"- (.+) \(([01]\.[0-9]{2})\)")
_MORE = re.compile(r"- \(([0-9]{1,6}) more\.\.\.\)")
# Every abstract in the captures has at least 773 characters, every title at most 123.
LONG = 250
_SENTENCE_END = re.compile(r"[^\W\d_]{4}[.!?](?:\s|$)|[:;!?]")
_GROUP = re.compile(r"\b(?:collaboration|consortium|group|team)\b", re.I)


def parse(response: Response) -> Page:
    """Return the papers of a search page's text.

    Raises:
        ParseError: it holds no paper.
    """
    reader = _Reader(_numbered(response.body))
    items = reader.read()
    if not items:
        raise ParseError(f"{response.url} is not from {NAME}: no paper in it")
    problems = reader.problems
    if len(items) > MAX_ENTRIES:
        problems.append(f"line {items[MAX_ENTRIES].line}: too many papers; the rest is left out")
    return Page(
        tuple(enriched(bounded(_entry(item))) for item in items[:MAX_ENTRIES]), tuple(problems)
    )


def _numbered(body: bytes) -> list[tuple[int, str]]:
    cleaned = ((number, text.collapse(line)) for number, line in enumerate(lines(body), 1))
    return [(number, line) for number, line in cleaned if line]


@dataclass
class _Item:
    """One paper, as far as it is read."""

    line: int
    title: str
    abstract: str
    authors: str | None
    topics: list[Topic] = field(default_factory=list)
    tags_more: int = 0


class _Reader:
    """Walks through the lines; a title is known by its place, all else by its content."""

    def __init__(self, numbered: Sequence[tuple[int, str]]) -> None:
        self.lines = numbered
        self.at = 0
        self.items: list[_Item] = []
        self.item: _Item | None = None
        self.problems: list[str] = []

    def read(self) -> list[_Item]:
        """Return the papers; `problems` names the lines that should have gone into one."""
        self._read_query()
        while self.at < len(self.lines):
            if _is_tag(self._line(0)):
                self._read_tag()
            else:
                self._read_item()
        return self.items

    def _line(self, ahead: int) -> str:
        """Return the line that many places on; empty after the last one."""
        return self.lines[self.at + ahead][1] if self.at + ahead < len(self.lines) else ""

    def _leave_out(self, count: int, why: str) -> None:
        number, line = self.lines[self.at]
        self.problems.append(f"line {number}: {why}; left out: {text.cut(line, 60)}")
        self.at += count

    def _read_query(self) -> None:
        # The first line is what was searched for, even where the first card lost its title.
        if self.lines and not _is_tag(self._line(0)):
            self.at += 1

    def _read_tag(self) -> None:
        tag, more = _TAG.fullmatch(self._line(0)), _MORE.fullmatch(self._line(0))
        if self.item is None:
            count = 1
            while _is_tag(self._line(count)):
                count += 1
            self._leave_out(
                count, f"{count} topic{'s' * (count > 1)} of a card whose title is lost"
            )
        elif tag:
            path = tuple(part.strip() for part in tag[1].split(" > "))
            self.item.topics.append(Topic(path, float(tag[2])))
            self.at += 1
        elif more:
            self.item.tags_more += int(more[1])
            self.at += 1
        else:
            self._leave_out(1, "a topic without a confidence")

    def _read_item(self) -> None:
        number, title = self.lines[self.at]
        following, second = self._line(1), self._line(2)
        if len(title) >= LONG and not is_authors(title):
            self._lose_card(1, "an abstract without a title")
        elif _is_full_author_list(title) and len(following) >= LONG:
            self._lose_card(2, "authors and an abstract without a title")
        elif is_authors(following) or (_is_one_name(following) and len(second) >= LONG):
            if is_abstract(second):
                self._add(3, _Item(number, title, second, following))
            else:
                self._lose_card(2, "a title without an abstract")
        elif is_abstract(following):
            self._add(2, _Item(number, title, following, None))
        else:
            self._lose_card(1, "a title without an abstract")

    def _add(self, count: int, item: _Item) -> None:
        self.items.append(item)
        self.item = item
        self.at += count

    def _lose_card(self, count: int, why: str) -> None:
        self._leave_out(count, why)
        self.item = None


def _is_tag(line: str) -> bool:
    return line.startswith("- ")


def is_abstract(line: str) -> bool:
    """Tell prose from titles and names: it is long, or at least ends like a sentence."""
    if _is_tag(line) or is_authors(line):
        return False
    return len(line) >= LONG or line.endswith((".", "…"))


def is_authors(line: str) -> bool:
    """Tell a list of names: short parts between commas, and no sentence anywhere.

    Its length says nothing (287 authors have been seen); a period may follow an initial.
    """
    parts = line.split(", ")
    if _is_tag(line) or len(parts) < 2 or _SENTENCE_END.search(line):
        return False
    return all(0 < len(part.split()) <= 6 for part in parts)


def _is_full_author_list(line: str) -> bool:
    """Tell names for certain, where a title is expected: two and more pairs, all capitalised."""
    parts = line.split(", ")
    if not is_authors(line) or len(parts) < 4 or len(parts) % 2:
        return False
    return all(part[0].isupper() and len(part.split()) <= 3 for part in parts)


def _is_one_name(line: str) -> bool:
    """Tell what may be the one author of a paper, like a laboratory that signs as a whole."""
    return bool(line) and not _is_tag(line) and len(line.split()) <= 4 and line[-1] not in ".?!"


def _entry(item: _Item) -> Entry:
    authors, certain = names(item.authors)
    return Entry(
        source=NAME,
        external_id=title_id(item.title, item.abstract),
        title=item.title,
        abstract=item.abstract,
        language=text.guess_language(item.abstract),
        authors=authors,
        authors_raw=item.authors,
        n_authors=len(authors) if authors and certain else None,
        topics=tuple(item.topics),
        tags_more=item.tags_more,
        flags=() if certain else ("authors_ambiguous",),
    )


def names(raw: str | None) -> tuple[tuple[str, ...], bool]:
    """Return "First Last" for each pair of "Last, First, Last, First", and whether that is sure.

    A name without a comma (0.3 % of records) shifts all pairs after it: then the line stays
    whole.
    """
    if raw is None:
        return (), True
    parts = [part.strip() for part in raw.split(", ")]
    if len(parts) % 2 or any(_GROUP.search(part) for part in parts):
        return (raw,), False
    return tuple(f"{first} {last}" for last, first in zip(*[iter(parts)] * 2, strict=True)), True
