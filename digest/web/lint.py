"""What a trial says of a profile, in sentences of the reader's language."""

from collections.abc import Iterator

from digest.models import Interest, Profile
from digest.pipeline.forecast import Finding, Forecast, InterestForecast
from digest.wording import Wording

_MOST = 8  # findings that are shown
_TAKING = 0.6  # share of the papers from which on one interest takes most of the room
_MANY_MATCHES = 3  # times the places, from which on it is worth saying


def summary(told: Forecast, profile: Profile, words: Wording) -> str:
    """Return what the last days would have brought, in one sentence."""
    days = max(len(told.days), 1)
    brought = sum(day.papers for day in told.days) / days
    matched = sum(day.matched for day in told.days) / days
    figure = _short(brought)
    form = 1 if figure == "1" else 2
    if days == 1:
        rate = words.ngettext("%(num)s paper", "%(num)s papers", form, num=figure)
        said = words.gettext("Today this would have brought about %(rate)s.", rate=rate)
    else:
        rate = words.ngettext("%(num)s paper a day", "%(num)s papers a day", form, num=figure)
        said = words.gettext(
            "In the last %(days)s days this would have brought about %(rate)s.",
            days=days,
            rate=rate,
        )
    if matched <= _MANY_MATCHES * profile.papers:
        return said
    more = words.gettext("%(matched)s a day match; you see the best.", matched=_short(matched))
    return f"{said} {more}"


def lint(told: Forecast, words: Wording) -> list[str]:
    """Return what may be amiss in a profile, the gravest first."""
    found = [said for f in told.findings if (said := _finding(f, len(told.days), words))]
    return [*found[:_MOST], *_taking(told.interests, words)]


def _finding(found: Finding, days: int, words: Wording) -> str:  # noqa: PLR0911
    say = words.gettext
    value = _value(found.interest)
    instead = ""
    if found.instead:
        names = ", ".join(f"“{name}”" for name in found.instead[:3])
        instead = " " + say("Did you mean %(names)s?", names=names)
    match found.kind:
        case "silent":
            return say("Nothing matched “%(value)s” in %(days)s days.", value=value, days=days) + (
                instead
            )
        case "loose":
            said = say(
                "“%(value)s” never stands word for word; related words matched.", value=value
            )
            return said + instead
        case "wide":
            return say("“%(value)s” is wide; name it more narrowly.", value=value)
        case "unknown":
            return say("“%(value)s” is no paper we know yet.", value=value)
        case "taking":
            return say("Never “%(value)s” takes out papers that you want.", value=value)
        case "idle":
            return say("Never “%(value)s” takes nothing out.", value=value) + instead
        case "duplicate":
            return say("“%(value)s” stands twice.", value=value)
        case "contrary":
            return say("“%(value)s” is wanted and never wanted; nothing comes of it.", value=value)
    return ""


def _taking(interests: tuple[InterestForecast, ...], words: Wording) -> Iterator[str]:
    for told in interests:
        if len(interests) > 1 and told.brought >= _TAKING:
            share = words.number(round(100 * told.brought))
            yield words.gettext(
                "“%(value)s” alone brings %(share)s %% of them.",
                value=_value(told.interest),
                share=share,
            )


def _value(interest: Interest | None) -> str:
    value = interest.value if interest else ""
    return value if len(value) <= 60 else value[:59] + "…"


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 3 or number == int(number) else f"{number:.1f}"
