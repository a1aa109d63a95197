"""Collect: all feeds at once, each alone in its failure, then into the store one by one."""

import asyncio
import hashlib
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from digest import merging
from digest.errors import SourceError
from digest.models import Entry, FeedState
from digest.pipeline import patience
from digest.sources import source
from digest.sources.base import Feed, Page, Request, Response
from digest.sources.fetch import Fetched, Fetcher, NotModified
from digest.sources.local import read
from digest.sources.worker import ParserProcess
from digest.store import Store

MAX_PAGES = 20  # of one request: a server that always names a next page must end somewhere

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FeedReport:
    """What one feed brought.

    Attributes:
        entries: how many were read; 0 when nothing changed.
        unchanged: the feed says the same as last time, so nothing was parsed.
        problems: entries that were refused, cut or doubtful, one line each.
        error: why the feed as a whole failed; None when it did not.
    """

    feed: str
    source: str
    entries: int = 0
    new_papers: int = 0
    updated_papers: int = 0
    merged: int = 0
    unchanged: bool = False
    problems: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class CollectReport:
    """What a collection brought."""

    feeds: tuple[FeedReport, ...]

    @property
    def failed(self) -> tuple[FeedReport, ...]:
        """The feeds that brought nothing because they failed."""
        return tuple(report for report in self.feeds if report.error)

    @property
    def problems(self) -> tuple[str, ...]:
        """What was refused or doubtful, each with its feed."""
        return tuple(f"{r.feed}: {p}" for r in self.feeds for p in r.problems)

    def total(self, name: str) -> int:
        """Return the sum of a number over all feeds, like ``new_papers``."""
        return sum(getattr(report, name) for report in self.feeds)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What reading one feed gave, before it is merged and stored."""

    feed: Feed
    state: FeedState
    entries: tuple[Entry, ...] = ()
    problems: tuple[str, ...] = ()
    unchanged: bool = False
    error: str | None = None


@dataclass(slots=True)
class _Pages:
    """Collects the pages of one feed, and the errors of those that could not be had."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failures: list[SourceError] = field(default_factory=list)
    read: int = 0
    complete: bool = True

    def add(self, page: Page, where: str = "") -> None:
        self.read += 1
        self.entries += page.entries
        self.problems += (f"{where}{problem}" for problem in page.problems)
        self.complete = self.complete and page.complete


