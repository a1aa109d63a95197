"""Breakers: a channel that does not work is left alone for a while, and longer each time.

What fails there is the channel and not the recipients: their deliveries stay queued and none
of their attempts is used up. Failures are remembered in the database, so that a program that
is restarted, or one more process, does not ask a dead server again at once.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from digest.delivery import Outcome
from digest.errors import DeliveryError
from digest.store import ChannelState, Store

# Failures in a row until a channel is left alone, and minutes for which it is.
FAILURES = 3
_PAUSES = (1, 2, 5, 10, 15)


@dataclass(slots=True)
class _Streak:
    failures: int = 0
    refusals: int = 0  # of our mail, by policy


class Breaker:
    """The breaker of one channel in this process; safe to use from several threads.

    Args:
        store: where failures are remembered.
        channel: its name.
        clock: gives the present instant, aware, in UTC.
    """

    def __init__(self, store: Store, channel: str, clock: Callable[[], datetime]) -> None:
        self._states = store.channels
        self._channel = channel
        self._clock = clock
        self._lock = threading.Lock()
        self._streak = _Streak()
        self._known: ChannelState | None = None

    def paused(self) -> str | None:
        """Return one line on why the channel is left alone now; None: it may be tried."""
        state = self._states.get(self._channel)
        with self._lock:
            self._known = state
        now = self._clock()
        until = state.paused_until
        # A pause longer than any was begun by a clock that has been set back since.
        if until is None or until <= now or until > now + timedelta(minutes=_PAUSES[-1]):
            return None
        return (
            f"{self._channel} is left alone until {until:%H:%M} UTC, after {state.failures}"
            f" failures in a row: {state.problem}"
        )

    def worked(self) -> None:
        """Note that the channel took something: all is forgotten."""
        with self._lock:
            known, self._known = self._known, ChannelState(self._channel)
            streak, self._streak = self._streak, _Streak()
        if streak.failures or known is None or known.failures:
            self._states.worked(self._channel)

    def answered(self) -> None:
        """Note that the channel answered, though it did not take the mail: it is there."""
        with self._lock:
            self._streak.failures = 0

    def failed(self, error: DeliveryError) -> DeliveryError | None:
        """Note that the channel failed before anything was handed over.

        Returns:
            What to tell when it is left alone from now on; None: it may be tried again.
        """
        with self._lock:
            self._streak.failures += 1
            again = self._streak.failures < FAILURES and not error.lasting
        if again:
            return None
        return self._pause(str(error))

    def refused(self, outcome: Outcome) -> DeliveryError | None:
        """Note that the server refused our mail as such; answers as `failed` does.

        A refusal by policy after the recipient was named may be that recipient's own filter,
        which must not keep all others from their mail: it counts when it repeats.
        """
        with self._lock:
            self._streak.refusals += 1
            again = self._streak.refusals < FAILURES and outcome.policy
        if again:
            return None
        return self._pause(
            f"the mail server refuses our mail: {outcome.detail}; stopped, so that no more is"
            " refused: check `sender` and what the server allows"
        )

    def _pause(self, problem: str) -> DeliveryError:
        """Leave the channel alone for a while, unless another process has just decided so."""
        now = self._clock()
        state = self._states.get(self._channel)
        if state.paused_until is None or state.paused_until <= now or state.pauses == 0:
            minutes = _PAUSES[min(state.pauses, len(_PAUSES) - 1)]
            state = replace(
                state,
                failures=state.failures + max(self._streak.failures, self._streak.refusals),
                pauses=state.pauses + 1,
                paused_until=now + timedelta(minutes=minutes),
                problem=problem,
                failed_at=now,
            )
            self._states.save(state)
        with self._lock:
            self._known = state
            self._streak = _Streak()
        until = state.paused_until
        return DeliveryError(f"{problem} (left alone until {until:%H:%M} UTC)")
