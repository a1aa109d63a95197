"""The watch: looks once an hour for what needs a person, and tells him by mail, once.

What was told is kept with the runs, so that a restart, or one more process, does not tell it
again. The mail says that it was made by a program (RFC 3834), so nothing answers it, and no
delivery of it is kept: it can cause no matter of its own.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from digest.delivery import Channel, OutcomeKind, Parcel
from digest.errors import DeliveryError
from digest.models import Format
from digest.pipeline.matters import Matter, ends, matters
from digest.pipeline.standing import Standing
from digest.rendering import LetterWriter
from digest.store import Run, Store

_KIND = "watch"

log = structlog.get_logger()


class Watch:
    """Tells the operator what needs him.

    Args:
        store: where it is kept what was told.
        look: tells how the installation stands.
        writer: writes the mail.
        channel: the way out.
        address: the operator's.
        clock: gives the present instant, aware, in UTC.
        every: how long between two looks of all processes together.
    """

    def __init__(
        self,
        store: Store,
        *,
        look: Callable[[], Standing],
        writer: LetterWriter,
        channel: Channel,
        address: str,
        clock: Callable[[], datetime],
        every: timedelta = timedelta(hours=1),
    ) -> None:
        self._store = store
        self._look = look
        self._writer = writer
        self._channel = channel
        self._address = address
        self._clock = clock
        self._every = every
        self._not_before: datetime | None = None

    async def look(self) -> int:
        """Look, if it is time, and tell what is new; return how many matters were told.

        A mail that does not go out is tried again an hour later, with whatever is the matter then.
        """
        now = self._clock()
        if self._not_before and self._not_before - self._every <= now < self._not_before:
            return 0
        self._not_before = now + self._every
        turn = await asyncio.to_thread(self._store.runs.take_turn, _KIND, now, self._every)
        if turn is None:
            return 0
        found = await asyncio.to_thread(self._look)
        memory: Mapping[str, Any] = turn.report or {}
        current = matters(found, memory.get("ends"))
        new = [matter for matter in current if _is_due(matter, memory.get("told", {}), now)]
        if new and not await self._tell(new, turn, now):
            return 0  # nothing is remembered: it is as new in an hour
        await asyncio.to_thread(self._remember, turn, current, new, ends(found), now)
        return len(new)

    async def _tell(self, new: Sequence[Matter], turn: Run, now: datetime) -> bool:
        """Send the mail; return whether a server took it."""
        parcel = Parcel(
            delivery_id=turn.run_id,
            edition_id=None,
            subscriber_id=0,
            address=self._address,
            edition_date=now.date(),
            composed_at=now,
            format=Format.HTML,
            rendering=self._writer.report([matter.text for matter in new]),
            bounce_token=f"watch{turn.run_id}",
        )
        try:
            async with self._channel.session() as session:
                outcome = await session.deliver(parcel)
        except DeliveryError as error:
            log.warning("the operator cannot be told", matters=len(new), error=str(error))
            return False
        if outcome.kind in {OutcomeKind.SENT, OutcomeKind.UNKNOWN}:
            return True
        log.warning("the operator cannot be told", matters=len(new), error=outcome.detail)
        return False

    def _remember(
        self,
        turn: Run,
        current: Sequence[Matter],
        new: Sequence[Matter],
        ended: Mapping[str, int],
        now: datetime,
    ) -> None:
        """Keep what was told of what lasts; what is over may be told again when it comes back."""
        before: Mapping[str, Any] = (turn.report or {}).get("told", {})
        told = {m.key: before[m.key] for m in current if m.key in before}
        told |= {m.key: {"mark": m.mark, "told_at": now.isoformat()} for m in new}
        self._store.runs.finish(turn.run_id, now, {"told": told, "ends": dict(ended)})


def _is_due(matter: Matter, told: Mapping[str, Any], now: datetime) -> bool:
    known = told.get(matter.key)
    if known is None or known["mark"] != matter.mark:
        return True
    if matter.again is None:
        return False
    return now - datetime.fromisoformat(known["told_at"]) >= matter.again
