"""Subscribers: found by a part of their address, and what may be done for one of them."""

import asyncio
from collections.abc import Sequence
from datetime import date

import structlog
from starlette.responses import Response

from digest.errors import DigestError, UsageError
from digest.models import Subscriber, SubscriberState
from digest.pipeline.resolve import resend_edition
from digest.web.admin.visit import Visit, sent, shown
from digest.web.admin.words import state_names, subscriber_names

_PAGE = 50

log = structlog.get_logger()


@shown
async def subscribers_page(visit: Visit) -> Response:
    """Show the first subscribers, by address."""
    return await _list(visit)


@sent
async def subscribers(visit: Visit) -> Response:
    """Show those that were searched for, and the next ones."""
    return await _list(visit)


@shown
async def subscriber_page(visit: Visit) -> Response:
    """Show one subscriber."""
    person = await _who(visit)
    return await _one(visit, person) if person else await visit.site.nowhere(visit.request)


@sent
async def subscriber(visit: Visit) -> Response:
    """Do something for a subscriber."""
    person, words = await _who(visit), visit.words
    if person is None:
        return await visit.site.nowhere(visit.request)
    try:
        match visit.chosen("do", 10):
            case "edition":
                done = await _edition(visit, person)
            case "letter":
                done = await _letter(visit, person)
            case "erase":
                if visit.chosen("sure", 5) != "yes":
                    raise UsageError(words.gettext("Tick the box if you are sure."))
                await asyncio.to_thread(visit.site.people.erase, person.address, visit.site.clock())
                log.info("subscriber erased", subscriber=person.subscriber_id)
                return await _list(visit, words.gettext("Erased; only its owner can come back."))
            case _:
                done = ""
    except DigestError as error:
        return await _one(visit, person, problems=[str(error)], status=422)
    return await _one(visit, person, done=done)


async def _edition(visit: Visit, person: Subscriber) -> str:
    """Let an edition be sent once more; return what to say of it.

    Raises:
        UsageError: it cannot be.
    """
    try:
        day = date.fromisoformat(visit.chosen("day", 10))
    except ValueError:
        raise UsageError(visit.words.gettext("Choose a digest first.")) from None
    store, now, again = visit.site.store, visit.site.clock(), visit.chosen("again", 5) == "yes"
    await asyncio.to_thread(resend_edition, store, person, day, now, again=again)
    log.info("edition to be sent once more", subscriber=person.subscriber_id)
    return visit.words.gettext("It waits to be sent; the next run sends it.")


async def _letter(visit: Visit, person: Subscriber) -> str:
    """Write the letter with the links; return what to say of it.

    Raises:
        UsageError: nobody would send it, or the address is never to be mailed.
    """
    site = visit.site
    await asyncio.to_thread(site.people.write_links, person.address, site.clock())
    if site.postman:
        site.postman.call()
    return visit.words.gettext("The letter is on its way.")


async def _who(visit: Visit) -> Subscriber | None:
    number: int = visit.request.path_params["number"]
    if number >= 2**31:
        return None
    return await asyncio.to_thread(visit.site.people.by_number, number)


async def _list(visit: Visit, done: str = "") -> Response:
    query, after, asked = (visit.chosen(name) for name in ("query", "after", "state"))
    names = subscriber_names(visit.words)
    state = SubscriberState(asked) if asked in list(SubscriberState) else None
    found = await asyncio.to_thread(
        lambda: visit.site.people.page(query, state, after, limit=_PAGE + 1)
    )
    some = found[:_PAGE]
    return await visit.page(
        "subscribers",
        people=[
            {
                "number": person.subscriber_id,
                "address": person.address,
                "state": names[person.state],
                "since": person.created_at,
            }
            for person in some
        ],
        states=[(each.value, name) for each, name in names.items()],
        query=query,
        state=state.value if state else "",
        more=some[-1].address if len(found) > _PAGE else None,
        first=not after,
        done=done,
    )


async def _one(
    visit: Visit,
    person: Subscriber,
    *,
    done: str = "",
    problems: Sequence[str] = (),
    status: int = 200,
) -> Response:
    seen = await asyncio.to_thread(visit.site.people.look, person.address)
    profile, names = person.profile, state_names(visit.words)
    return await visit.page(
        "subscriber",
        status,
        person=person,
        state=subscriber_names(visit.words)[person.state],
        interests=len(profile.wanted),
        profile=profile,
        schedule=profile.schedule,
        consent=seen.consent,
        suppressed=seen.suppressed,
        answers=len(seen.answers),
        deliveries=[
            {
                "day": delivery.edition_date,
                "channel": delivery.channel,
                "state": names[delivery.state],
                "detail": delivery.detail[:300],
            }
            for delivery in seen.deliveries
        ],
        days=list(dict.fromkeys(delivery.edition_date for delivery in seen.deliveries)),
        letters=visit.site.postman is not None,
        done=done,
        problems=problems,
    )
