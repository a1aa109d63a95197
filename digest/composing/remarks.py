"""Remarks: what an edition says beside its papers. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from digest.composing.sayings import heading, thinness
from digest.models import (
    Edition,
    Interest,
    InterestCount,
    Lesson,
    Profile,
    Ranking,
    ReasonKind,
    Remarks,
    ScoredPaper,
)
from digest.wording import wording

_LEARNT = frozenset({ReasonKind.LIKED, ReasonKind.EXAMPLE})
_SHOWN = 8  # interests in the chart
_LESSONS = 2
_SEVERAL = 3  # days; an edition about fewer is about the day


def remarks(
    edition: Edition,
    ranking: Ranking,
    profile: Profile,
    *,
    counts: Sequence[tuple[Interest, int]],
    days: int,
    since: date | None,
    quiet: bool,
    sources: Mapping[str, bool],
) -> Remarks:
    """Return what an edition says beside its papers.

    Args:
        edition: its papers.
        ranking: what they were chosen from.
        profile: what its subscriber wants.
        counts: how many papers of the last `days` match each interest.
        days: how many days `counts` is about.
        since: the day of the edition before; None: there is none.
        quiet: whether the sources announce nothing today.
        sources: keys of those that were read, and whether each announces nothing today.
    """
    words = wording(edition.language)
    titled = [
        InterestCount(heading(replace(i, weekly=False), ranking.titles, words), n)
        for i, n in counts
        if n
    ]
    titled.sort(key=lambda count: -count.papers)
    several = since is not None and (edition.edition_date - since).days >= _SEVERAL
    return Remarks(
        since=since if several else None,
        weekly=len(profile.schedule.weekdays) == 1,
        week=tuple(titled[:_SHOWN]),
        days=days,
        thin=thinness(edition, ranking, profile, quiet, words),
        read=tuple(sources),
        quiet=tuple(source for source, is_quiet in sources.items() if is_quiet),
    )


def lessons(papers: Iterable[ScoredPaper], liked: Mapping[str, date]) -> tuple[Lesson, ...]:
    """Return what answers brought into an edition.

    Args:
        papers: of the edition, with their reasons.
        liked: titles of papers that were liked in the last days, each with the day.
    """
    found: dict[str, Lesson] = {}
    for scored in papers:
        for reason in scored.reasons:
            if reason.kind in _LEARNT and reason.value in liked:
                # The longest term that both have says most.
                words = max(reason.words, key=lambda w: (w.count(" "), len(w)), default="")
                told = Lesson(words or reason.value, liked[reason.value])
                found.setdefault(reason.value, told)
    return tuple(found.values())[:_LESSONS]
