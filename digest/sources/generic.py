"""Any RSS, Atom or JSON feed: journals, PubMed searches, blogs of laboratories.

Such feeds agree on little, so each field has a stated order of places to look; what cannot be
told for certain, like where one author ends, is kept as written and flagged.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from digest import text
from digest.errors import SourceError
from digest.models import Entry
from digest.sources import jsonfeed
from digest.sources.base import MAX_ENTRIES, Feed, Page, Request, Response
from digest.sources.common import bounded, dated, looks_like, refusal, title_id, web_url
from digest.sources.enrich import enriched
from digest.sources.feed import RawEntry, decode
from digest.sources.markup import plain, plain_lines
from digest.sources.names import initials_come_last, is_shortened, told_apart

NAME = jsonfeed.NAME

_DOI_FIELDS = ("prism_doi", "dc_identifier", "doi", "arxiv_doi", "prism_url", "dc_source")
# Elsevier and Pensoft tell these only within the description.
_AUTHORS = re.compile(r"authors?(?:\(s\))?\s*:\s*(?=\S)", re.I)
_DOI = re.compile(r"doi\s*:\s*(?=\S)", re.I)
_ABSTRACT = re.compile(r"abstract(?:\s*:\s*|$)", re.I)
# Lines that stand around an abstract, or in its place: links, and where the paper was printed.
_NO_ABSTRACT = re.compile(
    r"(?:html|xml|pdf|(?:www\.)?[\w-]+(?:\.[\w-]+)+)$|PMID: ?\d|publication date\s*:|source\s*:|"
    r"authors?(?:\(s\))?\s*:|doi\s*:|volume \d+, (?:issue|page)|\W*$",
    re.I,
)
_CUT_OFF = re.compile(r"(?:\.\.\.|…|\[…\])\s*$")
# CNKI names the authors in the first line of the description: "Jo DOE;Kim MUSTER;".
_SEMICOLONS = re.compile(r"(?:[^;.]{2,60};)+")


class Generic:
    """The source ``generic``."""

    name = NAME
    title = "RSS, Atom or JSON feed"

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
        form = looks_like(response.body)
        if form == "json":
            return jsonfeed.parse(response)
        if form != "xml":
            raise refusal(response, self.name, "RSS, Atom or JSON Feed")
        raw = decode(response.body, response.content_type)
        entries: list[Entry] = []
        problems = [raw.problem] if raw.problem else []
        initials_last = initials_come_last(item.authors for item in raw.entries)
        for number, item in enumerate(raw.entries[:MAX_ENTRIES], 1):
            found = _entry(item, initials_last=initials_last)
            if found is None:
                problems.append(f"item {number}: no title; left out")
            else:
                entries.append(dated(enriched(bounded(found)), response))
        if len(raw.entries) > MAX_ENTRIES:
            problems.append(f"item {MAX_ENTRIES + 1}: too many items; the rest is left out")
        return Page(tuple(entries), tuple(problems), complete=raw.complete and response.complete)


def _entry(item: RawEntry, *, initials_last: bool) -> Entry | None:
    title = plain(item.title)
    if not title:
        return None
    lines = _fuller(plain_lines(item.summary), plain_lines(item.content))
    elements = [name for name in map(plain, item.authors) if name]
    if not elements and len(lines) > 1 and _SEMICOLONS.fullmatch(lines[0]):
        elements, lines = [lines[0]], lines[1:]
    raw_authors = elements or [told for told in [_labelled(lines, _AUTHORS)] if told]
    authors, certain = told_apart(raw_authors, initials_last=initials_last)
    abstract = _abstract(lines)
    arxiv_id, version = _arxiv_id(item) or (None, None)
    return Entry(
        source=NAME,
        external_id=text.collapse(item.guid)
        or text.collapse(item.link)
        or title_id(title, abstract),
        title=title,
        abstract=abstract,
        language=text.guess_language(abstract or title),
        authors=authors,
        authors_raw=None if certain and len(elements) > 1 else "; ".join(raw_authors) or None,
        n_authors=len(authors) if authors and certain and not is_shortened(raw_authors) else None,
        arxiv_id=arxiv_id,
        arxiv_version=version,
        doi=_doi(item, lines),
        published_at=item.published_at,
        updated_at=item.updated_at,
        url=_without_tracking(item.link),
        pdf_url=_pdf_url(item),
        flags=() if certain else ("authors_ambiguous",),
    )


def _fuller(summary: list[str], content: list[str]) -> list[str]:
    """Return the summary, or the content where the summary is none or breaks off."""
    breaks_off = summary and _CUT_OFF.search(summary[-1])
    return content if content and (not summary or breaks_off) else summary


def _without_tracking(link: str) -> str | None:
    """Return the address without what differs from day to day; PubMed's also holds a space."""
    parts = urlsplit(web_url(link.strip().replace(" ", "%20")) or "")
    if not parts.query:
        return parts.geturl() or None
    if parts.hostname == "pubmed.ncbi.nlm.nih.gov":
        return parts._replace(query="").geturl()
    kept = [p for p in parts.query.split("&") if not p.startswith("utm_")]
    return parts._replace(query="&".join(kept)).geturl()


def _labelled(lines: Sequence[str], label: re.Pattern[str]) -> str:
    """Return what stands behind a label at the start of a line; empty if there is none."""
    found = ((line, label.match(line)) for line in lines)
    return next((line[label.end() :] for line, label in found if label), "")


def _abstract(lines: Sequence[str]) -> str:
    """Return the text from the label ``Abstract`` on, or all that is no bibliography."""
    starts = ((number, _ABSTRACT.match(line)) for number, line in enumerate(lines))
    number, label = next(((n, found) for n, found in starts if found), (0, None))
    told = [lines[number][label.end() :], *lines[number + 1 :]] if label else lines
    return " ".join(line for line in told if line and not _NO_ABSTRACT.match(line))


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
