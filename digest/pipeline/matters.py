"""Matters: what needs the person who runs an installation, each in words that say what to do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.models import DeliveryState, SubscriberState
from digest.pipeline.breaker import FAILURES
from digest.pipeline.conditions import FeedReading
from digest.pipeline.standing import Standing
from digest.text import cut

_LONG = 300  # characters of somebody else's words
_A_DAY = timedelta(days=1)
_A_WEEK = timedelta(days=7)
_LONG_WEEKEND = timedelta(days=4)  # a source may keep a holiday that we do not know
_CUT_OFF = timedelta(hours=6)  # no run takes that long
_TRIES = 5  # of a feed that was never read
_SHARE = 0.05  # of all readers: so many failures are more than dead mailboxes
_FEW = 10


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that somebody should look at.

    Attributes:
        key: names it, for as long as it lasts.
        mark: changes when it becomes a new matter.
        text: one or two sentences for people: what is the matter, and what to do.
        again: after how long it is told again while it lasts; None: never.
    """

    key: str
    mark: str
    text: str
    again: timedelta | None = None


def matters(found: Standing, before: Mapping[str, int] | None) -> list[Matter]:
    """Tell what needs a person, the most pressing first.

    Args:
        found: how the installation stands.
        before: `ends` as they were when somebody was last told; None: nobody ever was, and what
            is over is over.
    """
    told = [*_run(found), *_channels(found), *_unknown(found)]
    told += _ended(found, ends(found) if before is None else before)
    told += [matter for reading in found.feeds for matter in _feed(reading, found.at)]
    return told


def ends(found: Standing) -> dict[str, int]:
    """Return how many deliveries ended badly so far, by state."""
    bad = DeliveryState.EXPIRED, DeliveryState.FAILED
    return {state.value: found.deliveries.get(state, 0) for state in bad}


def _run(found: Standing) -> Iterator[Matter]:
    run = found.published
    if run is None:
        return
    if run.finished_at is None and found.at - run.started_at > _CUT_OFF:
        yield Matter(
            "run",
            str(run.run_id),
            f"The run that began at {run.started_at:%Y-%m-%d %H:%M} UTC never came to its end."
            " What it left is done by the next one; look at the log for what stopped it.",
        )
    mistakes: Sequence[str] = (run.report or {}).get("mistakes", ())
    for number, mistake in enumerate(mistakes):
        text = f"The run of {run.started_at:%Y-%m-%d %H:%M} UTC: {cut(mistake, _LONG)}"
        yield Matter(f"mistake {number}", mistake, text, _A_DAY)


def _channels(found: Standing) -> Iterator[Matter]:
    for state in found.channels:
        if state.failures < FAILURES:
            continue
        last = f", the last at {state.failed_at:%Y-%m-%d %H:%M} UTC" if state.failed_at else ""
        yield Matter(
            f"channel {state.channel}",
            "",
            f"Nothing goes out by {state.channel}: {cut(state.problem, _LONG)}"
            f" ({state.failures} failures in a row{last}). `digest doctor` tries it.",
            _A_DAY,
        )


def _unknown(found: Standing) -> Iterator[Matter]:
    if not found.unknown:
        return
    count = max(len(found.unknown), found.deliveries.get(DeliveryState.UNKNOWN, 0))
    newest = max(delivery.delivery_id for delivery, _ in found.unknown)
    yield Matter(
        "unknown",
        str(newest),
        f"The outcome of {count} {'mail' if count == 1 else 'mails'} is unknown: the program or the"
        " connection ended before the server's answer. Without your word they are not sent again."
        " `digest deliveries --state unknown` lists them, `digest resolve` decides on them.",
    )


def _ended(found: Standing, before: Mapping[str, int]) -> Iterator[Matter]:
    now = ends(found)
    new = {state: now[state] - before.get(state, 0) for state in now}
    if (expired := new[DeliveryState.EXPIRED.value]) > 0:
        yield Matter(
            "expired",
            str(now[DeliveryState.EXPIRED.value]),
            f"{expired} {'edition was' if expired == 1 else 'editions were'} not sent in time, and"
            " will not be: the next ones carry their papers. `digest deliveries --state expired`"
            " says why.",
        )
    readers = found.subscribers.get(SubscriberState.ACTIVE, 0)
    failed = new[DeliveryState.FAILED.value]
    if failed > max(_FEW, _SHARE * readers):
        yield Matter(
            "failed",
            str(now[DeliveryState.FAILED.value]),
            f"{failed} mails were refused for good, more than dead mailboxes explain."
            " `digest deliveries --state failed` tells the servers' words.",
        )


def _feed(reading: FeedReading, now: datetime) -> Iterator[Matter]:
    state, name = reading.state, reading.feed.name
    if reading.moved:
        yield Matter(f"moved {name}", reading.moved, f"Feed {name} {reading.moved}.", _A_WEEK)
    if not reading.condition.is_trouble or reading.problem is None:
        return
    lately = state.succeeded_at is not None and now - state.succeeded_at < _A_DAY
    if state.error_count and (lately or (not state.succeeded_at and state.error_count < _TRIES)):
        return  # it may come back by itself
    if not state.error_count and state.unseen_at and now - state.unseen_at < _LONG_WEEKEND:
        return
    read = f"{state.succeeded_at:%Y-%m-%d %H:%M} UTC" if state.succeeded_at else "never"
    yield Matter(
        f"feed {name}",
        reading.condition.value,
        f"Feed {name} is {reading.condition.value}, last read {read}:"
        f" {cut(reading.problem, _LONG)}. `digest feeds check` with its address"
        " looks at it.",
        _A_WEEK,
    )
