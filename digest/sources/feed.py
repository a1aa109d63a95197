"""RSS and Atom: bytes to raw entries. The only user of feedparser, whose quirks end here.

What feedparser would do on its own and must not: open a path or an address that it is given
for a body, clean HTML (it damages ``H&E``, and its cleaning is not to be relied on), and
take much time over hostile input. So it gets bytes only, with both switches off, and runs in
``worker`` under limits. Cleaning is left to those who know what a field is for.
"""

import calendar
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import feedparser

from digest import text
from digest.errors import ParseError
from digest.garbage import collector_paused
from digest.sources.common import looks_like

# Bytes that no XML 1.0 document may hold; one of them would cost us the strict parser.
_FORBIDDEN = bytes(set(range(0x20)) - set(b"\t\n\r"))
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_DECLARATION = re.compile(r"\s*<\?xml[^<>]*\?>")
_ROOT_END = re.compile(rb"</(?:[\w.-]+:)?(?:rss|feed|rdf)\s*>", re.I)
# feedparser counts these as errors, but the document is well-formed.
_HARMLESS = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)
# What it raises, instead of telling, where a few wrong bytes stand in a wrong place.
_STUMBLES = (
    ValueError,
    OverflowError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
)
# Entry fields that have a place of their own in `RawEntry`.
_OWN_PLACE = frozenset({"title", "link", "id", "summary", "author", "published", "updated"})


@dataclass(frozen=True, slots=True)
class RawEntry:
    """One item, as the feed says it: nothing cleaned, nothing guessed.

    Attributes:
        guid: the item's id; empty when it has none.
        summary: description or summary; HTML or plain text, which feeds do not tell reliably.
        content: the HTML of ``content:encoded`` or ``content``; empty when there is none.
        authors: one string per author element, which may hold many names.
        published_at: when it appeared; where a feed dates its items only once, that date.
        links: (rel, type, href) of each link.
        extra: other fields that hold text, by feedparser's name: prefix and element in lower
            case, like ``arxiv_announce_type``, ``prism_doi``, ``dc_identifier``.
    """

    title: str
    link: str
    guid: str
    summary: str
    content: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    published_at: datetime | None
    updated_at: datetime | None
    links: tuple[tuple[str, str, str], ...]
    extra: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RawFeed:
    """One feed.

    Attributes:
        version: feedparser's name of the format, like ``rss20`` or ``atom10``.
        total: how many items there are, where this is one page of them (OpenSearch).
        complete: False when the document ends before its end; its last item is left out.
        problem: a line on what is wrong with the document as a whole; None if nothing is.
    """

    version: str
    title: str
    entries: tuple[RawEntry, ...]
    complete: bool
    problem: str | None
    total: int | None = None


def decode(body: bytes, content_type: str = "") -> RawFeed:
    """Return the entries of an RSS or Atom document. A valid feed may have none.

    Args:
        body: the document as it came; its encoding is found by its first bytes and header.
        content_type: the header as sent; may be empty.

    Raises:
        ParseError: this is no feed, or so damaged that no item can be read.
    """
    with collector_paused():
        parsed = _parsed(body, content_type)
    fault = parsed.get("bozo_exception") if parsed.get("bozo") else None
    if isinstance(fault, _HARMLESS):
        fault = None
    if not parsed.get("version"):
        raise ParseError(f"no RSS or Atom feed: it holds {_form(body)}")
    if fault and not parsed.entries:
        raise ParseError(f"a damaged feed without a whole item: {_reason(fault)}")
    dates_once = not parsed.version.startswith("atom")
    entries = [_entry(item, dates_once=dates_once) for item in parsed.entries]
    total = _string(parsed.feed, "opensearch_totalresults").strip()
    truncated = fault is not None and not _ROOT_END.search(body.replace(b"\x00", b""))
    return RawFeed(
        version=parsed.version,
        title=text.collapse(_string(parsed.feed, "title")),
        entries=tuple(entries[:-1] if truncated else entries),
        complete=not truncated,
        problem=_problem(fault, truncated=truncated),
        total=int(total) if re.fullmatch("[0-9]{1,9}", total) else None,
    )


