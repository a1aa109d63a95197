"""COMPOSE: a ranking in, one edition out. Pure.

Each interest ranks by itself, so what is left to decide is who gets the places. Popular
papers outside the interests have their share (`Profile.trending`); interests get the rest,
and what trending leaves; a profile without interests is all trending. An interest with a good
paper gets a first place before any other gets its second, so a small one is never drowned by
a big one. After that the next place goes to the one that has the fewest for its weight, and an
interest without further papers drops out.

Which paper it is, is decided by maximal marginal relevance (Carbonell and Goldstein, 1998):
0.7 of the score by the interest's best, less 0.3 of the likeness to the most similar paper
that stands there already. A paper stands once in an edition, and near-duplicates of it (the
same title, nearly the same abstract) not at all. The edition ends at so many papers, or at so
many minutes of reading, whichever comes first; but there is always room for one.

``places`` decides that; ``sayings`` is what an edition says itself, in the reader's language, and
``remarks`` what stands beside its papers. ``updates`` adds papers that were sent before and have changed.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from digest.composing.places import Chosen, Nearness, Share, fill, same_again
from digest.composing.remarks import lessons, remarks
from digest.composing.sayings import heading, outside_heading, silence
from digest.composing.updates import with_updates
from digest.models import Bar, Edition, FeedHealth, Profile, Ranking, ScoredPaper, Section, ids_of
from digest.wording import Wording, wording

__all__ = ["Nearness", "compose", "lessons", "remarks", "same_again", "with_updates"]

_MANY_SECTIONS = 5  # beyond, sections of one paper share one heading,
_FEW = 2  # if there are at least so many


def compose(
    ranking: Ranking,
    profile: Profile,
    *,
    edition_date: date,
    composed_at: datetime,
    health: Sequence[FeedHealth] = (),
    quiet: bool = False,
    nearness: Nearness | None = None,
) -> Edition:
    """Choose an edition's papers and put them into sections.

    Args:
        ranking: the candidates as the profile sees them.
        profile: how many papers, how many of them trending.
        edition_date: a day in the subscriber's zone.
        composed_at: the instant up to which papers were considered.
        health: feeds, of which those with a problem are named in the edition.
        quiet: whether the sources announce nothing today, so that silence is no surprise.
        nearness: tells how near papers are to the chosen ones; nothing is chosen yet. None: none
            are near.
    """
    words = wording(profile.language)
    troubled = tuple(feed for feed in health if feed.problem)
    chosen = Chosen(nearness, profile.minutes)
    shares = [Share(interest, papers) for interest, papers in ranking.by_interest]
    matched = set[int]().union(*(ids_of(papers) for _, papers in ranking.by_interest))
    outside = [s for s in ranking.popular if s.paper.paper_id not in matched]
    kept = _outside(profile)
    fill(shares, chosen, profile.papers - kept)
    trending = chosen.take(outside, kept)
    fill(shares, chosen, profile.papers - chosen.count)
    sections = _sections(ranking, (s for share in shares for s in share.placed), words)
    if trending:
        sections.append(Section(outside_heading(profile, words), None, tuple(trending)))
    return Edition(
        edition_date=edition_date,
        composed_at=composed_at,
        name=profile.name,
        language=profile.language,
        sections=tuple(sections),
        candidates=ranking.candidates,
        silence=None if sections else silence(ranking, profile, troubled, quiet, words),
        health=troubled,
    )


def _outside(profile: Profile) -> int:
    """Return how many places popular papers outside the interests may have."""
    if not profile.wanted:
        return profile.papers
    return 0 if profile.bar is Bar.HIGH else min(profile.trending, profile.papers)


def _sections(ranking: Ranking, placed: Iterable[ScoredPaper], words: Wording) -> list[Section]:
    """Put each placed paper under the interest for which it scores best, in the profile's order.

    Where there would be many sections, those of one paper share a heading at the end.
    """
    ids = {scored.paper.paper_id for scored in placed}
    best: dict[int, tuple[int, ScoredPaper]] = {}
    for number, (_, papers) in enumerate(ranking.by_interest):
        for place, key in enumerate(ids_of(papers)):
            if key in ids and (key not in best or papers[place].score > best[key][1].score):
                best[key] = number, papers[place]
    groups: list[list[ScoredPaper]] = [[] for _ in ranking.by_interest]
    for number, scored in best.values():
        groups[number].append(scored)
    groups = [sorted(group, key=_by_score) for group in groups if group]
    single = [group[0] for group in groups if len(group) == 1]
    if len(groups) <= _MANY_SECTIONS or len(single) < _FEW:
        return [_section(group, ranking, words) for group in groups]
    sections = [_section(group, ranking, words) for group in groups if len(group) > 1]
    shared = (
        words.gettext("From your other interests")
        if sections
        else words.gettext("From your interests")
    )
    single.sort(key=_by_score)
    return [*sections, Section(shared, single[0].interest, tuple(single))]


def _by_score(scored: ScoredPaper) -> tuple[float, int]:
    return -scored.score, scored.paper.paper_id


def _section(papers: Sequence[ScoredPaper], ranking: Ranking, words: Wording) -> Section:
    """Return a section of one interest's papers, best first."""
    interest = papers[0].interest
    assert interest is not None
    return Section(heading(interest, ranking.titles, words), interest, tuple(papers))
