"""Profiles as people write them: a TOML file, or options of a command.

``config/profile.example.toml`` shows every key. All problems of a file are told at once.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic import field_validator as validates
from pydantic import model_validator as model_validates
from tomlkit.exceptions import TOMLKitError

from digest.errors import ConfigError, ProfileError
from digest.models import Bar, Format, Interest, InterestKind, Profile, Schedule, Updates
from digest.text import collapse
from digest.wording import languages

_Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[_Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_INTERESTS = 500
MAX_PAPERS = 200  # of one edition; what does not fit into a mail stands on the web

# What a new profile begins with; config/profile.example.toml shows every key.
_NEW = """\
# Made by `digest profile import`. `digest init` writes an example of every key.

[interests]
"""

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Weighted(_Strict):
    value: _Text
    weight: float = Field(1.0, gt=0, le=100)
    weekly: bool = False


_Wanted = list[_Text | _Weighted]


class _Interests(_Strict):
    phrases: _Wanted = []
    authors: _Wanted = []
    categories: _Wanted = []
    topics: _Wanted = []
    examples: _Wanted = []
    texts: _Wanted = []


class _Mute(_Strict):
    phrases: list[_Text] = []
    authors: list[_Text] = []
    categories: list[_Text] = []
    topics: list[_Text] = []
    examples: list[_Text] = []


class _File(_Strict):
    name: Annotated[str, StringConstraints(max_length=200)] = ""
    papers: int = Field(10, ge=1, le=MAX_PAPERS)
    minutes: int | None = Field(None, ge=1, le=600)
    bar: Bar = Bar.USUAL
    trending: int = Field(2, ge=0, le=MAX_PAPERS)
    language: str = "en"
    format: Format = Format.HTML
    send_time: time = time(7, 0)
    weekdays: list[_Weekday] = list(WEEKDAYS)
    timezone: str = "UTC"
    send_empty: bool = False
    updates: Updates = Updates.WITHDRAWN
    weekly_on: _Weekday | None = None
    interests: _Interests = _Interests()
    mute: _Mute = _Mute()

    @validates("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f"{value!r} is no time zone; write one like Europe/Berlin or Asia/Tokyo"
            ) from None
        return value

    @validates("language")
    @classmethod
    def _spoken(cls, value: str) -> str:
        if value not in languages():
            raise ValueError(f"{value!r} is not spoken here; choose {' or '.join(languages())}")
        return value

    @model_validates(mode="after")
    def _weekly_day_is_chosen(self) -> "_File":
        if self.weekly_on and self.weekly_on not in self.weekdays:
            raise ValueError(f"weekly_on: {self.weekly_on!r} is not among the weekdays")
        return self

    @validates("send_time", mode="before")
    @classmethod
    def _clock_time(cls, value: object) -> object:
        if isinstance(value, str):
            try:
                return time.fromisoformat(value)
            except ValueError:
                raise ValueError(f"{value!r} is no time of day; write one like 07:00") from None
        return value

    @validates("weekdays")
    @classmethod
    def _some_weekday(cls, value: list[str]) -> list[str]:
        if not value:
            raise ValueError("name at least one weekday, or pause the subscriber")
        return value


_WEEKLY = re.compile(r"(.+?)\s*@weekly", re.IGNORECASE)
_WEIGHTED = re.compile(r"(.+)\^(\d{1,3}(?:\.\d{1,3})?)")

# Which kind of interest stands under which key.
KINDS = {
    "phrases": InterestKind.PHRASE,
    "authors": InterestKind.AUTHOR,
    "categories": InterestKind.CATEGORY,
    "topics": InterestKind.TOPIC,
    "examples": InterestKind.EXAMPLE,
    "texts": InterestKind.TEXT,
}


def load(path: Path) -> Profile:
    """Read a profile file.

    Raises:
        ProfileError: it cannot be read, is not TOML, or holds something that makes no sense.
    """
    try:
        return from_mapping(read_toml(path, "profile"), str(path))
    except ProfileError:
        raise
    except ConfigError as error:
        raise ProfileError(str(error)) from error


def from_mapping(values: dict[str, Any], where: str) -> Profile:
    """Return the profile in parsed TOML; `where` names it in errors.

    Raises:
        ProfileError: listing every problem.
    """
    try:
        file = _File.model_validate(values)
    except ValidationError as error:
        told = f"the profile {where} cannot be used: {describe(error)}"
        raise ProfileError(told, problems(error)) from None
    interests = tuple(_interests(file))
    if len(interests) > MAX_INTERESTS:
        raise ProfileError(
            f"the profile {where} has {len(interests)} interests; {MAX_INTERESTS} is the most"
        )
    return Profile(
        interests=interests,
        name=file.name.strip(),
        papers=file.papers,
        minutes=file.minutes,
        bar=file.bar,
        trending=min(file.trending, file.papers),
        language=file.language,
        format=file.format,
        schedule=Schedule(
            send_time=file.send_time.replace(second=0, microsecond=0, tzinfo=None),
            weekdays=frozenset(WEEKDAYS.index(day) for day in file.weekdays),
            timezone=file.timezone,
        ),
        send_empty=file.send_empty,
        updates=file.updates,
        weekly_on=WEEKDAYS.index(file.weekly_on) if file.weekly_on else None,
    )


def from_options(path: Path | None, options: dict[str, Any]) -> Profile:
    """Return the profile in a file, if there is one, with options laid over it.

    Args:
        path: the file.
        options: of the same form as the file; interests and mutes are added to the file's,
            all else takes its place.

    Raises:
        ProfileError: the file or an option cannot be used.
    """
    if path is None:
        return from_mapping(options, "given by options")
    file, given = load(path), from_mapping(options, "given by options")
    values = read_toml(path, "profile")
    values |= {key: value for key, value in options.items() if key not in ("interests", "mute")}
    laid_over = from_mapping(values, f"{path} with options")
    return replace(laid_over, interests=(*file.interests, *given.interests))


def laid_over(path: Path | None, options: dict[str, Any]) -> dict[str, Any]:
    """Return the same in the form of a file, to lay others' options over it.

    Raises:
        ProfileError: the file cannot be read.
    """
    values = read_toml(path, "profile") if path else {}
    merged = values | {k: v for k, v in options.items() if k not in ("interests", "mute")}
    for table in ("interests", "mute"):
        told, more = values.get(table, {}), options.get(table, {})
        merged[table] = {k: [*told.get(k, []), *more.get(k, [])] for k in {**told, **more}}
    return merged


def _interests(file: _File) -> Iterable[Interest]:
    for key, kind in KINDS.items():
        for wanted in getattr(file.interests, key):
            if isinstance(wanted, str):
                yield Interest(kind, wanted)
            else:
                yield Interest(kind, wanted.value, wanted.weight, weekly=wanted.weekly)
        for value in getattr(file.mute, key, ()):
            yield Interest(kind, value, muted=True)


def weighted(text: str) -> str | dict[str, Any]:
    """Return an interest as a file holds it, of ``words``, ``words^2`` or ``words^2 @weekly``.

    2 is its weight; weekly ones come once a week.
    """
    if weekly := _WEEKLY.fullmatch(text):
        text = weekly[1]
    if found := _WEIGHTED.fullmatch(text):
        told = {"value": found[1], "weight": float(found[2])}
    elif weekly:
        told = {"value": text}
    else:
        return text
    return told | ({"weekly": True} if weekly else {})


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """Read a TOML file that people write; `what` names its kind in errors.

    Raises:
        ConfigError: it cannot be read, is no UTF-8 text or no TOML.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"cannot read the {what} {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the {what} {path} is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the {what} {path} is not valid TOML: {error}") from error


