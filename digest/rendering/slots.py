"""Slots: places that a template leaves open, to be filled for each reader without it.

A template is filled once with slots in place of the values that differ. Whatever it does with a
slot but showing it (comparing, cutting, a filter that is not known here) is an error: then the
template's outcome depends on the value, and it has to be filled for each reader.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NoReturn, TypeAlias, cast

import jinja2
from markupsafe import Markup

from digest.rendering.escaping import wrap

# Letters of both cases, so that no template changes the case of a mark unseen. No text that is
# shown holds private characters: `escaping.clean` takes them out.
_MARK = re.compile("\ue000aZ([0-9]+)\ue001")
_STRAY = re.compile("[\ue000\ue001]")

# Filters that show whatever they are given.
_TRANSPARENT = ("join",)


@dataclass(frozen=True, slots=True)
class Ref:
    """A value by its place: the reader's own, or the paper's."""

    own: bool
    place: int


@dataclass(frozen=True, slots=True)
class Hole:
    """Where the cards of a section stand."""

    section: int


@dataclass(frozen=True, slots=True)
class Made:
    """Text that is known when its values are: joined, then finished (escaped, wrapped)."""

    parts: tuple[str | Ref, ...]
    finish: Callable[[str], str] | None = None


Open: TypeAlias = Made | Hole


class Slot:
    """Stands for a value that is text and not empty."""

    __slots__ = ("_mark",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, mark: str) -> None:
        self._mark = mark

    def __str__(self) -> str:
        return self._mark

    def __html__(self) -> Markup:
        return Markup(self._mark)  # noqa: S704 - a mark holds nothing that means anything in HTML

    def followed_by(self, text: str) -> "Slot":
        """Return what stands for the value and plain text after it."""
        return Slot(self._mark + text)

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("the value of a slot is not known")


class Book:
    """The slots of one filling."""

    def __init__(self) -> None:
        self._made: list[Open] = []

    def slot(self, ref: Ref) -> Slot:
        """Return a slot for a value."""
        return Slot(self._mark(Made((ref,))))

    def hole(self, section: int) -> Slot:
        """Return the place for a section's cards."""
        return Slot(self._mark(Hole(section)))

    def derived(self, block: str, finish: Callable[[str], str]) -> str:
        """Return the mark of a text with marks in it that is to be finished once it is known."""
        parts: list[str | Ref] = []
        for piece in self.read(block):
            if isinstance(piece, str):
                parts.append(piece)
            elif isinstance(piece, Made) and piece.finish is None:
                parts += piece.parts
            else:
                raise TypeError("what is finished already cannot be finished again")
        return self._mark(Made(tuple(parts), finish))

    def read(self, filled: str) -> list[str | Open]:
        """Return a filled text taken apart at its marks.

        Raises:
            ValueError: a mark was damaged.
        """
        pieces: list[str | Open] = []
        for number, piece in enumerate(_MARK.split(filled)):
            if number % 2:
                pieces.append(self._made[int(piece)])
            elif piece:
                if _STRAY.search(piece):
                    raise ValueError("a template changed a slot")
                pieces.append(piece)
        return pieces

    def _mark(self, made: Open) -> str:
        self._made.append(made)
        return f"\ue000aZ{len(self._made) - 1}\ue001"


def is_open(value: object) -> bool:
    """Tell whether a value is a slot, or a text with marks in it."""
    if isinstance(value, str):
        return _STRAY.search(value) is not None
    if isinstance(value, list | tuple):
        return any(map(is_open, value))
    return isinstance(value, Slot)


def prepare(environment: jinja2.Environment) -> jinja2.Environment:
    """Let the templates of an environment be filled with slots; the book is ``slots``."""
    for name, function in environment.filters.items():
        if name not in _TRANSPARENT:
            environment.filters[name] = _guarded(cast(Callable[..., Any], function))
    for name, test in environment.tests.items():
        environment.tests[name] = _guarded(cast(Callable[..., Any], test))
    environment.filters["wrap"] = _wrap
    return environment


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*values: Any, **named: Any) -> Any:
        if any(map(is_open, [*values, *named.values()])):
            raise TypeError("a filter or test depends on the value of a slot")
        return function(*values, **named)

    for mark in ("jinja_pass_arg", "jinja_async_variant"):  # what jinja2's decorators leave
        if hasattr(function, mark):
            setattr(guarded, mark, getattr(function, mark))
    return guarded


@jinja2.pass_context
def _wrap(
    context: jinja2.runtime.Context,
    block: object,
    indent: int = 0,
    first: str | None = None,
    width: int = 76,
) -> str:
    """Wrap text with slots in it as `escaping.wrap` does, once they are known."""
    book: Book = context["slots"]
    if isinstance(block, Slot):
        block = str(block)
    if not isinstance(block, str):
        raise TypeError("only text can be wrapped")

    lines = _Lines(indent, width, 0 if first is None else indent)
    wrapped = book.derived(block, lines) if is_open(block) else lines(block)
    if first is None:
        return wrapped
    start = _Padded(indent)
    return (book.derived(first, start) if is_open(first) else start(first)) + wrapped


@dataclass(frozen=True, slots=True)
class _Lines:
    """Wraps text, and leaves out what stands before it on its first line."""

    indent: int
    width: int
    without: int

    def __call__(self, text: str) -> str:
        return wrap(text, self.indent, width=self.width)[self.without :]


@dataclass(frozen=True, slots=True)
class _Padded:
    """Brings text to a width."""

    width: int

    def __call__(self, text: str) -> str:
        return text.ljust(self.width)


def merged(pieces: Iterable[str | Open]) -> Iterator[str | Open]:
    """Yield pieces, texts that follow each other as one."""
    for is_text, group in groupby(pieces, lambda piece: isinstance(piece, str)):
        if is_text:
            yield "".join(cast(Iterable[str], group))
        else:
            yield from group


def filled(made: Made, paper: Sequence[str]) -> Made | str:
    """Return an open place with the paper's values in it; one that needs no other is text then."""
    parts = tuple(
        paper[part.place] if isinstance(part, Ref) and not part.own else part for part in made.parts
    )
    if any(isinstance(part, Ref) for part in parts):
        return Made(parts, made.finish)
    text = "".join(map(str, parts))
    return made.finish(text) if made.finish else text


def filler(made: Made) -> Callable[[Sequence[str]], str]:
    """Return what gives the text of an open place from the reader's own values."""
    finish, parts = made.finish, made.parts
    if len(parts) == 1 and isinstance(parts[0], Ref):
        place = parts[0].place
        if finish is None:
            return lambda values: values[place]
        return lambda values: finish(values[place])

    def fill(values: Sequence[str]) -> str:
        text = "".join([p if isinstance(p, str) else values[p.place] for p in parts])
        return finish(text) if finish else text

    return fill
