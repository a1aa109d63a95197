"""arXiv's OAI-PMH: whole records in the format ``arXiv``, for filling in what was missed.

A record tells the days of the first and of the last version, but not which version that is;
names come in parts. A record whose last version is a replacement, or that changed long after
it was submitted (arXiv edits records by the thousand), does not present a paper as new.
Source: https://www.openarchives.org/OAI/openarchivesprotocol.html
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from xml.etree import ElementTree  # nosec - documents with a DOCTYPE are refused

from digest import text
from digest.errors import ParseError
from digest.models import Entry
from digest.sources.arxiv import asking
from digest.sources.arxiv.fields import NAME, record
from digest.sources.base import MAX_ENTRIES, Page, Response
from digest.sources.common import bounded, dated, instant, refusal
from digest.sources.enrich import enriched

_ROOT = re.compile(rb"<(?:[\w.-]+:)?OAI-PMH[\s>]")
_HEAD = 4_096
_OAI = "{http://www.openarchives.org/OAI/2.0/}"
_ARXIV = "{http://arxiv.org/OAI/arXiv/}"
# A record is set up within days of the submission; later changes are of the record alone.
_SET_UP = timedelta(days=31)
_RECORDS = "an answer to ListRecords in the format arXiv"


def is_oai(body: bytes) -> bool:
    """Tell whether an XML document is an answer of OAI-PMH."""
    return _ROOT.search(body[:_HEAD]) is not None


def parse(response: Response) -> Page:
    """Return the papers of an answer to ListRecords, and the request for the next ones.

    Raises:
        ParseError: it is damaged, from another archive or in another format, or an error.
            That no records match is none.
    """
    root = _read(response)
    if (error := root.find(f"{_OAI}error")) is not None:
        code, said = error.get("code", "error"), text.cut(text.collapse(error.text or ""), 200)
        if code == "noRecordsMatch":
            return Page(())
        raise ParseError(f"{response.url}: arXiv's OAI-PMH refused ({code}): {said}")
    records = root.findall(f"{_OAI}ListRecords/{_OAI}record")
    if not records or not any(_identifier(r).startswith("oai:arXiv.org:") for r in records):
        raise refusal(response, NAME, _RECORDS)
    entries: list[Entry] = []
    problems: list[str] = []
    for number, element in enumerate(records[:MAX_ENTRIES], 1):
        found = _entry(element)
        if isinstance(found, Entry):
            entries.append(dated(enriched(bounded(found)), response))
        elif found:
            problems.append(f"record {number}: {found}; left out")
    if len(records) > MAX_ENTRIES:
        problems.append(f"record {MAX_ENTRIES + 1}: too many records; the rest is left out")
    token = root.findtext(f"{_OAI}ListRecords/{_OAI}resumptionToken", "").strip()
    following = asking.next_records(response.url, token)
    return Page(tuple(entries), tuple(problems), following, complete=response.complete)


def _read(response: Response) -> ElementTree.Element:
    # No answer of OAI-PMH has a DOCTYPE: without one there are no entities to expand.
    if b"<!DOCTYPE" in response.body or b"<!ENTITY" in response.body:
        raise refusal(response, NAME, _RECORDS)
    try:
        return ElementTree.fromstring(response.body)  # noqa: S314 - see above
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ParseError(
            f"{response.url} is not readable XML ({error}); ask again or save it again"
        ) from error


def _identifier(element: ElementTree.Element) -> str:
    return element.findtext(f"{_OAI}header/{_OAI}identifier", "").strip()


def _entry(element: ElementTree.Element) -> Entry | str:
    """Return the entry of one record, what is wrong with it, or nothing for a deleted one."""
    header = element.find(f"{_OAI}header")
    if header is not None and header.get("status") == "deleted":
        return ""
    paper = element.find(f"{_OAI}metadata/{_ARXIV}arXiv")
    if paper is None:
        return "not in the format arXiv"

    def said(name: str) -> str:
        return paper.findtext(f"{_ARXIV}{name}", "")

    identity = text.parse_arxiv_id(said("id")) or text.parse_arxiv_id(_identifier(element))
    if identity is None or not text.collapse(said("title")):
        return "no arXiv id" if identity is None else "no title"
    created, updated = instant(said("created")), instant(said("updated"))
    changed = instant(element.findtext(f"{_OAI}header/{_OAI}datestamp", ""))
    late = created is not None and changed is not None and changed - created > _SET_UP
    authors = tuple(_names(paper.findall(f"{_ARXIV}authors/{_ARXIV}author")))
    return record(
        identity[0],
        said("title"),
        said("abstract"),
        comment=said("comments"),
        journal=said("journal-ref"),
        doi=said("doi"),
        categories=said("categories").split(),
        authors=authors,
        n_authors=len(authors) or None,
        published_at=created,
        updated_at=updated or created,
        announce_type="replace" if updated else "absonly" if late else None,
    )


def _names(authors: Iterable[ElementTree.Element]) -> Iterable[str]:
    """Return "First Last Suffix" for each author; affiliations are left out."""
    for author in authors:
        parts = (author.findtext(f"{_ARXIV}{p}", "") for p in ("forenames", "keyname", "suffix"))
        if name := text.collapse(" ".join(parts)):
            yield name
