"""What a reader of libraries hands over, and the limits all readers keep."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from digest import tex
from digest.text import collapse, cut, parse_arxiv_id, parse_doi

MAX_BYTES = 8_000_000
MAX_ITEMS = 5_000
MAX_PROBLEMS = 200  # lines; what is beyond is counted
MAX_AUTHORS = 200
_MAX_FIELD = 20_000  # characters of a field that are looked at
_MAX_TITLE = 500
_MAX_ABSTRACT = 10_000

# "arXiv preprint 2101.00001", "arXiv: 2101.00001", and DBLP's "CoRR abs/2101.00001".
_LOOSE_ARXIV = re.compile(r"\barxiv(?:\s{1,3}(?:e-?|pre)?print)?[\s:]{1,4}(?=[a-z0-9])", re.I)
_CORR = re.compile(r"(?<![\w/])abs/(?=\d{4}\.\d{4,5})", re.I)
_URL = re.compile(r"https?://[^\s<>\"{}]{1,2000}", re.I)
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|2[01]\d\d)(?!\d)")
_ARXIV_CATEGORY = re.compile(
    r"arxiv\.org/(?:rss|atom|list)/([a-z]+(?:-[a-z]+)?(?:\.[a-z]{2}|\.[a-z]+-[a-z]+)?)(?![\w.-])",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Draft:
    """The fields of an item as the file has them.

    Attributes:
        arxiv: what is said to be an arXiv id.
        clues: other texts in which an id may stand.
    """

    title: str = ""
    authors: tuple[str, ...] = ()
    doi: str = ""
    arxiv: str = ""
    url: str = ""
    year: str = ""
    abstract: str = ""
    clues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """An item that cannot be read: what is wrong and what to do, and the line, where known."""

    what: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """One item of a library.

    Attributes:
        number: its place in the file, from 1.
        title: in Unicode, without TeX; may be empty where an id or a link is known.
        authors: "First Last", in order.
        doi: lower case, without resolver. arxiv_id: without version.
        category: the arXiv category that a feed of a list brings; then nothing else is told.
    """

    number: int
    title: str = ""
    authors: tuple[str, ...] = ()
    doi: str | None = None
    arxiv_id: str | None = None
    url: str | None = None
    year: int | None = None
    abstract: str = ""
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Library:
    """What a file holds.

    Attributes:
        format: its name, like ``BibTeX``.
        items: those that could be read.
        problems: one line for each that could not, with its number.
    """

    format: str
    items: tuple[Reference, ...]
    problems: tuple[str, ...] = ()


def assemble(name: str, found: Iterable[Draft | Trouble]) -> Library:
    """Number, clean and bound what a reader found.

    Args:
        name: of the format.
        found: items and troubles in the order of the file.
    """
    items: list[Reference] = []
    problems: list[str] = []
    for number, draft in enumerate(found, 1):
        if number > MAX_ITEMS:
            problems.append(f"only the first {MAX_ITEMS:,} items are read; split the file")
            break
        if isinstance(draft, Trouble):
            line = f" (line {draft.line})" if draft.line else ""
            problems.append(f"item {number}{line}: {draft.what}")
        elif item := _finish(number, draft):
            items.append(item)
        else:
            problems.append(f"item {number}: it has no title, no id and no link; add one of them")
    if len(problems) > MAX_PROBLEMS:
        more = len(problems) - MAX_PROBLEMS
        problems = [*problems[:MAX_PROBLEMS], f"and {more:,} more items that cannot be read"]
    return Library(name, tuple(items), tuple(problems))


def find_arxiv_id(text: str) -> str | None:
    """Return the arXiv id that stands in a field, in any of the ways in which people write it."""
    text = text[:_MAX_FIELD]
    if not text:
        return None
    found = parse_arxiv_id(text)
    if found is None:
        found = parse_arxiv_id(_CORR.sub("arXiv:", _LOOSE_ARXIV.sub("arXiv:", text)))
    return found[0] if found else None


def find_url(text: str) -> str | None:
    """Return the first web address in a text."""
    found = _URL.search(text[:_MAX_FIELD])
    return found[0].rstrip(".,;:)]'") if found else None


def plain(text: str, limit: int = _MAX_TITLE) -> str:
    """Return a field on one line, its TeX as Unicode, without the braces that guard capitals."""
    told = tex.to_unicode(text[:_MAX_FIELD])
    return cut(collapse(told.replace("{", "").replace("}", "")), limit)


def person(name: str) -> str:
    """Return "First Last" of a name that may be written "Last, Jr., First"."""
    name = collapse(tex.accents(name[:200]))
    parts = [part.strip() for part in name.split(",") if part.strip()]
    return " ".join([*parts[2:], *parts[:2]] if len(parts) > 2 else parts[::-1])


def _finish(number: int, draft: Draft) -> Reference | None:
    url = find_url(draft.url)
    category = _ARXIV_CATEGORY.search(draft.url[:_MAX_FIELD])
    if category and not find_arxiv_id(draft.url):
        return Reference(number, category=category[1])
    title = plain(draft.title)
    doi = parse_doi(draft.doi[:_MAX_FIELD]) or parse_doi(draft.url[:_MAX_FIELD])
    texts = (draft.arxiv, draft.url, draft.doi, *draft.clues)
    arxiv_id = next((found for text in texts if (found := find_arxiv_id(text))), None)
    if not any(char.isalpha() for char in title):
        title = ""
    if not (title or arxiv_id or doi or url):
        return None
    year = _YEAR.search(draft.year[:100])
    return Reference(
        number,
        title,
        tuple(name for author in draft.authors[:MAX_AUTHORS] if (name := person(author))),
        doi,
        arxiv_id,
        url,
        int(year[1]) if year else None,
        plain(draft.abstract, _MAX_ABSTRACT),
    )


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """Return the lines of a text with their numbers, whatever ends them."""
    yield from enumerate(text.splitlines(), 1)
