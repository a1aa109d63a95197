"""A page of AITopics: the results of a search, or one document.

A paper begins where a link to its document (``/doc/<source>:<ID>``) or the heading of the page
stands; all else is known by its content, as in a copied text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from digest import text
from digest.errors import ParseError
from digest.models import Entry, Topic
from digest.sources.aitopics.page_text import LONG, NAME, is_abstract, is_authors, names
from digest.sources.base import MAX_ENTRIES, Page, Response
from digest.sources.common import bounded, dated, title_id
from digest.sources.enrich import enriched
from digest.sources.pages import Line, PageLines, page_lines

_SITE = "https://aitopics.org/"
_DOCUMENT = re.compile(r"/doc/(\w+:[\w.-]{1,100})/?", re.A)
_SITE_NAME = re.compile(r"^AITopics\s*[|:–-]\s*|\s*[|–-]\s*AITopics$", re.I)
_LABEL = re.compile(
    r"(?:Author(?:s|\(s\))?|By|Abstract|Summary|Source|Date|Published|Publication Date|"
    r"Country|Genre|Industry|Technology|Oversight)(?:\s*:\s*|$)",
    re.I,
)
_TOPICS_END = re.compile(r"\([01]\.[0-9]{2}\)$")
_TOPIC = re.compile(r"[\s•|,;-]*(\S.*?)\s*\(([01]\.[0-9]{2})\)")
_MORE = re.compile(r"[-• ]*\(?([0-9]{1,6}) more(?:\.\.\.|…)\)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"((?:{'|'.join(_MONTHS)})[a-z]*)\.?"
# "Aug-28-2025", "August 28, 2025"; "28 August 2025"; "2025-08-28".
_DATES = (
    re.compile(rf"\b{_MONTH}[ -]([0-9]{{1,2}})(?:,? |-)([0-9]{{4}})$", re.I),
    re.compile(rf"\b([0-9]{{1,2}})[ -]{_MONTH}[ -]([0-9]{{4}})$", re.I),
    re.compile(r"\b([0-9]{4})-([0-9]{2})-([0-9]{2})$"),
)
_MAX_DATED = 150  # characters of a line that ends in its date
_PREPRINTS = ("arxiv", "biorxiv", "medrxiv")


@dataclass
class _Card:
    """One paper, as far as it is read."""

    title: str
    href: str | None = None
    prose: list[str] = field(default_factory=list)
    authors: str | None = None
    origin: str = ""
    published_at: datetime | None = None
    topics: list[Topic] = field(default_factory=list)
    tags_more: int = 0
    links: list[str] = field(default_factory=list)

    @property
    def abstract(self) -> str:
        """The first long prose; failing that, the longest there is."""
        return next((p for p in self.prose if len(p) >= LONG), max(self.prose, key=len, default=""))


def parse(response: Response) -> Page:
    """Return the papers of a page, in its order.

    Raises:
        ParseError: there is no paper on it, so the page is not as it was.
    """
    shown = page_lines(response, site=_SITE, titles="h1, a[href*='/doc/']", links="a[href]")
    cards = [_read(title, lines) for title, lines in _parts(shown)]
    entries: list[Entry] = []
    problems: list[str] = []
    for card in cards:
        if card.abstract and len(entries) < MAX_ENTRIES:
            entries.append(dated(enriched(bounded(_entry(card))), response))
        elif card.abstract:
            problems.append(f"more than {MAX_ENTRIES} papers; the rest is left out")
            break
        elif card.topics or card.authors:  # else it is a mere link
            problems.append(f"a title without an abstract; left out: {text.cut(card.title, 60)}")
    if not entries:
        raise ParseError(
            f"{response.url}: no paper on this page; the layout of AITopics has changed, or this "
            "is another page"
        )
    return Page(tuple(entries), tuple(problems), complete=response.complete)


def _document(href: str | None) -> str | None:
    """Return the id of the document that an address leads to."""
    found = _DOCUMENT.fullmatch(unquote(urlsplit(href or "").path))
    return found[1] if found else None


def _parts(shown: PageLines) -> Iterator[tuple[Line, list[Line]]]:
    """Yield each title with the lines below it.

    A document's page may not mark its title; the window's title tells which line it is.
    """
    own = _document(shown.address)
    window = _SITE_NAME.sub("", shown.title)
    named = Line(window, is_title=True, href=shown.address) if own and window else None
    title = named
    below: list[Line] = []
    for line in shown.lines:
        linked = _document(line.href) if line.is_title else None
        if named and line.text == window:
            title, below, named = named, [], None
        elif title and linked and linked == _document(title.href):
            below.append(Line("", links=line.links))  # "read more"
        elif linked or (line.is_title and line.href is None and not (own and title)):
            if title:
                yield title, below
            title, below = line if linked or not own else line._replace(href=shown.address), []
        elif title:
            below.append(line)
    if title:
        yield title, below


def _read(title: Line, lines: Sequence[Line]) -> _Card:
    card = _Card(title.text, title.href, links=list(title.links))
    for line in lines:
        card.links += line.links
        labelled = _LABEL.match(line.text)
        told = line.text[labelled.end() :] if labelled else line.text
        if told:
            _add(card, told, labelled[0].rstrip(" :").casefold() if labelled else "")
    return card


def _add(card: _Card, told: str, name: str) -> None:
    """Put one line where it belongs in a card."""
    if _TOPICS_END.search(told):
        for found in _TOPIC.finditer(told):
            path = tuple(part for each in found[1].split(">") if (part := each.strip()))
            if path and float(found[2]) <= 1:
                card.topics.append(Topic(path, float(found[2])))
    elif more := _MORE.fullmatch(told):
        card.tags_more += int(more[1])
    elif name == "source":
        card.origin, card.published_at = _origin(told) or (told, card.published_at)
    elif name.startswith("author"):
        card.authors = told
    elif (dated_by := _origin(told)) and not card.published_at:
        card.origin, card.published_at = dated_by[0] or card.origin, dated_by[1]
    elif not card.authors and not card.prose and is_authors(told.replace(";", ",")):
        card.authors = told
    elif is_abstract(told):
        card.prose.append(told)


def _origin(told: str) -> tuple[str, datetime] | None:
    """Return what stands before the date that ends a line, and the date."""
    if len(told) > _MAX_DATED:
        return None
    for number, form in enumerate(_DATES):
        if found := form.search(told):
            month, day, year = [(1, 2, 3), (2, 1, 3), (2, 3, 1)][number]
            named = found[month].casefold()[:3]
            of_year = int(named) if number == 2 else _MONTHS.index(named) + 1
            try:
                when = datetime(int(found[year]), of_year, int(found[day]), tzinfo=UTC)
            except ValueError:
                return None
            return told[: found.start()].strip(" ,|·•–-"), when
    return None


def _entry(card: _Card) -> Entry:
    authors, certain = _names(card.authors)
    arxiv_ids = dict(found for link in card.links if (found := text.parse_arxiv_id(link)))
    dois = {doi for link in card.links if (doi := text.parse_doi(unquote(link)))}
    arxiv_id = next(iter(arxiv_ids)) if len(arxiv_ids) == 1 else None
    doi = dois.pop() if len(dois) == 1 else None
    is_preprint = card.origin.casefold().startswith(_PREPRINTS)
    identity = _document(card.href)
    return Entry(
        source=NAME,
        external_id=identity or title_id(card.title, card.abstract),
        title=card.title,
        abstract=card.abstract,
        language=text.guess_language(card.abstract),
        authors=authors,
        authors_raw=card.authors,
        n_authors=len(authors) if authors and certain else None,
        arxiv_id=arxiv_id,
        arxiv_version=arxiv_ids[arxiv_id] if arxiv_id else None,
        doi=None if doi and doi.startswith("10.48550/") else doi,
        published_at=card.published_at,
        topics=tuple(card.topics),
        tags_more=card.tags_more,
        url=card.href if identity else None,
        venue=text.cut(card.origin, 200) if card.origin and not is_preprint else None,
        flags=() if certain else ("authors_ambiguous",),
    )


def _names(raw: str | None) -> tuple[tuple[str, ...], bool]:
    """Return the authors, and whether they could be told apart for certain.

    Between semicolons stands one author each; if every part has two words, the parts are whole
    names; else they are pairs, as in a copied text.
    """
    if raw is None:
        return (), True
    parts = [part.strip() for part in raw.split(";") if part.strip()]
    if len(parts) > 1:
        return tuple(" ".join(reversed(re.split(r"\s*,\s*", p, maxsplit=1))) for p in parts), True
    parts = [part.strip() for part in raw.split(",") if part.strip()]
    if parts and all(len(part.split()) > 1 for part in parts):
        return tuple(parts), True
    return names(raw)
