"""TeX in titles, abstracts and names to Unicode, for display. Pure, total and in linear time.

Abstracts are not TeX documents: ``%`` is a per cent sign, ``&`` an and, ``$`` often money, and
most braces and underscores stand for themselves. So only what is plainly TeX is changed, and
what is not understood stays as written. (The libraries for this read documents: pylatexenc
drops all text behind a ``%``, unicodeit leaves ``$`` and fails on accents in braces.)
"""

import re
import unicodedata
from collections.abc import Mapping

from digest.tex.symbols import (
    ACCENTS,
    BLACKBOARD,
    DECLARATIONS,
    FUNCTIONS,
    LETTERS,
    OVERLAYS,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    SYMBOLS,
    WRAPPERS,
)

_MAX_DEPTH = 12
_MAX_MATH = 1_000  # characters between two dollar signs

_MARKS = re.compile(r"\\|\$|``|--|[\^_]\{")
_PLAIN = {
    False: re.compile(r"[^\\$^_{`'\-]+"),  # in text
    True: re.compile(r"[^\\^_{'~]+"),  # between dollar signs
}
_BRACE = re.compile(r"\\.|[{}]", re.S)
_NAME = re.compile(r"[A-Za-z]+")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_ROOT_INDEX = re.compile(r"\[(\d{1,3})\]")
_BLANKS = re.compile(r" *")
_BEFORE_LETTER = re.compile(r" +(?=[^\W\d_])")
_DASHES = re.compile(r"-+")
_ESCAPED = frozenset("%&_#${}")
_SPACING = {" ": " ", ",": " ", ";": " ", ":": " ", "!": "", "/": "", "-": "", "\\": " ", "|": "‖"}
_IN_FORMULAS = {"'": "′", "~": " "}
_DELIMITERS = {"(": r"\)", "[": r"\]"}

_PAIRED = frozenset(("frac", "dfrac", "tfrac", "binom", "href"))
# Commands that may stand for an argument without braces, as in "x^\alpha".
_KNOWN = frozenset((*LETTERS, *SYMBOLS, *OVERLAYS, *WRAPPERS, "mathbb"))

# Is "5-$10" the inside of a formula, or the words between two prices?
_FORMULA_SIGN = re.compile(r"[\\^_{}]")
_WORDS = re.compile(r"[^\W\d_]{2,}[,.;:]?\s|\s[^\W\d_]{2,}")
_SIMPLE = re.compile(r"\w*")


def to_unicode(text: str) -> str:
    """Return text with its TeX as Unicode: accents, symbols, scripts, formulas without ``$``.

    Text without TeX comes back as it is, and so does a command that is not known.
    """
    if not _MARKS.search(text):
        return text
    return _Converter(text).convert(0, len(text), math=False, depth=0)


def accents(text: str) -> str:
    r"""Return a name with its TeX accents as Unicode and without braces: ``Ji\v{r}\'{\i}``."""
    if "\\" not in text and "{" not in text:
        return text
    return to_unicode(text).replace("{", "").replace("}", "")


