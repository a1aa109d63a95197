"""RIS, the tagged lines that EndNote, Mendeley, Zotero and publishers write.

Read here: a line is two characters, blanks, a hyphen and a value. The library for it (rispy)
was tried and drops records without an end, stops at a stray line and takes quadratic time for
long fields. Source: https://en.wikipedia.org/wiki/RIS_(file_format)
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from digest.libraries.base import Draft, Trouble, numbered_lines

_TAG = re.compile(r"\s{0,8}([A-Z][A-Z0-9])\s{1,4}-(?:\s|$)(.*)")
_START = re.compile(r"^\s{0,8}TY\s{1,4}-", re.M)
_MAX_VALUES = 1_000  # lines of one tag in one record
_AUTHORS = ("AU", "A1")
_CLUES = ("JO", "JF", "JA", "T2", "N1", "M1", "M3", "C1", "AN", "VL", "L1", "L2", "SP")

_Record = dict[str, list[str]]


def is_ris(text: str) -> bool:
    """Tell whether a record begins in a text."""
    return _START.search(text) is not None


def read(text: str) -> Iterator[Draft | Trouble]:
    """Read the records; one without an end ends where the next begins."""
    record: _Record | None = None
    tag = ""
    for number, line in numbered_lines(text):
        found = _TAG.match(line)
        if found and found[1] == "TY":
            if record is not None:
                yield _draft(record)
            record, tag = defaultdict(list), ""
        elif record is None:
            if found and found[1] != "ER":
                yield Trouble("it does not begin with a line TY  - ; add it", number)
                record = defaultdict(list)
        elif found and found[1] == "ER":
            yield _draft(record)
            record = None
        elif found:
            tag = found[1]
            _keep(record, tag, found[2])
        elif tag and line.strip():
            _keep(record, tag, line)
    if record is not None:
        yield _draft(record)


def _keep(record: _Record, tag: str, value: str) -> None:
    if len(record[tag]) < _MAX_VALUES:
        record[tag].append(value.strip())


def _draft(record: _Record) -> Draft:
    def first(*tags: str) -> str:
        return next((" ".join(record[tag]) for tag in tags if record.get(tag)), "")

    authors = [name for tag in _AUTHORS for name in record.get(tag, ())]
    return Draft(
        title=first("TI", "T1", "CT", "BT"),
        authors=tuple(authors),
        doi=first("DO"),
        url=first("UR", "LK"),
        year=first("PY", "Y1", "DA"),
        abstract=first("AB", "N2"),
        clues=tuple(" ".join(record[tag]) for tag in _CLUES if record.get(tag)),
    )
