"""A page of arXiv.jp: one post, or the posts of a category or of the site.

Only the labels that a reader sees are relied upon: a title is the heading above 要約, and the
facts stand behind 著者, 発行日 and arxivサイト, in a table, a list or plain lines.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date

from digest import text
from digest.errors import ParseError
from digest.models import Entry
from digest.sources.arxivjp.record import (
    AUTHORS,
    CATEGORIES,
    COMMA,
    DATE,
    END,
    FACTS,
    JAPANESE,
    ORIGINAL,
    SITE,
    closing,
    label,
    post_entry,
    read_record,
)
from digest.sources.base import MAX_ENTRIES, Page, Response
from digest.sources.common import bounded, dated, decode_text
from digest.sources.enrich import enriched
from digest.sources.pages import Line, page_lines

SITE_ADDRESS = "https://arxiv.jp/"

_HTML = re.compile(r"<html\b", re.I)
_BY_THEMSELVES = {AUTHORS, DATE, SITE, CATEGORIES}
_NO_TITLES = {JAPANESE, ORIGINAL, FACTS}
_DAY = re.compile(r"([0-9]{4})(?:年|-|/)([0-9]{1,2})(?:月|-|/)([0-9]{1,2})")
# What themes put behind the categories of a post.
_AFTER_CATEGORIES = re.compile(r"\s*(?:\||投稿者|作成者|投稿日|パーマリンク|タグ)")


def is_page(body: bytes) -> bool:
    """Tell whether a document that is well-formed XML is a page all the same (XHTML)."""
    return _HTML.search(decode_text(body[:1_024])) is not None


def parse(response: Response) -> Page:
    """Return the papers of a page, in its order.

    Raises:
        ParseError: there is no paper on it, so the page is not as it was.
    """
    shown = page_lines(
        response, site=SITE_ADDRESS, titles="h1, h2, h3, h4", links="a[href*='arxiv.org/']"
    )
    lines = _joined(shown.lines)
    spans = _spans(lines)
    entries: list[Entry] = []
    problems: list[str] = []
    for number, (title_at, start, end) in enumerate(spans[:MAX_ENTRIES], 1):
        address = shown.address if len(spans) == 1 else None
        found = _post(lines, title_at, start, end, address)
        if isinstance(found, str):
            problems.append(f"paper {number}: {found}; left out")
            continue
        entries.append(dated(enriched(bounded(found)), response))
        if found.flags:
            told = text.cut(found.title, 60)
            problems.append(f"paper {number}: incomplete ({', '.join(found.flags)}): {told}")
    if not entries:
        raise ParseError(
            f"{response.url}: no whole paper on this page; the layout of arXiv.jp has changed, "
            "or this is another page"
        )
    if len(spans) > MAX_ENTRIES:
        problems.append(f"paper {MAX_ENTRIES + 1}: too many papers; the rest is left out")
    return Page(tuple(entries), tuple(problems), complete=response.complete)


def _joined(shown: Sequence[Line]) -> list[Line]:
    """Return the lines; a label that stands by itself is put before what follows it."""
    lines: list[Line] = []
    for line in shown:
        before = lines[-1] if lines else None
        if before and before.text.rstrip(" :：") in _BY_THEMSELVES and not line.is_title:
            lines[-1] = Line(f"{before.text} {line.text}", links=before.links + line.links)
        else:
            lines.append(line)
    return lines


def _spans(lines: Sequence[Line]) -> list[tuple[int | None, int, int]]:
    """Return for each record where its title, its first label and the next title stand."""
    labels = [label(line.text) for line in lines]
    starts = [n for n, name in enumerate(labels) if name == JAPANESE]
    if not starts:
        return []
    titles: list[int | None] = []
    floor = 0
    for start in starts:
        backwards = range(start - 1, floor - 1, -1)
        own = (n for n in backwards if lines[n].is_title and labels[n] not in _NO_TITLES)
        titles.append(next(own, None))
        floor = start + 1
    ends = [start if at is None else at for at, start in zip(titles, starts, strict=True)][1:]
    return list(zip(titles, starts, [*ends, len(lines)], strict=True))


def _post(
    lines: Sequence[Line], title_at: int | None, start: int, end: int, address: str | None
) -> Entry | str:
    """Return the entry of one record, or what is wrong with it."""
    block = lines[start:end]
    record = read_record(list(_with_site(block)))
    if record is None:
        return "its sections are not all there"
    closed = next(
        (c for line in block if line.text.endswith(END) and (c := closing(line.text))), None
    )
    heading = lines[title_at] if title_at is not None else None
    title = heading.text if heading else closed[1] if closed else ""
    if not title:
        return "no title"
    above = lines[title_at + 1 : start] if title_at is not None else ()
    return post_entry(
        title,
        record,
        closed[0] if closed else _categories(block),
        post=(heading.href if heading else None) or address,
        posted_on=next((day for line in above if (day := _day(line.text))), None),
    )


def _with_site(block: Sequence[Line]) -> Iterator[str]:
    """Yield the lines of a record; the one of the site ends in the addresses it leads to."""
    facts_at = next((n for n, line in enumerate(block) if label(line.text) == FACTS), len(block))
    linked = " ".join(link for line in block[facts_at:] for link in line.links)
    for line in block:
        is_site = line.text.startswith(SITE)
        yield f"{line.text} {' '.join(line.links) or linked}" if is_site else line.text
    yield f"{SITE} {linked}"


def _categories(block: Sequence[Line]) -> list[str]:
    told = (line.text for line in block if line.text.startswith(CATEGORIES) and not line.is_title)
    named = _AFTER_CATEGORIES.split(next(told, "").removeprefix(CATEGORIES).lstrip(" :："))[0]
    return [name for name in COMMA.split(named) if name]


def _day(told: str) -> date | None:
    found = _DAY.search(told)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None
