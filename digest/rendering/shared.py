"""Editions put together from fragments that many of them share.

::

    structure ──templates, css_inline──► skeleton ──a paper's words──► fragment ──a reader's──► edition
     (once)                                        (once a day)                   (joining)

What comes out is, byte for byte, what filling the whole templates gives. Templates that do not
let themselves be taken apart are filled whole for each edition (`NotSharedError`).
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from digest.errors import RenderError
from digest.models import Block
from digest.rendering import fitting
from digest.rendering.blocks import HTML, TEXT, Item, Sheet, items, size
from digest.rendering.shortening import LEFT_OUT, briefer, level_of, told_omitted
from digest.rendering.skeletons import (
    Skeleton,
    Skeletons,
    card_of_paper,
    frame_texts,
    own_texts,
    texts_of,
)
from digest.rendering.slots import Hole, bound
from digest.rendering.templating import Templates
from digest.rendering.view import Card, Page

_FORMS = {"html": HTML, "txt": TEXT}
_MAX_FRAMES = 300
_MAX_SKELETONS = 2_000
_MAX_FRAGMENTS = 24_000_000  # bytes; with what channels keep of them, three times as much
# So many bytes too many are no mistake of reckoning without what folding lines adds or takes.
_SURELY = 2_000

Pieces = tuple[Block | str, ...]
T = TypeVar("T")


class NotSharedError(RenderError):
    """The templates do not let themselves be taken apart."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """The frame of editions of one structure: its items, in stretches from hole to hole.

    `size`: bytes without any reader's words.
    """

    skeleton: Skeleton
    stretches: tuple[tuple[tuple[Item, ...], int | None], ...]
    size: int


@dataclass(frozen=True, slots=True)
class _Fragment:
    """A paper's card but for what is the reader's own.

    Attributes:
        card: what all readers share of it; as long as it is kept, its id is not given again.
        size: bytes without what is the reader's own.
    """

    card: Card
    items: tuple[Item, ...]
    size: int


class _Memory(Generic[T]):
    """Remembers what was used last, up to a weight in all."""

    def __init__(self, limit: int, weigh: Callable[[T], int] = lambda _: 1) -> None:
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._limit = limit
        self._weigh = weigh
        self._weight = 0

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under a key; make it if nothing is."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found[0]
        made = make()
        weight = self._weigh(made)
        self._kept[key] = made, weight
        self._weight += weight
        while self._weight > self._limit and len(self._kept) > 1:
            self._weight -= self._kept.popitem(last=False)[1][1]
        return made


class _Own:
    """What is a reader's own on one card, by level."""

    __slots__ = ("brief", "card", "texts")

    def __init__(self, card: Card) -> None:
        self.card = card
        self.texts = own_texts(card)
        # A card that is told briefly has no closest sentence; it comes last.
        cut = card.closest is not None and bool(card.passages)
        self.brief = self.texts[:-2] if cut else self.texts

    def at(self, level: int) -> list[str]:
        return self.brief if level else self.texts


