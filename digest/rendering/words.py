"""The words of an edition that are not a paper's own: sources, counts, reasons."""

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from digest import tex, text
from digest.models import Reason, ReasonKind
from digest.rendering.escaping import clean
from digest.wording import Wording, wording

MAX_REASONS = 3
MAX_SHARED_WORDS = 4
MAX_VALUE = 90
BETWEEN = ", "  # names and words in a row
SEPARATOR = " · "  # facts in a row

_SOURCES = {
    "huggingface": "Hugging Face",
    "arxiv": "arXiv",
    "arxivjp": "arXiv.jp",
    "aitopics": "AITopics",
    "biorxiv": "bioRxiv",
    "medrxiv": "medRxiv",
    "openreview": "OpenReview",
    "semanticscholar": "Semantic Scholar",
}
_COUNT = re.compile(r"(\d{1,12}) (upvotes?|comments?)")


def source_title(source: str, words: Wording) -> str:
    """Return a source's name for people; an unknown key stands for itself."""
    if source == "generic":
        return words.gettext("Web feed")
    return _SOURCES.get(source) or text.cut(clean(source), 40)


def shown_text(block: str, limit: int) -> str:
    """Return text from a feed as it may be shown: on one line, TeX as Unicode, bounded."""
    return _shown(block[: limit * 4], limit)


@lru_cache(maxsize=4_096)  # a day's papers come back in many editions
def _shown(begun: str, limit: int) -> str:
    return text.cut(clean(tex.to_unicode(clean(begun))), limit)


def authors(count: int, words: Wording) -> str:
    """Return how many authors there are, where no name is known."""
    return words.ngettext("%(num)s author", "%(num)s authors", count)


def more_authors(names: str, count: int, words: Wording) -> str:
    """Return names, and how many more there are."""
    return words.ngettext(
        "%(names)s and %(num)s more", "%(names)s and %(num)s more", count, names=names
    )


def upvotes(count: int, words: Wording) -> str:
    """Return a count of upvotes."""
    return words.ngettext("%(num)s upvote", "%(num)s upvotes", count)


def comments(count: int, words: Wording) -> str:
    """Return a count of comments."""
    return words.ngettext("%(num)s comment", "%(num)s comments", count)


def counts(shown: int, candidates: int, words: Wording) -> str:
    """Return how many papers are shown of how many."""
    return words.ngettext(
        "%(shown)s of %(num)s new paper",
        "%(shown)s of %(num)s new papers",
        candidates,
        shown=words.number(shown),
    )


def by_machine(source: str, words: Wording) -> str:
    """Return whose language model wrote a summary."""
    if not source:
        return words.gettext("Summary by a language model")
    return words.gettext("Summary by a language model (%(source)s)", source=source)


def omitted(count: int, words: Wording, *, on_the_web: bool) -> str:
    """Return how many papers had no room, and where they are."""
    if on_the_web:
        return words.ngettext(
            "%(num)s more paper on the web", "%(num)s more papers on the web", count
        )
    return words.ngettext(
        "%(num)s more paper did not fit here; the plain-text form of this edition has all of them.",
        "%(num)s more papers did not fit here; the plain-text form of this edition has all of"
        " them.",
        count,
    )


def shown_reasons(reasons: Sequence[Reason]) -> list[Reason]:
    """Return the reasons that a reader can check; links to them count in this order."""
    return [reason for reason in reasons if reason.kind is not ReasonKind.TASTE][:MAX_REASONS]


def reason_text(reason: Reason, language: str) -> str:
    """Return the words for one reason, in the language of the edition.

    Args:
        reason: what the ranker found; its words may come from a feed.
        language: its code; English for one that is not spoken here.
    """
    return _reason(reason.kind, reason.value, tuple(reason.words), language)


@lru_cache(maxsize=4_096)  # an interest brings several papers, and a word many readers
def _reason(kind: ReasonKind, told: str, by: tuple[str, ...], language: str) -> str:
    words = wording(language)
    value = shown_text(told, MAX_VALUE)
    shown = [shown_text(word, MAX_VALUE) for word in by[:MAX_SHARED_WORDS]]
    if kind is ReasonKind.POPULARITY:
        value = source_title(told, words)
        shown = [_spoken_count(word, words) for word in shown]
    elif kind is ReasonKind.UPDATE:
        shown = [_spoken_day(word, words) for word in by[:1]]
    elif kind is ReasonKind.TOPIC:
        value = value.rpartition(" > ")[2]
    return _told(kind, value, BETWEEN.join(w for w in shown if w), words)


def _told(kind: ReasonKind, value: str, shared: str, words: Wording) -> str:  # noqa: PLR0911, PLR0912
    """Return a reason's sentence; `shared` is what the paper shares with it, or nothing."""
    say = words.gettext
    match kind:
        case ReasonKind.PHRASE:
            return say("mentions “%(value)s”", value=value)
        case ReasonKind.WORDS if shared:
            return say("close to “%(value)s”: %(words)s", value=value, words=shared)
        case ReasonKind.WORDS:
            return say("close to “%(value)s”", value=value)
        case ReasonKind.AUTHOR:
            return say("by %(name)s, whom you follow", name=shared or value)
        case ReasonKind.NAMESAKE:
            return say("by %(name)s, perhaps the %(value)s you follow", name=shared, value=value)
        case ReasonKind.CATEGORY:
            return say("in %(value)s, which you follow", value=value)
        case ReasonKind.TOPIC if shared:
            return say("on %(value)s (confidence %(words)s)", value=value, words=shared)
        case ReasonKind.TOPIC:
            return say("on %(value)s", value=value)
        case ReasonKind.EXAMPLE if shared:
            return say("like “%(value)s”: %(words)s", value=value, words=shared)
        case ReasonKind.EXAMPLE:
            return say("like “%(value)s”", value=value)
        case ReasonKind.LIKED:
            return say("like “%(value)s”, which you liked", value=value)
        case ReasonKind.TASTE:
            return say("suits all your interests together")
        case ReasonKind.UPDATE if value == "withdrawn":
            return say("withdrawn by its authors; you were sent it on %(day)s", day=shared)
        case ReasonKind.UPDATE:
            return say("version %(value)s; you were sent it on %(day)s", value=value, day=shared)
        case ReasonKind.POPULARITY if shared:
            return say("%(words)s on %(source)s", words=shared, source=value)
        case ReasonKind.POPULARITY:
            return say("popular on %(source)s", source=value)


def _spoken_count(phrase: str, words: Wording) -> str:
    found = _COUNT.fullmatch(phrase)
    if not found:
        return phrase
    say = upvotes if found[2].startswith("upvote") else comments
    return say(int(found[1]), words)


def _spoken_day(day: str, words: Wording) -> str:
    try:
        return words.day_and_month(date.fromisoformat(day))
    except ValueError:
        return shown_text(day, MAX_VALUE)
