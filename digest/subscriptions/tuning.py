"""Tuning: more, less or none of what a reason names, as a change of the profile. Pure.

Saying the same twice changes nothing more: *more* makes an interest weigh at least 2, *less* at
most a half, and *none* mutes it.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from digest.models import Interest, InterestKind, Profile, Reason, ReasonKind, Updates
from digest.text import fold

_MORE, _LESS = 2.0, 0.5  # weights
_MANY, _FEW = 4, 1  # popular papers from outside

_KINDS = {
    ReasonKind.PHRASE: {InterestKind.PHRASE, InterestKind.TEXT},
    ReasonKind.WORDS: {InterestKind.PHRASE, InterestKind.TEXT},
    ReasonKind.AUTHOR: {InterestKind.AUTHOR},
    ReasonKind.NAMESAKE: {InterestKind.AUTHOR},
    ReasonKind.CATEGORY: {InterestKind.CATEGORY},
    ReasonKind.TOPIC: {InterestKind.TOPIC},
    ReasonKind.EXAMPLE: {InterestKind.EXAMPLE},
}


class Wish(StrEnum):
    """What a reader can say of a reason; the values stand in forms, beside those of answers."""

    MORE = "tune_more"
    LESS = "tune_less"
    NONE = "tune_none"


def tuned(
    profile: Profile, reason: Reason, wish: Wish, titles: Mapping[str, str]
) -> Profile | None:
    """Return the profile that follows a wish; None: what the reason names is not in it.

    Args:
        profile: the reader's.
        reason: why a paper came.
        wish: what is said of it.
        titles: of example papers, by what the profile calls them.
    """
    match reason.kind:
        case ReasonKind.POPULARITY:
            return _popular(profile, wish)
        case ReasonKind.UPDATE:
            updates = {Wish.MORE: Updates.ALL, Wish.LESS: Updates.WITHDRAWN}
            return replace(profile, updates=updates.get(wish, Updates.NONE))
    named = [i for i in profile.wanted if _names(i, reason, titles)]
    if not named:
        return None
    changed = (_changed(i, wish) if i in named else i for i in profile.interests)
    return replace(profile, interests=tuple(i for i in changed if i is not None))


def _popular(profile: Profile, wish: Wish) -> Profile:
    match wish:
        case Wish.MORE:
            count = max(profile.trending, min(_MANY, profile.papers))
        case Wish.LESS:
            count = min(profile.trending, _FEW)
        case Wish.NONE:
            count = 0
    return replace(profile, trending=count)


def _names(interest: Interest, reason: Reason, titles: Mapping[str, str]) -> bool:
    """Tell whether a reason is about an interest."""
    if interest.kind not in _KINDS.get(reason.kind, ()):
        return False
    mine, told = fold(interest.value), fold(reason.value)
    if interest.kind is InterestKind.TOPIC:
        return mine in told  # a part of the path is enough
    return told in (mine, fold(titles.get(interest.value, "")))


def _changed(interest: Interest, wish: Wish) -> Interest | None:
    match wish:
        case Wish.MORE:
            return replace(interest, weight=max(interest.weight, _MORE))
        case Wish.LESS:
            return replace(interest, weight=min(interest.weight, _LESS))
        case Wish.NONE if interest.kind is InterestKind.TEXT:
            return None  # sentences cannot be muted
        case Wish.NONE:
            return Interest(interest.kind, interest.value, muted=True)
