"""arXiv.jp: papers with a Japanese machine translation, from its feed or a copied page.

A post is one record with fixed labels, as the text of a category page::

    TITLE / 要約 / Japanese lines / 要約(オリジナル) / English abstract / arxiv情報
    著者 A,B / 発行日 2025-02-26 16:59:21+00:00 / arxivサイト arxiv_id(pdf)
    カテゴリー: cs.LG | TITLE はコメントを受け付けていません

The feed (WordPress RSS) holds the same record as HTML, with the links that a copied page
loses; its ``dc:creator`` is the blog's user and its ``pubDate`` the day of the post.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from digest import text
from digest.errors import ParseError, SourceError
from digest.models import Entry
from digest.sources.base import MAX_ENTRIES, Feed, Page, Request, Response
from digest.sources.common import (
    bounded,
    dated,
    instant,
    lines,
    looks_like,
    refusal,
    site_of,
    title_id,
    web_url,
)
from digest.sources.enrich import enriched
from digest.sources.feed import RawEntry, decode
from digest.sources.markup import plain, plain_lines

FEED = "https://arxiv.jp/feed/"

_EXPECTED = "its feed or the text of a category page"
_JAPANESE, _ORIGINAL, _FACTS = "要約", "要約(オリジナル)", "arxiv情報"
_AUTHORS, _DATE, _SITE = "著者", "発行日", "arxivサイト"
_CATEGORIES, _END = "カテゴリー", "はコメントを受け付けていません"
_COMMA = re.compile(r"\s*[,，、](?!\s*(?:Jr|Sr|I{2,3}|IV)\b)\s*")
# A row of the table is one line: "著者" in one cell, the names in the next.
_NEXT_CELL = re.compile(r"</t[dh]\s*>\s*<t[dh]\b[^<>]*>", re.I)


class ArxivJp:
    """The source ``arxivjp``."""

    name = "arxivjp"
    title = "arXiv.jp"

    def requests(self, feed: Feed, now: datetime) -> Iterable[Request]:
        """Return the feed: the location, or that of the whole site.

        Raises:
            SourceError: the location is no http(s) address.
        """
        location = feed.location or FEED
        if web_url(location) is None:
            raise SourceError(
                f"feed {feed.name!r}: {location!r} is not an http(s) address of a feed; "
                "read a saved page with `digest import arxivjp FILE`"
            )
        return [Request(location, kind="feed")]

    def parse(self, response: Response, feed: Feed) -> Page:
        """Return the papers of a feed or of a category page's text.

        Raises:
            ParseError: it is neither, or another source's.
        """
        form = looks_like(response.body)
        if form == "xml":
            return _parse_feed(response)
        if form != "text" or site_of(response.body) != self.name:
            raise refusal(response, self.name, _EXPECTED)
        return _parse_page_text(response)


class _Record(NamedTuple):
    """What both forms hold under the same labels."""

    japanese: tuple[str, ...]
    abstract: str
    authors: tuple[str, ...]
    published_at: datetime | None
    site: str

    @property
    def missing(self) -> tuple[str, ...]:
        """The facts that the record should have and has not."""
        facts = {"abstract": self.abstract, "authors": self.authors, "date": self.published_at}
        return tuple(name for name, value in facts.items() if not value)


def _read_record(block: Sequence[str]) -> _Record | None:
    """Return the record of the lines below a title; None if its sections are damaged."""
    labels = [_label(line) for line in block]
    try:
        japanese = labels.index(_JAPANESE)
        original = labels.index(_ORIGINAL, japanese)
        facts = labels.index(_FACTS, original)
    except ValueError:
        return None
    abstract = text.collapse(" ".join(block[original + 1 : facts]))
    if not abstract:
        return None
    values = {label: _fact(block[facts + 1 :], label) for label in (_AUTHORS, _DATE, _SITE)}
    return _Record(
        japanese=tuple(line for line in block[japanese + 1 : original] if line),
        abstract=abstract,
        authors=tuple(name for name in _COMMA.split(values[_AUTHORS]) if name),
        published_at=instant(values[_DATE]),
        site=values[_SITE],
    )


def _label(line: str) -> str:
    """Return the line for comparing with labels: full-width parentheses count as narrow."""
    return unicodedata.normalize("NFKC", line).replace(" ", "").casefold()


def _fact(block: Sequence[str], label: str) -> str:
    found = (line[len(label) :].lstrip(" :：") for line in block if line.startswith(label))
    return next(found, "")


def _entry(
    title: str,
    record: _Record,
    categories: Sequence[str],
    *,
    post: str | None = None,
    posted_at: datetime | None = None,
) -> Entry:
    site = record.site
    arxiv_id, version = (
        text.parse_arxiv_id(site) or text.parse_arxiv_id(site.partition("(")[0]) or (None, None)
    )
    return Entry(
        source=ArxivJp.name,
        external_id=arxiv_id or title_id(title, record.abstract),
        title=title,
        abstract=record.abstract,
        language=text.guess_language(record.abstract),
        authors=record.authors,
        n_authors=len(record.authors) or None,
        arxiv_id=arxiv_id,
        arxiv_version=version,
        published_at=record.published_at,
        listed_date=posted_at.date() if posted_at else None,
        categories=tuple(categories),
        translations={"ja": "\n".join(record.japanese)} if record.japanese else {},
        url=post or (f"https://arxiv.org/abs/{arxiv_id}" if arxiv_id else None),
        pdf_url=f"https://arxiv.org/pdf/{arxiv_id}" if arxiv_id else None,
        flags=tuple(f"no_{fact}" for fact in record.missing),
    )


# ---------------------------------------------------------------- the text of a page


def _parse_page_text(response: Response) -> Page:
    """Read from one closing line to the next, so that damage costs only its own record."""
    all_lines = [text.collapse(line) for line in lines(response.body)]
    ends = [n for n, line in enumerate(all_lines) if line.rstrip("。").endswith(_END)]
    entries: list[Entry] = []
    problems: list[str] = []
    start = 0
    for end in ends:
        if entry := _read_post(all_lines, start, end, problems):
            entries.append(entry)
        start = end + 1
    _report_rest(all_lines, start, len(all_lines), problems)
    if not entries:
        raise ParseError(f"{response.url}: no whole record in it; {problems[0]}")
    if len(entries) > MAX_ENTRIES:
        problems.append(f"more than {MAX_ENTRIES} papers; the rest is left out")
    kept = (dated(enriched(bounded(entry)), response) for entry in entries[:MAX_ENTRIES])
    return Page(tuple(kept), tuple(problems))


def _closing(line: str) -> tuple[list[str], str] | None:
    """Return the categories and the title in a record's last line."""
    named, _, title = line.rstrip("。").removesuffix(_END).rstrip().partition(" | ")
    if not named.startswith(_CATEGORIES) or not title:
        return None
    names = _COMMA.split(named.removeprefix(_CATEGORIES).lstrip(" :："))
    return [name for name in names if name], title


