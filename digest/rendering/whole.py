"""Whole cards: what all readers share of a paper's card, and what is one reader's own."""

from dataclasses import replace

from digest.models import AnswerKind
from digest.rendering.view import Card, Link, Own, Page
from digest.wording import Wording


def whole(view: Page) -> Page:
    """Return an outline with its cards."""
    return replace(
        view,
        sections=tuple(
            replace(section, cards=tuple(card_of(own, view.words) for own in section.own), own=())
            for section in view.sections
        ),
    )


def card_of(own: Own, words: Wording) -> Card:
    """Return the card of a paper for one reader, with the links to answer on it."""
    address, links, tuning = own.answer_page, tuple[Link, ...](), tuple[str, ...]()
    if address:
        wanted = (
            (words.gettext("More like this"), f"?answer={AnswerKind.MORE}"),
            (words.gettext("Less"), f"?answer={AnswerKind.LESS}"),
            (words.gettext("Save"), f"?answer={AnswerKind.SAVE}"),
            (words.gettext("Mute"), ""),
        )
        links = tuple(Link(label, address + query) for label, query in wanted)
        tuning = tuple(f"{address}?why={number}" for number in range(len(own.reasons)))
    return replace(
        own.shared,
        number=own.number,
        reasons=own.reasons,
        closest=own.closest,
        answer_page=address,
        answers=links,
        tuning=tuning,
        shared=own.shared,
    )
