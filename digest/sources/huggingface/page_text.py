"""The text of a Daily Papers page, as people copy it.

A page shows no ids and no names of authors, and leaves the current year out of dates.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from digest import text
from digest.errors import ParseError
from digest.models import Entry
from digest.sources.base import MAX_ENTRIES, Page, Response
from digest.sources.common import bounded, dated, lines, title_id
from digest.sources.enrich import enriched
from digest.sources.huggingface.api import NAME

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


def parse(response: Response) -> Page:
    """Return the papers of a page, up to a place where it is not as it should be.

    Raises:
        ParseError: there is no paper in it.
    """
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
    return Page(
        tuple(dated(enriched(bounded(entry)), response) for entry in entries), tuple(problems)
    )


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
        source=NAME,
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
