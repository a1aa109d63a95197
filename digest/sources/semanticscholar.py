"""Semantic Scholar: recommendations for a paper, and searches, as JSON of its API.

Without a key all of the world shares one allowance, so an answer of "too many requests" is
usual; the feed is then asked again at the next collection.
Sources: https://api.semanticscholar.org/api-docs/recommendations,
https://api.semanticscholar.org/api-docs/graph
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from digest import text
from digest.errors import ParseError, SourceError
from digest.models import Entry
from digest.sources.base import MAX_ENTRIES, Feed, Page, Request, Response
from digest.sources.common import (
    api_request,
    bounded,
    choice_option,
    dated,
    instant,
    line,
    looks_like,
    number_option,
    read_json,
    refusal,
    web_url,
)
from digest.sources.enrich import enriched

API = "https://api.semanticscholar.org"

_EXPECTED = "the JSON of its API: recommendations or a search"
_BASIC = (
    "externalIds,url,title,abstract,venue,year,publicationDate,authors,openAccessPdf,fieldsOfStudy"
)
# Neither recommendations nor a bulk search knows the field tldr; asked for it, they refuse.
_WITH_TLDR = f"{_BASIC},tldr"
_RECOMMENDED = 100
_DAYS, _MOST_DAYS = 7, 365
_MOST_PAPERS = 20
_MAX_SEARCH = 1_000
# "ARXIV:2106.15928", "DOI:10.18653/v1/N18-3011", "CorpusId:215416146", or 40 hex digits.
_PAPER = re.compile(r"(?:[A-Za-z]+:)?[\w./():;-]{1,200}", re.A)
_TOKEN = re.compile(r"[\x21-\x7e]{1,1000}")
# Preprint servers, which this source calls venues.
_NO_VENUES = ("arxiv", "biorxiv", "medrxiv", "corr", "ssrn", "openreview", "preprints")


class SemanticScholar:
    """The source ``semanticscholar``.

    Feed options:
        ``papers``: recommendations for these, by id, like ``ARXIV:2106.15928``; at most 20,
        joined by commas.
        ``pool``: recommend from ``recent`` papers (the default) or from ``all-cs``.
        ``limit``: recommendations for each paper (100, at most 500).
        ``search``: words, phrases in quotation marks, ``|``, ``+`` and ``-``; the newest first.
        ``days``: how far back a search looks (7).
        ``fields``: fields of study for a search, like ``Computer Science,Medicine``.
    """

    name = "semanticscholar"
    title = "Semantic Scholar"

    def requests(self, feed: Feed, now: datetime) -> Iterable[Request]:
        """Return what the options ask for, or the location, with the fields that are read.

        Raises:
            SourceError: the location is no http(s) address of the API, or an option makes no
                sense.
        """
        if feed.location:
            return [_at_location(feed)]
        if "papers" in feed.options and "search" in feed.options:
            raise SourceError(f"feed {feed.name!r}: name papers or a search, not both")
        if "search" in feed.options:
            return [_search(feed, now)]
        return _recommendations(feed)

    def parse(self, response: Response, feed: Feed) -> Page:
        """Return the papers of an answer, and the request for the next part of a search.

        Raises:
            ParseError: it is no answer of the API, is another source's, or is an error.
        """
        if looks_like(response.body) != "json":
            raise refusal(response, self.name, _EXPECTED)
        answer = read_json(response)
        elements = _elements(answer, response)
        entries, problems = [], []
        for number, element in enumerate(elements[:MAX_ENTRIES], 1):
            found = _paper(element, response.received_at)
            if isinstance(found, Entry):
                entries.append(dated(enriched(bounded(found)), response))
            else:
                problems.append(f"paper {number}: {found}; left out")
        if len(elements) > MAX_ENTRIES:
            problems.append(f"paper {MAX_ENTRIES + 1}: too many papers; the rest is left out")
        return Page(
            tuple(entries),
            tuple(problems),
            _next_part(response.url, answer) if elements else None,
            complete=response.complete,
        )


# ---------------------------------------------------------------- what to ask


def _at_location(feed: Feed) -> Request:
    parts = urlsplit(feed.location)
    if web_url(feed.location) is None or not re.match(r"/(graph|recommendations)/v1/", parts.path):
        raise SourceError(
            f"feed {feed.name!r}: {feed.location!r} is no address of Semantic Scholar's API; name "
            "papers or a search instead, or read a saved answer with "
            "`digest import semanticscholar FILE`"
        )
    knows_tldr = parts.path.startswith("/graph/") and not parts.path.endswith("/bulk")
    fields = {"fields": _WITH_TLDR if knows_tldr else _BASIC}
    return api_request(feed.location, fields | dict(parse_qsl(parts.query)))


def _recommendations(feed: Feed) -> list[Request]:
    told = feed.options.get("papers", "")
    papers = list(dict.fromkeys(p for part in told.split(",") if (p := part.strip())))
    if not papers or len(papers) > _MOST_PAPERS or not all(map(_PAPER.fullmatch, papers)):
        raise SourceError(
            f"feed {feed.name!r}: name up to {_MOST_PAPERS} papers, like "
            f'papers = "ARXIV:2106.15928", or a search; papers are {text.cut(told, 60)!r}'
        )
    query = {
        "from": choice_option(feed, "pool", ("recent", "all-cs")),
        "limit": str(number_option(feed, "limit", _RECOMMENDED, 500)),
        "fields": _BASIC,
    }
    place = f"{API}/recommendations/v1/papers/forpaper/"
    return [api_request(place + quote(paper, safe=":/()"), query) for paper in papers]


def _search(feed: Feed, now: datetime) -> Request:
    words = text.collapse(feed.options["search"])
    if not words or len(words) > _MAX_SEARCH:
        raise SourceError(f"feed {feed.name!r}: search must have 1 to {_MAX_SEARCH} characters")
    days = number_option(feed, "days", _DAYS, _MOST_DAYS)
    since = (now.astimezone(UTC) - timedelta(days=days)).date()
    query = {
        "query": words,
        "publicationDateOrYear": f"{since}:",
        "sort": "publicationDate:desc",
        "fields": _BASIC,
    }
    if studied := text.collapse(feed.options.get("fields", "")):
        query["fieldsOfStudy"] = studied
    return api_request(f"{API}/graph/v1/paper/search/bulk", query)


def _next_part(url: str, answer: Any) -> Request | None:
    """Return the request after one part of a search; None at the end, and for files.

    A bulk search gives a token for what follows, a search by relevance the next offset.
    """
    if web_url(url) is None or not isinstance(answer, dict):
        return None
    query = dict(parse_qsl(urlsplit(url).query))
    token, offset = answer.get("token"), answer.get("next")
    if isinstance(token, str) and _TOKEN.fullmatch(token) and token != query.get("token"):
        return api_request(url, query | {"token": token})
    # No more than 1,000 papers are given by relevance.
    if isinstance(offset, int) and _offset(query) < offset < 1_000:
        return api_request(url, query | {"offset": str(offset)})
    return None


def _offset(query: dict[str, str]) -> int:
    told = query.get("offset", "")
    return int(told) if re.fullmatch("[0-9]{1,6}", told) else 0


# ---------------------------------------------------------------- what came


def _elements(answer: Any, response: Response) -> list[Any]:
    """Return the list of papers in an answer of any of the API's forms.

    Raises:
        ParseError: there is none; if the API says why, that is told.
    """
    listed = answer
    if isinstance(answer, dict):
        listed = answer.get("recommendedPapers", answer.get("data"))
        if listed is None and "paperId" in answer:
            return [answer]
        said = line(answer.get("error")) or line(answer.get("message"))
        if listed is None and said:
            raise ParseError(
                f"{response.url}: the API of Semantic Scholar refused: {text.cut(said, 200)}"
            )
        if listed is None and answer.get("total") == 0:
            return []  # a search that finds nothing may come without data
    if not isinstance(listed, list):
        raise refusal(response, SemanticScholar.name, _EXPECTED)
    objects = [element for element in listed if isinstance(element, dict)]
    if objects and not any("paperId" in element for element in objects):
        raise refusal(response, SemanticScholar.name, _EXPECTED)
    return listed


def _paper(element: object, received_at: datetime) -> Entry | str:
    """Return the entry of one paper, or what is wrong with it."""
    if not isinstance(element, dict):
        return "not an object"
    title, paper_id = line(element.get("title")), line(element.get("paperId"))
    told = element.get("externalIds")
    ids = told if isinstance(told, dict) else {}
    named = text.parse_doi(line(ids.get("DOI")))
    # arXiv's own DOI says the same as the arXiv id.
    arxiv_id, version = (
        text.parse_arxiv_id(line(ids.get("ArXiv"))) or text.parse_arxiv_id(named or "")
    ) or (None, None)
    doi = None if named and named.startswith("10.48550/") else named
    identity = paper_id or arxiv_id or doi
    if not title or not identity:
        return "no id" if title else "no title"
    abstract = line(element.get("abstract"))
    authors, n_authors = _authors(element.get("authors"))
    published_at, by_year = _published(element, received_at)
    return Entry(
        source=SemanticScholar.name,
        external_id=text.cut(identity, 200),
        title=title,
        abstract=abstract,
        language=text.guess_language(abstract or title),
        authors=authors,
        n_authors=n_authors,
        arxiv_id=arxiv_id,
        arxiv_version=version,
        doi=doi,
        published_at=published_at,
        categories=_words(element.get("fieldsOfStudy")),
        url=web_url(line(element.get("url"))) or _page_of(paper_id),
        pdf_url=web_url(_inner(element.get("openAccessPdf"), "url")),
        venue=_venue(line(element.get("venue"))),
        ai_summary=_inner(element.get("tldr"), "text") or None,
        flags=("year_only",) if by_year else (),
    )


def _page_of(paper_id: str) -> str | None:
    return web_url(f"https://www.semanticscholar.org/paper/{paper_id}") if paper_id else None


def _inner(told: object, name: str) -> str:
    return line(told.get(name)) if isinstance(told, dict) else ""


def _words(told: object) -> tuple[str, ...]:
    words = map(line, told) if isinstance(told, list) else ()
    return tuple(dict.fromkeys(word for word in words if word))


def _authors(listed: object) -> tuple[tuple[str, ...], int | None]:
    """Return the names that are told, and how many authors there are with the nameless ones."""
    if not isinstance(listed, list):
        return (), None
    names = (_inner(author, "name") for author in listed)
    return tuple(name for name in names if name), len(listed) or None


def _published(element: dict[str, Any], received_at: datetime) -> tuple[datetime | None, bool]:
    """Return when the paper appeared, and whether only its year is known.

    A past year alone counts as its first day, as it does in the API's own searches: else an
    old paper would look like a new one. The present year alone tells nothing.
    """
    if exact := instant(element.get("publicationDate")):
        return exact, False
    year = element.get("year")
    if isinstance(year, int) and 1 <= year < received_at.year:
        return datetime(year, 1, 1, tzinfo=UTC), True
    return None, False


def _venue(told: str) -> str | None:
    """Return the journal or conference; None for preprint servers."""
    if not told or told.casefold().startswith(_NO_VENUES):
        return None
    return text.cut(told, 200)
