"""CSL-JSON, and the JSON that Zotero and Better BibTeX write, which names some fields otherwise.

Source: https://citeproc-js.readthedocs.io/en/latest/csl-json/markup.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from digest.libraries.base import MAX_AUTHORS, Draft, Trouble

_ITEMS = re.compile(r'"(?:items|references)"\s{0,20}:\s{0,20}\[')
_BETWEEN = re.compile(r"[\s,]*")
_NEXT = re.compile(r"\}\s{0,200},\s{0,200}(?=\{)")
_TAG = re.compile(r"</?(?:i|b|sub|sup|span|sc)\b[^<>]{0,100}>", re.I)
_SKIPPED_TYPES = frozenset(("attachment", "note", "annotation"))
_MAX_DAMAGED = 50  # each may be read to the end of the file
_CLUES = ("note", "extra", "number", "archive_location", "archiveID", "container-title", "id")


def read(text: str) -> Iterator[Draft | Trouble]:
    """Read the items one by one, so that a damaged one does not cost the others."""
    at = len(text) - len(text.lstrip())
    listed = _ITEMS.search(text) if text.startswith("{", at) else None
    at = listed.end() if listed else at + text.startswith("[", at)
    decoder = json.JSONDecoder()
    damaged = 0
    while True:
        between = _BETWEEN.match(text, at)
        at = between.end() if between else at
        if at >= len(text) or text[at] == "]":
            return
        try:
            item, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            yield Trouble("it is no valid JSON; correct it, or export it again", _line(text, at))
            following = _NEXT.search(text, at)
            damaged += 1
            if following is None:
                return
            if damaged == _MAX_DAMAGED:
                yield Trouble("with it too many are damaged; the rest is not read")
                return
            at = following.end()
            continue
        if not isinstance(item, dict):
            yield Trouble("it is no object with fields; export the library as CSL-JSON")
        elif str(item.get("itemType", "")).lower() not in _SKIPPED_TYPES:
            yield _draft(item)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _draft(item: Mapping[str, Any]) -> Draft:
    def field(*names: str) -> str:
        return next((told for name in names if (told := _text(item.get(name)))), "")

    return Draft(
        title=_TAG.sub("", field("title")[:5_000]),
        authors=tuple(_people(item.get("author") or item.get("creators"))),
        doi=field("DOI", "doi"),
        url=field("URL", "url"),
        year=_year(item.get("issued") or item.get("date")),
        abstract=_TAG.sub("", field("abstract", "abstractNote")[:20_000]),
        clues=tuple(field(name) for name in _CLUES),
    )


def _text(value: object) -> str:
    """Return a string or number as text; some exporters put it into a list."""
    if isinstance(value, list) and value:
        value = value[0]
    return str(value) if isinstance(value, str | float) or type(value) is int else ""


def _people(value: object) -> Iterator[str]:
    for one in value[:MAX_AUTHORS] if isinstance(value, list) else ():
        if not isinstance(one, dict) or one.get("creatorType", "author") != "author":
            continue
        given = _text(one.get("given") or one.get("firstName"))
        family = _text(one.get("family") or one.get("lastName"))
        particle = _text(one.get("non-dropping-particle"))
        whole = " ".join(part for part in (given, particle, family) if part)
        yield whole or _text(one.get("literal") or one.get("name"))


def _year(value: object) -> str:
    """Return the year of ``{"date-parts": [[2021, 1]]}`` or of a date as text."""
    if not isinstance(value, dict):
        return _text(value)
    parts = value.get("date-parts")
    if isinstance(parts, list) and parts and isinstance(parts[0], list):
        return _text(parts[0])
    return _text(value.get("raw") or value.get("literal"))