class Shared:
    """Puts editions together from shared fragments.

    Args:
        templates: the folder of templates.
        inline: puts the styles of HTML into its elements.
        notes: the operator's words, by kind of template.
    """

    def __init__(
        self, templates: Templates, inline: Callable[[str], str], notes: dict[str, str]
    ) -> None:
        self._skeletons = Skeletons(templates, inline)
        self._notes = notes
        self._frames: _Memory[_Frame] = _Memory(_MAX_FRAMES)
        self._cards: _Memory[Skeleton] = _Memory(_MAX_SKELETONS)
        self._fragments: _Memory[_Fragment] = _Memory(_MAX_FRAGMENTS, lambda f: f.size)

    def html(self, view: Page, own: "OwnTexts", limit: int) -> tuple[Pieces, int]:
        """Return the HTML of an edition, and after how many steps of `shortened` it fits.

        Args:
            view: the edition.
            own: what `own_of` returned of it.
            limit: in bytes.

        Raises:
            NotSharedError: it cannot be made like this.
        """
        excess = self._excess(view, own, limit)
        if excess < _SURELY:
            whole = self._made("html", view, own, 0)
            excess = size(whole) - limit
            if excess <= 0:
                return whole, 0
        tried: dict[int, Pieces] = {}

        def fits(steps: int) -> bool:
            tried[steps] = self._made("html", view, own, steps)
            return size(tried[steps]) <= limit

        steps = fitting.fewest_steps(view, excess, fits)
        if steps not in tried:
            fits(steps)
        return tried[steps], steps

    def _excess(self, view: Page, own: "OwnTexts", limit: int) -> int:
        """Return by how many bytes the HTML is too long, told from what it is put together of."""
        texts = frame_texts(view)
        found = sum(map(len, texts)) - limit
        try:
            frame = self._frame("html", view, texts)
            found += frame.size
            for cards in own:
                for mine in cards:
                    found += self._fragment("html", view, mine, 0, frame).size
                    found += sum(map(len, mine.texts)) - len(mine.card.answer_page)
        except Exception as error:  # A template is the operator's program: it may do anything.
            raise NotSharedError(str(error)) from error
        return found

    def text(self, view: Page, own: "OwnTexts", steps: int = 0) -> Pieces:
        """Return the plain text of an edition after so many steps of `shortened`; see `html`."""
        return self._made("txt", view, own, steps)

    def _made(self, kind: str, view: Page, own: "OwnTexts", steps: int) -> Pieces:
        try:
            return self._put_together(kind, view, own, steps)
        except Exception as error:  # A template is the operator's program: it may do anything.
            raise NotSharedError(str(error)) from error

    def _put_together(self, kind: str, view: Page, own: "OwnTexts", steps: int) -> Pieces:
        count = sum(map(len, own))
        levels = [[level_of(o.card.number, count, steps) for o in cards] for cards in own]
        page = view
        if steps:
            omitted = sum(level >= LEFT_OUT for each in levels for level in each)
            left = [any(level < LEFT_OUT for level in each) for each in levels]
            sections = tuple(s for s, there in zip(view.sections, left, strict=True) if there)
            page = replace(view, sections=sections, omitted=told_omitted(view, omitted))
            own = [cards for cards, there in zip(own, left, strict=True) if there]
            levels = [each for each, there in zip(levels, left, strict=True) if there]
        texts = frame_texts(page)
        frame = self._frame(kind, page, texts)
        sheet = Sheet(_FORMS[kind])
        for stretch, section in frame.stretches:
            sheet.add(stretch, texts)
            if section is not None:
                for mine, level in zip(own[section], levels[section], strict=True):
                    if level < LEFT_OUT:
                        fragment = self._fragment(kind, page, mine, level, frame)
                        sheet.add(fragment.items, mine.at(level))
        return sheet.pieces()

    def _frame(self, kind: str, page: Page, texts: Sequence[str]) -> _Frame:
        beside = page.beside
        structure = (
            *(kind, page.words.language, page.title, page.receive, beside.on_top),
            *(len(page.sections), len(page.problems), len(beside.bars), len(beside.lessons)),
            tuple(link.label for link in page.footer),
            tuple(map(bool, texts)),
        )

        def make() -> _Frame:
            skeleton = self._skeletons.frame(kind, page, self._notes[kind])
            laid = items(skeleton.pieces, _FORMS[kind])
            return _Frame(skeleton, _stretches(laid), _fixed(laid))

        return self._frames.get(structure, make)

    def _fragment(self, kind: str, page: Page, mine: _Own, level: int, frame: _Frame) -> _Fragment:
        card, own = mine.card, mine.at(level)
        shared = card.shared
        if shared is None:
            raise ValueError("a card that shares nothing")
        structure = (
            *(len(card.reasons), len(card.answers), len(card.tuning), len(own)),
            tuple(map(bool, own)),
        )

        def make() -> _Fragment:
            told = briefer(shared, level)
            texts = texts_of(card_of_paper, told)
            key = (
                *(kind, page.words.language, frame.skeleton.above, structure),
                *(len(told.facts), len(told.links), told.tldr is None),
                tuple(passage.more for passage in told.passages),
                tuple(map(bool, texts)),
            )
            skeleton = self._cards.get(
                key,
                lambda: self._skeletons.card(
                    kind, briefer(card, level), page.words, frame.skeleton
                ),
            )
            laid = items(bound(skeleton.pieces, texts), _FORMS[kind])
            return _Fragment(shared, laid, _fixed(laid))

        return self._fragments.get((id(shared), kind, level, frame.skeleton.above, structure), make)


OwnTexts = Sequence[Sequence[_Own]]


def own_of(view: Page) -> OwnTexts:
    """Return what is the reader's own on the cards of an edition, by section."""
    return [[_Own(card) for card in section.cards] for section in view.sections]


def _stretches(
    frame: Iterable[Item],
) -> tuple[tuple[tuple[Item, ...], int | None], ...]:
    found: list[tuple[tuple[Item, ...], int | None]] = []
    stretch: list[Item] = []
    for item in frame:
        if isinstance(item, Hole):
            found.append((tuple(stretch), item.section))
            stretch = []
        else:
            stretch.append(item)
    return (*found, (tuple(stretch), None))


def _fixed(laid: Iterable[Item]) -> int:
    """Return how many bytes are the same for all readers."""
    return size(item for item in laid if isinstance(item, Block | str))
