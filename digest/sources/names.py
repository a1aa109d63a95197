"""Lists of authors as journals write them, told apart where that can be done for certain."""

import re
from collections.abc import Iterable, Sequence

_AND = re.compile(r",?\s+(?:and|&)\s+")
_SUFFIX = re.compile(r",\s*(Jr|Sr|II|III|IV)\b\.?")
_ET_AL = re.compile(r",?\s*\bet al\.?\s*$", re.I)
# "Brandt AB": a last name, then initials without points.
_VANCOUVER = re.compile(r"(\S.*) ([A-Z]{1,3})\.?")


def is_shortened(elements: Sequence[str]) -> bool:
    """Tell whether a list of authors ends in "et al.", so that nobody knows how many they are."""
    return any(map(_ET_AL.search, elements))


def initials_come_last(lists: Iterable[Sequence[str]]) -> bool:
    """Tell whether a feed writes "Brandt AB": some line of several authors is all of that form.

    A line of one author does not tell; it may be a first name and an abbreviated last one.
    """
    lines = (elements[0] for elements in lists if len(elements) == 1)
    listed = (_listed(line) for line in lines)
    return any(len(names) > 1 and all(map(_VANCOUVER.fullmatch, names)) for names in listed)


def told_apart(
    elements: Sequence[str], *, initials_last: bool = False
) -> tuple[tuple[str, ...], bool]:
    """Return "First Last" for each author, and whether the names could be told apart.

    One element per author may be "Last, First"; one element for all is taken apart only where
    no comma can mean that: at semicolons, or if every part has two words.

    Args:
        elements: the author elements of one item.
        initials_last: the feed is known to write "Brandt AB", so a single author is that, too.
    """
    parts = [part for e in elements for part in re.split(r"\s*;\s*", e) if part]
    if len(parts) > 1 and all(_SUFFIX.sub("", part).count(",") <= 1 for part in parts):
        return tuple(_first_last(part) for part in parts), True
    if len(parts) != 1:
        return tuple(parts), not parts
    names = _listed(parts[0])
    initials = [_VANCOUVER.fullmatch(name) for name in names]
    if all(initials) and (len(names) > 1 or initials_last):
        return tuple(f"{found[2]} {found[1]}" for found in initials if found), True
    if len(names) <= 1:
        return tuple(names), not _ET_AL.search(parts[0])
    if all(len(name.split()) >= 2 for name in names):
        return tuple(names), True
    return (parts[0],), False


def _listed(line: str) -> list[str]:
    parts = re.split(r"\s*,\s*", _ET_AL.sub("", _and_as_comma(line)))
    return [name for name in parts if name]


def _and_as_comma(names: str) -> str:
    """Return "A, B and C" as "A, B, C"; suffixes lose their comma."""
    return _AND.sub(", ", _SUFFIX.sub(r" \1", names))


def _first_last(name: str) -> str:
    suffix = _SUFFIX.search(name)
    last, comma, first = _SUFFIX.sub("", name).partition(",")
    ordered = f"{first.strip()} {last.strip()}".strip() if comma else last
    return f"{ordered} {suffix[1]}" if suffix else ordered
