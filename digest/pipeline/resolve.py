"""What the operator decides on deliveries: unknown outcomes, and editions to be sent once more.

Nothing is sent here: what is to be sent waits in the ledger for the next run.
"""

from collections.abc import Collection
from datetime import date, datetime

from digest.errors import UsageError
from digest.models import DeliveryState, Subscriber, SubscriberState
from digest.store import Store, Verdict

_MOST = 10_000
_NOT_THERE = "its edition was never composed, or is not kept any more"


def resolve(
    store: Store, ids: Collection[int], verdict: Verdict, now: datetime
) -> tuple[int, list[str]]:
    """Decide on deliveries; return how many changed, and why the others did not.

    Raises:
        UsageError: that many cannot be decided on at once.
    """
    if len(ids) > _MOST:
        raise UsageError(f"decide on {_MOST} deliveries at once, or fewer")
    before = store.verdicts.undecided(ids)
    changed = store.verdicts.decide(ids, verdict, now)
    told = []
    for number in sorted(set(ids)):
        state, composed = before.get(number, (None, False))
        if state is None:
            told.append(f"there is no delivery {number}; see `digest deliveries`")
        elif state not in store.verdicts.allowed(verdict):
            told.append(f"delivery {number} is {state}, which cannot become {verdict}")
        elif verdict is Verdict.RESEND and not composed:
            told.append(f"delivery {number}: {_NOT_THERE}; the next edition has its papers")
    return changed, told


def resolve_unknown(store: Store, verdict: Verdict, now: datetime) -> tuple[int, list[str]]:
    """Decide alike on all deliveries whose outcome is unknown, up to a bound."""
    lost = store.deliveries.list_deliveries(DeliveryState.UNKNOWN, limit=_MOST)
    return resolve(store, [delivery.delivery_id for delivery, _ in lost], verdict, now)


def resend_edition(
    store: Store, person: Subscriber, day: date, now: datetime, *, again: bool = False
) -> int:
    """Let a subscriber's edition be sent once more; return how many deliveries wait for it.

    The row in the ledger that says what became of it goes back to `queued`, under the same
    Message-ID, and the next run sends it. So pressing twice sends once.

    Args:
        store: the ledger.
        person: whose.
        day: of the edition, in the subscriber's zone.
        now: the present instant.
        again: also where the mail server took it before: the reader may get it twice.

    Raises:
        UsageError: there is no such edition, it was sent, it waits, or the subscriber does not
            receive.
    """
    found = [
        delivery
        for delivery, _ in store.deliveries.list_deliveries(
            subscriber_id=person.subscriber_id, limit=_MOST
        )
        if delivery.edition_date == day
    ]
    whose = f"the edition of {day} to {person.address}"
    if not found:
        raise UsageError(f"there is no {whose.removeprefix('the ')}; see `digest deliveries`")
    if person.state is not SubscriberState.ACTIVE:
        raise UsageError(f"{person.address} is {person.state} and receives nothing; resume first")
    if store.people.is_suppressed(person.address):
        raise UsageError(f"{person.address} is suppressed; see `digest suppress --remove`")
    also = {DeliveryState.SENT} if again else set()
    ids = [delivery.delivery_id for delivery in found]
    changed = store.verdicts.decide(ids, Verdict.RESEND, now, also=also)
    if changed:
        return changed
    states = {delivery.state for delivery in found}
    if states & {DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.TRANSMITTING}:
        raise UsageError(f"{whose} waits to be sent already; `digest publish` sends it")
    if DeliveryState.SENT in states - also:
        raise UsageError(f"{whose} was sent; --again sends it a second time")
    raise UsageError(f"{whose} was never composed, or is not kept any more; read the next one")
