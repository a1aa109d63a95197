"""A subscriber's past editions, as the archive and the feeds show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from digest.models import Edition, Subscriber
from digest.store import Store


@dataclass(frozen=True, slots=True)
class Volume:
    """Some of a subscriber's editions, newest first; what they hold is not read yet.

    Attributes:
        numbers: of the editions.
        older: the day before which there are more; None: these are the last ones.
    """

    numbers: tuple[int, ...]
    older: date | None


@dataclass(frozen=True, slots=True)
class Opened:
    """One edition, with the days of its neighbours."""

    edition_id: int
    edition: Edition
    earlier: date | None
    later: date | None


def past_editions(
    store: Store, person: Subscriber, *, before: date | None = None, limit: int
) -> Volume:
    """Return a subscriber's editions of the days before one; None: the newest there are."""
    days = _days(store, person)
    wanted = [day for day in days if before is None or day < before]
    older = wanted[limit - 1] if len(wanted) > limit else None
    return Volume(tuple(days[day] for day in wanted[:limit]), older)


def read_editions(store: Store, volume: Volume) -> list[Edition]:
    """Return the editions of a volume, in its order."""
    found = store.editions.by_ids(volume.numbers)
    return [found[number] for number in volume.numbers if number in found]


def open_edition(store: Store, person: Subscriber, day: date) -> Opened | None:
    """Return a subscriber's edition of a day; None: there is none."""
    days = _days(store, person)
    number = days.get(day)
    edition = store.editions.edition(number) if number is not None else None
    if number is None or edition is None:
        return None
    listed: Sequence[date] = list(days)
    place = listed.index(day)
    return Opened(
        number,
        edition,
        earlier=listed[place + 1] if place + 1 < len(listed) else None,
        later=listed[place - 1] if place else None,
    )


def _days(store: Store, person: Subscriber) -> dict[date, int]:
    """Return the numbers of a subscriber's editions by day, newest first."""
    return store.editions.dates(person.subscriber_id)
