"""The options by which a command line tells a profile; several commands share them."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.errors import UsageError

if TYPE_CHECKING:
    from digest.models import Profile


def _many(name: str, metavar: str, help_text: str) -> Any:
    return Annotated[list[str] | None, typer.Option(name, metavar=metavar, help=help_text)]


def _one(name: str, metavar: str, help_text: str, kind: type = str) -> Any:
    return Annotated[kind | None, typer.Option(name, metavar=metavar, help=help_text)]


# Parameter -> its option, and where in a profile file it stands.
_OPTIONS: dict[str, tuple[Any, str]] = {
    "profile": (
        _one("--profile", "FILE", "A profile file (TOML); `digest init` writes one.", Path),
        "",
    ),
    "phrases": (
        _many("--phrase", "WORDS", "Words or a phrase; with a weight: 'slow light^2'. Repeatable."),
        "interests",
    ),
    "authors": (_many("--author", "NAME", "A person whose papers count. Repeatable."), "interests"),
    "categories": (_many("--category", "CODE", "A category, like cs.LG. Repeatable."), "interests"),
    "topics": (_many("--topic", "PATH", "A topic of AITopics. Repeatable."), "interests"),
    "examples": (
        _many("--example", "PAPER", "A liked paper: id, DOI, link or title. Repeatable."),
        "interests",
    ),
    "texts": (_many("--text", "SENTENCES", "An interest in plain language."), "interests"),
    "mute": (_many("--mute", "WORDS", "Never papers with these words. Repeatable."), "mute"),
    "mute_author": (_many("--mute-author", "NAME", "Never this author's papers."), "mute"),
    "mute_category": (_many("--mute-category", "CODE", "Never papers of a category."), "mute"),
    "mute_topic": (_many("--mute-topic", "PATH", "Never papers on a topic."), "mute"),
    "name": (_one("--name", "NAME", "What the digest is called."), "option"),
    "papers": (_one("--papers", "N", "At most so many papers.", int), "option"),
    "minutes": (_one("--minutes", "N", "Fewer, to be read in so many minutes.", int), "option"),
    "bar": (_one("--bar", "usual|high", "high: only what is clearly yours."), "option"),
    "trending": (_one("--trending", "N", "Of them popular ones, outside.", int), "option"),
    "language": (_one("--language", "en|ja", "ja also shows translations."), "option"),
    "mail_format": (_one("--mail-format", "html|txt|md", "The form of the mail."), "option"),
    "send_time": (_one("--send-time", "TIME", "When it is sent, like 07:00."), "option"),
    "weekdays": (_one("--weekdays", "DAYS", "On which days, like mon,wed,fri."), "option"),
    "updates": (
        _one("--updates", "none|withdrawn|all", "News of papers that were sent before."),
        "option",
    ),
    "timezone": (_one("--timezone", "ZONE", "Whose clock, like Europe/Berlin."), "option"),
}
_MUTES = {
    "mute": "phrases",
    "mute_author": "authors",
    "mute_category": "categories",
    "mute_topic": "topics",
}


def takes_profile(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options of a profile; it gets them as `told`, for `read_profile`."""

    @functools.wraps(command)
    def call(**given: Any) -> int:
        told = {name: given.pop(name) for name in _OPTIONS}
        return command(**given, told=told)

    own = [p for p in inspect.signature(command).parameters.values() if p.name != "told"]
    required = [p for p in own if p.default is inspect.Parameter.empty]
    optional = [p for p in own if p.default is not inspect.Parameter.empty]
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, (option, _) in _OPTIONS.items()
    ]
    ordered = [
        p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*required, *shared, *optional)
    ]
    call.__signature__ = inspect.Signature(ordered, return_annotation=int)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in ordered} | {"return": int}
    return call


def read_profile(told: dict[str, Any]) -> "Profile":
    """Return the profile in a file, or of options, or the file with the options laid over it.

    Raises:
        UsageError: neither names an interest.
        ProfileError: it cannot be used.
    """
    from digest.profiles import from_options

    options = _options(told)
    if told["profile"] is None and not options["interests"]:
        raise UsageError(
            "say what is wanted: --profile FILE, or options like --phrase and --author"
        )
    return from_options(told["profile"], options)


def read_options(told: dict[str, Any]) -> dict[str, Any]:
    """Return the same in the form of a file, to lay others' over it; it may name no interest.

    Raises:
        ProfileError: it cannot be used.
    """
    from digest.profiles import from_options, laid_over

    options = _options(told)
    from_options(told["profile"], options)
    return laid_over(told["profile"], options)


def _options(told: dict[str, Any]) -> dict[str, Any]:
    from digest.profiles import weighted

    options: dict[str, Any] = {"interests": {}, "mute": {}}
    for name, (_, place) in _OPTIONS.items():
        value = told[name]
        if value in (None, []) or not place:
            continue
        match place:
            case "interests":
                options["interests"][name] = [weighted(text) for text in value]
            case "mute":
                options["mute"][_MUTES[name]] = value
            case _:
                key = "format" if name == "mail_format" else name
                options[key] = value.split(",") if name == "weekdays" else value
    return options
