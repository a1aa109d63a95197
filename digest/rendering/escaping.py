"""Keeps text from feeds text: in HTML lines, in Markdown and on a plain page.

HTML itself is escaped by the template engine. Here stand the parts it has no opinion on.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from urllib.parse import quote, urlsplit

from digest import text

MAX_LINK = 500
LINE = 900  # bytes of a line of HTML, about; RFC 5322 allows 998

_AUTHORITY = re.compile(r"[A-Za-z0-9.:@_~%-]+")
# What needs no second look: nearly all links, and all of ours.
_PLAIN_LINK = re.compile(
    r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?(?:[/?][\w./?=~-]*)?", re.A
)
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_LINK_SAFE = "%/:?#@!$&+,;=-._~"

# Format characters that stay: the joiners, which Persian, Indic scripts and emoji need.
_JOINERS = "\u200c\u200d"
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})

_INLINE = re.compile(r"[\\`*_\[\]|~$]|(?<!\S)#|&(?=#?\w+;)")
_LINE_START = re.compile(r"[-+=>]|\d{1,9}(?=[.)](?:\s|$))")
# A scheme or "www." that GitHub would turn into a link of its own.
_BARE_LINK = re.compile(r"(?<=\w):(?=//)|(?<=www)\.|(?<=mailto):|(?<=xmpp):", re.IGNORECASE)

_HTML_TOKEN = re.compile(r"<!--.*?-->|</?[a-zA-Z][^>]*>|<[^>]*>|[^<]+|<", re.DOTALL)
_TAG = re.compile(r"(</?[a-zA-Z]\w*)([^>]*>)")
_PIECE = re.compile(r"\s*(?:&#?\w+;|\S){1,100}|\s+")

_WIDE = "\u3000-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef"
# Letters of the West and the quotation marks that stand around them.
_NARROW = re.compile("[ -~\xa0-\u02ff\u2010-\u2027]*")
_ONE_LINE = re.compile("[!-~\xa1-\u02ff\u2010-\u2027]+(?: [!-~\xa1-\u02ff\u2010-\u2027]+)*")
_UNIT = re.compile(rf"\s+|https?://\S+|[{_WIDE}]|(?:(?!https?://)[^\s{_WIDE}])+")
# A line does not begin with closing marks, nor end with opening ones (the gist of JIS X 4051).
_NOT_FIRST = "、。，．・：；？！゛゜ヽヾゝゞ々ー）］｝〕〉》」』】"
_NOT_LAST = "（［｛〔〈《「『【"


def clean(block: str) -> str:
    """Return text on one line that holds nothing invisible: no controls, no marks of direction."""
    line = text.collapse(block)
    if line.isascii():
        return line
    return "".join(
        c for c in line if c in _JOINERS or unicodedata.category(c) not in _INVISIBLE
    ).strip()


def safe_link(address: str | None, *, mail: bool = False) -> str:
    """Return an http(s) address fit for all three forms, or "" when there is none.

    Characters that would end a link in HTML or Markdown are percent-encoded. Addresses with
    controls, without a host, with a host outside ASCII or of more than `MAX_LINK` bytes are
    refused, not repaired.

    Args:
        address: what a source said.
        mail: whether ``mailto:`` is welcome too.
    """
    address = (address or "").strip()
    if len(address) <= MAX_LINK and _PLAIN_LINK.fullmatch(address):
        return address
    if not address or not address.isprintable():
        return ""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return ""
    scheme = parts.scheme.lower()
    if scheme in {"http", "https"}:
        if not host or not _AUTHORITY.fullmatch(parts.netloc):
            return ""
    elif not (mail and scheme == "mailto" and "@" in parts.path):
        return ""
    escaped = quote(_STRAY_PERCENT.sub("%25", address), safe=_LINK_SAFE)
    # An "&" takes five bytes in HTML.
    return escaped if len(escaped) + 4 * escaped.count("&") <= MAX_LINK else ""


class Markdown(str):
    """A string that is Markdown already and is not to be escaped again."""

    __slots__ = ()


def escape_markdown(value: object) -> str:
    """Return text as Markdown that shows it letter for letter (CommonMark and GitHub).

    Emphasis, code, links, tables, strikethrough, mathematics, entities, bare addresses and
    what would begin a list, heading or quotation at the start of a line lose their meaning.
    """
    return value if isinstance(value, Markdown) else _escaped(str(value))


@lru_cache(maxsize=4_096)
def _escaped(value: str) -> str:
    # "<" becomes an entity, not "\<": some readers of Markdown know no such escape.
    escaped = _INLINE.sub(lambda found: "\\" + found[0], value).replace("<", "&lt;")
    escaped = _BARE_LINK.sub(lambda found: "\\" + found[0], escaped)
    start = _LINE_START.match(escaped)
    if start and start[0].isdigit():
        return f"{start[0]}\\{escaped[start.end() :]}"
    return "\\" + escaped if start else escaped


def markdown_link(address: str) -> Markdown:
    """Return a safe address as the destination of a Markdown link."""
    return Markdown(re.sub(r"&(?=#?\w+;)", "&amp;", address))


def columns(line: str) -> int:
    """Return how many columns a terminal gives a line: wide East Asian characters take two."""
    if line.isascii() or _NARROW.fullmatch(line):
        return len(line)
    return sum(1 + _is_wide(c) for c in line if not unicodedata.combining(c) and c not in _JOINERS)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


@lru_cache(maxsize=4_096)  # a day's papers come back in many editions
def wrap(block: str, indent: int = 0, first: str | None = None, width: int = 76) -> str:
    """Return text in lines of at most `width` columns, each behind `indent` spaces.

    `first`, if given, stands before the first line in place of its spaces.

    Breaks at spaces and between wide characters; an address is never broken, another word
    only when it is longer than a line.
    """
    room = width - indent
    if len(block) <= room and _ONE_LINE.fullmatch(block):  # most reasons, labels, names
        return " " * indent + block if first is None else first.ljust(indent) + block
    lines: list[str] = []
    if _NARROW.fullmatch(block) and "http" not in block:
        words = block.split()
        if max(map(len, words), default=0) <= room:
            return _between(_filled(words, room), indent, first)
    line, used = "", 0
    for unit in _units(block, room):
        if unit.isspace():
            if line:
                line, used = line + " ", used + 1
            continue
        size = columns(unit)
        if used + size <= room or not line.strip():
            line, used = line + unit, used + size
        else:
            lines.append(line.rstrip())
            line, used = unit, size
    lines.append(line.rstrip())
    return _between(lines, indent, first)


def _filled(words: Sequence[str], room: int) -> list[str]:
    """Return words in lines; each takes as many columns as it has characters."""
    lines: list[str] = []
    start, used = 0, -1
    for number, word in enumerate(words):
        used += 1 + len(word)
        if used > room:
            lines.append(" ".join(words[start:number]))
            start, used = number, len(word)
    return [*lines, " ".join(words[start:])]


def _between(lines: Iterable[str], indent: int, first: str | None) -> str:
    margin = " " * indent
    wrapped = "\n".join([margin + line for line in lines if line])
    return wrapped if first is None else first.ljust(indent) + wrapped[indent:]


def _units(block: str, room: int) -> list[str]:
    """Split text into what stays together: words, and wide characters with their marks."""
    units: list[str] = []
    for piece in _UNIT.findall(block):
        is_address = piece.startswith(("http://", "https://"))
        if columns(piece) > room and not is_address:
            size = room if piece.isascii() else room // 2
            units += [piece[start : start + size] for start in range(0, len(piece), size)]
        elif (
            units
            and _belongs(units[-1], piece)
            and (is_address or columns(units[-1] + piece) <= room)
        ):
            units[-1] += piece
        else:
            units.append(piece)
    return units


def _belongs(unit: str, piece: str) -> bool:
    """Tell whether there should be no break between a unit and what follows it."""
    if unit.isspace() or piece.isspace():
        return False
    if unit[-1] in _NOT_LAST or piece in _NOT_FIRST:
        return True
    return not (_is_wide(unit[-1]) or _is_wide(piece[0]))


def fold_html(html: str, limit: int = LINE) -> str:
    """Return HTML with no line longer than about `limit` bytes, showing the same.

    RFC 5322 allows 998. Lines are broken where it does not show: at a space of the text, or
    after the name of a tag; a long run without either (Japanese) gets a ``<wbr>``.
    """
    return "\n".join(
        line if len(line) * 4 <= limit or len(line.encode()) <= limit else _fold(line, limit)
        for line in html.split("\n")
    )


def _fold(line: str, limit: int) -> str:
    folded: list[str] = []
    used = 0
    for token in _HTML_TOKEN.findall(line):
        tag = _TAG.fullmatch(token)
        pieces = [token] if token.startswith("<") else _PIECE.findall(token)
        for piece in pieces:
            size = len(piece.encode())
            if used + size <= limit:
                folded.append(piece)
                used += size
            elif tag:
                folded.append(f"{tag[1]}\n{tag[2].lstrip()}")
                used = size - len(tag[1])
            elif piece[:1].isspace():
                folded.append("\n" + piece.lstrip())
                used = size
            elif token.startswith("<"):
                folded.append(piece)
                used += size
            else:
                folded.append("<wbr\n>" + piece)
                used = size + 1
    return "".join(folded)
