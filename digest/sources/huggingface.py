"""Hugging Face Daily Papers: the API's JSON, and the text of a page as people copy it.

The API has grown since 2024: only id, title, authors, summary and publishedAt are always
there. A page shows no ids and no names of authors, and leaves the current year out of dates.
"""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from digest import text
from digest.errors import ParseError, SourceError
from digest.models import Entry
from digest.sources.base import MAX_ENTRIES, Feed, Page, Request, Response
from digest.sources.common import (
    bounded,
    dated,
    decode_text,
    instant,
    lines,
    looks_like,
    refusal,
    site_of,
    title_id,
    web_url,
)

API = "https://huggingface.co/api/daily_papers"

# A list fills up during its day, and a job at 06:00 UTC sees next to nothing of it: so the
# day before is asked for again.
_DAYS = 2
_MAX_DAYS = 31
_LIMIT = 100
# What the API gives when no limit is named. It may not grant more, so a page is taken for the
# last one only if it is shorter than this.
_DEFAULT_LIMIT = 50
_EXPECTED = "the JSON of the Daily Papers API or the text of a Daily Papers page"


class HuggingFace:
    """The source ``huggingface``.

    Feed options: ``days``, how many days' lists to ask for, today's (UTC) included (2).
    """

    name = "huggingface"
    title = "Hugging Face Daily Papers"

    def requests(self, feed: Feed, now: datetime) -> Iterable[Request]:
        """Return the first page of each day's list, the newest day first.

        A location that names its own ``date``, ``week`` or ``month`` is asked for just that.

        Raises:
            SourceError: ``days`` is not a number from 1 to 31, or the location is no http(s)
                address.
        """
        location = feed.location or API
        if web_url(location) is None:
            raise SourceError(
                f"feed {feed.name!r}: {location!r} is not an http(s) address of the API; "
                "read a saved answer with `digest import huggingface FILE`"
            )
        asked = dict(parse_qsl(urlsplit(location).query))
        if asked.keys() & {"date", "week", "month"}:
            return [_page_request(location, {})]
        today = now.astimezone(UTC).date()
        days = (today - timedelta(days=n) for n in range(_days(feed)))
        return [_page_request(location, {"date": day.isoformat()}) for day in days]

    def parse(self, response: Response, feed: Feed) -> Page:
        """Return the papers of an API answer or of a page's text.

        Raises:
            ParseError: it is neither, is another source's, or is the API's error message.
        """
        if looks_like(response.body) == "json":
            return _parse_api(response)
        if site_of(response.body) != self.name:
            raise refusal(response, self.name, _EXPECTED)
        return _parse_page_text(response)


def _days(feed: Feed) -> int:
    days = feed.options.get("days", str(_DAYS))
    if not (days.isascii() and days.isdigit() and 1 <= int(days[:4]) <= _MAX_DAYS):
        raise SourceError(f"feed {feed.name!r}: days must be 1 to {_MAX_DAYS}, not {days!r}")
    return int(days)


# ---------------------------------------------------------------- the API


def _page_request(url: str, changes: dict[str, str]) -> Request:
    parts = urlsplit(url)
    query = {"p": "0", "limit": str(_LIMIT)} | dict(parse_qsl(parts.query)) | changes
    return Request(
        parts._replace(query=urlencode(query), fragment="").geturl(),
        kind="api",
        accept="application/json",
    )


def _next_page(url: str, received: int) -> Request | None:
    """Return the request after a full page; None after the last one and for files."""
    if web_url(url) is None:
        return None
    query = dict(parse_qsl(urlsplit(url).query))
    number, limit = query.get("p", ""), query.get("limit", "")
    if not (re.fullmatch(r"[0-9]{1,4}", number) and re.fullmatch(r"[0-9]{1,4}", limit)):
        return None
    full = max(1, min(int(limit), _DEFAULT_LIMIT))
    if received < full or (int(number) + 1) * full >= MAX_ENTRIES:
        return None
    return _page_request(url, {"p": str(int(number) + 1)})


def _parse_api(response: Response) -> Page:
    try:
        answer = json.loads(decode_text(response.body))
    except (ValueError, RecursionError) as error:
        raise ParseError(
            f"{response.url} is not readable JSON ({error}); ask again or save it again"
        ) from error
    if isinstance(answer, dict) and "error" in answer:
        said = text.cut(text.collapse(str(answer["error"])), 200)
        raise ParseError(f"{response.url}: the Daily Papers API refused: {said}")
    objects = [e for e in answer if isinstance(e, dict)] if isinstance(answer, list) else None
    if objects is None or (objects and not any("paper" in e for e in objects)):
        raise ParseError(f"{response.url} is JSON, but not a list of Daily Papers")
    entries, problems = [], []
    for number, element in enumerate(answer[:MAX_ENTRIES], 1):
        found = _read_element(element)
        if isinstance(found, Entry):
            entries.append(dated(bounded(found), response))
        else:
            problems.append(f"element {number}: {found}; left out")
    if len(answer) > MAX_ENTRIES:
        problems.append(f"element {MAX_ENTRIES + 1}: too many elements; the rest is left out")
    return Page(tuple(entries), tuple(problems), _next_page(response.url, len(answer)))


