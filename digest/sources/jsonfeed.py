"""Feeds in JSON: JSON Feed 1 and 1.1, and the search results of DOAJ, which come as one page.

Sources: https://www.jsonfeed.org/version/1.1/, https://doaj.org/api/v4/docs
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from typing import Any

from digest import text
from digest.errors import ParseError
from digest.models import Entry
from digest.sources.base import MAX_ENTRIES, Page, Request, Response
from digest.sources.common import (
    bounded,
    dated,
    instant,
    line,
    read_json,
    refusal,
    title_id,
    web_url,
)
from digest.sources.enrich import enriched
from digest.sources.markup import plain
from digest.sources.names import is_shortened, told_apart

NAME = "generic"

_VERSION = "https://jsonfeed.org/version/1"
_EXPECTED = "RSS, Atom or JSON Feed"
_Object = dict[str, Any]


def parse(response: Response) -> Page:
    """Return the papers of a JSON feed; an item without a title costs only itself.

    Raises:
        ParseError: it is neither JSON Feed nor an answer of DOAJ.
    """
    answer = read_json(response)
    if not isinstance(answer, dict):
        raise refusal(response, NAME, _EXPECTED)
    read: Callable[[_Object], Entry | None]
    if line(answer.get("version")).replace("www.", "").startswith(_VERSION):
        items, read = answer.get("items"), _item
    elif "results" in answer and "pageSize" in answer:
        items, read = answer["results"], _doaj
    else:
        raise refusal(response, NAME, _EXPECTED)
    if not isinstance(items, list):
        raise ParseError(f"{response.url} is a JSON feed without a list of items")
    entries, problems = _read(items, read, response)
    return Page(entries, problems, _next(answer, response), response.complete)


def _read(
    items: list[Any], read: Callable[[_Object], Entry | None], response: Response
) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    entries: list[Entry] = []
    problems: list[str] = []
    for number, item in enumerate(items[:MAX_ENTRIES], 1):
        found = read(item) if isinstance(item, dict) else None
        if found is None:
            said = "no title" if isinstance(item, dict) else "not an object"
            problems.append(f"item {number}: {said}; left out")
        else:
            entries.append(dated(enriched(bounded(found)), response))
    if len(items) > MAX_ENTRIES:
        problems.append(f"item {MAX_ENTRIES + 1}: too many items; the rest is left out")
    return tuple(entries), tuple(problems)


def _next(answer: _Object, response: Response) -> Request | None:
    """Return the request for the next page; a feed that names itself as that has none."""
    following = web_url(line(answer.get("next_url")))
    if following is None or web_url(response.url) is None or following == response.url:
        return None
    return Request(following, kind="feed")


def _objects(value: object) -> list[_Object]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _words(value: object) -> tuple[str, ...]:
    told = map(line, value) if isinstance(value, list) else ()
    return tuple(dict.fromkeys(word for word in told if word))


def _item(item: _Object) -> Entry | None:
    """Return the entry of an item of JSON Feed; ``author`` is version 1, ``authors`` 1.1."""
    title = plain(line(item.get("title")))
    if not title:
        return None
    said = next(
        (
            v
            for n in ("content_html", "content_text", "summary")
            if isinstance(v := item.get(n), str) and v
        ),
        "",
    )
    abstract = text.collapse(said) if said == item.get("content_text") else plain(said)
    people = _objects(item.get("authors")) or _objects([item.get("author")])
    raw = [name for person in people if (name := line(person.get("name")))]
    authors, certain = told_apart(raw)
    link = web_url(line(item.get("url"))) or web_url(line(item.get("external_url")))
    # The id is a string by the standard, and a number in many a feed.
    told_id = item.get("id")
    identity = str(told_id) if isinstance(told_id, int) else line(told_id)
    places = (identity, link or "", line(item.get("external_url")))
    arxiv_id, version = next(_arxiv_ids(places), (None, None))
    return Entry(
        source=NAME,
        external_id=identity or link or title_id(title, abstract),
        title=title,
        abstract=abstract,
        language=text.guess_language(abstract or title),
        authors=authors,
        authors_raw=None if certain and len(raw) > 1 else "; ".join(raw) or None,
        n_authors=len(authors) if authors and certain and not is_shortened(raw) else None,
        arxiv_id=arxiv_id,
        arxiv_version=version,
        doi=next((doi for place in places if (doi := text.parse_doi(place))), None),
        published_at=instant(item.get("date_published")),
        updated_at=instant(item.get("date_modified")),
        categories=_words(item.get("tags")),
        url=link,
        pdf_url=_pdf(_objects(item.get("attachments"))),
        flags=() if certain else ("authors_ambiguous",),
    )


def _arxiv_ids(places: Iterable[str]) -> Iterator[tuple[str, int | None]]:
    for place in places:
        if "arxiv" in place.lower() and (found := text.parse_arxiv_id(place)):
            yield found


def _pdf(attachments: list[_Object]) -> str | None:
    links = (a.get("url") for a in attachments if a.get("mime_type") == "application/pdf")
    return next((url for link in links if (url := web_url(line(link)))), None)


def _doaj(result: _Object) -> Entry | None:
    """Return the entry of an article in the Directory of Open Access Journals.

    The issue may be dated by a year alone, so the only day given is that on which DOAJ listed it.
    """
    article = result.get("bibjson")
    title = plain(line(article.get("title"))) if isinstance(article, dict) else ""
    if not isinstance(article, dict) or not title:
        return None
    abstract = plain(line(article.get("abstract")))
    names = (line(person.get("name")) for person in _objects(article.get("author")))
    authors = tuple(name for name in names if name)
    dois = (i.get("id") for i in _objects(article.get("identifier")) if i.get("type") == "doi")
    doi = next((d for told in dois if (d := text.parse_doi(line(told)))), None)
    links = (web_url(line(told.get("url"))) for told in _objects(article.get("link")))
    listed_at = instant(result.get("created_date"))
    journal = article.get("journal")
    return Entry(
        source=NAME,
        external_id=line(result.get("id")) or doi or title_id(title, abstract),
        title=title,
        abstract=abstract,
        language=text.guess_language(abstract or title),
        authors=authors,
        n_authors=len(authors) or None,
        doi=doi,
        listed_date=listed_at.astimezone(UTC).date() if listed_at else None,
        categories=_words(article.get("keywords")),
        url=next(filter(None, links), None) or (f"https://doi.org/{doi}" if doi else None),
        venue=line(journal.get("title")) or None if isinstance(journal, dict) else None,
    )
