"""Turns hand-over types into plain JSON data and back. What is missing takes its default."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from digest.models import (
    Bar,
    FeedHealth,
    Format,
    Interest,
    InterestCount,
    InterestKind,
    Lesson,
    Profile,
    Reason,
    ReasonKind,
    Remarks,
    Schedule,
    Updates,
)

Plain = Mapping[str, Any]


def interest_to_json(interest: Interest | None) -> dict[str, Any] | None:
    """Return an interest as plain data; None stays None."""
    if interest is None:
        return None
    return {
        "kind": interest.kind.value,
        "value": interest.value,
        "weight": float(interest.weight),
        "muted": interest.muted,
        **({"weekly": True} if interest.weekly else {}),
    }


def interest_from_json(plain: Plain | None) -> Interest | None:
    """Return the interest that `interest_to_json` wrote."""
    return None if plain is None else _interest(plain)


def profile_to_json(profile: Profile) -> dict[str, Any]:
    """Return a profile as plain data."""
    schedule = profile.schedule
    return {
        "interests": [interest_to_json(interest) for interest in profile.interests],
        "name": profile.name,
        "papers": profile.papers,
        "trending": profile.trending,
        "language": profile.language,
        "format": profile.format.value,
        "schedule": {
            "send_time": schedule.send_time.isoformat(),
            "weekdays": sorted(schedule.weekdays),
            "timezone": schedule.timezone,
        },
        "send_empty": profile.send_empty,
        "minutes": profile.minutes,
        "bar": profile.bar.value,
        "updates": profile.updates.value,
        "weekly_on": profile.weekly_on,
    }


def profile_from_json(plain: Plain) -> Profile:
    """Return the profile that `profile_to_json` wrote; fields of a later version are ignored."""
    known = {name: plain[name] for name in Profile.__dataclass_fields__ if name in plain}
    known["interests"] = tuple(_interest(i) for i in plain.get("interests", ()))
    known["format"] = Format(plain.get("format", Format.HTML))
    known["bar"] = Bar(plain.get("bar", Bar.USUAL))
    known["updates"] = Updates(plain.get("updates", Updates.WITHDRAWN))
    known["schedule"] = _schedule(plain.get("schedule", {}))
    return Profile(**known)


def reasons_to_json(reasons: Sequence[Reason]) -> list[list[Any]]:
    """Return reasons as ``[kind, value, words, contribution]``."""
    return [[r.kind.value, r.value, list(r.words), float(r.contribution)] for r in reasons]


def reasons_from_json(plain: Sequence[Sequence[Any]]) -> tuple[Reason, ...]:
    """Return the reasons that `reasons_to_json` wrote."""
    return tuple(
        Reason(ReasonKind(kind), value, tuple(words), contribution)
        for kind, value, words, contribution in plain
    )


def health_to_json(health: Sequence[FeedHealth]) -> list[list[Any]]:
    """Return feed health as ``[feed, source, entries, problem, condition, times, day]``."""
    return [
        [
            *(h.feed, h.source, h.entries, h.problem, h.condition, h.times),
            h.unseen_date and h.unseen_date.isoformat(),
        ]
        for h in health
    ]


def health_from_json(plain: Sequence[Sequence[Any]]) -> tuple[FeedHealth, ...]:
    """Return the feed health that `health_to_json` wrote."""
    return tuple(_health(*fields) for fields in plain)


def remarks_to_json(remarks: Remarks) -> dict[str, Any] | None:
    """Return an edition's remarks as plain data; None: there are none."""
    if remarks == Remarks():
        return None
    return {
        "since": remarks.since and remarks.since.isoformat(),
        "weekly": remarks.weekly,
        "week": [[count.title, count.papers] for count in remarks.week],
        "days": remarks.days,
        "thin": remarks.thin,
        "read": list(remarks.read),
        "quiet": list(remarks.quiet),
        "lessons": [[lesson.words, lesson.since.isoformat()] for lesson in remarks.lessons],
    }


def remarks_from_json(plain: Plain | None) -> Remarks:
    """Return the remarks that `remarks_to_json` wrote."""
    told = plain or {}
    return Remarks(
        since=_day(told.get("since")),
        weekly=told.get("weekly", False),
        week=tuple(InterestCount(*count) for count in told.get("week", ())),
        days=told.get("days", 7),
        thin=told.get("thin", ""),
        read=tuple(told.get("read", ())),
        quiet=tuple(told.get("quiet", ())),
        lessons=tuple(
            Lesson(words, date.fromisoformat(day)) for words, day in told.get("lessons", ())
        ),
    )


def weekday_mask(weekdays: frozenset[int]) -> int:
    """Return weekdays as bits; bit 0 is Monday."""
    return sum(1 << day for day in weekdays)


def weekdays_of(mask: int) -> frozenset[int]:
    """Return the weekdays of a bit mask."""
    return frozenset(day for day in range(7) if mask >> day & 1)


def minute_of(send_time: time) -> int:
    """Return the minutes from midnight to a send time."""
    return send_time.hour * 60 + send_time.minute


def _health(feed: str, source: str, entries: int, problem: str | None, *told: Any) -> FeedHealth:
    condition, times, day = told or ("", 0, None)
    return FeedHealth(feed, source, entries, problem, condition, times, _day(day))


def _day(plain: str | None) -> date | None:
    return date.fromisoformat(plain) if plain else None


def _interest(plain: Plain) -> Interest:
    known = {name: plain[name] for name in Interest.__dataclass_fields__ if name in plain}
    return Interest(**{**known, "kind": InterestKind(plain["kind"])})


def _schedule(plain: Plain) -> Schedule:
    default = Schedule()
    return Schedule(
        time.fromisoformat(plain.get("send_time", default.send_time.isoformat())),
        frozenset(plain.get("weekdays", default.weekdays)),
        plain.get("timezone", default.timezone),
    )
