"""Sayings: what an edition says itself, in the language of its reader."""

from collections.abc import Mapping, Sequence

from digest.models import Edition, FeedHealth, Interest, InterestKind, Profile, Ranking, ids_of
from digest.text import collapse, cut
from digest.wording import Wording

_HEADING = 60  # characters of a section's title
_FEW = 2  # papers, where a subscriber wants many more


def heading(interest: Interest, titles: Mapping[str, str], words: Wording) -> str:
    """Return an interest in a few words; `titles` are those of example papers."""
    told = _heading(interest, titles, words)
    return words.gettext("%(interest)s: this week", interest=told) if interest.weekly else told


def _heading(interest: Interest, titles: Mapping[str, str], words: Wording) -> str:
    if interest.kind is InterestKind.ANSWERS:
        return words.gettext("Like what you liked")
    if interest.kind is InterestKind.EXAMPLE:
        title = titles.get(interest.value, interest.value)
        return cut(words.gettext("Like: %(title)s", title=collapse(title)), _HEADING)
    if interest.kind is InterestKind.TOPIC:
        return cut(collapse(interest.value.rpartition(">")[2]), _HEADING)
    return cut(collapse(interest.value), _HEADING)


def outside_heading(profile: Profile, words: Wording) -> str:
    """Return the heading of popular papers; without interests there is nothing to be outside of."""
    if profile.wanted:
        return words.gettext("Rising outside your profile")
    return words.gettext("Rising now")


def silence(  # noqa: PLR0911
    ranking: Ranking,
    profile: Profile,
    troubled: Sequence[FeedHealth],
    quiet: bool,
    words: Wording,
) -> str:
    """Return why the edition is empty, in a sentence."""
    if ranking.candidates == 0 and ranking.muted:
        return words.gettext(
            "%(papers)s, all of what you muted.", papers=_papers(ranking.muted, words)
        )
    if ranking.below_bar:
        return words.ngettext(
            "%(papers)s; %(num)s came near your interests, below your bar.",
            "%(papers)s; %(num)s came near your interests, below your bar.",
            ranking.below_bar,
            papers=_papers(ranking.candidates, words),
        )
    if ranking.candidates and profile.wanted:
        return words.gettext(
            "%(papers)s, none matches your interests.", papers=_papers(ranking.candidates, words)
        )
    if ranking.candidates:
        return words.gettext(
            "%(papers)s, none of them popular, and your profile names no interests.",
            papers=_papers(ranking.candidates, words),
        )
    if troubled:
        feeds = ", ".join(feed.feed for feed in troubled)
        return words.gettext(
            "No new papers came in, and there is trouble with %(feeds)s.", feeds=feeds
        )
    if quiet:
        return words.gettext(
            "No new papers: the sources announce nothing at weekends and on holidays."
        )
    return words.gettext("No new papers were collected since your last edition.")


def thinness(
    edition: Edition, ranking: Ranking, profile: Profile, quiet: bool, words: Wording
) -> str:
    """Return why there are few papers, in a sentence; "" when there are not, or none at all."""
    shown = len(edition.papers)
    if not shown or not profile.wanted or shown > min(_FEW, profile.papers // 3):
        return ""
    if edition.health:
        feeds = ", ".join(feed.feed for feed in edition.health)
        return words.gettext("Few papers this time: there is trouble with %(feeds)s.", feeds=feeds)
    if quiet:
        return words.gettext(
            "Few papers this time: the sources announce nothing at weekends and on holidays."
        )
    if ranking.below_bar:
        return words.ngettext(
            "Few papers this time: of %(papers)s, %(num)s more came near your interests, below your"
            " bar.",
            "Few papers this time: of %(papers)s, %(num)s more came near your interests, below your"
            " bar.",
            ranking.below_bar,
            papers=_papers(ranking.candidates, words),
        )
    matched = set[int]().union(*(ids_of(papers) for _, papers in ranking.by_interest))
    if not matched <= {scored.paper.paper_id for scored in edition.papers}:
        return ""  # there was no time to read more, or the others say nearly the same
    return words.gettext(
        "Few papers this time: of %(papers)s, no others match your interests.",
        papers=_papers(ranking.candidates, words),
    )


def _papers(count: int, words: Wording) -> str:
    return words.ngettext("%(num)s new paper", "%(num)s new papers", count)
