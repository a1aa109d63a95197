"""Past editions: their list, each of them, and the same as a feed; all behind a private link."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from digest.models import Subscriber
from digest.rendering import Listed
from digest.subscriptions import Volume, open_edition, past_editions, read_editions
from digest.tokens import Purpose
from digest.web.site import Site

_ON_A_PAGE = 30  # editions
_IN_FEED = 20
_FORMS = {"atom": "application/atom+xml", "json": "application/feed+json"}


async def editions(request: Request) -> Response:
    """List a subscriber's editions, newest first."""
    site, person = await _who(request, Purpose.ARCHIVE)
    if person is None:
        return await site.nowhere(request)
    before = _day(request.query_params.get("before", ""))

    def listed() -> tuple[list[Listed], date | None]:
        volume = past_editions(site.store, person, before=before, limit=_ON_A_PAGE)
        return _listed(site, person, volume), volume.older

    found, older = await asyncio.to_thread(listed)
    return await site.page(
        "archive",
        person.profile.language,
        editions=found,
        here=site.linker.archive(person),
        older=older,
        manage=site.linker.manage(person),
        feed=site.linker.feed(person),
        json_feed=site.linker.feed(person, "json"),
    )


def _listed(site: Site, person: Subscriber, volume: Volume) -> list[Listed]:
    """Return what the list says of editions; what it said of one before, it says again."""

    def made(keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Listed]:
        found = site.store.editions.by_ids(number for _, number in keys)
        return {(who, n): site.pages.listed(found[n]) for who, n in keys if n in found}

    keys = [(person.subscriber_id, number) for number in volume.numbers]
    return list(site.listed.get(keys, made).values())


async def edition(request: Request) -> Response:
    """Show one edition, as it was sent."""
    site, person = await _who(request, Purpose.ARCHIVE)
    day = _day(request.path_params["day"])
    if person is None or day is None:
        return await site.nowhere(request)

    def shown() -> dict[str, Any] | None:
        opened = open_edition(site.store, person, day)
        if opened is None:
            return None
        links = site.linker.for_edition(person, opened.edition_id, opened.edition)
        numbers = [scored.paper.paper_id for scored in opened.edition.papers]
        return {
            "edition": site.pages.edition(opened.edition),
            "answers": [links.answers.get(number, "") for number in numbers],
            "earlier": opened.earlier,
            "later": opened.later,
        }

    view = await asyncio.to_thread(shown)
    if view is None:
        return await site.nowhere(request)
    return await site.page(
        "edition",
        view["edition"].words.language,
        here=site.linker.archive(person),
        manage=site.linker.manage(person),
        **view,
    )


async def feed(request: Request) -> Response:
    """Return the newest editions as Atom (RFC 4287) or JSON Feed 1.1.

    A reader program that has the newest one already is told so (304, RFC 9110, section 13.1.2),
    and nothing is read for it but the numbers of the editions.
    """
    site, person = await _who(request, Purpose.FEED)
    form = request.path_params["form"]
    if person is None or form not in _FORMS:
        return await site.nowhere(request)
    volume = await asyncio.to_thread(past_editions, site.store, person, limit=_IN_FEED)
    headers = {"etag": _etag(volume, person), "cache-control": "private, max-age=900"}
    if _has(request.headers.get("if-none-match", ""), headers["etag"]):
        return Response(status_code=304, headers=headers)
    body = await asyncio.to_thread(_feed, site, person, volume, form)
    return Response(body, media_type=_FORMS[form], headers=headers)


def _feed(site: Site, person: Subscriber, volume: Volume, form: str) -> str:
    write: Callable[..., str] = site.pages.atom if form == "atom" else site.pages.json_feed
    return write(
        read_editions(site.store, volume),
        person.profile.language,
        here=site.linker.archive(person),
        feed=site.linker.feed(person, form),
    )


def _etag(volume: Volume, person: Subscriber) -> str:
    """Return what changes when there is a new edition; they never change themselves."""
    newest = volume.numbers[0] if volume.numbers else 0
    return f'"{newest}-{len(volume.numbers)}-{person.profile.language}"'


def _has(told: str, etag: str) -> bool:
    """Tell whether the tags that a program has hold this one; a proxy that packs weakens them."""
    tags = (tag.strip().removeprefix("W/") for tag in told[:1_000].split(","))
    return etag in tags


async def _who(request: Request, purpose: Purpose) -> tuple[Site, Subscriber | None]:
    site: Site = request.app.state.site
    token = request.path_params["token"]
    person = await asyncio.to_thread(site.readers.by_link, token, purpose, site.clock())
    return site, person


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
