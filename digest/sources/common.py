"""What several sources need: text out of bytes, safe links, the limits of an entry."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from digest import text
from digest.models import Entry
from digest.sources.base import MAX_ABSTRACT, MAX_AUTHORS, MAX_TITLE, MAX_TOPICS

MAX_URL = 2_000

_SNIFFED = 4_096
_PROLOG = re.compile(r"(?:\s|<\?.*?\?>|<!--.*?-->|<!(?!doctype html)[^>]*>)*", re.I | re.S)
_HTML = re.compile(r"<(?:!doctype html|html|head|body|title|meta|script|div|p|h[1-6])\b", re.I)
_XML = re.compile(r"<[A-Za-z_]")
_JSON = re.compile(r"""\{\s*["}]|\[\s*["{\[\]]""")


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
    }
    changed = {name: value for name, value in kept.items() if value != getattr(entry, name)}
    if not changed:
        return entry
    cuts = (f"{name}_cut" for name in changed)
    return replace(entry, flags=tuple(dict.fromkeys((*entry.flags, *cuts))), **changed)
