"""Fragments: texts with open places that many readers share, made ready once.

A skeleton is taken apart once into a `Plan`: what is the same everywhere, what a paper says, and
what is a reader's own. With a paper's words it is a `Fragment`. Lines are finished (folded, bare of
spaces at their ends) where they are known, and a reader's values are such that nothing is left to
finish, or the edition is made whole (`UnfitError`).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias, cast

from digest.errors import RenderError
from digest.models import Block, Stencil
from digest.rendering.escaping import LINE, fold_html
from digest.rendering.slots import Made, Ref, filled, filler

_TRAILING_SPACES = re.compile(r"[ \t]+$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{3,}")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_MARK = re.compile("\ue000([0-9]+)\ue001")
# What stands at the edge of a fragment shares a line with its neighbour.
_EDGE = LINE // 2
MOST_ENDS = 2  # line ends that follow each other


class UnfitError(RenderError):
    """A reader's own words make a line too long; the edition is to be made whole."""


@dataclass(frozen=True, slots=True)
class Form:
    """How lines are finished."""

    lines: Callable[[str], str]


def tidy(text: str) -> str:
    """Return plain text without spaces at the ends of lines, and with single blank lines."""
    return _BLANK_LINES.sub("\n\n", _TRAILING_SPACES.sub("", text))


HTML = Form(fold_html)
TEXT = Form(tidy)


class Core:
    """A stretch that says what a paper says, and nothing of a reader's own.

    Those of the same pieces are equal, and find the same block in what is kept of a paper.

    Attributes:
        pieces: what it is made of.
        whole: it is whole lines, to be finished.
        refs: the places of the paper's words in it.
    """

    __slots__ = ("_form", "_hash", "_makes", "pieces", "refs", "whole")

    def __init__(self, pieces: Sequence[str | Made], form: Form, *, whole: bool) -> None:
        self.pieces = tuple(pieces)
        self.whole = whole
        mades = [piece for piece in pieces if isinstance(piece, Made)]
        self.refs = tuple(p.place for made in mades for p in made.parts if isinstance(p, Ref))
        self._form = form
        self._hash = hash((self.pieces, whole))
        self._makes = [p if isinstance(p, str) else filler(p) for p in pieces]

    def text(self, paper: Sequence[str]) -> str:
        """Return it with a paper's words."""
        said = "".join([make if isinstance(make, str) else make(paper) for make in self._makes])
        return self._form.lines(said) if self.whole else said

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Core) and (self.pieces, self.whole) == (other.pieces, other.whole)


Part: TypeAlias = Block | Core | Made


@dataclass(frozen=True, slots=True)
class Plan:
    """A skeleton taken apart, or a stretch of one.

    Attributes:
        lead: of plain text, how many line ends it begins with; trail: ends with.
        blank: it is nothing but line ends.
        first: it begins the whole text.
        mold: what is the same for all papers; None: their words stand among a reader's own.
    """

    parts: tuple[Part, ...]
    form: Form
    lead: int
    trail: int
    blank: bool
    first: bool
    mold: "Mold | None"


def plan(
    pieces: Iterable[str | Made], form: Form, *, first: bool = False, last: bool = False
) -> Plan:
    """Return the plan of a text.

    Args:
        pieces: the text.
        form: how its lines are finished.
        first: whether the whole text begins with it.
        last: whether it ends with it.

    Raises:
        ValueError: it depends on its neighbours in a way that is not known here.
    """
    known: dict[Made, int] = {}
    text = "".join(
        p if isinstance(p, str) else f"\ue000{known.setdefault(p, len(known))}\ue001"
        for p in pieces
    )
    text = tidy(text) if form is TEXT else text
    text = text.lstrip() if first else text
    text = f"{text.rstrip()}\n" if last else text
    if form is TEXT and (text.endswith((" ", "\t")) or ((first or last) and not text.strip())):
        raise ValueError("a text whose ends depend on what comes next")
    made = list(known)
    parts: list[str | Core | Made] = []
    lines = _LINES.findall(text)
    for own, group in groupby(lines, lambda line: any(_is_own(m) for m in _mades(line, made))):
        few = list(group)
        if own:
            parts += [
                p if isinstance(p, str) or _is_own(p) else Core((p,), form, whole=False)
                for p in _split("".join(few), made)
            ]
        else:
            parts += _shared(few, made, form, whole=bool(first or parts))
    lead = len(text) - len(text.lstrip("\n")) if form is TEXT else 0
    trail = len(text) - len(text.rstrip("\n")) if form is TEXT else 0
    blank = not text.strip("\n")
    done = _finished(parts, form, first=first)
    apart = all(_is_apart(part, form) for part in done)
    mold = Mold(done, form, first=first) if apart else None
    return Plan(tuple(done), form, lead, trail, blank, first, mold)


def _shared(
    lines: Sequence[str], made: Sequence[Made], form: Form, *, whole: bool
) -> list[str | Core]:
    """Return lines without a reader's own words: the paper's, and what stands around them."""
    told = [n for n, line in enumerate(lines) if _MARK.search(line)]
    if not told:
        return ["".join(lines)]
    begin, end = told[0], told[-1] + 1
    said = tuple(_split("".join(lines[begin:end]), made))
    whole = (whole or begin > 0) and lines[end - 1].endswith("\n")
    if not whole and form is HTML and end - begin > 1:
        raise ValueError("a paper's words at the edge of a text")
    return ["".join(lines[:begin]), Core(said, form, whole=whole), "".join(lines[end:])]


def _split(text: str, made: Sequence[Made]) -> list[str | Made]:
    pieces = enumerate(_MARK.split(text))
    return [made[int(piece)] if n % 2 else piece for n, piece in pieces if piece]


