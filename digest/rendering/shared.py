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
from typing import Generic, NamedTuple, TypeVar

from digest.errors import RenderError
from digest.models import Block, Piece
from digest.rendering.blocks import HTML, MOST_ENDS, TEXT, Core, Fragment, Plan, UnfitError, plan
from digest.rendering.shortening import LEFT_OUT, briefer, level_of, told_omitted
from digest.rendering.skeletons import Skeleton, Skeletons, frame_texts, own_texts, paper_texts
from digest.rendering.slots import Hole, Made, Open
from digest.rendering.templating import Templates
from digest.rendering.view import Card, Own, Page
from digest.rendering.whole import card_of
from digest.wording import Wording

_FORMS = {"html": HTML, "txt": TEXT}
_MAX_FRAMES = 300
_MAX_PLANS = 2_000
_MAX_PAPERS = 16_000_000  # bytes; with what channels keep of them, three times as much
_FRAGMENT = 1_500  # bytes that a fragment takes beside its texts, about

T = TypeVar("T")


class NotSharedError(RenderError):
    """The templates do not let themselves be taken apart."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """The frame of editions of one structure, in stretches: after each come a section's cards."""

    skeleton: Skeleton
    stretches: tuple[tuple[Fragment, int | None], ...]


class _Laid(NamedTuple):
    """A fragment with a reader's values, and in HTML how many bytes it takes."""

    fragment: Fragment
    values: Sequence[str]
    size: int


class _Memory(Generic[T]):
    """Remembers what was used last, up to a number."""

    def __init__(self, limit: int) -> None:
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._limit = limit

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under a key; make it if nothing is."""
        if key in self._kept:
            self._kept.move_to_end(key)
        else:
            self._kept[key] = make()
            if len(self._kept) > self._limit:
                self._kept.popitem(last=False)
        return self._kept[key]


class _Level(NamedTuple):
    """A paper's card at a level, its texts, and what its skeleton depends on."""

    texts: Sequence[str]
    shape: Hashable


class _Paper:
    """What is made of a paper's card in one language.

    Attributes:
        card: as long as it is kept, its id is not given again.
        weight: bytes.
    """

    __slots__ = ("_blocks", "_levels", "card", "fragments", "weight")

    def __init__(self, card: Card) -> None:
        self.card = card
        self.fragments: dict[Hashable, Fragment] = {}
        self.weight = 0
        self._blocks: dict[Hashable, Block] = {}
        self._levels: dict[int, _Level] = {}

    def level(self, level: int) -> _Level:
        """Return how it is told at a level."""
        if level not in self._levels:
            told = briefer(self.card, level)
            texts = paper_texts(told)
            shape = (
                *(len(told.facts), len(told.links), told.tldr is None),
                tuple(passage.more for passage in told.passages),
                tuple(map(bool, texts)),
            )
            self._levels[level] = _Level(texts, shape)
        return self._levels[level]

    def fragment(self, planned: Plan, level: int) -> Fragment:
        """Return a fragment with the paper's words; what others of them say is shared."""
        texts = self.level(level).texts

        def block(core: Core) -> Block:
            key = core, *map(texts.__getitem__, core.refs)
            found = self._blocks.get(key)
            if found is None:
                found = self._blocks[key] = Block(core.text(texts))
                self.weight += found.size
            return found

        self.weight += _FRAGMENT
        return Fragment(planned, texts, block)


