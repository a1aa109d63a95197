"""Each interest ranks by itself: which candidates it matches, how strongly, and why.

Strengths run from 0 to 1 and mean the same for every kind of interest:

==========  ================================================================================
author      1 with the same given name, 0.7 with an initial or a last name alone
phrase      0.6 word for word (0.75 in the title) plus 0.25 x similarity; else 0.6 x similarity
topic       0.4 + 0.5 x the source's confidence
example     similarity to all examples and liked papers together (`learning`)
answers     the same, for the papers that are nearest to one that was liked by an answer
text        the same as a phrase word for word; else similarity
category    0.2 plus 0.2 x the likeness to the profile's other interests
==========  ================================================================================

The order says how specific an interest is; benchmarks have no authors or topics to tune it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from digest.models import Interest, InterestKind, Reason, ReasonKind
from digest.ranking.candidates import Candidates
from digest.ranking.examples import ANSWERED, Likes, like
from digest.ranking.features import Floats, Ints
from digest.ranking.learning import learn
from digest.ranking.match import Match, Wish, nothing
from digest.ranking.names import CERTAIN, Name
from digest.ranking.plain import cosines_of, middles
from digest.ranking.reasons import Vocabulary, shared_words
from digest.ranking.similarity import Similarity, similarities
from digest.ranking.taste import Told, shares, tastes

_PHRASE, _IN_TITLE, _PHRASE_MORE, _NEAR = 0.6, 0.15, 0.25, 0.6
_TOPIC, _TOPIC_MORE = 0.4, 0.5
_CATEGORY, _CATEGORY_MORE = 0.2, 0.2


@dataclass(frozen=True, slots=True)
class Matches:
    """What a profile says of all candidates.

    Attributes:
        each: a match for each wanted interest in the profile's order, and one for what was
            liked by answers, if anything was.
        likes: what examples and answers say together.
        words: by row, the taste of all phrases and sentences (z); None: there are none.
        share: how much that counts beside what matches.
    """

    each: tuple[Match, ...]
    likes: Likes
    words: Floats | None
    share: float


def match(
    candidates: Candidates, wishes: Sequence[Wish], *, plainly: bool = False
) -> list[Matches]:
    """Match every wanted interest of some readers, and what they answered.

    What several of them want is looked at once, and the products are made for all together; so
    this costs a fraction of matching one after the other, and comes to the same.

    Args:
        candidates: the day's papers.
        wishes: what the readers want.
        plainly: by plain cosines, to compare with (`plain`).
    """
    in_words = (InterestKind.PHRASE, InterestKind.TEXT)
    texts = [i.value for w in wishes for i in w.profile.wanted if i.kind in in_words]
    distinct = list(dict.fromkeys(texts))
    compare = cosines_of if plainly else similarities
    near = dict(zip(distinct, compare(candidates, distinct), strict=True))
    found = {text: _found(candidates, text, near[text]) for text in distinct}
    told = [[] if plainly else _told(candidates, wish, near) for wish in wishes]
    return [
        Matches(_each(candidates, wish, likes, found), likes, z if words else None, share)
        for wish, likes, words, z, share in zip(
            wishes,
            like(candidates, wishes, middles if plainly else learn),
            told,
            tastes(candidates, told),
            shares(told),
            strict=True,
        )
    ]


def _told(candidates: Candidates, wish: Wish, near: Mapping[str, Similarity]) -> list[Told]:
    """Return what a reader says in words."""
    return [
        Told(near[i.value], candidates.meaning(wish.meanings.get(i.value)), i.weight)
        for i in wish.profile.wanted
        if i.kind in (InterestKind.PHRASE, InterestKind.TEXT)
    ]


def _each(
    candidates: Candidates, wish: Wish, likes: Likes, found: Mapping[str, "_Found"]
) -> tuple[Match, ...]:
    """Match every wanted interest of a reader, and what was liked by answers, if anything was."""
    matches = []
    for interest in wish.profile.wanted:
        match interest.kind:
            case InterestKind.EXAMPLE:
                matches.append(likes.match(candidates, interest))
            case InterestKind.ANSWERS:
                matches.append(nothing(interest, len(candidates.papers)))
            case InterestKind.PHRASE:
                matches.append(_match_words(interest, found[interest.value], _NEAR))
            case InterestKind.TEXT:
                matches.append(_match_words(interest, found[interest.value], 1.0))
            case InterestKind.AUTHOR:
                matches.append(_match_author(candidates, interest))
            case InterestKind.TOPIC:
                matches.append(_match_topic(candidates, interest))
            case InterestKind.CATEGORY:
                matches.append(_match_category(candidates, interest))
    if likes.answered:
        matches.append(likes.match(candidates, ANSWERED))
    return _order_categories(matches, len(candidates.papers))


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a phrase or text stands, and how similar papers are to it; the same for all readers.

    Attributes:
        rows: where it stands word for word. in_title: and where in the title.
        words: gives the words that a row shares with it.
    """

    near: Similarity
    rows: Ints
    in_title: Ints
    words: Callable[[int], tuple[str, ...]]


