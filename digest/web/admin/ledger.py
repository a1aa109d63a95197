"""Deliveries that did not come to the end that was meant, and what is to become of them."""

import asyncio
from collections.abc import Sequence

import structlog
from starlette.responses import Response

from digest.models import DeliveryState
from digest.pipeline.resolve import resolve, resolve_unknown
from digest.store import Verdict
from digest.web.admin.visit import Visit, as_number, sent, shown
from digest.web.admin.words import state_names, verdict_names

# Those that somebody may have to look at.
_STATES = (
    DeliveryState.UNKNOWN,
    DeliveryState.DEFERRED,
    DeliveryState.FAILED,
    DeliveryState.EXPIRED,
)
_PAGE = 50
_WORDS = 300  # characters of a server's answer

log = structlog.get_logger()


@shown
async def deliveries_page(visit: Visit) -> Response:
    """Show the deliveries in a state, the newest first."""
    return await _page(visit)


@sent
async def deliveries(visit: Visit) -> Response:
    """Decide on those that are chosen."""
    site, said = visit.site, visit.chosen("do", 10)
    if said not in list(Verdict):
        return await _page(visit)
    verdict, now = Verdict(said), site.clock()
    if visit.chosen("all") == "yes" and _state(visit) is DeliveryState.UNKNOWN:
        changed, told = await asyncio.to_thread(resolve_unknown, site.store, verdict, now)
    else:
        numbers = [as_number(text) for text in visit.form.getlist("number")[:_PAGE]
                   if isinstance(text, str)]  # fmt: skip
        ids = [number for number in numbers if number is not None]
        if not ids:
            choose = visit.words.gettext("Choose deliveries first.")
            return await _page(visit, problems=[choose], status=422)
        changed, told = await asyncio.to_thread(resolve, site.store, ids, verdict, now)
    log.info("deliveries decided", verdict=verdict.value, changed=changed)
    done = visit.words.ngettext(
        "Decided on %(num)s delivery.", "Decided on %(num)s deliveries.", changed
    )
    return await _page(visit, done=done, problems=told[:_PAGE])


def _state(visit: Visit) -> DeliveryState:
    asked = visit.chosen("state", 20)
    return next((state for state in _STATES if state == asked), DeliveryState.UNKNOWN)


async def _page(
    visit: Visit, *, done: str = "", problems: Sequence[str] = (), status: int = 200
) -> Response:
    state, before, ledger = _state(visit), visit.number("before"), visit.site.store.deliveries
    found, counts = await asyncio.to_thread(
        lambda: (
            ledger.list_deliveries(state, before=before, limit=_PAGE + 1),
            ledger.counts(_STATES),
        )
    )
    names, verdicts = state_names(visit.words), visit.site.store.verdicts
    some = found[:_PAGE]
    return await visit.page(
        "deliveries",
        status,
        states=[(each.value, names[each], counts.get(each, 0)) for each in _STATES],
        state=state.value,
        count=counts.get(state, 0),
        verdicts=[
            (verdict.value, name)
            for verdict, name in verdict_names(visit.words).items()
            if state in verdicts.allowed(verdict)
        ],
        deliveries=[
            {
                "number": delivery.delivery_id,
                "day": delivery.edition_date,
                "address": person.address,
                "whose": person.subscriber_id,
                "channel": delivery.channel,
                "attempts": delivery.attempts,
                "detail": delivery.detail[:_WORDS],
                "next_try_at": delivery.next_try_at,
            }
            for delivery, person in some
        ],
        before=before,
        more=some[-1][0].delivery_id if len(found) > _PAGE else None,
        done=done,
        problems=problems,
    )
