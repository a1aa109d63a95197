"""arXiv's announcements (RSS 2.0 and Atom 1.0) and the answers of its API (Atom).

An announcement says "arXiv:2501.00001v2 Announce Type: replace" before the abstract, gives
all authors in one string with their accents in TeX, and is dated by the announcement, not by
the submission. The API gives Unicode names one by one and the dates of the versions.
"""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from digest import tex, text
from digest.errors import ParseError
from digest.models import Entry
from digest.sources.arxiv import asking
from digest.sources.arxiv.fields import NAME, record
from digest.sources.base import MAX_ENTRIES, Page, Response
from digest.sources.common import bounded, dated, refusal, site_of
from digest.sources.enrich import enriched
from digest.sources.feed import RawEntry, RawFeed, decode

_EXPECTED = "a feed of announcements or an answer of the API"
_ANNOUNCED = ZoneInfo("America/New_York")
_PREFIX = re.compile(r"\s*arXiv:\S+\s+Announce Type:\s*([a-z-]+)\s*(?:Abstract:\s*)?", re.I)
_TYPES = frozenset({"new", "cross", "replace", "replace-cross", "absonly"})
_SUFFIX = re.compile(r"(?:Jr|Sr|II|III|IV)\.?")


def parse(response: Response, oldest: datetime | None) -> Page:
    """Return the papers of a feed or an API answer, and the request for the next slice.

    Args:
        response: an XML document.
        oldest: papers of an API answer that appeared before are left out, and end the search;
            None: this answer is all that is wanted.

    Raises:
        ParseError: it is neither, is another source's, or is an error in the form of one.
    """
    raw = decode(response.body, response.content_type)
    _refuse_errors(raw, response)
    entries: list[Entry] = []
    problems = [raw.problem] if raw.problem else []
    for number, item in enumerate(raw.entries[:MAX_ENTRIES], 1):
        found = _entry(item)
        if isinstance(found, Entry):
            entries.append(dated(enriched(bounded(found)), response))
        else:
            problems.append(f"item {number}: {found}; left out")
    if len(raw.entries) > MAX_ENTRIES:
        problems.append(f"item {MAX_ENTRIES + 1}: too many items; the rest is left out")
    wanted = [e for e in entries if oldest is None or not _is_older(e, oldest)]
    complete = raw.complete and response.complete
    if oldest is None or len(wanted) < len(entries) or raw.total is None:
        return Page(tuple(wanted), tuple(problems), complete=complete)
    following = asking.next_slice(response.url, len(raw.entries), raw.total)
    if held_back := _held_back(raw, response.url) if following is None else None:
        return Page(tuple(wanted), (*problems, held_back), complete=False)
    return Page(tuple(wanted), tuple(problems), following, complete)


def _is_older(entry: Entry, oldest: datetime) -> bool:
    return entry.published_at is not None and entry.published_at < oldest


def _held_back(raw: RawFeed, url: str) -> str | None:
    """Return what the API keeps to itself: now and then it gives fewer papers than there are."""
    start, total = asking.start_of(url), raw.total or 0
    given = (start or 0) + len(raw.entries)
    if start is None or given >= min(total, MAX_ENTRIES):
        return None
    return f"the API gave nothing from paper {given + 1} on, of {total}; ask again later"


def _refuse_errors(raw: RawFeed, response: Response) -> None:
    if raw.title.startswith("Feed error"):
        raise ParseError(f"{response.url}: arXiv does not know what was asked for: {raw.title}")
    for item in raw.entries:
        if "/api/errors" in item.guid or "/api/errors" in item.link:
            raise ParseError(f"{response.url}: arXiv says: {text.collapse(item.summary)}")
    if not any(map(_identity, raw.entries)) and site_of(response.body) != NAME:
        raise refusal(response, NAME, _EXPECTED)


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
    announce_type = item.extra.get("arxiv_announce_type") or (prefix[1] if prefix else "")
    journal = (item.extra.get(f"arxiv_journal_{name}", "") for name in ("reference", "ref"))
    return record(
        arxiv_id,
        title,
        item.summary[prefix.end() :] if prefix else item.summary,
        comment=item.extra.get("arxiv_comment", ""),
        journal=next(filter(None, journal), ""),
        doi=item.extra.get("arxiv_doi", ""),
        categories=(item.extra.get("arxiv_primary_category", ""), *item.tags),
        arxiv_version=version,
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
