"""arXiv: the daily announcements (RSS 2.0 and Atom 1.0) and the answers of its API (Atom).

An announcement says "arXiv:2501.00001v2 Announce Type: replace" before the abstract, gives
all authors in one string with their accents in TeX, and is dated by the announcement, not by
the submission. The API gives Unicode names one by one and the dates of the versions.
Sources: https://info.arxiv.org/help/rss.html, https://info.arxiv.org/help/api/user-manual.html
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from digest import tex, text
from digest.errors import ParseError, SourceError
from digest.models import Entry
from digest.sources.base import MAX_ENTRIES, Feed, Page, Request, Response
from digest.sources.common import bounded, dated, looks_like, refusal, site_of, web_url
from digest.sources.feed import RawEntry, RawFeed, decode

FEEDS = "https://rss.arxiv.org/rss/"

_EXPECTED = "a feed of announcements or an answer of the API"
_ANNOUNCED = ZoneInfo("America/New_York")
_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z]+(?:-[a-z]+)*)?")
_PREFIX = re.compile(r"\s*arXiv:\S+\s+Announce Type:\s*([a-z-]+)\s*(?:Abstract:\s*)?", re.I)
_TYPES = frozenset({"new", "cross", "replace", "replace-cross", "absonly"})
_SUFFIX = re.compile(r"(?:Jr|Sr|II|III|IV)\.?")
# The author's own word for it; "withdrawn" alone may be said of anything.
_WITHDRAWN = re.compile(
    r"^\W*withdrawn\b"
    r"|\b(?:paper|manuscript|article|submission|preprint|work|report|version|note|draft)\b"
    r"[^.]{0,40}\b(?:has|have|had|is|was|been|being)\b[^.]{0,30}\bwithdrawn\b"
    r"|\bwithdrawn by (?:the )?(?:authors?|arxiv)\b",
    re.I,
)
_CODE = re.compile(r"\b(?:https?://)?(?:www\.)?((?:github|gitlab)\.com/[\w.-]+/[\w.-]*\w)", re.I)


class Arxiv:
    """The source ``arxiv``.

    Feed options: ``categories``, joined by ``+``, like ``cs.LG+cs.CL``.
    """

    name = "arxiv"
    title = "arXiv"

    def requests(self, feed: Feed, now: datetime) -> Iterable[Request]:
        """Return the feed: the location, or that of the categories' announcements.

        Raises:
            SourceError: the location is no http(s) address, or the categories are none.
        """
        if feed.location:
            if web_url(feed.location) is None:
                raise SourceError(
                    f"feed {feed.name!r}: {feed.location!r} is not an http(s) address of a feed; "
                    "read a saved feed with `digest import arxiv FILE`"
                )
            is_api = urlsplit(feed.location).path.startswith("/api/")
            return [Request(feed.location, kind="api" if is_api else "feed")]
        named = re.split(r"[+,\s]+", feed.options.get("categories", "").strip("+, "))
        if not all(_CATEGORY.fullmatch(category) for category in named):
            raise SourceError(
                f"feed {feed.name!r}: categories must be arXiv classes joined by +, "
                f"like cs.LG+cs.CL; they are {feed.options.get('categories', '')!r}"
            )
        return [Request(FEEDS + "+".join(named), kind="feed")]

    def parse(self, response: Response, feed: Feed) -> Page:
        """Return the papers of a feed or an API answer, replacements included.

        Raises:
            ParseError: it is neither, is another source's, or is an error in the form of one.
        """
        if looks_like(response.body) != "xml":
            raise refusal(response, self.name, _EXPECTED)
        raw = decode(response.body, response.content_type)
        _refuse_errors(raw, response)
        entries: list[Entry] = []
        problems = [raw.problem] if raw.problem else []
        for number, item in enumerate(raw.entries[:MAX_ENTRIES], 1):
            found = _entry(item)
            if isinstance(found, Entry):
                entries.append(dated(bounded(found), response))
            else:
                problems.append(f"item {number}: {found}; left out")
        if len(raw.entries) > MAX_ENTRIES:
            problems.append(f"item {MAX_ENTRIES + 1}: too many items; the rest is left out")
        return Page(tuple(entries), tuple(problems), complete=raw.complete and response.complete)


def _refuse_errors(raw: RawFeed, response: Response) -> None:
    if raw.title.startswith("Feed error"):
        raise ParseError(f"{response.url}: arXiv does not know what was asked for: {raw.title}")
    for item in raw.entries:
        if "/api/errors" in item.guid or "/api/errors" in item.link:
            raise ParseError(f"{response.url}: arXiv says: {text.collapse(item.summary)}")
    foreign = site_of(response.body) != Arxiv.name
    if foreign and not any(_identity(item) for item in raw.entries):
        raise refusal(response, Arxiv.name, _EXPECTED)


def _identity(item: RawEntry) -> tuple[str, int | None] | None:
    """Return id and version; the guid alone has a version in announcements."""
    found = text.parse_arxiv_id(item.guid) if "arxiv" in item.guid.lower() else None
    return found or (text.parse_arxiv_id(item.link) if "arxiv" in item.link.lower() else None)


def _entry(item: RawEntry) -> Entry | str:
    """Return the entry of one item, or what is wrong with it."""
    identity, title = _identity(item), text.collapse(item.title)
    if identity is None or not title:
        return "no arXiv id" if identity is None else "no title"
    arxiv_id, version = identity
    prefix = _PREFIX.match(item.summary)
    abstract = text.collapse(item.summary[prefix.end() :] if prefix else item.summary)
    announce_type = item.extra.get("arxiv_announce_type") or (prefix[1] if prefix else "")
    comment = text.collapse(item.extra.get("arxiv_comment", ""))
    said = f"{abstract} {comment}"
    return Entry(
        source=Arxiv.name,
        external_id=arxiv_id,
        title=title,
        abstract=abstract,
        language=text.guess_language(abstract or title),
        arxiv_id=arxiv_id,
        arxiv_version=version,
        doi=text.parse_doi(item.extra.get("arxiv_doi", "")),
        categories=_categories(item),
        url=f"https://arxiv.org/abs/{arxiv_id}",
        pdf_url=f"https://arxiv.org/pdf/{arxiv_id}",
        code_url=_code_url(said),
        author_comment=_author_comment(comment, item),
        withdrawn=any(_WITHDRAWN.search(words) for words in (abstract, comment)),
        **_announced(item, announce_type.lower()) if announce_type else _answered(item),
    )


def _announced(item: RawEntry, announce_type: str) -> dict[str, Any]:
    """Return the fields of an announcement: no date of submission, all authors in one string."""
    raw = text.collapse(", ".join(item.authors))
    authors, certain = _names(raw)
    announced_at = item.published_at or item.updated_at
    return {
        "authors": authors,
        "authors_raw": raw or None,
        "n_authors": len(authors) if authors and certain else None,
        "listed_date": announced_at.astimezone(_ANNOUNCED).date() if announced_at else None,
        "announce_type": announce_type if announce_type in _TYPES else None,
        "flags": () if certain else ("authors_ambiguous",),
    }


def _answered(item: RawEntry) -> dict[str, Any]:
    """Return the fields that only the API tells; each author has an element."""
    authors = tuple(name for author in item.authors if (name := text.collapse(author)))
    return {
        "authors": authors,
        "n_authors": len(authors) or None,
        "published_at": item.published_at,
        "updated_at": item.updated_at,
    }


def _names(raw: str) -> tuple[tuple[str, ...], bool]:
    """Return the names in "First Last (Affiliation, Place), First Last", and whether it is sure.

    Affiliations are dropped. If a parenthesis never closes, the line stays whole.
    """
    parts = _outer_parts(raw)
    if parts is None:
        return (tex.accents(raw),), False
    names: list[str] = []
    for part in parts:
        if names and _SUFFIX.fullmatch(part):
            names[-1] += f" {part}"
        elif part:
            names.append(text.collapse(tex.accents(part)))
    return tuple(names), True


def _outer_parts(raw: str) -> list[str] | None:
    """Split at commas outside parentheses and drop what stands in these; None if unbalanced."""
    outside: list[str] = []
    depth = 0
    for piece in re.split(r"([(),])", raw):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth -= 1
        elif depth == 0:
            # A line feed, which a collapsed line cannot hold, marks the places to split at.
            outside.append("\n" if piece == "," else piece)
        if depth < 0:
            return None
    return [text.collapse(part) for part in "".join(outside).split("\n")] if depth == 0 else None


def _categories(item: RawEntry) -> tuple[str, ...]:
    """Return the arXiv classes, the primary one first; ACM and MSC classes stand among them."""
    primary = item.extra.get("arxiv_primary_category", "")
    classes = (c for c in (primary, *item.tags) if _CATEGORY.fullmatch(c))
    return tuple(dict.fromkeys(classes))


def _author_comment(comment: str, item: RawEntry) -> str | None:
    """Return the authors' comment and where the paper was published, as they say it."""
    fields = ("arxiv_journal_reference", "arxiv_journal_ref")
    journal = next((item.extra[name] for name in fields if item.extra.get(name)), "")
    told: Sequence[str] = [comment, f"Journal reference: {text.collapse(journal)}" * bool(journal)]
    return "; ".join(part for part in told if part) or None


def _code_url(said: str) -> str | None:
    found = _CODE.search(said.replace(r"\_", "_"))
    return web_url(f"https://{found[1].removesuffix('.git')}") if found else None
