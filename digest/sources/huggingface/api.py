"""The answers of the Daily Papers API.

It has grown since 2024: only id, title, authors, summary and publishedAt are always there.
"""

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from digest import text
from digest.errors import ParseError
from digest.models import Entry
from digest.sources.base import MAX_ENTRIES, Page, Request, Response
from digest.sources.common import bounded, dated, instant, line, read_json, web_url
from digest.sources.enrich import enriched

NAME = "huggingface"
API = "https://huggingface.co/api/daily_papers"
PERIODS = {"date", "week", "month"}

_LIMIT = 100
# What the API gives when no limit is named. It may not grant more, so a page is taken for the
# last one only if it is shorter than this.
_DEFAULT_LIMIT = 50


def page_request(url: str, changes: dict[str, str]) -> Request:
    """Return the request for a page of a list: the address with these parameters changed."""
    parts = urlsplit(url)
    query = {"p": "0", "limit": str(_LIMIT)} | dict(parse_qsl(parts.query)) | changes
    return Request(
        parts._replace(query=urlencode(query), fragment="").geturl(),
        kind="api",
        accept="application/json",
    )


def _next_page(url: str, received: int) -> Request | None:
    """Return the request after a full page; None after the last one and for files."""
    if web_url(url) is None:
        return None
    query = dict(parse_qsl(urlsplit(url).query))
    number, limit = query.get("p", ""), query.get("limit", "")
    if not (re.fullmatch(r"[0-9]{1,4}", number) and re.fullmatch(r"[0-9]{1,4}", limit)):
        return None
    if query.get("sort") == "trending" and not query.keys() & PERIODS:
        return None  # it goes on to all papers there are
    full = max(1, min(int(limit), _DEFAULT_LIMIT))
    if received < full or (int(number) + 1) * full >= MAX_ENTRIES:
        return None
    return page_request(url, {"p": str(int(number) + 1)})


def parse(response: Response) -> Page:
    """Return the papers of an answer, and the request for the next page.

    Raises:
        ParseError: it is no list of papers, or the API's error message.
    """
    answer = read_json(response)
    if isinstance(answer, dict) and "error" in answer:
        said = text.cut(text.collapse(str(answer["error"])), 200)
        raise ParseError(f"{response.url}: the Daily Papers API refused: {said}")
    objects = [e for e in answer if isinstance(e, dict)] if isinstance(answer, list) else None
    if objects is None or (objects and not any("paper" in e for e in objects)):
        raise ParseError(f"{response.url} is JSON, but not a list of Daily Papers")
    entries, problems = [], []
    for number, element in enumerate(answer[:MAX_ENTRIES], 1):
        found = _read_element(element)
        if isinstance(found, Entry):
            entries.append(dated(enriched(bounded(found)), response))
        else:
            problems.append(f"element {number}: {found}; left out")
    if len(answer) > MAX_ENTRIES:
        problems.append(f"element {MAX_ENTRIES + 1}: too many elements; the rest is left out")
    return Page(tuple(entries), tuple(problems), _next_page(response.url, len(answer)))


def _read_element(element: object) -> Entry | str:
    """Return the entry of one element of the list, or what is wrong with it."""
    if not isinstance(element, dict):
        return "not an object"
    paper = element.get("paper")
    if not isinstance(paper, dict):
        return "no paper in it"
    identity = text.parse_arxiv_id(line(paper.get("id")))
    title = line(paper.get("title")) or line(element.get("title"))
    if identity is None or not title:
        return "no arXiv id" if identity is None else "no title"
    arxiv_id, version = identity
    abstract = line(paper.get("summary")) or line(element.get("summary"))
    listed_at = instant(paper.get("submittedOnDailyAt"))
    names, n_authors = _authors(paper.get("authors"))
    return Entry(
        source=NAME,
        external_id=arxiv_id,
        title=title,
        abstract=abstract,
        language=text.guess_language(abstract or title),
        authors=names,
        n_authors=n_authors,
        arxiv_id=arxiv_id,
        arxiv_version=version,
        # Not the outer publishedAt: it changed its meaning in March 2025 and may be a day early.
        published_at=instant(paper.get("publishedAt")),
        listed_date=listed_at.date() if listed_at else None,
        comments=_count(element.get("numComments")),
        upvotes=_count(paper.get("upvotes")),
        url=f"https://huggingface.co/papers/{arxiv_id}",
        pdf_url=f"https://arxiv.org/pdf/{arxiv_id}",
        code_url=web_url(line(paper.get("githubRepo"))),
        project_url=web_url(line(paper.get("projectPage"))),
        organisation=_organisation(paper.get("organization") or element.get("organization")),
        ai_summary=line(paper.get("ai_summary")) or None,
        ai_keywords=_keywords(paper.get("ai_keywords")),
    )


def _organisation(told: Any) -> str | None:
    """Return the name for people, or the one in addresses."""
    if not isinstance(told, dict):
        return None
    return line(told.get("fullname")) or line(told.get("name")) or None


def _keywords(told: Any) -> tuple[str, ...]:
    words = map(line, told) if isinstance(told, list) else ()
    return tuple(dict.fromkeys(word for word in words if word))


def _count(value: object) -> int | None:
    """Return a count; None for null, text, fractions and what no reader could mean."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 10**9 else None


def _authors(listed: Any) -> tuple[tuple[str, ...], int | None]:
    """Return the names that are shown, and how many authors there are with the hidden ones."""
    if not isinstance(listed, list):
        return (), None
    authors = [a for a in listed if isinstance(a, dict)]
    names = (line(a.get("name")) for a in authors if not a.get("hidden"))
    return tuple(name for name in names if name), len(authors)
