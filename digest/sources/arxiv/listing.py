"""arXiv's page of new listings, ``/list/cs.AI/new``: the announcements, read by people.

It has what the feed has, except for licences; the comment it has besides. It is the way round
a feed that serves yesterday's batch.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime

from selectolax.lexbor import LexborHTMLParser, LexborNode

from digest import text
from digest.errors import ParseError
from digest.models import Entry
from digest.sources.arxiv.fields import record
from digest.sources.base import MAX_ENTRIES, Page, Response
from digest.sources.common import bounded, dated, decode_text, web_url
from digest.sources.enrich import enriched

_MARK = re.compile(r"""Showing new listings for|class=["']list-title\b""")
_DAY = re.compile(r"listings for (?:\w+, )?(\d{1,2} [A-Z][a-z]+ \d{4})")
_SECTION = re.compile(r"(New|Cross|Replacement)[ -](?:submission|list)", re.I)
_SHOWING = re.compile(r"showing (?:first )?(\d+) of (\d+) entries")
_TYPES = {"new": "new", "cross": "cross", "replacement": "replace"}
_CLASS = re.compile(r"\(([a-z][\w.-]*)\)\s*(?:;|$)", re.I)
_VERSION = re.compile(r"/html/\S*?v(\d{1,3})$")


def is_listing(body: bytes) -> bool:
    """Tell whether an HTML document is a page of listings."""
    return _MARK.search(decode_text(body)) is not None


def parse(response: Response) -> Page:
    """Return the papers of all sections, in the order of the page.

    Raises:
        ParseError: there is no day or no section on it, so the page is not as it was.
    """
    tree = LexborHTMLParser(decode_text(response.body))
    day, sections, papers = None, 0, 0
    announce_type = ""
    entries: list[Entry] = []
    problems: list[str] = []
    for node in tree.css("h1, h2, h3, dt"):
        if node.tag != "dt":
            heading = text.collapse(node.text())
            day = day or _day(heading)
            if section := _SECTION.match(heading):
                sections += 1
                announce_type = _TYPES[section[1].lower()]
                problems += _left_off(heading)
        elif (papers := papers + 1) <= MAX_ENTRIES:
            found = _entry(node, announce_type, day)
            if isinstance(found, Entry):
                entries.append(dated(enriched(bounded(found)), response))
            else:
                problems.append(f"paper {papers}: {found}; left out")
    if papers > MAX_ENTRIES:
        problems.append(f"paper {MAX_ENTRIES + 1}: too many papers; the rest is left out")
    if day is None or not sections:
        raise ParseError(f"{response.url}: no day or no section of new listings on this page")
    return Page(tuple(entries), tuple(problems), complete=response.complete)


def _day(heading: str) -> date | None:
    found = _DAY.search(heading)
    try:
        return datetime.strptime(found[1], "%d %B %Y").date() if found else None  # noqa: DTZ007
    except ValueError:
        return None


def _left_off(heading: str) -> Iterator[str]:
    shown = _SHOWING.search(heading)
    if shown and shown[1] != shown[2]:
        yield f"{heading.partition(' (')[0]}: the page shows {shown[1]} of {shown[2]}"


def _entry(term: LexborNode, announce_type: str, day: date | None) -> Entry | str:
    """Return the entry of one ``dt`` and the ``dd`` that follows it, or what is wrong with it."""
    told = term.next
    while told is not None and told.tag in ("-text", "_comment"):
        told = told.next
    link = term.css_first("a[href*='/abs/']")
    identity = text.parse_arxiv_id(f"arxiv.org{link.attributes['href']}") if link else None
    if identity is None or told is None or told.tag != "dd":
        return "no arXiv id" if identity is None else "nothing beside its id"
    title = _field(told, "list-title")
    if not title:
        return "no title"
    if announce_type == "replace" and "cross-list" in term.text():
        announce_type = "replace-cross"
    names = (text.collapse(a.text()) for a in told.css(".list-authors a"))
    authors = tuple(name for name in names if name)
    abstract = told.css_first("p.mathjax")
    return record(
        identity[0],
        title,
        abstract.text() if abstract else "",
        comment=_field(told, "list-comments"),
        journal=_field(told, "list-journal-ref"),
        categories=_CLASS.findall(_field(told, "list-subjects")),
        authors=authors,
        n_authors=len(authors) or None,
        arxiv_version=_version(term, announce_type),
        listed_date=day,
        announce_type=announce_type or None,
    )


def _field(told: LexborNode, name: str) -> str:
    """Return a field's text without its label; a link that hides its address shows it."""
    field = told.css_first(f".{name}")
    if field is None:
        return ""
    for label in field.css(".descriptor"):
        label.decompose()
    for link in field.css("a.link-external"):
        if address := web_url(link.attributes.get("href")):
            link.replace_with(address)
    return text.collapse(field.text())


def _version(term: LexborNode, announce_type: str) -> int | None:
    """Return the version, which only the link to the HTML tells; a new paper has its first."""
    links = (link.attributes.get("href") or "" for link in term.css("a"))
    found = next((v for link in links if (v := _VERSION.search(link))), None)
    if found:
        return int(found[1])
    return 1 if announce_type == "new" else None