def _found(candidates: Candidates, text: str, near: Similarity) -> _Found:
    words: dict[int, tuple[str, ...]] = {}
    terms: list[Vocabulary] = []

    def words_at(row: int) -> tuple[str, ...]:
        if row not in words:
            if not terms:
                terms.append(
                    Vocabulary.of(
                        candidates.features, near.rows.own, near.rows.telling, near.number
                    )
                )
            words[row] = shared_words(candidates, row, terms[0])
        return words[row]

    return _Found(near, *candidates.phrase_rows(text), words_at)


def _match_words(interest: Interest, found: _Found, near_weight: float) -> Match:
    """Match a phrase or a text: word for word, or by similarity, which weighs `near_weight`."""
    near, rows = found.near, found.rows
    strength = near_weight * near.matches
    strength[rows] = _PHRASE + _PHRASE_MORE * near.strength[rows]
    strength[found.in_title] += _IN_TITLE
    exact = frozenset(rows.tolist())

    def why(row: int, part: float) -> Reason:
        if row in exact:
            return Reason(ReasonKind.PHRASE, interest.value, (), part)
        return Reason(ReasonKind.WORDS, interest.value, found.words(row), part)

    likeness = np.maximum(near_weight * near.strength, strength)
    return Match(interest, strength, likeness, why, near=near)


def _match_author(candidates: Candidates, interest: Interest) -> Match:
    rows = candidates.index.authored(interest.value)
    strength = np.zeros(len(candidates.papers))
    for row, (sure, _) in rows.items():
        strength[row] = sure
    wanted = Name.parse(interest.value)

    def why(row: int, part: float) -> Reason:
        sure, written = rows[row]
        is_named = sure == CERTAIN or Name.parse(written) == wanted
        kind = ReasonKind.AUTHOR if is_named else ReasonKind.NAMESAKE
        return Reason(kind, interest.value, (written,), part)

    return Match(interest, strength, strength, why)


def _match_topic(candidates: Candidates, interest: Interest) -> Match:
    topics = candidates.index.about(interest.value)
    strength = np.zeros(len(candidates.papers))
    for row, topic in topics.items():
        strength[row] = _TOPIC + _TOPIC_MORE * min(max(topic.confidence, 0.0), 1.0)

    def why(row: int, part: float) -> Reason:
        topic = topics[row]
        return Reason(ReasonKind.TOPIC, str(topic), (f"{topic.confidence:.2f}",), part)

    return Match(interest, strength, strength, why)


def _match_category(candidates: Candidates, interest: Interest) -> Match:
    strength = np.zeros(len(candidates.papers))
    strength[candidates.index.in_category(interest.value)] = _CATEGORY
    return Match(
        interest,
        strength,
        strength,
        lambda _, part: Reason(ReasonKind.CATEGORY, interest.value, (), part),
    )


def _order_categories(matches: Sequence[Match], n: int) -> tuple[Match, ...]:
    """Let papers of a category rank by their likeness to what else the subscriber wants."""
    is_category = [m.interest.kind is InterestKind.CATEGORY for m in matches]
    others = [m.likeness for m, category in zip(matches, is_category, strict=True) if not category]
    more = _CATEGORY_MORE * np.max([np.zeros(n), *others], axis=0)
    ordered = []
    for match, category in zip(matches, is_category, strict=True):
        if category:
            strength = np.where(match.strength > 0, match.strength + more, 0.0)
            ordered.append(replace(match, strength=strength, likeness=strength))
        else:
            ordered.append(match)
    return tuple(ordered)
