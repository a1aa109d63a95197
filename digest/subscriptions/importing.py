"""Bringing in a list: many people at once, each of whom agreed, or is asked first.

::

    line ──address checked──► known?  ──suppressed, erased, left──► told, and left alone
                                │──subscribed already──► counted, and left as it is
                                └──consent──► subscribed        (none: told; or invited)

Bringing the same list in again changes nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from digest.delivery import validate
from digest.errors import AddressError
from digest.models import SubscriberState
from digest.store import Known, NewSubscriber, Store
from digest.subscriptions.desk import SignupDesk
from digest.subscriptions.sheet import Row, Trouble

_AT_ONCE = 500  # lines

_Checked = tuple[Row, str]  # a line, and the address that mail goes to


@dataclass(slots=True)
class ImportReport:
    """What became of a list's lines.

    Attributes:
        known: how many were subscribed before, and stay as they are.
        waiting: how many were asked before, and have not answered yet.
        skipped: the lines of which nothing came, and why.
    """

    added: int = 0
    invited: int = 0
    known: int = 0
    waiting: int = 0
    skipped: list[Trouble] = field(default_factory=list)


def import_people(
    store: Store,
    rows: Iterable[Row | Trouble],
    now: datetime,
    *,
    inviting: SignupDesk | None = None,
) -> ImportReport:
    """Subscribe the people of a list.

    Args:
        store: where they are kept.
        rows: the lines of the list.
        now: the present instant.
        inviting: ask each owner by a letter, whatever the list says of consent; None: subscribe
            those who agreed.
    """
    report = ImportReport()
    first: dict[str, int] = {}
    left = iter(rows)
    while some := list(islice(left, _AT_ONCE)):
        checked = list(_checked(some, first, report))
        found = store.roster.known([address for _, address in checked])
        fresh = [
            (row, address)
            for row, address in checked
            if _is_free(row, found.get(address.casefold(), Known()), report)
        ]
        if inviting:
            _invite(inviting, fresh, now, report)
        else:
            _subscribe(store, fresh, now, report)
    report.skipped.sort(key=lambda trouble: trouble.line)
    return report


def _checked(
    rows: Iterable[Row | Trouble], first: dict[str, int], report: ImportReport
) -> Iterator[_Checked]:
    """Yield the lines with an address that mail can be sent to, each address once."""
    for row in rows:
        if isinstance(row, Trouble):
            report.skipped.append(row)
            continue
        try:
            address = validate(row.address)
        except AddressError as error:
            report.skipped.append(Trouble(row.line, str(error)))
            continue
        line = first.setdefault(address.casefold(), row.line)
        if line != row.line:
            report.skipped.append(Trouble(row.line, f"{address} stands in line {line} already"))
            continue
        yield row, address


def _is_free(row: Row, known: Known, report: ImportReport) -> bool:
    """Tell whether somebody may be subscribed; who may not is counted, or told."""
    if known.suppressed is not None:
        why = f"{row.address} is never to be mailed ({known.suppressed})"
        report.skipped.append(Trouble(row.line, why))
    elif known.state is SubscriberState.UNSUBSCRIBED:
        why = f"{row.address} has unsubscribed; only the owner can come back"
        report.skipped.append(Trouble(row.line, why))
    elif known.state is not None:
        report.known += 1
    else:
        return True
    return False


def _subscribe(
    store: Store, fresh: Iterable[_Checked], now: datetime, report: ImportReport
) -> None:
    agreed = []
    for row, address in fresh:
        if row.consent:
            agreed.append(NewSubscriber(address, row.profile, row.consent))
        else:
            report.skipped.append(Trouble(row.line, f"{row.address}: {row.doubt}"))
    added = store.roster.add(agreed, now)
    report.added += added
    report.known += len(agreed) - added  # somebody else was quicker


def _invite(
    desk: SignupDesk, fresh: Iterable[_Checked], now: datetime, report: ImportReport
) -> None:
    for row, address in fresh:
        if desk.invite(address, row.profile, now):
            report.invited += 1
        else:
            report.waiting += 1