def _read_post(all_lines: Sequence[str], start: int, end: int, problems: list[str]) -> Entry | None:
    """Return the paper of the record that ends at `end` and starts there or after `start`."""
    closing = _closing(all_lines[end])
    categories, title = closing or ([], "")
    backwards = range(end - 1, start - 1, -1)
    title_at = next((n for n in backwards if closing and all_lines[n] == title), None)
    if title_at is None:
        _report_rest(all_lines, start, end + 1, problems)
        return None
    _report_rest(all_lines, start, title_at, problems)
    record = _read_record(all_lines[title_at + 1 : end])
    if record is None:
        _report_rest(all_lines, title_at, end + 1, problems)
        return None
    told = text.cut(title, 60)
    problems.extend(f"line {title_at + 1}: no {fact} in: {told}" for fact in record.missing)
    return _entry(title, record, categories)


def _report_rest(all_lines: Sequence[str], start: int, end: int, problems: list[str]) -> None:
    """Name lines that belong to no whole record, if there are any."""
    filled = [n for n in range(start, end) if all_lines[n]]
    if filled:
        what = text.cut(all_lines[filled[0]], 60)
        problems.append(f"line {filled[0] + 1}: not a whole record; left out from here: {what}")


# ---------------------------------------------------------------- the feed


def _parse_feed(response: Response) -> Page:
    try:
        raw = decode(response.body, response.content_type)
    except ParseError as error:
        raise ParseError(f"{response.url}: {error}") from error
    if raw.entries and not any(_is_ours(entry) for entry in raw.entries):
        raise refusal(response, ArxivJp.name, _EXPECTED)
    entries: list[Entry] = []
    problems = [raw.problem] if raw.problem else []
    for number, item in enumerate(raw.entries[:MAX_ENTRIES], 1):
        found = _read_post_html(item)
        if found is None:
            problems.append(f"item {number}: no title; left out")
            continue
        entries.append(dated(enriched(bounded(found)), response))
        if found.flags:
            told = text.cut(found.title, 60)
            problems.append(f"item {number}: incomplete ({', '.join(found.flags)}): {told}")
    if len(raw.entries) > MAX_ENTRIES:
        problems.append(f"item {MAX_ENTRIES + 1}: too many items; the rest is left out")
    return Page(tuple(entries), tuple(problems), complete=raw.complete and response.complete)


def _is_ours(item: RawEntry) -> bool:
    host = urlsplit(web_url(item.link) or "").hostname or ""
    return host.removeprefix("www.") == "arxiv.jp" or _ORIGINAL in _label(item.content)


def _read_post_html(item: RawEntry) -> Entry | None:
    title = plain(item.title)
    if not title:
        return None
    # A feed set to excerpts has no record: then the title and its post are all there is.
    block = plain_lines(_NEXT_CELL.sub(" ", item.content))
    record = _read_record(block) or _Record((), "", (), None, "")
    # The links stand in attributes, which the lines have lost.
    _, _, links = item.content.rpartition(_SITE)
    return _entry(
        title,
        record._replace(site=links if record.abstract else ""),
        [name for tag in item.tags if (name := text.collapse(tag))],
        post=web_url(item.link),
        posted_at=item.published_at,
    )
