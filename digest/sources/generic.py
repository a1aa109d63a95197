"""Any RSS or Atom feed: journals, PubMed searches, blogs of laboratories.

Such feeds agree on little, so each field has a stated order of places to look; what cannot be
told for certain, like where one author ends, is kept as written and flagged.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from digest import text
from digest.errors import SourceError
from digest.models import Entry
from digest.sources.base import MAX_ENTRIES, Feed, Page, Request, Response
from digest.sources.common import bounded, dated, looks_like, refusal, title_id, web_url
from digest.sources.feed import RawEntry, decode
from digest.sources.markup import plain, plain_lines

_DOI_FIELDS = ("prism_doi", "dc_identifier", "doi", "arxiv_doi", "prism_url", "dc_source")
# Elsevier and Pensoft tell these only within the description.
_AUTHORS = re.compile(r"authors?(?:\(s\))?\s*:\s*(?=\S)", re.I)
_DOI = re.compile(r"doi\s*:\s*(?=\S)", re.I)
_ABSTRACT = re.compile(r"abstract(?:\s*:\s*|$)", re.I)
_LINKS = {"html", "xml", "pdf"}
_AND = re.compile(r",?\s+(?:and|&)\s+")
_SUFFIX = re.compile(r",\s*(Jr|Sr|II|III|IV)\b\.?")
_ET_AL = re.compile(r",?\s*\bet al\.?\s*$", re.I)
# "Brandt AB": a last name, then initials without points.
_VANCOUVER = re.compile(r"(\S.*) ([A-Z]{1,3})\.?")


class Generic:
    """The source ``generic``."""

    name = "generic"
    title = "RSS or Atom feed"

    def requests(self, feed: Feed, now: datetime) -> Iterable[Request]:
        """Return the feed's location.

        Raises:
            SourceError: the location is no http(s) address.
        """
        if web_url(feed.location) is None:
            raise SourceError(
                f"feed {feed.name!r}: {feed.location!r} is not an http(s) address of a feed; "
                "read a saved feed with `digest import generic FILE`"
            )
        return [Request(feed.location, kind="feed")]

    def parse(self, response: Response, feed: Feed) -> Page:
        """Return the papers of a feed; an item without a title costs only itself.

        Raises:
            ParseError: it is no feed.
        """
        if looks_like(response.body) != "xml":
            raise refusal(response, self.name, "RSS or Atom")
        raw = decode(response.body, response.content_type)
        entries: list[Entry] = []
        problems = [raw.problem] if raw.problem else []
        for number, item in enumerate(raw.entries[:MAX_ENTRIES], 1):
            found = _entry(item)
            if found is None:
                problems.append(f"item {number}: no title; left out")
            else:
                entries.append(dated(bounded(found), response))
        if len(raw.entries) > MAX_ENTRIES:
            problems.append(f"item {MAX_ENTRIES + 1}: too many items; the rest is left out")
        return Page(tuple(entries), tuple(problems), complete=raw.complete and response.complete)


def _entry(item: RawEntry) -> Entry | None:
    title = plain(item.title)
    if not title:
        return None
    lines = plain_lines(item.summary or item.content)
    abstract = _abstract(lines)
    elements = [name for name in map(plain, item.authors) if name]
    raw_authors = elements or [told for told in [_labelled(lines, _AUTHORS)] if told]
    authors, certain = _names(raw_authors)
    all_named = certain and not any(map(_ET_AL.search, raw_authors))
    arxiv_id, version = _arxiv_id(item) or (None, None)
    return Entry(
        source=Generic.name,
        external_id=text.collapse(item.guid)
        or text.collapse(item.link)
        or title_id(title, abstract),
        title=title,
        abstract=abstract,
        language=text.guess_language(abstract or title),
        authors=authors,
        authors_raw=None if certain and len(elements) > 1 else "; ".join(raw_authors) or None,
        n_authors=len(authors) if authors and all_named else None,
        arxiv_id=arxiv_id,
        arxiv_version=version,
        doi=_doi(item, lines),
        published_at=item.published_at,
        updated_at=item.updated_at,
        # PubMed's links hold a raw space.
        url=web_url(item.link.strip().replace(" ", "%20")),
        pdf_url=_pdf_url(item),
        flags=() if certain else ("authors_ambiguous",),
    )


def _labelled(lines: Sequence[str], label: re.Pattern[str]) -> str:
    """Return what stands behind a label at the start of a line; empty if there is none."""
    found = ((line, label.match(line)) for line in lines)
    return next((line[label.end() :] for line, label in found if label), "")


def _abstract(lines: Sequence[str]) -> str:
    """Return the text from the label ``Abstract`` on, or all of it if there is none."""
    starts = ((number, _ABSTRACT.match(line)) for number, line in enumerate(lines))
    number, label = next(((n, found) for n, found in starts if found), (0, None))
    if label is None:
        return " ".join(lines)
    told = [lines[number][label.end() :], *lines[number + 1 :]]
    return " ".join(line for line in told if line and line.lower() not in _LINKS)


def _arxiv_id(item: RawEntry) -> tuple[str, int | None] | None:
    places = (item.link, item.guid, item.extra.get("dc_identifier", ""))
    return next((found for place in places if (found := _linked_arxiv_id(place))), None)


def _linked_arxiv_id(place: str) -> tuple[str, int | None] | None:
    # A bare number is an id only at arXiv; elsewhere it may be anything.
    return text.parse_arxiv_id(place) if re.search("arxiv|huggingface", place, re.I) else None


def _doi(item: RawEntry, lines: Sequence[str]) -> str | None:
    fields = [item.extra.get(name, "") for name in _DOI_FIELDS]
    places = (*fields, item.guid, item.link, _labelled(lines, _DOI))
    dois = (text.parse_doi(re.split(r"[?#]", place)[0]) for place in places)
    return next((doi for doi in dois if doi), None)


def _pdf_url(item: RawEntry) -> str | None:
    links = (web_url(href) for _, kind, href in item.links if kind == "application/pdf")
    return next((link for link in links if link), None)


def _names(elements: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """Return "First Last" for each author, and whether the names could be told apart.

    One element per author may be "Last, First"; one element for all is taken apart only where
    no comma can mean that: at semicolons, or if every part has two words.
    """
    parts = [part for e in elements for part in re.split(r"\s*;\s*", e) if part]
    if len(parts) > 1 and all(_SUFFIX.sub("", part).count(",") <= 1 for part in parts):
        return tuple(_first_last(part) for part in parts), True
    if len(parts) != 1:
        return tuple(parts), not parts
    names = [name for name in re.split(r"\s*,\s*", _ET_AL.sub("", _and_as_comma(parts[0]))) if name]
    if len(names) <= 1:
        return tuple(names), not _ET_AL.search(parts[0])
    initials = [_VANCOUVER.fullmatch(name) for name in names]
    if all(initials):
        return tuple(f"{found[2]} {found[1]}" for found in initials if found), True
    if all(len(name.split()) >= 2 for name in names):
        return tuple(names), True
    return (parts[0],), False


def _and_as_comma(names: str) -> str:
    """Return "A, B and C" as "A, B, C"; suffixes lose their comma."""
    return _AND.sub(", ", _SUFFIX.sub(r" \1", names))


def _first_last(name: str) -> str:
    suffix = _SUFFIX.search(name)
    last, comma, first = _SUFFIX.sub("", name).partition(",")
    ordered = f"{first.strip()} {last.strip()}".strip() if comma else last
    return f"{ordered} {suffix[1]}" if suffix else ordered
