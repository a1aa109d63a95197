"""Past editions: their list, each of them, and the same as a feed; all behind a private link."""

import asyncio
from collections.abc import Callable
from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from digest.models import Subscriber
from digest.subscriptions import Volume, open_edition, past_editions
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
    volume = await asyncio.to_thread(
        past_editions, site.store, person, before=before, limit=_ON_A_PAGE
    )
    return await site.page(
        "archive",
        person.profile.language,
        editions=[(e, site.pages.edition(e, 0)) for _, e in volume.editions],
        here=site.linker.archive(person),
        older=volume.older,
        manage=site.linker.manage(person),
        feed=site.linker.feed(person),
        json_feed=site.linker.feed(person, "json"),
    )


async def edition(request: Request) -> Response:
    """Show one edition, as it was sent."""
    site, person = await _who(request, Purpose.ARCHIVE)
    day = _day(request.path_params["day"])
    if person is None or day is None:
        return await site.nowhere(request)
    opened = await asyncio.to_thread(open_edition, site.store, person, day)
    if opened is None:
        return await site.nowhere(request)
    links = site.linker.for_edition(person, opened.edition_id, opened.edition)
    return await site.page(
        "edition",
        opened.edition.language,
        edition=site.pages.edition(opened.edition),
        answers=[links.answers.get(scored.paper.paper_id, "") for scored in opened.edition.papers],
        here=site.linker.archive(person),
        earlier=opened.earlier,
        later=opened.later,
        manage=site.linker.manage(person),
    )


async def feed(request: Request) -> Response:
    """Return the newest editions as Atom (RFC 4287) or JSON Feed 1.1.

    A reader program that has the newest one already is told so (304).
    """
    site, person = await _who(request, Purpose.FEED)
    form = request.path_params["form"]
    if person is None or form not in _FORMS:
        return await site.nowhere(request)
    volume = await asyncio.to_thread(past_editions, site.store, person, limit=_IN_FEED)
    headers = {"etag": _etag(volume), "cache-control": "private, max-age=900"}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    body = await asyncio.to_thread(_feed, site, person, volume, form)
    return Response(body, media_type=_FORMS[form], headers=headers)


def _feed(site: Site, person: Subscriber, volume: Volume, form: str) -> str:
    write: Callable[..., str] = site.pages.atom if form == "atom" else site.pages.json_feed
    return write(
        [edition for _, edition in volume.editions],
        person.profile.language,
        here=site.linker.archive(person),
        feed=site.linker.feed(person, form),
    )


def _etag(volume: Volume) -> str:
    """Return what changes when there is a new edition; they never change themselves."""
    newest = volume.editions[0][0] if volume.editions else 0
    return f'"{newest}-{len(volume.editions)}"'


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
