"""How much of an edition has to go for its HTML to fit: guessed from its words, then tried."""

from collections.abc import Callable

from digest.rendering.cards import shortened
from digest.rendering.view import Card, Page

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
    whole = _weight(view)
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        if whole - _weight(shortened(view, middle)) >= excess:
            high = middle
        else:
            low = middle
    return high


def _weight(view: Page) -> int:
    return sum(_CARD + _words(card) for section in view.sections for card in section.cards)


def _words(card: Card) -> int:
    shown = [*card.passages, *([card.closest] if card.closest else [])]
    labels = sum(bool(passage.label) for passage in shown)
    return sum(_PARAGRAPH + len(p.text.encode()) for p in shown) + labels * _PARAGRAPH
