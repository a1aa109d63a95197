"""What the operator decides on single deliveries; each decision is one statement.

A delivery changes only from the states that the decision is for, so that deciding twice, or while
a worker has it, changes nothing.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, select, update

from digest.models import DeliveryState
from digest.store.database import Database
from digest.store.schema import deliveries


class Verdict(StrEnum):
    """What is to become of a delivery."""

    SENT = "sent"  # it arrived, as the operator knows
    RESEND = "resend"  # it is handed over once more, under the same Message-ID
    DROP = "drop"  # nothing more is done about it


_TO: Mapping[Verdict, DeliveryState] = {
    Verdict.SENT: DeliveryState.SENT,
    Verdict.RESEND: DeliveryState.QUEUED,
    Verdict.DROP: DeliveryState.FAILED,
}
_WORDS: Mapping[Verdict, str] = {
    Verdict.SENT: "the operator says that it arrived",
    Verdict.RESEND: "to be sent once more, as the operator said",
    Verdict.DROP: "given up by the operator",
}

# From which states each may be decided; nobody works on a delivery in one of them.
_FROM: Mapping[Verdict, frozenset[DeliveryState]] = {
    Verdict.SENT: frozenset({DeliveryState.UNKNOWN}),
    Verdict.RESEND: frozenset({DeliveryState.UNKNOWN, DeliveryState.FAILED, DeliveryState.EXPIRED}),
    Verdict.DROP: frozenset({DeliveryState.UNKNOWN, DeliveryState.DEFERRED}),
}


class Verdicts:
    """Changes deliveries as the operator decides."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def allowed(self, verdict: Verdict) -> Collection[DeliveryState]:
        """Return the states from which it may be decided."""
        return _FROM[verdict]

    def decide(
        self,
        ids: Collection[int],
        verdict: Verdict,
        now: datetime,
        *,
        also: Collection[DeliveryState] = (),
    ) -> int:
        """Decide on deliveries; return how many changed.

        What is sent again is fresh from now on. An edition that was never composed is not sent
        again: its papers are the next edition's.

        Args:
            ids: their numbers.
            verdict: what is to become of them.
            now: the present instant.
            also: further states from which it may be decided.
        """
        values = {
            "state": _TO[verdict].value,
            "detail": _WORDS[verdict],
            "next_try_at": None,
            "state_at": now,
        }
        if verdict is Verdict.RESEND:
            values["planned_at"] = now
        changed = update(deliveries).where(*_those(ids, verdict, also)).values(values)
        with self._database.writing() as connection:
            return connection.execute(changed).rowcount

    def undecided(self, ids: Collection[int]) -> Mapping[int, tuple[DeliveryState, bool]]:
        """Return the state of deliveries, and whether their edition was composed, by number."""
        asked = select(deliveries.c.delivery_id, deliveries.c.state, deliveries.c.edition_id)
        asked = asked.where(deliveries.c.delivery_id.in_(list(ids)))
        with self._database.reading() as connection:
            return {
                number: (DeliveryState(state), edition is not None)
                for number, state, edition in connection.execute(asked)
            }


def _those(
    ids: Collection[int], verdict: Verdict, also: Collection[DeliveryState]
) -> list[ColumnElement[bool]]:
    states = [state.value for state in _FROM[verdict].union(also)]
    those: list[ColumnElement[bool]] = [
        deliveries.c.delivery_id.in_(list(ids)),
        deliveries.c.state.in_(states),
    ]
    if verdict is Verdict.RESEND:
        those.append(deliveries.c.edition_id.is_not(None))
    return those
