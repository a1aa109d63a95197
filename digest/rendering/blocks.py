"""Texts in blocks of whole lines: those that many readers share are made once.

A fragment is a row of items: a `Block` (whole lines, ready), text (parts of lines), and what
gives text from a reader's own values. `Sheet` puts fragments one after the other and finishes
the lines that are not ready, so that the outcome is the same as finishing the whole text.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from digest.models import Block
from digest.rendering.escaping import fold_html
from digest.rendering.slots import Hole, Open, filler, merged

Own: TypeAlias = Callable[[Sequence[str]], str]
Item: TypeAlias = Block | str | Own | Hole

_TRAILING_SPACES = re.compile(r"[ \t]+$", re.MULTILINE)
_BEFORE_LINE_END = re.compile(r"[ \t]+(?=\n)")
_BLANK_LINES = re.compile(r"\n{3,}")
_LEAST = 160  # characters that are worth a block of their own


@dataclass(frozen=True, slots=True)
class Form:
    """How lines are finished: each by itself, but for the blank ones between them."""

    lines: Callable[[str], str]


def tidy(text: str) -> str:
    """Return plain text without spaces at the ends of lines, and with single blank lines."""
    return _BLANK_LINES.sub("\n\n", _TRAILING_SPACES.sub("", text))


HTML = Form(fold_html)
TEXT = Form(tidy)


def items(pieces: Iterable[str | Open], form: Form) -> tuple[Item, ...]:
    """Return the items of a fragment: its whole lines become blocks."""
    found: list[Item] = []
    within = True  # a line that began before
    for piece in merged(pieces):
        if isinstance(piece, Hole):
            found.append(piece)
            within = True
        elif not isinstance(piece, str):
            found.append(filler(piece))
            within = True
        else:
            text = _BEFORE_LINE_END.sub("", piece) if form is TEXT else piece
            within = _lay(text, form, found, within=within)
    return tuple(found)


def _lay(text: str, form: Form, found: list[Item], *, within: bool) -> bool:
    """Add a piece of text; tell whether it ends within a line."""
    start = text.find("\n") + 1 if within else 0
    end = text.rfind("\n") + 1
    # Blank lines at the edges count together with those of the neighbours.
    while start < end and text[start] == "\n":
        start += 1
    lines = text[start:end]
    if (within and not start) or len(lines) < _LEAST or not lines.strip():
        found.append(text)
        return not text.endswith("\n")
    if start:
        found.append(text[:start])
    body = lines.rstrip("\n") + "\n"
    found.append(Block(form.lines(body)))
    if rest := lines[len(body) :] + text[end:]:
        found.append(rest)
    return end < len(text)


class Sheet:
    """A text that grows by fragments."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._done: list[Block | str] = []
        self._open: list[str] = []

    def add(self, fragment: Iterable[Item], values: Sequence[str]) -> None:
        """Add a fragment with a reader's own values."""
        unfinished = self._open
        for item in fragment:
            if item.__class__ is str:
                unfinished.append(item)
            elif item.__class__ is Block:
                if unfinished:
                    self._finish()
                self._done.append(item)
            else:
                unfinished.append(item(values))  # type: ignore[operator]

    def pieces(self) -> tuple[Block | str, ...]:
        """Return the text: whole lines each, without blank ones at both ends."""
        if self._open:
            self._finish()
        done = self._done
        if done and isinstance(done[0], str):
            done[0] = done[0].lstrip()
        if done and isinstance(done[-1], str):
            last = done[-1].rstrip()
            done[-1] = f"{last}\n" if last else ""
        return tuple(piece for piece in done if piece != "")

    def _finish(self) -> None:
        text = "".join(self._open)
        self._open.clear()
        if self._form is TEXT:
            # The line before ends in a line end, which counts among the blank lines.
            text = tidy("\n" + text)[1:] if self._done else tidy(text)
        else:
            text = self._form.lines(text)
        if text:
            self._done.append(text)


def size(pieces: Iterable[Block | str]) -> int:
    """Return how many bytes a text takes in UTF-8."""
    return sum(p.size if isinstance(p, Block) else len(p.encode()) for p in pieces)


def joined(pieces: Iterable[Block | str]) -> str:
    """Return a text as one string."""
    return "".join([p.text if isinstance(p, Block) else p for p in pieces])