def _matching_braces(text: str) -> dict[int, int]:
    """Return the position of the closing brace for that of each opening one that has any."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for brace in _BRACE.finditer(text):
        if brace[0] == "{":
            opened.append(brace.start())
        elif brace[0] == "}" and opened:
            closing[opened.pop()] = brace.start()
    return closing


class _Converter:
    """Reads a text once from left to right; every step returns (Unicode, where to go on)."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.closing = _matching_braces(source)
        self.quoted = False

    def convert(self, start: int, end: int, *, math: bool, depth: int) -> str:
        """Return a stretch of the source, which holds only whole groups."""
        if depth > _MAX_DEPTH:
            return self.source[start:end]
        pieces: list[str] = []
        at = start
        while at < end:
            plain = _PLAIN[math].match(self.source, at, end)
            if plain:
                pieces.append(plain[0])
                at = plain.end()
            else:
                piece, at = self._special(at, end, math, depth)
                pieces.append(piece)
        return "".join(pieces)

    def _special(self, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
        char = self.source[at]
        if char == "\\":
            name = _NAME.match(self.source, at + 1, end)
            return (
                self._command(name, end, math, depth) if name else self._sign(at, end, math, depth)
            )
        if char in "^_":
            return self._script(at, end, math, depth)
        if char == "{":
            return self._group(at, end, math, depth)
        if math:
            return _IN_FORMULAS[char], at + 1
        if char == "$":
            return self._dollar(at, end, depth)
        return self._typography(at, end)

    def _typography(self, at: int, end: int) -> tuple[str, int]:
        r"""Quotation marks and dashes; ``--option`` and single ones stay."""
        if self.source.startswith("``", at, end):
            self.quoted = True
            return "“", at + 2
        if self.quoted and self.source.startswith("''", at, end):
            self.quoted = False
            return "”", at + 2
        dashes = _DASHES.match(self.source, at, end)
        if dashes is None:
            return self.source[at], at + 1
        before = self.source[at - 1 : at]
        after = self.source[dashes.end() : dashes.end() + 1]
        is_option = (not before or before.isspace()) and after.isalnum()
        if len(dashes[0]) in (2, 3) and not is_option:
            return "–—"[len(dashes[0]) - 2], dashes.end()
        return dashes[0], dashes.end()

    def _dollar(self, at: int, end: int, depth: int) -> tuple[str, int]:
        width = 2 if self.source.startswith("$$", at, end) else 1
        close = self.source.find("$" * width, at + width, min(end, at + _MAX_MATH))
        if close > 0 and self._is_formula(at + width, close, end):
            inside = self.convert(at + width, close, math=True, depth=depth + 1)
            return inside.strip(), close + width
        return "$" * width, at + width

    def _is_formula(self, start: int, close: int, end: int) -> bool:
        """Tell a formula from the words between two amounts of money."""
        inside = self.source[start:close]
        if not inside.strip() or inside.endswith("\\") or not self._is_whole(start, close):
            return False
        if _WORDS.search(_without_commands(inside)):
            return False
        if _FORMULA_SIGN.search(inside):
            return True
        before_digit = self.source[close + 1 : min(close + 2, end)].isdigit()
        return inside == inside.strip() and not before_digit

    def _is_whole(self, start: int, end: int) -> bool:
        """Tell whether every group that opens in a stretch closes in it."""
        at = self.source.find("{", start, end)
        while at >= 0:
            closed = self.closing.get(at, at)
            if closed >= end:
                return False
            at = self.source.find("{", closed + 1, end)
        return True

    def _group(self, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
        r"""A group without a command: its braces go in formulas, and around ``{\"o}``."""
        close = self.closing.get(at, end)
        if close >= end or not (math or self.source.startswith("\\", at + 1, close)):
            return "{", at + 1
        return self.convert(at + 1, close, math=math, depth=depth + 1), close + 1

    def _argument(self, at: int, end: int, math: bool, depth: int) -> tuple[str, int] | None:
        """Return the group, command or letter that a command or script applies to."""
        at = _end_of(_BLANKS, self.source, at, end)
        if at >= end or depth > _MAX_DEPTH:
            return None
        char = self.source[at]
        if char == "{":
            close = self.closing.get(at, end)
            if close >= end:
                return None
            return self.convert(at + 1, close, math=math, depth=depth + 1), close + 1
        if char == "\\":
            name = _NAME.match(self.source, at + 1, end)
            if name is None or name[0] not in _KNOWN:
                return None
            return self._command(name, end, math, depth + 1)
        return None if char in "$^_}" else (char, at + 1)

    # ------------------------------------------------------------ scripts

    def _script(self, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
        mark = self.source[at]
        # Outside of formulas only a group is a script: "B_c" and "a^b" may be anything.
        if not math and not self.source.startswith("{", at + 1, end):
            return mark, at + 1
        argument = self._argument(at + 1, end, True, depth + 1)
        if argument is None or not argument[0].strip():
            return mark, at + 1
        content = argument[0].strip()
        return _scripted(mark, content), argument[1]

    # ------------------------------------------------------------ commands

    def _command(self, name: re.Match[str], end: int, math: bool, depth: int) -> tuple[str, int]:
        word, after = name[0], name.end()
        if word in LETTERS:
            return LETTERS[word], self._behind_letter(after, end)
        if word in SYMBOLS:
            return SYMBOLS[word], self._behind_empty_group(after, end)
        if word in FUNCTIONS:
            return self._function(name, end), after
        if word in DECLARATIONS:
            return "", self._behind_declaration(word, after, end)
        if word in ACCENTS and not math:
            return self._accent(name.start() - 1, word, end, depth)
        return self._with_arguments(name, end, math, depth)

    def _function(self, name: re.Match[str], end: int) -> str:
        r"""Return its name, apart from what it touches: ``2\log\alpha``."""
        before = self.source[name.start() - 2 : name.start() - 1]
        following = _COMMAND.match(self.source, name.end(), end)
        runs_on = following is not None and following[1] not in FUNCTIONS
        return " " * before.isalnum() + name[0] + " " * runs_on

    def _behind_declaration(self, word: str, after: int, end: int) -> int:
        after = _end_of(_BLANKS, self.source, after, end)
        no_delimiter = word in ("left", "right") and self.source.startswith(".", after, end)
        return after + no_delimiter

    def _sign(self, at: int, end: int, math: bool, depth: int) -> tuple[str, int]:
        r"""A command of one character that is no letter: ``\%``, ``\'e``, ``\,``, ``\(``."""
        sign = self.source[at + 1 : min(at + 2, end)]
        if sign in _ESCAPED:
            return sign, at + 2
        if sign in ACCENTS and not (math and sign in "=."):
            return self._accent(at, sign, end, depth)
        if sign in _DELIMITERS:
            close = self.source.find(_DELIMITERS[sign], at + 2, min(end, at + _MAX_MATH))
            if close > 0 and self._is_whole(at + 2, close):
                inside = self.convert(at + 2, close, math=True, depth=depth + 1)
                return inside.strip(), close + 2
        if sign in _SPACING:
            return _SPACING[sign], at + 2
        return "\\", at + 1

    def _accent(self, at: int, accent: str, end: int, depth: int) -> tuple[str, int]:
        after = at + 1 + len(accent)
        braced = self.source.startswith("{", after, end)
        if accent.isalpha() and not braced and not self.source.startswith(" ", after, end):
            return self.source[at:after], after
        found = self._argument(after, end, False, depth + 1)
        if found is None:
            return self.source[at:after], after
        letters = found[0].replace("ı", "i").replace("ȷ", "j")
        if braced and not letters:
            return accent, found[1]
        composed = unicodedata.normalize("NFC", letters[:1] + ACCENTS[accent]) + letters[1:]
        if letters[:1].isalpha() and (braced or len(composed) == len(letters)):
            return composed, found[1]
        if braced:
            return f"{self.source[at:after]}{{{found[0]}}}", found[1]
        # An escaped quotation mark, as in "don\'t", or nothing that can bear an accent.
        return (accent if accent in "'\"" else self.source[at:after]), after

    def _behind_letter(self, after: int, end: int) -> int:
        r"""Skip what only ended the command: ``{}``, or the space in ``Stra\ss e``."""
        skipped = self._behind_empty_group(after, end)
        return skipped if skipped > after else _end_of(_BEFORE_LETTER, self.source, after, end)

    def _behind_empty_group(self, after: int, end: int) -> int:
        return after + 2 if self.source.startswith("{}", after, end) else after

    def _with_arguments(
        self, name: re.Match[str], end: int, math: bool, depth: int
    ) -> tuple[str, int]:
        word, after = name[0], name.end()
        verbatim = f"\\{word}"
        if word == "sqrt":
            return self._root(after, end, depth) or (verbatim, after)
        is_known = word in _KNOWN or word in _PAIRED or word == "footnote"
        if not is_known and not self.source.startswith("{", after, end):
            return verbatim, after
        inner_math = WRAPPERS.get(word, math if not is_known else word not in ("href", "footnote"))
        first = self._argument(after, end, inner_math, depth + 1)
        if first is None:
            return verbatim, after
        if word in _PAIRED:
            second = self._argument(first[1], end, inner_math, depth + 1)
            if second:
                return _paired(word, first[0], second[0]), second[1]
        if is_known and word not in _PAIRED:
            return _dressed(word, first[0]), first[1]
        return f"{verbatim}{{{first[0]}}}", first[1]

    def _root(self, after: int, end: int, depth: int) -> tuple[str, int] | None:
        index = _ROOT_INDEX.match(self.source, after, end)
        found = self._argument(index.end() if index else after, end, True, depth + 1)
        if found is None:
            return None
        degree = _mapped(index[1], SUPERSCRIPTS) if index else ""
        return f"{degree}√{_parenthesised(found[0])}", found[1]


def _end_of(pattern: re.Pattern[str], source: str, at: int, end: int) -> int:
    found = pattern.match(source, at, end)
    return found.end() if found else at


def _without_commands(formula: str) -> str:
    r"""Return a formula without command names and the words in ``\text{...}``."""
    return re.sub(
        r"\\(?:text\w*|mathrm|mathit|mbox|operatorname)\s*\{[^{}]*\}|\\[A-Za-z]+", "", formula
    )


def _mapped(content: str, table: Mapping[str, str]) -> str | None:
    """Return content in the letters of a table; None if one is not in it."""
    letters = [table.get(char) for char in content]
    return "".join(c for c in letters if c) if all(letters) else None


def _scripted(mark: str, content: str) -> str:
    if mark == "^" and content in ("*", "†", "‡", "′", "″", "∘", "⋆"):
        return "°" if content == "∘" else content
    found = _mapped(content, SUPERSCRIPTS if mark == "^" else SUBSCRIPTS)
    if found:
        return found
    if len(content) == 1 or (mark == "_" and _SIMPLE.fullmatch(content)):
        return mark + content
    return f"{mark}({content})"


def _parenthesised(content: str) -> str:
    """Return an operand as it can stand beside an operator."""
    content = content.strip()
    return content if _SIMPLE.fullmatch(content) else f"({content})"


def _dressed(word: str, content: str) -> str:
    """Return the argument of a command that changes how it looks."""
    if word == "footnote":
        return f" ({content})"
    if word == "mathbb":
        return BLACKBOARD.get(content, content)
    # A mark over more than a letter has no place in a line.
    if word in OVERLAYS and len(content) == 1 and content.isalnum():
        return unicodedata.normalize("NFC", content + OVERLAYS[word])
    return content


def _paired(word: str, first: str, second: str) -> str:
    if word == "href":
        return f"{second} ({first})"
    if word == "binom":
        return f"({first} choose {second})"
    return f"{_parenthesised(first)}/{_parenthesised(second)}"