def _read_element(element: object) -> Entry | str:
    """Return the entry of one element of the list, or what is wrong with it."""
    if not isinstance(element, dict):
        return "not an object"
    paper = element.get("paper")
    if not isinstance(paper, dict):
        return "no paper in it"
    identity = text.parse_arxiv_id(_line(paper.get("id")))
    title = _line(paper.get("title")) or _line(element.get("title"))
    if identity is None or not title:
        return "no arXiv id" if identity is None else "no title"
    arxiv_id, version = identity
    abstract = _line(paper.get("summary")) or _line(element.get("summary"))
    listed_at = instant(paper.get("submittedOnDailyAt"))
    names, n_authors = _authors(paper.get("authors"))
    return Entry(
        source=HuggingFace.name,
        external_id=arxiv_id,
        title=title,
        abstract=abstract,
        language=text.guess_language(abstract or title),
        authors=names,
        n_authors=n_authors,
        arxiv_id=arxiv_id,
        arxiv_version=version,
        # Not the outer publishedAt: it changed its meaning in March 2025 and may be a day early.
        published_at=instant(paper.get("publishedAt")),
        listed_date=listed_at.date() if listed_at else None,
        comments=_count(element.get("numComments")),
        upvotes=_count(paper.get("upvotes")),
        url=f"https://huggingface.co/papers/{arxiv_id}",
        pdf_url=f"https://arxiv.org/pdf/{arxiv_id}",
        code_url=web_url(_line(paper.get("githubRepo"))),
        project_url=web_url(_line(paper.get("projectPage"))),
    )


