"""Plain lists: arXiv ids, DOIs, links or titles, one a line."""

import re
from collections.abc import Iterator

from digest.libraries.base import Draft, Trouble, find_arxiv_id, find_url, numbered_lines
from digest.text import parse_doi

_MAX_LINE = 600  # characters; what is longer is no title
_BULLET = re.compile(r"\s*(?:[-*+•–]\s+|\[?\d{1,4}[.)\]]\s+)?")
_BETWEEN_IDS = re.compile(r"[\s,;]+")
_ID = re.compile(
    r"(?:arxiv:\s?)?(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d{1,3})?"
    r"|(?:doi:\s?)?10\.\d{4,9}/\S+|https?://\S+",
    re.I,
)
_QUOTES = "\"'“”«»"


def read(text: str) -> Iterator[Draft | Trouble]:
    """Read the lines; empty ones and those that begin with ``#`` do not count."""
    for number, whole in numbered_lines(text):
        line = whole[: _MAX_LINE + 50].strip()
        if not line or line.startswith("#"):
            continue
        line = line[_BULLET.match(line).end() :]  # type: ignore[union-attr]
        if len(line) > _MAX_LINE:
            yield Trouble("the line is too long for a title; write one paper a line", number)
            continue
        parts = [part for part in _BETWEEN_IDS.split(line) if part]
        if len(parts) > 1 and all(_ID.fullmatch(part) for part in parts):
            yield from map(_draft, parts)
        else:
            yield _draft(line)


def _draft(line: str) -> Draft:
    """Return the id or link in a line; what else stands there is the title."""
    if _ID.fullmatch(line):
        return Draft(doi=line, url=line if "://" in line else "", arxiv=line)
    url = find_url(line) or ""
    title = _ID.sub(" ", line) if url or find_arxiv_id(line) or parse_doi(line) else line
    return Draft(title.strip(f" \t-–—:,;|()[]{_QUOTES}"), url=url, doi=line, arxiv=line)