class _Mine:
    """A card for one reader while its edition is put together."""

    __slots__ = ("_texts", "laid", "own", "paper")

    def __init__(self, own: Own, paper: _Paper) -> None:
        self.own = own
        self.paper = paper
        self.laid: dict[tuple[str, int], _Laid] = {}
        self._texts = own_texts(own)

    def at(self, level: int) -> list[str]:
        """Return what is the reader's own; told briefly, a card has no closest sentence."""
        cut = level and self.own.closest is not None and self.own.shared.passages
        return self._texts[:-2] if cut else self._texts


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
        self._plans: _Memory[Plan] = _Memory(_MAX_PLANS)
        self._papers: OrderedDict[int, _Paper] = OrderedDict()
        self._weight = 0

    def edition(self, view: Page) -> "SharedEdition":
        """Return what puts an edition together; `view` is its outline."""
        return SharedEdition(self, view)

    def mine(self, own: Own) -> "_Mine":
        """Return a card, with what is remembered of its paper."""
        key = id(own.shared)
        paper = self._papers.get(key)
        if paper is None:
            paper = self._papers[key] = _Paper(own.shared)
        else:
            self._papers.move_to_end(key)
        return _Mine(own, paper)

    def frame(self, kind: str, page: Page, texts: Sequence[str]) -> _Frame:
        """Return the frame of an edition; `texts` are its `frame_texts`."""
        beside = page.beside
        structure = (
            *(kind, page.words.language, page.title, page.receive, beside.on_top),
            *(len(page.sections), len(page.problems), len(beside.bars), len(beside.lessons)),
            tuple(link.label for link in page.footer),
            tuple(map(bool, texts)),
        )

        def make() -> _Frame:
            skeleton = self._skeletons.frame(kind, page, self._notes[kind])
            return _Frame(skeleton, _stretches(skeleton.pieces, kind))

        return self._frames.get(structure, make)

    def fragment(
        self, kind: str, words: Wording, mine: "_Mine", level: int, frame: Skeleton
    ) -> Fragment:
        """Return a card for readers of whom as much is told as of this one."""
        structure = len(mine.own.reasons), tuple(map(bool, mine.at(level)))
        key = kind, level, frame.above, structure
        paper = mine.paper
        found = paper.fragments.get(key)
        if found is None:
            before = paper.weight
            planned = self._plans.get(
                (kind, words.language, frame.above, structure, level, paper.level(level).shape),
                lambda: self._plan(kind, briefer(card_of(mine.own, words), level), words, frame),
            )
            found = paper.fragments[key] = paper.fragment(planned, level)
            self._grew(paper.weight - before)
        return found

    def _plan(self, kind: str, card: Card, words: Wording, frame: Skeleton) -> Plan:
        skeleton = self._skeletons.card(kind, card, words, frame)
        return plan(_without_holes(skeleton.pieces), _FORMS[kind])

    def _grew(self, by: int) -> None:
        """Forget the papers that were not asked for the longest."""
        self._weight += by
        while self._weight > _MAX_PAPERS and len(self._papers) > 1:
            self._weight -= self._papers.popitem(last=False)[1].weight


