"""What several sources need: text out of bytes, safe links, the limits of an entry."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from digest import text
from digest.errors import ParseError, SourceError
from digest.models import Entry
from digest.sources.base import (
    MAX_ABSTRACT,
    MAX_AUTHORS,
    MAX_TITLE,
    MAX_TOPICS,
    Feed,
    Request,
    Response,
)

MAX_URL = 2_000

_SNIFFED = 4_096
_PROLOG = re.compile(r"(?:\s|<\?.*?\?>|<!--.*?-->|<!(?!doctype html)[^>]*>)*", re.I | re.S)
_HTML = re.compile(r"<(?:!doctype html|html|head|body|title|meta|script|div|p|h[1-6])\b", re.I)
_XML = re.compile(r"<[A-Za-z_]")
_JSON = re.compile(r"""\{\s*["}]|\[\s*(?:["{\[\]]|null\b)""")
_LINE_END = re.compile(r"\r\n|\r|\n")

# What only one source says, by form: a mark recognises captures that were mixed up.
_MARKS = (
    ("json", "huggingface", re.compile(r'"paper"\s?:')),
    ("json", "biorxiv", re.compile(r'"messages"\s*:\s*\[\s*\{[^}]*"cursor"')),
    ("json", "openreview", re.compile(r'"notes"\s*:\s*\[|"(?:forum|invitations?)"\s*:\s*[\["]')),
    ("json", "semanticscholar", re.compile(r'"(?:recommendedPapers|paperId)"\s*:')),
    ("json", "generic", re.compile(r"//(?:www\.)?jsonfeed\.org/version/1")),
    ("xml", "arxivjp", re.compile(r"//(?:www\.)?arxiv\.jp\b", re.I)),
    ("xml", "biorxiv", re.compile(r"\b(?:bio|med)rxiv\.org", re.I)),
    (
        "xml",
        "arxiv",
        re.compile(r"oai:arxiv\.org|\barxiv\.org/api|\b(?:rss|export|oaipmh)\.arxiv\.org", re.I),
    ),
    ("html", "arxiv", re.compile(r"""class=["']list-title\b""")),
    ("html", "arxivjp", re.compile(r"要約[(（]オリジナル[)）]|arxiv情報")),
    (
        "html",
        "aitopics",
        re.compile(r"""\bhref=["'](?:https?://(?:www\.)?aitopics\.org)?/doc/\w+:"""),
    ),
    ("text", "arxivjp", re.compile(r"要約[(（]オリジナル[)）]|はコメントを受け付けていません")),
    (
        "text",
        "huggingface",
        re.compile(r"^[ \t]*• ?\d+ authors?[ \t]*$|^by ?AK and the research community", re.M),
    ),
    ("text", "aitopics", re.compile(r"^- .+ \(\d\.\d\d\)[ \t]*$", re.M)),
)
_TITLE_ID = 200


def decode_text(body: bytes) -> str:
    """Return the text in bytes: UTF-8 with or without a byte order mark, UTF-16 with one.

    Bytes that are not UTF-8 become U+FFFD where the rest plainly is UTF-8 (a damaged file);
    otherwise they are read as Windows-1252.
    """
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", errors="replace")
    decoded = body.decode("utf-8-sig", errors="replace")
    damaged = decoded.count("\ufffd")
    if damaged and damaged * 2 > sum(not c.isascii() for c in decoded):
        return body.decode("cp1252", errors="replace")
    return decoded


def looks_like(body: bytes) -> str:
    """Return ``json``, ``xml``, ``html``, ``text`` or ``empty``, by the first bytes alone."""
    head = decode_text(body[:_SNIFFED]).strip("\ufeff\x00 \t\r\n")
    if not head:
        return "empty"
    if _JSON.match(head):
        return "json"
    prolog = _PROLOG.match(head)
    root = prolog.end() if prolog else 0
    if _HTML.match(head, root):
        return "html"
    return "xml" if head.startswith("<?xml") or _XML.match(head, root) else "text"


def lines(body: bytes) -> list[str]:
    """Return the lines of a text, whatever the line ends; other separators stay in the text."""
    return _LINE_END.split(decode_text(body))


def site_of(body: bytes) -> str | None:
    """Return the key of the source whose capture this looks like, if it can be told."""
    form, content = looks_like(body), decode_text(body).replace("\r", "\n")
    return next((s for f, s, mark in _MARKS if f == form and mark.search(content)), None)


def refusal(response: Response, wanted: str, expected: str) -> ParseError:
    """Return the error for a response that is not what the source `wanted` says.

    Args:
        response: what came; its form and, where it can be told, its origin are named.
        wanted: key of the source that was to read it.
        expected: the forms the source knows, in words.
    """
    form, site = looks_like(response.body), site_of(response.body)
    if form == "empty":
        return ParseError(f"{response.url} is empty; {wanted} expects {expected}")
    if site and site != wanted:
        return ParseError(
            f"{response.url} looks like it is from {site}, not from {wanted}; read it as {site}"
        )
    return ParseError(
        f"{response.url} is not from {wanted}: {expected} expected, but it holds "
        f"{'other text' if form == 'text' else form.upper()}"
    )


