"""arXiv.jp: papers with a Japanese machine translation: its feed, its pages, copied pages.

A post is one record with fixed labels, as the text of a category page::

    TITLE / 要約 / Japanese lines / 要約(オリジナル) / English abstract / arxiv情報
    著者 A,B / 発行日 2025-02-26 16:59:21+00:00 / arxivサイト arxiv_id(pdf)
    カテゴリー: cs.LG | TITLE はコメントを受け付けていません

The feed (WordPress RSS) and the pages (of a post, a category, the site) hold the same record as
HTML, with the links that a copied page loses. The feed's ``dc:creator`` is the blog's user and
its ``pubDate`` the day of the post.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from digest import text
from digest.errors import ParseError, SourceError
from digest.models import Entry
from digest.sources.arxivjp import page, page_text
from digest.sources.arxivjp.record import (
    NAME,
    ORIGINAL,
    SITE,
    Record,
    label,
    post_entry,
    read_record,
)
from digest.sources.base import MAX_ENTRIES, Feed, Page, Request, Response
from digest.sources.common import (
    bounded,
    choice_option,
    dated,
    looks_like,
    refusal,
    site_of,
    web_url,
)
from digest.sources.enrich import enriched
from digest.sources.feed import RawEntry, decode
from digest.sources.markup import plain, plain_lines

FEED = "https://arxiv.jp/feed/"

_EXPECTED = "its feed, one of its pages or the text of a category page"
# A row of the table is one line: "著者" in one cell, the names in the next.
_NEXT_CELL = re.compile(r"</t[dh]\s*>\s*<t[dh]\b[^<>]*>", re.I)


class ArxivJp:
    """The source ``arxivjp``.

    Feed options:
        ``via``: ``feed`` (the default) or ``page``: the page at the location, or the first one
        of the site, if its robots.txt allows that.
    """

    name = NAME
    title = "arXiv.jp"

    def requests(self, feed: Feed, now: datetime) -> Iterable[Request]:
        """Return the feed or the page: the location, or that of the whole site.

        Raises:
            SourceError: the location is no http(s) address, or ``via`` is neither.
        """
        via = choice_option(feed, "via", ("feed", "page"))
        location = feed.location or (FEED if via == "feed" else page.SITE_ADDRESS)
        if web_url(location) is None:
            raise SourceError(
                f"feed {feed.name!r}: {location!r} is not an http(s) address of a {via}; "
                "read a saved page with `digest import arxivjp FILE`"
            )
        return [Request(location, kind=via)]

    def parse(self, response: Response, feed: Feed) -> Page:
        """Return the papers of a feed, a page, or a category page's text.

        Raises:
            ParseError: it is none of them, or another source's.
        """
        form = looks_like(response.body)
        if form == "xml" and not page.is_page(response.body):
            return _parse_feed(response)
        site = site_of(response.body)
        if form in ("html", "xml") and site in (None, self.name):
            return page.parse(response)
        if form != "text" or site != self.name:
            raise refusal(response, self.name, _EXPECTED)
        return page_text.parse(response)


# ---------------------------------------------------------------- the feed


def _parse_feed(response: Response) -> Page:
    try:
        raw = decode(response.body, response.content_type)
    except ParseError as error:
        raise ParseError(f"{response.url}: {error}") from error
    if raw.entries and not any(_is_ours(entry) for entry in raw.entries):
        raise refusal(response, NAME, _EXPECTED)
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
    return host.removeprefix("www.") == "arxiv.jp" or ORIGINAL in label(item.content)


def _read_post_html(item: RawEntry) -> Entry | None:
    title = plain(item.title)
    if not title:
        return None
    # A feed set to excerpts has no record: then the title and its post are all there is.
    block = plain_lines(_NEXT_CELL.sub(" ", item.content))
    record = read_record(block) or Record((), "", (), None, "")
    # The links stand in attributes, which the lines have lost.
    _, _, links = item.content.rpartition(SITE)
    return post_entry(
        title,
        record._replace(site=links if record.abstract else ""),
        [name for tag in item.tags if (name := text.collapse(tag))],
        post=web_url(item.link),
        posted_on=item.published_at.date() if item.published_at else None,
    )
