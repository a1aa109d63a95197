"""arXiv's records as JSON Lines: one object a line, as collectors of arXiv save them.

Such a file says no more than id, title, authors, categories, comment and summary: no dates and
no announce type, so every record of it counts as new when it is first seen.
"""

import json
from typing import Any

from digest import text
from digest.models import Entry
from digest.sources.arxiv.fields import NAME, record
from digest.sources.base import MAX_ENTRIES, Page, Response
from digest.sources.common import bounded, line, lines, refusal
from digest.sources.enrich import enriched

_WANTED = {"id", "title", "summary"}
_EXPECTED = "records as JSON Lines, with id, title and summary"


def is_records(body: bytes) -> bool:
    """Tell whether the first line of a document is such a record."""
    first = next((one for one in lines(body) if one.strip()), "")
    return _object(first).keys() >= _WANTED


def parse(response: Response) -> Page:
    """Return the papers of a file; a line that is no record costs only itself.

    Raises:
        ParseError: no line is a record.
    """
    entries: list[Entry] = []
    problems: list[str] = []
    told = [(n, one) for n, one in enumerate(lines(response.body), 1) if one.strip()]
    for number, one in told[:MAX_ENTRIES]:
        found = _entry(_object(one))
        if isinstance(found, Entry):
            entries.append(enriched(bounded(found)))
        else:
            problems.append(f"line {number}: {found}; left out")
    if not entries:
        raise refusal(response, NAME, _EXPECTED)
    if len(told) > MAX_ENTRIES:
        problems.append(f"line {told[MAX_ENTRIES][0]}: too many records; the rest is left out")
    return Page(tuple(entries), tuple(problems), complete=response.complete)


def _object(one: str) -> dict[str, Any]:
    """Return the object of a line; an empty one for all else."""
    try:
        found = json.loads(one)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _entry(told: dict[str, Any]) -> Entry | str:
    """Return the entry of one record, or what is wrong with it."""
    identity = text.parse_arxiv_id(line(told.get("id")))
    title = line(told.get("title"))
    if identity is None or not title:
        return "no record" if not told else "no arXiv id" if identity is None else "no title"
    authors = tuple(filter(None, map(line, _listed(told, "authors"))))
    return record(
        identity[0],
        title,
        line(told.get("summary")),
        comment=line(told.get("comment")),
        categories=map(line, _listed(told, "categories")),
        authors=authors,
        n_authors=len(authors) or None,
        arxiv_version=identity[1],
    )


def _listed(told: dict[str, Any], name: str) -> list[Any]:
    found = told.get(name)
    return found if isinstance(found, list) else []
