"""OpenReview: the notes of its API, version 2 and 1, as JSON.

A note is a submission if it answers to no other note; reviews, comments and decisions are notes
as well and are passed over. Version 2 puts each field into ``{"value": ...}``, version 1 does
not. Lists by venue may be refused to programs without a login (403, a challenge); searches are
open, and an answer that was saved in a browser can be imported.
Source: https://docs.openreview.net/reference/api-v2/entities/note/fields
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from digest import text
from digest.errors import ParseError, SourceError
from digest.models import Entry
from digest.sources.base import MAX_ENTRIES, Feed, Page, Request, Response
from digest.sources.common import (
    api_request,
    bounded,
    dated,
    line,
    looks_like,
    number_option,
    read_json,
    refusal,
    web_url,
)
from digest.sources.enrich import enriched

SITE = "https://openreview.net"
API = "https://api2.openreview.net/notes"

_EXPECTED = "the JSON of its notes"
_LIMIT = 1_000  # notes a page, the most that the API gives
_FOUND = 100  # notes of a search: the newest are wanted
_MOST_NOTES = 20_000
_MAX_SEARCH = 300
_GROUP = re.compile(r"[\w.-]+(?:/[\w.+-]+){0,12}", re.A)
_ID = re.compile(r"[\w-]{1,64}", re.A)
_NEWEST_FIRST = {"sort": "cdate:desc"}
# Milliseconds of the years 1970 to 9999.
_MOST_MILLISECONDS = 253_402_300_800_000
_UNDECIDED = re.compile(
    r"\bsubmi(?:tted|ssion)\b|\breject|\bwithdrawn\b|under review|^corr\b", re.I
)
_WITHDRAWN = re.compile(r"withdrawn", re.I)
_NOBODY = {"anonymous", "anonymous author", "anonymous authors"}


class OpenReview:
    """The source ``openreview``.

    Feed options:
        ``venue``: the venue's id, like ``ICLR.cc/2026/Conference``: what it accepted.
        ``invitation``: all that was submitted to it, like
        ``ICLR.cc/2026/Conference/-/Submission``.
        ``search``: words; the newest notes that hold them.
        ``limit``: notes a page or, of a search, in all (1000; 100).
    """

    name = "openreview"
    title = "OpenReview"

    def requests(self, feed: Feed, now: datetime) -> Iterable[Request]:
        """Return what the option asks for, or the location; a venue's page stands for its list.

        Raises:
            SourceError: the location is no http(s) address of notes or of a venue, or the
                options make no sense.
        """
        if feed.location:
            return [_at_location(feed)]
        asked = feed.options.keys() & {"venue", "invitation", "search"}
        if len(asked) != 1:
            raise SourceError(
                f"feed {feed.name!r}: name one of venue, invitation and search, "
                'like venue = "ICLR.cc/2026/Conference"'
            )
        if "search" in asked:
            return [_search(feed)]
        kind = asked.pop()
        group = feed.options[kind].strip()
        if not _GROUP.fullmatch(group):
            raise SourceError(
                f"feed {feed.name!r}: {kind} must be like ICLR.cc/2026/Conference, "
                f"not {text.cut(group, 60)!r}"
            )
        limit = number_option(feed, "limit", _LIMIT, _LIMIT)
        return [_listed("content.venueid" if kind == "venue" else kind, group, limit)]

    def parse(self, response: Response, feed: Feed) -> Page:
        """Return the submissions among the notes, and the request for the next page.

        Raises:
            ParseError: it is no answer of the API, is another source's, or is an error.
        """
        if looks_like(response.body) != "json":
            raise refusal(response, self.name, _EXPECTED)
        notes = _notes(read_json(response), response)
        entries: list[Entry] = []
        problems: list[str] = []
        for number, note in enumerate(notes[:MAX_ENTRIES], 1):
            found = _submission(note)
            if isinstance(found, Entry):
                entries.append(dated(enriched(bounded(found)), response))
            elif found:
                problems.append(f"note {number}: {found}; left out")
        if len(notes) > MAX_ENTRIES:
            problems.append(f"note {MAX_ENTRIES + 1}: too many notes; the rest is left out")
        following = _next_page(response.url, len(notes))
        return Page(tuple(entries), tuple(problems), following, complete=response.complete)


# ---------------------------------------------------------------- what to ask


def _at_location(feed: Feed) -> Request:
    """Return the request for an address of the API, or of a page that people look at."""
    parts = urlsplit(feed.location)
    query = dict(parse_qsl(parts.query))
    if web_url(feed.location) and re.match(r"/notes(?:/search)?/?$", parts.path):
        if parts.path.startswith("/notes/search") or query.keys() & {"id", "forum"}:
            return api_request(feed.location, query)
        return api_request(feed.location, _NEWEST_FIRST | {"limit": str(_LIMIT)} | query)
    shown = query.get("id", "")
    if web_url(feed.location) and parts.path in ("/group", "/venue") and _GROUP.fullmatch(shown):
        return _listed("content.venueid", shown, _LIMIT)
    if web_url(feed.location) and parts.path == "/forum" and _ID.fullmatch(shown):
        return api_request(API, {"id": shown})
    raise SourceError(
        f"feed {feed.name!r}: {feed.location!r} is no address of OpenReview's notes or of a venue; "
        "name a venue or a search instead, or read a saved answer with "
        "`digest import openreview FILE`"
    )


def _listed(kind: str, group: str, limit: int) -> Request:
    return api_request(API, {kind: group} | _NEWEST_FIRST | {"limit": str(limit), "offset": "0"})


def _search(feed: Feed) -> Request:
    words = text.collapse(feed.options["search"])
    if not words or len(words) > _MAX_SEARCH:
        raise SourceError(f"feed {feed.name!r}: search must have 1 to {_MAX_SEARCH} characters")
    limit = number_option(feed, "limit", _FOUND, _LIMIT)
    whole = {"type": "terms", "content": "all", "group": "all", "source": "forum"}
    return api_request(
        f"{API}/search", {"term": words} | whole | _NEWEST_FIRST | {"limit": str(limit)}
    )


def _next_page(url: str, received: int) -> Request | None:
    """Return the request after a full page; None after a shorter one, and for files.

    A search ends with its first page: the newest stand there.
    """
    parts = urlsplit(url) if web_url(url) else None
    if parts is None or parts.path.rstrip("/") != "/notes":
        return None
    query = dict(parse_qsl(parts.query))
    limit, offset = query.get("limit", ""), query.get("offset", "0")
    if not all(re.fullmatch("[0-9]{1,6}", told) for told in (limit, offset)):
        return None
    start = int(offset) + received
    if received < min(max(1, int(limit)), _LIMIT) or start >= _MOST_NOTES:
        return None
    return api_request(url, query | {"offset": str(start)})


# ---------------------------------------------------------------- what came


def _notes(answer: Any, response: Response) -> list[Any]:
    """Return the notes of an answer.

    Raises:
        ParseError: there are none; if the API says why, that is told.
    """
    notes = answer.get("notes") if isinstance(answer, dict) else None
    if isinstance(notes, list):
        objects = [note for note in notes if isinstance(note, dict)]
        if not objects or any("content" in note for note in objects):
            return notes
    if isinstance(answer, dict) and answer.keys() & {"name", "error", "errors", "message"}:
        said = ": ".join(filter(None, (line(answer.get(n)) for n in ("name", "message", "error"))))
        raise ParseError(
            f"{response.url}: the API of OpenReview refused: "
            f"{text.cut(said or text.collapse(str(answer.get('errors'))), 200)}"
        )
    raise refusal(response, OpenReview.name, _EXPECTED)


def _submission(note: object) -> Entry | str | None:
    """Return the entry of a note, what is wrong with it, or None: it is no submission."""
    if not isinstance(note, dict):
        return "not an object"
    identity, forum = line(note.get("id")), line(note.get("forum"))
    if note.get("replyto") or (identity and forum and identity != forum) or note.get("ddate"):
        return None
    content = note.get("content")
    fields = content if isinstance(content, dict) else {}
    forum, title = forum or identity, _line_of(fields, "title")
    if not _ID.fullmatch(forum) or not title:
        return "no title" if _ID.fullmatch(forum) else "no id"
    return _entry(note, fields, forum, title)


def _entry(note: dict[str, Any], fields: dict[str, Any], forum: str, title: str) -> Entry:
    abstract, venue = _line_of(fields, "abstract"), _line_of(fields, "venue")
    links = [_line_of(fields, name) for name in ("html", "ee", "pdf", "arxiv")]
    arxiv_id, version = next(
        (found for link in links if (found := text.parse_arxiv_id(link))), (None, None)
    )
    named = text.parse_doi(_line_of(fields, "doi"))
    authors, n_authors = _authors(_value(fields, "authors"))
    accepted = _moment(note.get("pdate"))
    short = _line_of(fields, "TLDR") or _line_of(fields, "TL;DR") or _line_of(fields, "tldr")
    return Entry(
        source=OpenReview.name,
        external_id=forum,
        title=title,
        abstract=abstract,
        language=text.guess_language(abstract or title),
        authors=authors,
        n_authors=n_authors,
        arxiv_id=arxiv_id,
        arxiv_version=version,
        doi=None if named and named.startswith("10.48550/") else named,
        # The first that is told: became public, was posted, was made, was accepted.
        published_at=next(
            (at for n in ("odate", "cdate", "tcdate") if (at := _moment(note.get(n)))), accepted
        ),
        listed_date=accepted.date() if accepted else None,
        categories=_words(_value(fields, "keywords")),
        url=f"{SITE}/forum?id={forum}",
        pdf_url=_pdf(_line_of(fields, "pdf"), forum),
        code_url=web_url(_line_of(fields, "code")),
        author_comment=f"TL;DR: {short}" if short else None,
        venue=None if not venue or _UNDECIDED.search(venue) else text.cut(venue, 200),
        withdrawn=bool(_WITHDRAWN.search(f"{venue} {_line_of(fields, 'venueid')}")),
    )


def _value(fields: dict[str, Any], name: str) -> Any:
    """Return a field of the content: version 2 wraps it, version 1 does not."""
    told = fields.get(name)
    return told.get("value") if isinstance(told, dict) else told


def _line_of(fields: dict[str, Any], name: str) -> str:
    return line(_value(fields, name))


def _words(told: object) -> tuple[str, ...]:
    """Return keywords, which older venues put into one line."""
    listed = told if isinstance(told, list) else line(told).split(",")
    return tuple(dict.fromkeys(word for each in listed if (word := line(each))))


def _authors(listed: object) -> tuple[tuple[str, ...], int | None]:
    """Return the names that are told, and how many authors there are; a venue may hide them.

    A name may stand in a profile, and a profile may lack it.
    """
    if not isinstance(listed, list):
        return (), None
    named = [
        line(each.get("fullname")) if isinstance(each, dict) else line(each) for each in listed
    ]
    if any(name.casefold() in _NOBODY for name in named):
        return (), None
    return tuple(name for name in named if name), len(named) or None


def _moment(told: object) -> datetime | None:
    """Return the instant of a count of milliseconds since 1970."""
    if isinstance(told, bool) or not isinstance(told, int | float):
        return None
    if not 0 < told < _MOST_MILLISECONDS:  # so NaN is refused as well
        return None
    return datetime.fromtimestamp(told // 1_000, UTC)


def _pdf(told: str, forum: str) -> str | None:
    """Return the address of the PDF: a path on the site, or elsewhere."""
    return f"{SITE}/pdf?id={quote(forum)}" if told.startswith("/") else web_url(told)
