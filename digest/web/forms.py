"""The form of a profile: what stands in its fields, from a profile and back to one."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from starlette.datastructures import FormData

from digest import profiles
from digest.models import Interest, InterestKind, Profile

# Fields with one interest on a line, and where they stand in a profile.
_LINES = ("phrases", "authors", "examples")
_MUTES = {
    "mute_phrases": "phrases",
    "mute_authors": "authors",
    "mute_categories": "categories",
    "mute_topics": "topics",
    "mute_examples": "examples",
}
_MAX_TEXT = 20_000  # characters of a field
_MAX_LINES = 300
_PARAGRAPH = "\n\n"
_NUMBERS = ("papers", "minutes", "trending")


@dataclass(frozen=True, slots=True)
class ProfileForm:
    """What stands in the fields, as text.

    Attributes:
        phrases, authors, examples: one on a line, with a weight behind ``^`` where it is not 1, and
            ``@weekly`` where it comes once a week.
        categories, topics: the ones that are chosen.
        more_categories, more_topics: others, one on a line.
        text: paragraphs in plain language.
        mute_phrases and so on: what is never to be sent, one on a line.
    """

    name: str = ""
    phrases: str = ""
    text: str = ""
    authors: str = ""
    categories: tuple[str, ...] = ()
    more_categories: str = ""
    topics: tuple[str, ...] = ()
    more_topics: str = ""
    examples: str = ""
    mute_phrases: str = ""
    mute_authors: str = ""
    mute_categories: str = ""
    mute_topics: str = ""
    mute_examples: str = ""
    papers: str = "10"
    minutes: str = ""
    bar: str = "usual"
    trending: str = "2"
    weekdays: tuple[str, ...] = profiles.WEEKDAYS
    send_time: str = "07:00"
    timezone: str = "UTC"
    language: str = "en"
    format: str = "html"
    send_empty: bool = False
    updates: str = "withdrawn"
    weekly_on: str = ""

    @classmethod
    def of(cls, profile: Profile, offered: Iterable[str] = ()) -> "ProfileForm":
        """Return the form of a profile.

        Args:
            profile: what is wanted.
            offered: categories and topics that can be ticked; others stand on lines.
        """
        ticked = set(offered)

        def lines(kind: InterestKind, *, muted: bool = False) -> list[str]:
            which = profile.muted if muted else profile.wanted
            return [_line(i) for i in which if i.kind is kind]

        schedule = profile.schedule
        categories, topics = lines(InterestKind.CATEGORY), lines(InterestKind.TOPIC)
        return cls(
            name=profile.name,
            phrases="\n".join(lines(InterestKind.PHRASE)),
            text=_PARAGRAPH.join(lines(InterestKind.TEXT)),
            authors="\n".join(lines(InterestKind.AUTHOR)),
            categories=tuple(c for c in categories if c in ticked),
            more_categories="\n".join(c for c in categories if c not in ticked),
            topics=tuple(t for t in topics if t in ticked),
            more_topics="\n".join(t for t in topics if t not in ticked),
            examples="\n".join(lines(InterestKind.EXAMPLE)),
            mute_phrases="\n".join(lines(InterestKind.PHRASE, muted=True)),
            mute_authors="\n".join(lines(InterestKind.AUTHOR, muted=True)),
            mute_categories="\n".join(lines(InterestKind.CATEGORY, muted=True)),
            mute_topics="\n".join(lines(InterestKind.TOPIC, muted=True)),
            mute_examples="\n".join(lines(InterestKind.EXAMPLE, muted=True)),
            papers=str(profile.papers),
            minutes=str(profile.minutes or ""),
            bar=profile.bar.value,
            trending=str(profile.trending),
            weekdays=tuple(profiles.WEEKDAYS[day] for day in sorted(schedule.weekdays)),
            send_time=f"{schedule.send_time:%H:%M}",
            timezone=schedule.timezone,
            language=profile.language,
            format=profile.format.value,
            send_empty=profile.send_empty,
            updates=profile.updates.value,
            weekly_on="" if profile.weekly_on is None else profiles.WEEKDAYS[profile.weekly_on],
        )

    @classmethod
    def read(cls, form: FormData) -> "ProfileForm":
        """Return what was filled in; every field is bounded."""
        told: dict[str, Any] = {}
        for each in fields(cls):
            values = [v[:_MAX_TEXT] for v in form.getlist(each.name) if isinstance(v, str)]
            if each.name == "weekdays" and "send_time" not in form:
                continue  # not the whole form: the usual days
            if each.name in ("categories", "topics", "weekdays"):
                told[each.name] = tuple(values[:_MAX_LINES])
            elif each.name == "send_empty":
                told[each.name] = bool(values)
            elif values:
                told[each.name] = values[0].replace("\r\n", "\n").strip()
        return cls(**told)

    def with_examples(self, more: Iterable[str]) -> "ProfileForm":
        """Return the form with more example papers; those that stand there already are skipped."""
        lines = _split(self.examples)
        lines += [line for line in dict.fromkeys(more) if line not in lines]
        return replace(self, examples="\n".join(lines))

    def profile(self) -> Profile:
        """Return the profile that is filled in.

        Raises:
            ProfileError: listing every problem, by its place.
        """
        values: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("name", "bar", "send_time", "timezone", "language", "format", "updates")
        }
        if self.weekly_on:
            values["weekly_on"] = self.weekly_on
        for name in _NUMBERS:
            if text := getattr(self, name):
                values[name] = text
        values["weekdays"] = list(self.weekdays)
        values["send_empty"] = self.send_empty
        wanted: dict[str, Any] = {
            name: [profiles.weighted(line) for line in _split(getattr(self, name))]
            for name in _LINES
        }
        for name in ("categories", "topics"):
            lines = [*getattr(self, name), *_split(getattr(self, f"more_{name}"))]
            wanted[name] = [profiles.weighted(line) for line in dict.fromkeys(lines)]
        texts = (" ".join(text.split()) for text in self.text.split(_PARAGRAPH))
        wanted["texts"] = [profiles.weighted(text) for text in texts if text]
        values["interests"] = wanted
        values["mute"] = {key: _split(getattr(self, name)) for name, key in _MUTES.items()}
        return profiles.from_mapping(values, "on the page")


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that was sent, and what came of it.

    Attributes:
        form: what stands in it now.
        profile: what it says; None: it cannot be used.
        problems: why not, by field.
        notes: what became of an upload, one line each.
        found: papers that a search found, as (what stands for it, title).
    """

    form: ProfileForm
    profile: Profile | None
    problems: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    found: tuple[tuple[str, str], ...] = ()


def _split(lines: str) -> list[str]:
    return [line.strip() for line in lines.splitlines() if line.strip()][:_MAX_LINES]


def _line(interest: Interest) -> str:
    weight = "" if interest.weight == 1 else f"^{interest.weight:g}"
    return f"{interest.value}{weight}{' @weekly' if interest.weekly else ''}"
