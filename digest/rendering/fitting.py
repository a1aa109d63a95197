"""How much of an edition has to go for its HTML to fit: guessed from its words, then tried."""

from collections.abc import Callable
from functools import lru_cache

from digest.rendering.shortening import LEFT_OUT, briefer, level_of
from digest.rendering.view import Card, Page, Passage

# What a paragraph takes beside its words, with the style that it gets; and a card with its links.
_PARAGRAPH = 280
_CARD = 2_600


def fewest_steps(view: Page, excess: int, fits: Callable[[int], bool]) -> int:
    """Return the fewest steps of `shortened` after which the HTML fits.

    More steps make a smaller page. All of them together are taken to do, and are not tried.

    Args:
        view: the page, which does not fit as it is.
        excess: by how many bytes.
        fits: tells for a number of steps; it renders, which is what costs.
    """
    most = 3 * sum(len(section.cards) for section in view.sections)
    low, high = 0, most
    at, stride = _guess(view, excess, most), 1
    while high - low > 1:
        if not low < at < high or stride > (high - low) // 2:
            at = min(max(at, low + 1), high - 1) if stride == 1 else (low + high) // 2
        if fits(at):
            high, at = at, at - stride
        else:
            low, at = at, at + stride
        stride *= 2
    return high


def _guess(view: Page, excess: int, most: int) -> int:
    """Return the fewest steps that leave out so many bytes, by a rough count."""
    cards = [card for section in view.sections for card in section.cards]
    weights = [_weights(card) for card in cards]

    def weight(steps: int) -> int:
        return sum(
            by_level[level_of(card.number, len(cards), steps)]
            for card, by_level in zip(cards, weights, strict=True)
        )

    whole = weight(0)
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        if whole - weight(middle) >= excess:
            high = middle
        else:
            low = middle
    return high


def _weights(card: Card) -> tuple[int, ...]:
    """Return what a card takes at each level."""
    full, brief, bare = _shared_weights(card.shared or card)
    closest = _words(card.closest) if card.shared and card.closest else 0
    kept = 0 if card.passages else closest
    return full + closest, brief + kept, bare + kept, 0


@lru_cache(maxsize=2_048)  # a day's papers come back in many editions
def _shared_weights(card: Card) -> tuple[int, int, int]:
    full, brief, bare = (
        sum(map(_words, [*told.passages, *([told.closest] if told.closest else [])]))
        for told in (briefer(card, level) for level in range(LEFT_OUT))
    )
    return _CARD + full, _CARD + brief, _CARD + bare


def _words(passage: Passage) -> int:
    return _PARAGRAPH * (2 if passage.label else 1) + len(passage.text.encode())
