"""Tells the last papers of an edition more briefly, step by step, to make it smaller.

Of n papers, the first n steps shorten the abstracts, from the last paper up; the next n leave
abstracts away; the last n leave the papers away and say how many are missing.
"""

from dataclasses import replace

from digest.rendering import words as say
from digest.rendering.excerpts import excerpt
from digest.rendering.view import CJK_LANGUAGES, Card, Page

BRIEF = 160  # characters of a shortened abstract; half of it in CJK
LEFT_OUT = 3  # the level at which a card is not there any more


def level_of(number: int, count: int, steps: int) -> int:
    """Return how briefly a paper is told: 0 in full, 1 shortened, 2 bare, 3 not at all.

    Args:
        number: of the paper, from 1.
        count: how many papers there are.
        steps: how many steps are taken.
    """
    place = count - number  # 0 for the last paper
    return (steps - place + count - 1) // count if steps > place else 0


def shortened(view: Page, steps: int) -> Page:
    """Return the page after so many steps."""
    count = sum(len(section.cards) for section in view.sections)
    sections, omitted = [], 0
    for section in view.sections:
        cards = []
        for card in section.cards:
            level = level_of(card.number, count, steps)
            if level >= LEFT_OUT:
                omitted += 1
            else:
                cards.append(briefer(card, level))
        if cards:
            sections.append(replace(section, cards=tuple(cards)))
    return replace(view, sections=tuple(sections), omitted=told_omitted(view, omitted))


def is_cut(view: Page, steps: int) -> bool:
    """Tell whether papers of an outline are left out after so many steps; the last one goes first."""
    count = sum(len(section.own) for section in view.sections)
    return count > 0 and level_of(count, count, steps) >= LEFT_OUT


def told_omitted(view: Page, omitted: int) -> str:
    """Return what is said of papers that had no room; empty: all are there."""
    return say.omitted(omitted, view.words, on_the_web=bool(view.view)) if omitted else ""


def briefer(card: Card, level: int) -> Card:
    """Return a card as it is told at a level."""
    if level == 0 or not card.passages:
        return card
    if level == LEFT_OUT - 1:
        return replace(card, passages=(), closest=None, tldr=None)
    first = card.passages[0]
    brief = BRIEF // 2 if first.lang.startswith(CJK_LANGUAGES) else BRIEF
    short = excerpt(first.text, 1, brief)
    more = short.more or any(passage.more for passage in card.passages)
    passage = replace(first, text=short.text, more=more)
    return replace(card, passages=(passage,), closest=None)
