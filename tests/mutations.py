"""Damage of every kind for real and invented feeds, and what must hold of all that is read."""

import contextlib
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unicodedata import category

from digest.models import Entry
from digest.sources import SOURCES
from digest.sources.base import MAX_ABSTRACT, MAX_AUTHORS, MAX_ENTRIES, MAX_TITLE, Page
from digest.sources.common import site_of, web_url
from digest.text import parse_arxiv_id

MOST_BYTES = 40_000  # of one body: what takes long here takes minutes in a large one
FORMS = {".xml", ".rdf", ".json", ".jsonl", ".txt", ".html"}
# What means something to some parser.
TOKENS = (
    b"<", b">", b"&", b'"', b"'", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"</item>", b"<item>",
    b"<entry>", b"</title>", b"<title>", b"<?xml version='1.0' encoding='utf-16'?>",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&#0;", b"&#xD800;", b"&#99999999999;", b"&nbsp;",
    b"null", b"true", b"[]", b"{}", b"1e999", b"-1", b"NaN", b'"\\ud800"', b"\\u0000", b",", b":",
    b"\x00", b"\x1b[2J", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"\r", b"\n\n", b"\xe2\x80\xae",
    b"9999-99-99", b"0001-01-01T00:00:00-23:59", b"2611.99999v99999999999", b"10.5555/",
    b"javascript:alert(1)", b"http://[", b"//", b"(0.99)", b"(99.99)", b"\xe8\xa6\x81\xe7\xb4\x84",
)  # fmt: skip

# Values of every type, where another one was.
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 10**30, 1e308, float("nan"), "", " ", "x", "\x00\x1b[2J", "\ud800",
    "2611.00001", "2611.00001v999999999999999999", "9999-12-31T23:59:59+00:00",
    "0001-01-01T00:00:00-23:59", "http://[", "javascript:alert(1)", "<b>" * 200, "(" * 5_000,
    "a, " * 5_000, [], {}, [None], [[[]]], {"name": 1}, {"_": None}, ["x"] * 300,
)  # fmt: skip

# What each folder of captures holds; those of our fixtures have the names of the sources.
FOLDERS = {
    "arxiv_api": "arxiv", "arxiv_oai": "arxiv", "arxiv_rss": "arxiv", "arxiv_mirror": "arxiv",
    "hf_daily": "huggingface", "wordpress": "arxivjp", "journals": "generic",
    "other_feeds": "generic", "encodings": "generic",
}  # fmt: skip


def bodies(folder: Path) -> list[tuple[str, bytes]]:
    """Return all feeds and captures in a folder, shortened, each with its source.

    The source is told by the folder or by the document; where it is not, it is empty.
    """
    files = sorted(f for f in folder.rglob("*") if f.suffix in FORMS and "expected" not in str(f))
    folders = FOLDERS | {name: name for name in SOURCES}
    read = ((f.parent.name, f.read_bytes()) for f in files)
    return [(folders.get(name) or site_of(body) or "", _shortened(body)) for name, body in read]


def _shortened(body: bytes) -> bytes:
    """Return a document with its first entries, still well-formed if it can be done simply."""
    if len(body) <= MOST_BYTES:
        return body
    with contextlib.suppress(ValueError):
        if isinstance(told := json.loads(body), list):
            return json.dumps(told[:4]).encode()
    for end in (b"</item>", b"</entry>", b"</record>"):
        if (last := body.rfind(end, 0, MOST_BYTES)) > 0:
            return body[:last] + body[body.rfind(end) :]
    return body[:MOST_BYTES]


def mutated(body: bytes, others: Sequence[bytes], dice: random.Random) -> bytes:
    """Return the body with bytes flipped, pieces lost, moved or doubled, or another spliced in.

    Of JSON, half of the time, only values are exchanged: it would hardly ever be read else.
    """
    if body[:1] in b"[{" and dice.random() < 0.5:
        with contextlib.suppress(ValueError):
            told = json.loads(body)
            for _ in range(dice.choice((1, 2, 5, 30))):
                told = _exchanged(told, dice)
            return json.dumps(told).encode()
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        body = _damaged(body, others, dice)[: 2 * MOST_BYTES]
    return body


def _exchanged(told: Any, dice: random.Random) -> Any:
    """Return JSON with one value, anywhere in it, exchanged for an odd one."""
    if isinstance(told, dict) and told and dice.random() < 0.95:
        key = dice.choice(list(told))
        return told | {key: _exchanged(told[key], dice)}
    if isinstance(told, list) and told and dice.random() < 0.95:
        at = dice.randrange(len(told))
        return [*told[:at], _exchanged(told[at], dice), *told[at + 1 :]]
    return dice.choice(ODD)


def _damaged(body: bytes, others: Sequence[bytes], dice: random.Random) -> bytes:
    at = dice.randint(0, len(body))
    end = min(len(body), at + dice.randint(0, 300))
    other = dice.choice(others)
    start = dice.randint(0, len(other))
    match dice.randint(0, 7):
        case 0:
            flipped = bytes(b ^ (1 << dice.randint(0, 7)) for b in body[at : at + 3])
            return body[:at] + flipped + body[at + 3 :]
        case 1:
            return body[:at]
        case 2:
            return body[:at] + body[end:]
        case 3:
            return body[:end] + body[at:end] * dice.randint(1, 30) + body[end:]
        case 4:
            return body[:at] + dice.choice(TOKENS) * dice.choice((1, 1, 1, 500)) + body[end:]
        case 5:
            return body[:at] + other[start : start + dice.randint(0, 4_000)] + body[end:]
        case 6:
            return body[:at] + other[start:]
        case _:
            to = dice.randint(0, len(body))
            return body[:to] + body[at:end] + body[to:]


def broken_promises(page: Page) -> list[str]:
    """Return what a page says that no source may say, whatever it was read from."""
    found = [f"a problem of several lines: {p!r}" for p in page.problems if "\n" in p]
    if len(page.entries) > MAX_ENTRIES:
        found.append(f"{len(page.entries)} entries")
    for entry in page.entries:
        found += (f"{what} ({entry.external_id[:40]!r})" for what in _broken(entry))
    return found


def _broken(entry: Entry) -> list[str]:
    plain = entry.to_dict()
    lines = (entry.title, *entry.authors, entry.author_comment or "", entry.venue or "")
    links = (entry.url, entry.pdf_url, entry.code_url, entry.project_url)
    dates = (entry.published_at, entry.updated_at)
    checks = {
        "no title": not entry.title.strip(),
        "no identity": not entry.external_id,
        "a long title": len(entry.title) > MAX_TITLE,
        "a long abstract": len(entry.abstract) > MAX_ABSTRACT,
        "many authors": len(entry.authors) > MAX_AUTHORS,
        "a control character": any(category(c) == "Cc" for line in lines for c in line),
        "half a character": not _is_utf8(json.dumps(plain, ensure_ascii=False)),
        "an address that is none": any(link and web_url(link) != link for link in links),
        "a naive instant": any(when and when.tzinfo is None for when in dates),
        "no arXiv id": bool(entry.arxiv_id)
        and parse_arxiv_id(entry.arxiv_id or "") != (entry.arxiv_id, None),
        "a negative count": min(entry.upvotes or 0, entry.comments or 0, entry.n_authors or 0) < 0,
        "no way back": Entry.from_dict(json.loads(json.dumps(plain))) != entry,
    }
    return [name for name, is_so in checks.items() if is_so]


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