def _mades(text: str, made: Sequence[Made]) -> list[Made]:
    return [made[int(number)] for number in _MARK.findall(text)]


def _is_own(made: Made) -> bool:
    return any(isinstance(part, Ref) and part.own for part in made.parts)


def _is_apart(part: Part, form: Form) -> bool:
    """Tell whether a part says the same for all papers, or is one that says what a paper says."""
    if isinstance(part, Made):
        return all(ref.own for ref in part.parts if isinstance(ref, Ref))
    return isinstance(part, Block) or part.whole or form is TEXT


def _finished(parts: Sequence[str | Core | Made], form: Form, *, first: bool) -> list[Part]:
    """Return parts, texts that follow each other as one block with its lines finished."""
    done: list[Part] = []
    begins = first  # a line
    for is_text, group in groupby(parts, lambda part: isinstance(part, str)):
        if not is_text:
            done += cast(Iterable[Core | Made], group)
            begins = isinstance(done[-1], Core) and done[-1].whole
        elif text := "".join(cast(Iterable[str], group)):
            if form is HTML:
                start = 0 if begins else text.find("\n") + 1
                end = text.rfind("\n") + 1
                if start < end:
                    text = text[:start] + form.lines(text[start:end]) + text[end:]
            done.append(Block(text))
    return done


@dataclass(frozen=True, slots=True)
class _Line:
    """A line with values in it, and how many bytes they may take, so that it is not folded."""

    room: int
    places: tuple[int, ...]


class Mold:
    """How a reader's values come into a text.

    Attributes:
        parts: texts, what papers say, and which value stands at a place.
        makes: what gives each value from the reader's own.
        rooms: of HTML, how many bytes each value may take if no other takes more, and how
            often it stands there.
    """

    __slots__ = ("_lines", "makes", "parts", "rooms")

    def __init__(self, parts: Sequence[Part], form: Form, *, first: bool) -> None:
        found: dict[Made, int] = {}
        self.parts: list[Block | Core | int] = [
            found.setdefault(p, len(found)) if isinstance(p, Made) else p for p in parts
        ]
        self.makes = tuple(map(filler, found))
        self._lines = tuple(_lines(self.parts, first=first)) if form is HTML else ()
        self.rooms = tuple((self._room(n), self.parts.count(n)) for n in range(len(found)))

    def _room(self, place: int) -> int:
        rooms = [line.room // len(line.places) for line in self._lines if place in line.places]
        return min(rooms, default=0)

    def check(self, values: Sequence[str]) -> None:
        """Look at each line.

        Raises:
            UnfitError: one is too long.
        """
        for line in self._lines:
            if sum(len(values[place].encode()) for place in line.places) > line.room:
                raise UnfitError("a line is too long for a reader's own words")


class Fragment:
    """A text that is ready but for what is a reader's own.

    Attributes:
        stencil: the text.
        lead, trail, blank: see `Plan`.
    """

    __slots__ = ("_mold", "_size", "_without", "blank", "lead", "stencil", "trail")

    def __init__(self, planned: Plan, paper: Sequence[str], block: Callable[[Core], Block]) -> None:
        mold = planned.mold or Mold(
            [
                block(part) if isinstance(part, Core)
                else part if isinstance(part, Block)
                else _told(part, paper)
                for part in planned.parts
            ],
            planned.form,
            first=planned.first,
        )  # fmt: skip
        parts = [block(part) if isinstance(part, Core) else part for part in mold.parts]
        self.stencil = Stencil(parts)
        self.lead, self.trail, self.blank = planned.lead, planned.trail, planned.blank
        self._mold = mold
        self._size = sum([part.size for part in parts if isinstance(part, Block)])
        self._without = {0: self.stencil}

    def values(self, own: Sequence[str]) -> list[str]:
        """Return what comes into the places."""
        return [make(own) for make in self._mold.makes]

    def measured(self, own: Sequence[str]) -> tuple[list[str], int]:
        """Return what comes into the places of HTML, and how many bytes it all takes.

        Raises:
            UnfitError: a line would be too long.
        """
        mold = self._mold
        values, total = [make(own) for make in mold.makes], self._size
        for value, (room, times) in zip(values, mold.rooms, strict=True):
            size = len(value) if value.isascii() else len(value.encode())
            if size > room:
                mold.check(values)
            total += size * times
        return values, total

    def without(self, ends: int) -> Stencil:
        """Return the text without some of the line ends that it begins with."""
        if ends not in self._without:
            first, *rest = self.stencil.parts
            assert isinstance(first, Block)
            left = first.text[ends:]
            self._without[ends] = Stencil([Block(left), *rest] if left else rest)
        return self._without[ends]


def _told(made: Made, paper: Sequence[str]) -> Made:
    told = filled(made, paper)
    assert isinstance(told, Made)
    return told


def _lines(parts: Sequence[Block | Core | int], *, first: bool) -> Iterator[_Line]:
    """Yield the lines with values in them.

    Raises:
        ValueError: a line at an edge is too long without any.
    """
    fixed, places, limit = 0, list[int](), LINE if first else _EDGE

    def line(limit: int) -> _Line:
        if not places and fixed > limit:
            raise ValueError("a long line between fragments")
        return _Line(limit - fixed, tuple(places))

    for part in parts:
        if isinstance(part, int):
            places.append(part)
        elif isinstance(part, Core):  # whole lines, which begin and end between others
            continue
        elif "\n" in part.text:
            fixed += len(part.text[: part.text.index("\n")].encode())
            if places or limit == _EDGE:
                yield line(limit)
            fixed, places = len(part.text[part.text.rindex("\n") + 1 :].encode()), []
            limit = LINE
        else:
            fixed += part.size
    yield line(_EDGE)
