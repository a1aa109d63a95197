"""How the installation stands, its feeds and its runs."""

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from digest.models import DeliveryState
from digest.pipeline.conditions import Condition, FeedReading
from digest.pipeline.overview import RUNS, feeds_by_trouble
from digest.pipeline.overview import overview as look_over
from digest.store import Run
from digest.web.admin.visit import Visit, shown
from digest.web.admin.words import condition_names, run_names, state_names, subscriber_names
from digest.wording import Wording

_FEEDS = 50  # on a page
_RUNS = 25
_WORDS = 300  # characters of what a feed or a run says


@shown
async def overview(visit: Visit) -> Response:
    """Show how everything stands."""
    site, words = visit.site, visit.words
    found = await asyncio.to_thread(lambda: look_over(site.store, site.feeds(), site.clock()))
    standing, names = found.standing, state_names(words)
    trouble = [r for r in found.feeds if r.condition.is_trouble or r.moved]
    return await visit.page(
        "overview",
        at=standing.at,
        matters=[matter.text for matter in found.matters],
        subscribers=[
            (name, standing.subscribers.get(state, 0))
            for state, name in subscriber_names(words).items()
        ],
        deliveries=[
            (state.value, names[state], count)
            for state, count in standing.deliveries.items()
            if count
        ],
        papers=standing.papers.papers,
        collected_at=standing.collected_at,
        channels=standing.channels,
        feeds=[_feed(reading, words) for reading in trouble[:_FEEDS]],
        fine=len(found.feeds) - len(trouble),
        days=found.days,
        runs=[_run(run, words) for run in found.runs],
    )


@shown
async def feeds(visit: Visit) -> Response:
    """Show all feeds that are on, the ones in trouble first."""
    site = visit.site
    found = await asyncio.to_thread(
        lambda: feeds_by_trouble(site.store, site.feeds(), site.clock())
    )
    first = min(visit.number("from") or 0, len(found))
    some = found[first : first + _FEEDS]
    return await visit.page(
        "feeds",
        feeds=[_feed(reading, visit.words) for reading in some],
        more=first + _FEEDS if first + _FEEDS < len(found) else None,
        first=first,
    )


@shown
async def runs(visit: Visit) -> Response:
    """Show runs, the newest first."""
    before = visit.number("before")
    page = visit.site.store.runs.page
    found = await asyncio.to_thread(lambda: page(RUNS, before=before, limit=_RUNS + 1))
    some = found[:_RUNS]
    return await visit.page(
        "runs",
        runs=[_run(run, visit.words) for run in some],
        more=some[-1].run_id if len(found) > _RUNS else None,
        first=before is None,
    )


def _feed(reading: FeedReading, words: Wording) -> dict[str, Any]:
    state = reading.state
    return {
        "name": reading.feed.name,
        "source": reading.feed.source,
        "condition": condition_names(words)[reading.condition],
        "trouble": reading.condition.is_trouble,
        "problem": (reading.problem or "")[:_WORDS],
        "moved": (reading.moved or "")[:_WORDS],
        "advice": _advice(reading, words),
        "read_at": state.succeeded_at,
        "entries": state.entry_count,
    }


def _advice(reading: FeedReading, words: Wording) -> str:
    again = reading.state.next_check_at
    match reading.condition:
        case Condition.FAILING if again:
            return words.gettext(
                "It is asked again at %(at)s UTC. digest feeds check looks at it now.",
                at=f"{again:%H:%M}",
            )
        case Condition.FAILING:
            return words.gettext("It is asked again soon. digest feeds check looks at it now.")
        case Condition.REFUSED:
            return words.gettext(
                "It answers with something else than papers: perhaps its address or its pages have"
                " changed. digest feeds check looks at it."
            )
        case Condition.STALE:
            return words.gettext(
                "It serves old papers only. See whether its page has newer ones; if so, its"
                " address may have changed."
            )
    return ""


def _run(run: Run, words: Wording) -> dict[str, Any]:
    report = run.report or {}
    names = state_names(words)
    counted = {DeliveryState(state): n for state, n in report.get("states", {}).items()}
    said: Sequence[str] = [*report.get("problems", ()), *report.get("mistakes", ())]
    took = run.finished_at - run.started_at if run.finished_at else None
    return {
        "number": run.run_id,
        "kind": run_names(words).get(run.kind, run.kind),
        "started_at": run.started_at,
        "seconds": round(took.total_seconds()) if took is not None else None,
        "planned": run.planned,
        "states": [(names[state], count) for state, count in counted.items() if count],
        "said": [line[:_WORDS] for line in dict.fromkeys(said)][:5],
        "unsaid": max(0, len(dict.fromkeys(said)) - 5),
    }
