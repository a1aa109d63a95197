"""Refresh: counts of upvotes and comments, read again right before editions show them."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from digest.models import FeedState
from digest.pipeline.collect import Collector
from digest.sources import gives_popularity
from digest.sources.base import Feed

log = structlog.get_logger()


def with_old_counts(
    feeds: Sequence[Feed], states: Mapping[str, FeedState], max_age: timedelta, now: datetime
) -> list[Feed]:
    """Return the feeds whose counts are to be read again.

    Files are left out, since they do not change by themselves; so are feeds that were never
    read, whose papers are not known, and those in trouble whose time has not come.

    Args:
        feeds: the feeds in use.
        states: what is remembered of each, by its name.
        max_age: how long ago counts may have been read.
        now: the present instant, aware.
    """
    found = []
    for feed in feeds:
        state = states.get(feed.name)
        if not gives_popularity(feed.source) or (feed.location and "://" not in feed.location):
            continue
        if state is None or state.place != feed.place or state.succeeded_at is None:
            continue
        is_old = now - state.succeeded_at > max_age
        may_ask = state.next_check_at is None or now >= state.next_check_at
        if is_old and may_ask:
            found.append(feed)
    return found


async def refresh(collector: Collector, feeds: Sequence[Feed]) -> None:
    """Collect feeds again, each alone in its failure: one that is slow keeps no other from it."""
    collections = (collector.collect([feed]) for feed in feeds)
    for feed, ended in zip(
        feeds, await asyncio.gather(*collections, return_exceptions=True), strict=True
    ):
        if isinstance(ended, BaseException):
            log.warning("counts not read again", feed=feed.name, error=str(ended))