class Collector:
    """Reads feeds and stores what they say.

    Args:
        store: where papers and feed states are kept.
        fetcher: the HTTP client.
        parser: the process in which responses are parsed.
        clock: gives the present instant, aware, in UTC.
        jitter: gives a number from 0 to 1: how much of the jitter a pause gets.
    """

    def __init__(
        self,
        store: Store,
        fetcher: Fetcher,
        parser: ParserProcess,
        clock: Callable[[], datetime],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._parser = parser
        self._clock = clock
        self._jitter = jitter

    async def collect(
        self,
        feeds: Sequence[Feed],
        *,
        every: timedelta | None = None,
        on_feed: Callable[[FeedReport], None] = lambda report: None,
    ) -> CollectReport:
        """Read feeds and store their papers. Collecting twice changes nothing.

        Args:
            feeds: the feeds to read, enabled or not.
            every: read only feeds whose last reading is this long ago, and of those in trouble
                only the ones whose time has come; None: read all of them now.
            on_feed: called with each feed's report as it comes.
        """
        now = self._clock()
        states = {feed.name: self._state(feed) for feed in feeds}
        if every is not None:
            feeds = [feed for feed in feeds if patience.is_due(states[feed.name], every, now)]
        # All are read at once, but stored in order: the same feeds give the same papers.
        readings = [
            asyncio.create_task(self._read_safely(feed, states[feed.name])) for feed in feeds
        ]
        reports = []
        try:
            for reading in readings:
                report = await asyncio.to_thread(self._save, await reading)
                on_feed(report)
                reports.append(report)
        finally:
            for reading in readings:
                reading.cancel()
            await asyncio.gather(*readings, return_exceptions=True)
        return CollectReport(tuple(reports))

    def _state(self, feed: Feed) -> FeedState:
        """Return what is remembered of a feed, if it still reads the same place."""
        known = self._store.feeds.state(feed.name)
        return known if known.place == feed.place else FeedState(feed.name, feed.place)

    async def import_captures(self, responses: Iterable[Response], feed: Feed) -> CollectReport:
        """Store the papers of captures, each alone in its failure."""
        reports = []
        for response in responses:
            name = Path(response.url).name
            state = FeedState(feed=feed.name)
            try:
                page = await self._parser.parse(feed.source, response, feed)
                reading = _Reading(feed, state, page.entries, page.problems)
                report = await asyncio.to_thread(self._merge_and_save, reading, [])
            except SourceError as error:
                report = FeedReport(feed.name, feed.source, error=str(error))
            reports.append(replace(report, feed=name))
        return CollectReport(tuple(reports))

    async def _read_safely(self, feed: Feed, state: FeedState) -> _Reading:
        now = self._clock()
        try:
            return await self._read(feed, state, now)
        except SourceError as error:
            failed = patience.after_failure(state, error, now, self._jitter())
            return _Reading(feed, failed, error=str(error))

    async def _read(self, feed: Feed, state: FeedState, now: datetime) -> _Reading:
        fine = replace(
            state,
            checked_at=now,
            succeeded_at=now,
            next_check_at=None,
            error_count=0,
            last_error=None,
            refused=False,
        )
        if feed.location and "://" not in feed.location:
            return await self._read_files(feed, fine, now)
        requests = list(source(feed.source).requests(feed, now))
        if len(requests) == 1:
            return await self._read_url(requests[0], feed, fine, now)
        # One set of validators cannot stand for several responses: these are always parsed.
        pages = _Pages()
        for request in requests:
            try:
                response = await self._fetch(request, feed, now)
            except SourceError as error:
                pages.failures.append(error)
            else:
                await self._parse_on(response, feed, pages, now)
        return _reading(feed, fine, pages, now)

    async def _read_url(
        self, request: Request, feed: Feed, state: FeedState, now: datetime
    ) -> _Reading:
        single = request.url == feed.location  # others are built by their source each time
        if single:
            request = replace(request, url=patience.address(feed, state))
        fetched = await self._fetcher.get(request, state, now)
        if single:
            state = patience.after_answer(state, feed, fetched.moved_to)
        if isinstance(fetched, NotModified):
            return _Reading(feed, state, unchanged=True)
        body_hash = hashlib.sha256(fetched.response.body).hexdigest()
        stored = replace(
            state, etag=fetched.etag, last_modified=fetched.last_modified, body_hash=body_hash
        )
        if body_hash == state.body_hash:
            return _Reading(feed, stored, unchanged=True)
        pages = _Pages()
        await self._parse_on(fetched.response, feed, pages, now)
        whole = pages.complete and pages.read == 1 and not pages.failures
        return _reading(feed, stored if whole else state, pages, now)

    async def _fetch(self, request: Request, feed: Feed, now: datetime) -> Response:
        fetched = await self._fetcher.get(request, FeedState(feed=feed.name), now)
        assert isinstance(fetched, Fetched)  # no validators were given
        return fetched.response

    async def _parse_on(self, response: Response, feed: Feed, pages: _Pages, now: datetime) -> None:
        """Parse a response and the pages that follow, up to one that fails."""
        try:
            for _ in range(MAX_PAGES):
                page = await self._parser.parse(feed.source, response, feed)
                pages.add(page)
                if page.next is None:
                    return
                response = await self._fetch(page.next, feed, now)
        except SourceError as error:
            pages.failures.append(error)
        else:
            pages.problems.append(f"stopped after {MAX_PAGES} pages")

    async def _read_files(self, feed: Feed, state: FeedState, now: datetime) -> _Reading:
        found = await asyncio.to_thread(read, feed.location, now, None)
        responses = found.responses
        body_hash = hashlib.sha256(b"".join(r.body for r in responses)).hexdigest()
        if body_hash == state.body_hash:
            return _Reading(feed, state, unchanged=True)
        pages = _Pages()
        pages.problems += found.unread.values()
        for response in responses:
            try:
                page = await self._parser.parse(feed.source, response, feed)
                pages.add(page, f"{Path(response.url).name}: " if len(responses) > 1 else "")
            except SourceError as error:
                pages.failures.append(error)
        return _reading(feed, replace(state, body_hash=body_hash), pages, now)

    def _save(self, reading: _Reading) -> FeedReport:
        """Merge and store one feed's entries together with its state."""
        if reading.error or reading.unchanged:
            self._store.feeds.save(reading.state)
            if reading.error:
                log.warning("feed failed", feed=reading.feed.name, error=reading.error)
            return FeedReport(
                reading.feed.name,
                reading.feed.source,
                unchanged=reading.unchanged,
                error=reading.error,
            )
        return self._merge_and_save(reading, [reading.state])

    def _merge_and_save(self, reading: _Reading, states: Sequence[FeedState]) -> FeedReport:
        now, entries = self._clock(), reading.entries
        saved = self._store.papers.merge(
            entries,
            lambda known: merging.assemble(merging.place(entries, known), known, now),
            seen_at=now,
            feed_states=states,
        )
        return FeedReport(
            reading.feed.name,
            reading.feed.source,
            entries=len(entries),
            new_papers=saved.new_papers,
            updated_papers=saved.updated_papers,
            merged=saved.new_entries - saved.new_papers,
            problems=reading.problems,
        )


def _reading(feed: Feed, state: FeedState, pages: _Pages, now: datetime) -> _Reading:
    """Return what several responses gave; those that failed cost only themselves.

    Raises:
        SourceError: all of them failed; the one that asks for the longest wait.
    """
    wait = max(map(patience.wait, pages.failures), default=timedelta())
    if pages.failures and not pages.read:
        raise max(pages.failures, key=patience.wait)
    state = replace(
        state,
        entry_count=len(pages.entries),
        next_check_at=now + wait if wait else None,
    )
    problems = (*pages.problems, *map(str, pages.failures))
    return _Reading(feed, state, tuple(pages.entries), problems)