def _parsed(body: bytes, content_type: str) -> Any:
    try:
        return feedparser.parse(
            io.BytesIO(_readable(body)),
            response_headers={"content-type": content_type} if content_type else None,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except _STUMBLES as error:
        raise ParseError(f"a feed too damaged to be read ({_reason(error)})") from error


def _readable(body: bytes) -> bytes:
    """Return the document without what the strict parser would stumble over at no gain."""
    if body.startswith(_UTF16):
        # feedparser wants an encoding declared where the byte order mark says it all.
        body = _DECLARATION.sub("", body.decode("utf-16", "replace"), count=1).encode()
    return body.lstrip().translate(None, _FORBIDDEN)


def _form(body: bytes) -> str:
    form = looks_like(body)
    return {"empty": "nothing", "text": "other text", "xml": "other XML"}.get(form, form.upper())


def _reason(fault: object) -> str:
    """Return the parser's complaint without its place holders: ``mismatched tag, line 18``."""
    line = getattr(fault, "getLineNumber", lambda: None)()
    said = getattr(fault, "getMessage", lambda: str(fault))()
    return text.cut(text.collapse(str(said)), 80) + (f", line {line}" if line else "")


def _problem(fault: object, *, truncated: bool) -> str | None:
    if fault is None:
        return None
    if truncated:
        return "the feed was cut short; its last item is left out until it comes whole"
    return f"not well-formed XML ({_reason(fault)}); read as far as it makes sense"


def _string(fields: dict[str, Any], name: str) -> str:
    # dict.get and not fields.get: feedparser's own lends one field another's value.
    value = dict.get(fields, name)
    return value if isinstance(value, str) else ""


def _entry(item: dict[str, Any], *, dates_once: bool) -> RawEntry:
    published_at, updated_at = _instant(item, "published_parsed"), _instant(item, "updated_parsed")
    if dates_once and published_at is None:
        # RSS has one date for an item, but feedparser files dc:date under "updated".
        published_at, updated_at = updated_at, None
    return RawEntry(
        title=_string(item, "title"),
        link=_string(item, "link"),
        guid=_string(item, "id"),
        summary=_string(item, "summary"),
        content="\n".join(_strings(item, "content", "value")),
        # The field "author" holds only the last one.
        authors=tuple(_strings(item, "authors", "name")),
        tags=tuple(tag.get("term") or tag.get("label") or "" for tag in _listed(item, "tags")),
        published_at=published_at,
        updated_at=updated_at,
        links=tuple(
            (link.get("rel") or "", link.get("type") or "", link["href"])
            for link in _listed(item, "links")
            if link.get("href")
        ),
        extra=_extra(item),
    )


def _listed(item: dict[str, Any], name: str) -> list[dict[str, Any]]:
    # An element that is itself called "links" or "tags" puts its text in the list's place.
    told = dict.get(item, name)
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


def _strings(item: dict[str, Any], name: str, part: str) -> Iterable[str]:
    return (found for element in _listed(item, name) if (found := _string(element, part)))


def _instant(item: dict[str, Any], name: str) -> datetime | None:
    """Return feedparser's time (UTC, without saying so) as an instant; None if it is absurd."""
    stamp = dict.get(item, name)
    try:
        if not isinstance(stamp, tuple):
            return None
        return datetime.fromtimestamp(calendar.timegm(stamp), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _extra(item: dict[str, Any]) -> dict[str, str]:
    """Return the other fields: text as it is, an element with a ``term`` by its term."""
    extra = {}
    for name, value in item.items():
        if isinstance(value, dict):
            value = dict.get(value, "term")  # noqa: PLW2901
        if isinstance(value, str) and name not in _OWN_PLACE:
            extra[name] = value
    return extra
