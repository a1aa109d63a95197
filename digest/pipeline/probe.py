"""Probe: what a feed says right now; nothing is stored."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from digest.models import FeedState
from digest.pipeline.patience import told_move
from digest.sources import source
from digest.sources.base import Feed, Page
from digest.sources.fetch import Fetched, Fetcher
from digest.sources.local import read
from digest.sources.worker import ParserProcess


@dataclass(frozen=True, slots=True)
class Probed:
    """What a feed says.

    Attributes:
        page: the entries of its first response.
        moved: one line on where it says it moved to for good; None: it does not.
    """

    page: Page
    moved: str | None = None


async def probe(feed: Feed, fetcher: Fetcher, parser: ParserProcess, now: datetime) -> Probed:
    """Read the first response of a feed, from the web or from files.

    Raises:
        SourceError: it cannot be read, or is not what the source says.
    """
    moved = None
    if feed.location and "://" not in feed.location:
        response = (await asyncio.to_thread(read, feed.location, now, None)).responses[0]
    else:
        request = next(iter(source(feed.source).requests(feed, now)))
        fetched = await fetcher.get(request, FeedState(feed=feed.name), now)
        assert isinstance(fetched, Fetched)  # no validators were given
        response = fetched.response
        if fetched.moved_to and request.url == feed.location:
            moved = told_move(fetched.moved_to)
    return Probed(await parser.parse(feed.source, response, feed), moved)