def _line(value: object) -> str:
    return text.collapse(value) if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    """Return a count; None for null, text, fractions and what no reader could mean."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 10**9 else None


def _authors(listed: Any) -> tuple[tuple[str, ...], int | None]:
    """Return the names that are shown, and how many authors there are with the hidden ones."""
    if not isinstance(listed, list):
        return (), None
    authors = [a for a in listed if isinstance(a, dict)]
    names = (_line(a.get("name")) for a in authors if not a.get("hidden"))
    return tuple(name for name in names if name), len(authors)


# ---------------------------------------------------------------- the text of a page

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = re.compile(rf"({'|'.join(_MONTHS)}) ([0-9]{{1,2}})(?:, ([0-9]{{4}}))?")
# The number of comments is glued to the date: "Sep 14 3".
_DATE = re.compile(rf"{_DAY.pattern}(?: ([0-9]{{1,7}}))?")
_N_AUTHORS = re.compile(r"• ?([0-9]{1,7}) authors?")
_HEADING = {"new", "get trending papers in your email inbox!", "subscribe", "daily papers"}
_BYLINE = re.compile(r"by ?AK and the research community")


class _Block(NamedTuple):
    """Lines without a blank one between them, and the number of the first."""

    line: int
    lines: tuple[str, ...]

    @property
    def is_meta(self) -> bool:
        return self.lines[0].startswith("•")

    @property
    def is_text(self) -> bool:
        return len(self.lines) == 1 and not self.is_meta


class _Day(NamedTuple):
    """A day as written, with or without its year."""

    month: int
    day: int
    year: int | None

    def within(self, year: int) -> date | None:
        """Return the date, in the given year if it has none; None if there is no such day."""
        try:
            return date(year if self.year is None else self.year, self.month, self.day)
        except ValueError:
            return None


class _Item(NamedTuple):
    """One paper as the page shows it."""

    title: str
    abstract: str
    n_authors: int | None = None
    day: _Day | None = None
    comments: int | None = None


def _parse_page_text(response: Response) -> Page:
    blocks = _blocks(lines(response.body))
    listing_day, start, problems = _read_head(blocks)
    items, stopped = _read_items(blocks[start:])
    if not items:
        raise ParseError(f"{response.url}: no paper in it; {stopped or 'only a heading'}")
    days = [item.day for item in items if item.day]
    year = _capture_year([*days, listing_day] if listing_day else days, response)
    listed = _listing_date(listing_day, year, response) if listing_day else None
    entries = (_entry(item, year, listed, response) for item in items[:MAX_ENTRIES])
    if stopped:
        problems.append(stopped)
    if len(items) > MAX_ENTRIES:
        problems.append(f"more than {MAX_ENTRIES} papers; the rest is left out")
    return Page(tuple(dated(bounded(entry), response) for entry in entries), tuple(problems))


def _blocks(all_lines: Sequence[str]) -> list[_Block]:
    blocks: list[_Block] = []
    current: list[str] = []
    for number, line in enumerate([*all_lines, ""], 1):
        if cleaned := text.collapse(line):
            current.append(cleaned)
        elif current:
            blocks.append(_Block(number - len(current), tuple(current)))
            current = []
    return blocks


def _read_head(blocks: Sequence[_Block]) -> tuple[_Day | None, int, list[str]]:
    """Return the listing day, the index of the first paper's block, and problems.

    Whatever stands above "byAK and the research community" belongs to the page; without that
    line, only the words that are known to.
    """
    bylines = (n + 1 for n, b in enumerate(blocks) if _BYLINE.fullmatch(b.lines[0]))
    start = next(bylines, 0)
    while start < len(blocks) and blocks[start].lines[0].casefold() in _HEADING:
        start += 1
    found = _DAY.fullmatch(blocks[start].lines[0]) if start < len(blocks) else None
    if found:
        return _as_day(found), start + 1, []
    line = blocks[start].line if start < len(blocks) else 1
    return None, start, [f"line {line}: no day above the first paper; listing day unknown"]


def _read_items(blocks: Sequence[_Block]) -> tuple[list[_Item], str | None]:
    """Return the papers and, if another shape of block ended the reading, where and why."""
    items: list[_Item] = []
    at = 0
    while at < len(blocks):
        title, abstract = blocks[at], blocks[at + 1] if at + 1 < len(blocks) else None
        if not title.is_text:
            return items, f"line {title.line}: no title where one should stand; stopped here"
        if abstract is None or not abstract.is_text:
            return items, f"line {title.line}: a title without an abstract; stopped here"
        if len(title.lines[0]) >= len(abstract.lines[0]):
            return items, f"line {title.line}: longer than what follows, so no title; stopped here"
        item = _Item(title.lines[0], abstract.lines[0])
        at += 2
        if at < len(blocks) and blocks[at].is_meta:
            with_meta = _read_meta(item, blocks[at].lines)
            items.append(with_meta or item)
            if with_meta is None:
                return items, f"line {blocks[at].line}: authors and date not as usual; stopped here"
            at += 1
        else:
            items.append(item)
    return items, None


def _read_meta(item: _Item, meta: tuple[str, ...]) -> _Item | None:
    if len(meta) != 3 or meta[1] != "·":
        return None
    authors, stamp = _N_AUTHORS.fullmatch(meta[0]), _DATE.fullmatch(meta[2])
    if not authors or not stamp:
        return None
    comments = int(stamp[4]) if stamp[4] else None
    return item._replace(n_authors=int(authors[1]), day=_as_day(stamp), comments=comments)


def _as_day(found: re.Match[str]) -> _Day:
    return _Day(_MONTHS.index(found[1]) + 1, int(found[2]), int(found[3]) if found[3] else None)


def _capture_year(days: Sequence[_Day], response: Response) -> int:
    """Return the year of the days that are written without one: that of the capture.

    If the day of the capture is not known, the year follows from the page: it writes every
    year but its own, so its own is the one after the newest written, unless that puts a day
    into the future; with no year written, the latest that puts none there.
    """
    seen = response.received_at.astimezone(UTC).date()
    if response.captured_at_known:
        return seen.year

    def fits(year: int) -> bool:
        dates = [day.within(year) for day in days if day.year is None]
        return all(d is not None and d <= seen for d in dates)

    written = [day.year for day in days if day.year is not None and day.year <= seen.year]
    if written:
        return max(written) + 1 if fits(max(written) + 1) else max(written)
    return next((y for y in range(seen.year, seen.year - 9, -1) if fits(y)), seen.year)


def _listing_date(day: _Day, year: int, response: Response) -> date | None:
    """Return the day of the list: last year's in a capture of January that shows December's."""
    seen = response.received_at.astimezone(UTC).date()
    listed = day.within(year)
    # One day's grace: a capture may be dated by a clock west of Greenwich.
    if listed and listed > seen + timedelta(days=1):
        return day.within(year - 1)
    return listed


def _entry(item: _Item, year: int, listed: date | None, response: Response) -> Entry:
    day = item.day.within(year) if item.day else None
    guessed = item.day is not None and item.day.year is None and not response.captured_at_known
    return Entry(
        source=HuggingFace.name,
        external_id=title_id(item.title, item.abstract),
        title=item.title,
        abstract=item.abstract,
        language=text.guess_language(item.abstract),
        n_authors=item.n_authors,
        published_at=datetime.combine(day, time(), UTC) if day else None,
        listed_date=listed,
        comments=item.comments,
        flags=("year_inferred",) if guessed else (),
    )
