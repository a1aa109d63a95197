"""BibTeX and BibLaTeX, read by bibtexparser; nothing else imports it.

It goes on behind a damaged entry where the next one begins a line, and takes linear time.
TeX becomes Unicode by `digest.tex`: its own way (pylatexenc) drops what stands behind a ``%``.
"""

import logging
import re
from collections.abc import Iterator

from digest.libraries.base import MAX_ITEMS, Draft, Trouble, find_arxiv_id
from digest.text import collapse

_START = re.compile(r"@[^\W\d_]{1,40}\s{0,20}[{(]")
_NO_ITEMS = frozenset(("comment", "preamble", "string"))
_MAX_BLOCKS = 2 * MAX_ITEMS  # a library also holds comments and strings
_LINE_START = re.compile(r"^[ \t]{0,40}@[^\W\d_]{1,40}\s{0,20}[{(]", re.M)
_AND = re.compile(" and ", re.I)
_CLUES = ("note", "journal", "journaltitle", "howpublished", "volume", "number", "archiveprefix")
_CATEGORY = re.compile(r"[a-z-]{2,12}(?:\.[A-Za-z-]{2,12})?")
# A piece of a value put together by "#": quoted, in braces without braces within, or a name.
_PIECE = re.compile(
    r"\s{0,20}(?:\"(?P<quoted>[^\"]{0,5000})\"|\{(?P<braced>[^{}]{0,5000})\}|(?P<name>[^\s\"#{},]{1,80}))"
    r"\s{0,20}(?P<more>#|$)"
)
_OLD_NUMBER = re.compile(r"\d{7}(?:v\d+)?")


def is_bibtex(text: str) -> bool:
    """Tell whether a text holds an entry."""
    return _LINE_START.search(text) is not None


def read(text: str) -> Iterator[Draft | Trouble]:
    """Read the entries; strings are put in where they are named."""
    from bibtexparser.entrypoint import parse_string
    from bibtexparser.model import (
        DuplicateBlockKeyBlock,
        DuplicateFieldKeyBlock,
        Entry,
        ParsingFailedBlock,
    )

    # What it logs of damaged entries is reported below, once, with what to do.
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)
    library = parse_string(_bounded(text))
    strings: dict[str, str] = {}
    for string in library.strings:
        strings[string.key.lower()] = _joined(str(string.value), strings)
    for block in library.blocks:
        entry = block
        if isinstance(block, DuplicateBlockKeyBlock | DuplicateFieldKeyBlock):
            # Two entries of one key, or a field that stands twice, can be understood.
            entry = block.ignore_error_block or block
        if isinstance(entry, Entry):
            yield _draft(entry.fields, strings)
        elif isinstance(block, ParsingFailedBlock) and _is_item(block.raw or ""):
            yield Trouble(
                f"{_name(block.raw or '')} is damaged: a brace, a quotation mark or a comma is"
                " missing; correct it in the file",
                (block.start_line or 0) + 1,
            )


def _bounded(text: str) -> str:
    """Return the text up to the first block that is too many to be read."""
    for number, found in enumerate(_START.finditer(text)):
        if number >= _MAX_BLOCKS:
            return text[: found.start()]
    return text


def _is_item(raw: str) -> bool:
    return raw[1:].partition("{")[0].strip().lower() not in _NO_ITEMS


def _name(raw: str) -> str:
    """Return the key of a damaged entry, as far as there is one."""
    found = re.match(r"@[^{(]{1,60}[{(]\s{0,20}([^\s,={}]{1,80})\s{0,20},", raw)
    return f"the entry {found[1]!r}" if found else "the entry"


def _joined(value: str, strings: dict[str, str]) -> str:
    """Return a value whose pieces are put together by ``#``, and any other as it is."""
    # "C # D" was in braces, which are taken off by now: it is text.
    if "#" not in value or not ('"' in value or "{" in value):
        return value
    told, place, more = "", 0, "#"
    while more == "#":
        piece = _PIECE.match(value, place)
        if piece is None:
            return value
        name = piece["name"] or ""
        told += piece["quoted"] or piece["braced"] or strings.get(name.lower(), name)
        place, more = piece.end(), piece["more"]
    return told


def _draft(fields: list, strings: dict[str, str]) -> Draft:  # type: ignore[type-arg]
    told: dict[str, str] = {}
    for field in fields:
        value = _joined(str(field.value), strings)
        # What quotes within quotes is wrong BibTeX and common; the outer ones are no title's.
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        told.setdefault(str(field.key).lower(), value)
    names = collapse(told.get("author", "")[:50_000])
    return Draft(
        title=told.get("title", ""),
        authors=tuple(n for n in _AND.split(names) if n.lower() != "others"),
        doi=told.get("doi", ""),
        arxiv=_eprint(told),
        url=told.get("url", "") or told.get("link", ""),
        year=told.get("year", "") or told.get("date", ""),
        abstract=told.get("abstract", ""),
        clues=tuple(told[key] for key in _CLUES if key in told),
    )


def _eprint(told: dict[str, str]) -> str:
    """Return the eprint field if it is one of arXiv, old numbers with their archive."""
    kind = told.get("archiveprefix") or told.get("eprinttype") or "arxiv"
    number = told.get("eprint", "").strip()[:200]
    if kind.strip().lower() != "arxiv":
        return ""
    archive = told.get("primaryclass", "") or told.get("eprintclass", "")
    if _OLD_NUMBER.fullmatch(number) and _CATEGORY.fullmatch(archive):
        return f"{archive}/{number}"
    return number if find_arxiv_id(number) else told.get("arxivid", "")