class SharedEdition:
    """One edition, put together from what is shared.

    Whatever a template does wrong shows itself as `NotSharedError`, words of a reader that need
    lines of their own as `UnfitError`.
    """

    def __init__(self, shared: Shared, view: Page) -> None:
        self._shared = shared
        self._view = view
        self._mine = [[shared.mine(own) for own in section.own] for section in view.sections]
        self._count = sum(map(len, self._mine))
        self._frames: dict[str, list[tuple[_Laid, int | None]]] = {}
        self._above: dict[str, Skeleton] = {}

    def html(self, limit: int) -> tuple[list[Piece], int]:
        """Return the HTML, and after how many steps of `shortened` it fits into so many bytes."""
        return self._guarded(lambda: self._html(limit))

    def text(self, steps: int = 0) -> list[Piece]:
        """Return the plain text after so many steps of `shortened`."""
        return self._guarded(lambda: self._text(steps))

    def _guarded(self, make: Callable[[], T]) -> T:
        try:
            return make()
        except UnfitError:
            raise
        except Exception as error:  # A template is the operator's program: it may do anything.
            raise NotSharedError(str(error)) from error

    def _html(self, limit: int) -> tuple[list[Piece], int]:
        frame = self._framed("html", self._view)
        cards = [mine for each in self._mine for mine in each]
        laid = [self._card("html", mine, 0) for mine in cards]
        size = sum([each.size for each, _ in frame]) + sum([each.size for each in laid])
        steps, count = 0, self._count
        while size > limit and steps < LEFT_OUT * count:
            place, level = count - 1 - steps % count, steps // count + 1
            steps += 1
            if level < LEFT_OUT:
                size -= laid[place].size
                laid[place] = self._card("html", cards[place], level)
                size += laid[place].size
            else:  # the frame says that it is not there
                size = sum([each.size for each in self._lay("html", steps)])
        return [(each.fragment.stencil, each.values) for each in self._lay("html", steps)], steps

    def _text(self, steps: int) -> list[Piece]:
        pieces: list[Piece] = []
        ends = MOST_ENDS  # as if blank lines came before it, so that it begins with none
        for fragment, values, _ in self._lay("txt", steps):
            left_out = min(fragment.lead, max(0, ends + fragment.lead - MOST_ENDS))
            stencil = fragment.without(left_out)
            if stencil.parts:
                pieces.append((stencil, values))
            ends = ends + fragment.lead - left_out if fragment.blank else fragment.trail
        return pieces

    def _lay(self, kind: str, steps: int) -> list[_Laid]:
        """Return the edition in fragments after so many steps."""
        view, mine, count = self._view, self._mine, self._count
        if steps:
            levels = [[level_of(m.own.number, count, steps) for m in each] for each in mine]
        else:
            levels = [[0] * len(each) for each in mine]
        omitted = sum([level >= LEFT_OUT for each in levels for level in each]) if steps else 0
        if omitted:
            left = [any(level < LEFT_OUT for level in each) for each in levels]
            view = replace(
                view,
                sections=tuple(s for s, there in zip(view.sections, left, strict=True) if there),
                omitted=told_omitted(view, omitted),
            )
            mine = [each for each, there in zip(mine, left, strict=True) if there]
            levels = [each for each, there in zip(levels, left, strict=True) if there]
        laid: list[_Laid] = []
        for stretch, section in self._framed(kind, view):
            laid.append(stretch)
            if section is not None:
                laid += [
                    self._card(kind, m, level)
                    for m, level in zip(mine[section], levels[section], strict=True)
                    if level < LEFT_OUT
                ]
        return laid

    def _framed(self, kind: str, view: Page) -> list[tuple[_Laid, int | None]]:
        """Return the frame of the edition, or of what is left of it."""
        if view is self._view and kind in self._frames:
            return self._frames[kind]
        texts = frame_texts(view)
        frame = self._shared.frame(kind, view, texts)
        self._above[kind] = frame.skeleton
        found = [(_filled(kind, stretch, texts), section) for stretch, section in frame.stretches]
        if view is self._view:
            self._frames[kind] = found
        return found

    def _card(self, kind: str, mine: _Mine, level: int) -> _Laid:
        found = mine.laid.get((kind, level))
        if found is None:
            own, above = mine.at(level), self._above[kind]
            fragment = self._shared.fragment(kind, self._view.words, mine, level, above)
            found = mine.laid[kind, level] = _filled(kind, fragment, own)
        return found


def _filled(kind: str, fragment: Fragment, own: Sequence[str]) -> _Laid:
    if kind == "html":
        return _Laid(fragment, *fragment.measured(own))
    return _Laid(fragment, fragment.values(own), 0)


def _stretches(pieces: Iterable[str | Open], kind: str) -> tuple[tuple[Fragment, int | None], ...]:
    """Return the stretches of a frame, each with the section whose cards come after it."""
    stretches: list[tuple[list[str | Made], int | None]] = []
    begun: list[str | Made] = []
    for piece in pieces:
        if isinstance(piece, Hole):
            stretches.append((begun, piece.section))
            begun = []
        else:
            begun.append(piece)
    stretches.append((begun, None))
    last = len(stretches) - 1
    return tuple(
        (_whole_of(plan(told, _FORMS[kind], first=not n, last=n == last)), section)
        for n, (told, section) in enumerate(stretches)
    )


def _whole_of(planned: Plan) -> Fragment:
    """Return the fragment of a stretch that no paper has a part in."""

    def refuse(core: Core) -> Block:
        raise ValueError(f"a frame with a paper's words: {core}")

    return Fragment(planned, (), refuse)


def _without_holes(pieces: Iterable[str | Open]) -> Iterable[str | Made]:
    for piece in pieces:
        if isinstance(piece, Hole):
            raise TypeError("a card with cards in it")
        yield piece
