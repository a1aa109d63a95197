"""What an edition says beside its papers, as its templates show it."""

from datetime import date

from digest.models import FeedHealth, Lesson, Remarks
from digest.rendering.escaping import clean
from digest.rendering.view import Bar, Beside
from digest.rendering.words import BETWEEN, shown_text, source_title
from digest.wording import Wording

_LONGEST = 20  # blocks of the longest bar
_BLOCK = "█"
_MAX_NAME = 40
_MAX_WORDS = 60
_WEEK = 7  # days
_MAX_PROBLEM = 200
_MAX_SOURCES = 12


def beside(remarks: Remarks, day: date, words: Wording) -> Beside:
    """Return what stands beside the papers of a day, in the edition's language."""
    most = max((count.papers for count in remarks.week), default=0)
    heading = words.ngettext(
        "New papers on your interests in the last %(num)s day",
        "New papers on your interests in the last %(num)s days",
        remarks.days,
    )
    return Beside(
        heading=heading if most else "",
        bars=tuple(
            Bar(
                shown_text(count.title, _MAX_NAME),
                words.number(count.papers),
                _BLOCK * max(1, round(_LONGEST * count.papers / most)),
                max(1, round(100 * count.papers / most)),
            )
            for count in remarks.week
            if count.papers > 0
        ),
        on_top=remarks.weekly,
        thin=clean(remarks.thin),
        lessons=tuple(_lesson(lesson, day, words) for lesson in remarks.lessons),
        sources=_sources(remarks, words),
    )


def _lesson(lesson: Lesson, day: date, words: Wording) -> str:
    """Return what an answer brought; its day is a weekday where that is clear."""
    recent = 0 < (day - lesson.since).days < _WEEK
    since = words.weekday(lesson.since) if recent else words.day_and_month(lesson.since)
    told = shown_text(lesson.words, _MAX_WORDS)
    return words.gettext("More on “%(words)s” since %(day)s", words=told, day=since)


def spanning(counts: str, remarks: Remarks, words: Wording) -> str:
    """Return how many papers are shown, and since when where that is not about today."""
    if not counts or remarks.since is None:
        return counts
    day = words.day_and_month(remarks.since)
    return words.gettext("%(counts)s since %(day)s", counts=counts, day=day)


def trouble(health: FeedHealth, words: Wording) -> str:
    """Return what is wrong with a feed, in a line."""
    feed = clean(health.feed)
    match health.condition:
        case "failing":
            told = words.gettext("%(feed)s could not be read", feed=feed)
        case "refused":
            told = words.gettext("%(feed)s answered with something else than papers", feed=feed)
        case "stale" if health.unseen_date:
            return words.gettext(
                "%(feed)s has brought nothing new since %(day)s, though its source announced papers",
                feed=feed,
                day=words.day_and_month(health.unseen_date),
            )
        case "stale":
            return words.gettext("%(feed)s has brought nothing so far", feed=feed)
        case _:
            return f"{feed}: {shown_text(health.problem or '', _MAX_PROBLEM)}"
    if health.times < 2:
        return told
    return words.ngettext(
        "%(told)s (%(num)s time in a row)",
        "%(told)s (%(num)s times in a row)",
        health.times,
        told=told,
    )


def _sources(remarks: Remarks, words: Wording) -> str:
    """Return which sources were read, and which of them announce nothing today."""
    if not remarks.read:
        return ""
    read, quiet = (
        BETWEEN.join(dict.fromkeys(source_title(key, words) for key in keys[:_MAX_SOURCES]))
        for keys in (remarks.read, remarks.quiet)
    )
    if not quiet:
        return words.gettext("Read for this digest: %(sources)s.", sources=read)
    return words.gettext(
        "Read for this digest: %(sources)s. Nothing is announced today by: %(quiet)s.",
        sources=read,
        quiet=quiet,
    )
