"""Leaving: a page that asks once, and the one click that mail programs offer (RFC 8058)."""

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from digest.models import Subscriber
from digest.tokens import Purpose
from digest.web.site import Site, field, read_form


async def unsubscribe_page(request: Request) -> Response:
    """Ask once; offer a pause or fewer mails instead."""
    site, person = await _who(request)
    if person is None:
        return await site.nowhere(request)
    return await _page(site, person, request)


async def unsubscribe(request: Request) -> Response:
    """Unsubscribe; the answer is 200, without redirect or cookie, however often it is asked."""
    site, person = await _who(request)
    if person is None:
        return await site.nowhere(request)
    form = await read_form(request)
    person = await asyncio.to_thread(site.readers.unsubscribe, person, site.clock())
    if field(form, "List-Unsubscribe", 20) == "One-Click":
        return PlainTextResponse("unsubscribed\n")
    return await _page(site, person, request)


async def _who(request: Request) -> tuple[Site, Subscriber | None]:
    site: Site = request.app.state.site
    token = request.path_params["token"]
    person = await asyncio.to_thread(site.readers.by_link, token, Purpose.UNSUBSCRIBE, site.clock())
    return site, person


async def _page(site: Site, person: Subscriber, request: Request) -> Response:
    return await site.page(
        "unsubscribe",
        person.profile.language,
        token=request.path_params["token"],
        person=person,
        manage=site.linker.manage(person),
    )