def describe(error: ValidationError) -> str:
    """Return all problems of a pydantic validation on one line, in words for people."""
    return "; ".join(f"{place}: {message}" for place, message in problems(error).items())


def problems(error: ValidationError) -> dict[str, str]:
    """Return the problems of a pydantic validation in words for people, by their place."""
    found: dict[str, str] = {}
    for problem in error.errors(include_url=False):
        names = [str(part) for part in problem["loc"]]
        # A union names each alternative that failed; the key and the position say enough.
        place = ".".join(n for n in names if not n.startswith(("constrained-", "_")))
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = "is not a known key"
        found.setdefault(place, message[:1].lower() + message[1:])
    return found


def with_interests(
    path: Path | None, found: Iterable[tuple[str, str, str]], *, name: str = ""
) -> str:
    """Return the text of a profile with more interests in it; comments stay as they are.

    Args:
        path: the profile that is extended; None: a new one.
        found: key of the interests (``examples``, ``categories``), value, comment or nothing.
        name: of a new profile.

    Raises:
        ProfileError: the profile cannot be used, or would hold too many interests.
    """
    document = _document(path) if path else tomlkit.parse(_NEW)
    if name and not path:
        document["name"] = name
    table = document.setdefault("interests", tomlkit.table())
    for key, value, comment in found:
        if key not in table:
            table[key] = tomlkit.array()
        # A comment ends with its line; what a title holds must not begin another one.
        table[key].add_line(value, comment=collapse(comment) or None)
    for key in table:
        array = table[key]
        if isinstance(array, tomlkit.items.Array) and "\n" in array.as_string():
            _close_on_a_line_of_its_own(array)
    text = tomlkit.dumps(document)
    from_mapping(tomllib.loads(text), str(path or "that was made"))
    return text


def _close_on_a_line_of_its_own(array: tomlkit.items.Array) -> None:
    if not array.as_string().rstrip("]").endswith("\n"):
        array.add_line(indent="")


def _document(path: Path) -> tomlkit.TOMLDocument:
    """Return a profile that can be used, with its comments."""
    load(path)
    try:
        return tomlkit.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, TOMLKitError) as error:
        raise ProfileError(f"the profile {path} cannot be changed: {error}") from error