def title_id(title: str, abstract: str) -> str:
    """Return an identity for a paper whose source gives none.

    The key of the title, cut, and eight digits that tell two works of one title apart by
    their abstracts. An abstract that is mended later makes a second entry of the same paper.
    """
    told_apart = hashlib.sha256(text.title_key(abstract).encode()).hexdigest()[:8]
    return f"{text.title_key(title)[:_TITLE_ID] or title[:_TITLE_ID]}-{told_apart}"


def instant(stamp: object) -> datetime | None:
    """Return the UTC instant that an ISO 8601 stamp names (naive: UTC); None for all else."""
    if not isinstance(stamp, str):
        return None
    try:
        when = datetime.fromisoformat(stamp.strip())
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def web_url(link: str | None) -> str | None:
    """Return an http or https address as it may stand in a mail; None for all else.

    Addresses with spaces, control or invisible characters, without a host, or longer than
    `MAX_URL` are refused, not repaired.
    """
    address = (link or "").strip()
    if not address or len(address) > MAX_URL or " " in address or not address.isprintable():
        return None
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return None
    return address if parts.scheme in ("http", "https") and host else None


def number_option(feed: Feed, name: str, default: int, most: int) -> int:
    """Return the feed's option of that name as a number.

    Raises:
        SourceError: it is not a number from 1 to `most`.
    """
    told = feed.options.get(name, str(default))
    if not (told.isascii() and told.isdigit() and 1 <= int(told[:6]) <= most):
        raise SourceError(f"feed {feed.name!r}: {name} must be 1 to {most}, not {told!r}")
    return int(told)


def choice_option(feed: Feed, name: str, choices: Sequence[str]) -> str:
    """Return the feed's option of that name, one of the choices; the first is the default.

    Raises:
        SourceError: it is none of them.
    """
    told = feed.options.get(name, choices[0])
    if told not in choices:
        known = ", ".join(choices[:-1]) + f" or {choices[-1]}"
        raise SourceError(f"feed {feed.name!r}: {name} must be {known}, not {told!r}")
    return told


def api_request(url: str, query: dict[str, str]) -> Request:
    """Return the request for an answer in JSON, with these parameters and no others."""
    address = urlsplit(url)._replace(query=urlencode(query), fragment="").geturl()
    return Request(address, kind="api", accept="application/json")


def read_json(response: Response) -> Any:
    """Return the JSON of a response.

    Raises:
        ParseError: it holds none that can be read.
    """
    try:
        return json.loads(decode_text(response.body))
    except (ValueError, RecursionError) as error:
        raise ParseError(
            f"{response.url} is not readable JSON ({error}); ask again or save it again"
        ) from error


def line(value: object) -> str:
    """Return a JSON value as one line of text; empty for all that is no text."""
    return text.collapse(value) if isinstance(value, str) else ""


def dated(entry: Entry, response: Response) -> Entry:
    """Return the entry, flagged ``future_date`` if it claims to be newer than its response."""
    latest = response.received_at + timedelta(days=1)
    if entry.published_at is None or entry.published_at <= latest:
        return entry
    return replace(entry, flags=(*entry.flags, "future_date"))


def bounded(entry: Entry) -> Entry:
    """Return the entry within the limits of ``base``; a flag tells each field that was cut."""
    kept: dict[str, Any] = {
        "title": text.cut(entry.title, MAX_TITLE),
        "abstract": text.cut(entry.abstract, MAX_ABSTRACT),
        # A name may be a whole line of authors that could not be taken apart.
        "authors": tuple(text.cut(name, MAX_ABSTRACT) for name in entry.authors[:MAX_AUTHORS]),
        "categories": entry.categories[:MAX_TOPICS],
        "topics": entry.topics[:MAX_TOPICS],
        "translations": {k: text.cut(v, MAX_ABSTRACT) for k, v in entry.translations.items()},
        "author_comment": entry.author_comment and text.cut(entry.author_comment, MAX_TITLE),
        "organisation": entry.organisation and text.cut(entry.organisation, MAX_TITLE),
        "ai_summary": entry.ai_summary and text.cut(entry.ai_summary, MAX_ABSTRACT),
        "ai_keywords": entry.ai_keywords[:MAX_TOPICS],
    }
    changed = {name: value for name, value in kept.items() if value != getattr(entry, name)}
    if not changed:
        return entry
    cuts = (f"{name}_cut" for name in changed)
    return replace(entry, flags=tuple(dict.fromkeys((*entry.flags, *cuts))), **changed)
