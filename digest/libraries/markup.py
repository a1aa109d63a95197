"""Zotero RDF and OPML.

The XML is read by the standard library as a stream: what was whole before a damage is kept,
nesting is bounded, and a file that declares entities is not read, since no library needs them.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from digest.errors import LibraryError
from digest.libraries.base import MAX_AUTHORS, Draft, Trouble, find_arxiv_id
from digest.text import parse_doi

_MAX_DEPTH = 60
_MAX_IDS = 20  # of one item or journal
_PIECE = 65_536
_DECLARATION = re.compile(r"\s*<\?xml\b[^<>]{0,200}\?>")
_ROOT = re.compile(r"<(?![?!])(?:[\w.-]{1,40}:)?([\w.-]{1,40})")

_ARXIV_FEED = re.compile(r"^(.{0,80}arxiv\.org/(?:rss|atom)/)([\w.+-]{1,500})", re.I)

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_TERMS = "{http://purl.org/dc/terms/}"
_BIB = "{http://purl.org/net/biblio#}"
_FOAF = "{http://xmlns.com/foaf/0.1/}"
_ZOTERO = "{http://www.zotero.org/namespaces/export#}"
_NO_PAPERS = frozenset(("attachment", "note", "annotation"))
_ATTACHED = frozenset((f"{_ZOTERO}Attachment", f"{_BIB}Memo", f"{_ZOTERO}Collection"))


def root_of(text: str) -> str:
    """Return the name of the first element, without its prefix: ``RDF``, ``opml``, ``html``."""
    found = _ROOT.search(text[:10_000])
    return found[1] if found else ""


def read_rdf(text: str) -> Iterator[Draft | Trouble]:
    """Read the items of a Zotero RDF export."""
    elements, damage = _parsed(text, within=1)
    containers = {about: e for e in elements if (about := e.get(f"{_RDF}about"))}
    inside = {about: _identifiers(element) for about, element in containers.items()}
    for element in elements:
        if _is_item(element):
            yield _rdf_draft(element, inside)
    if damage:
        yield damage


def read_opml(text: str) -> Iterator[Draft | Trouble]:
    """Read the outlines of an OPML file: links, ids, and feeds of arXiv's categories."""
    elements, damage = _parsed(text, within=0)
    for element in elements:
        for outline in element.iter("outline"):
            yield from _outline(outline)
    if damage:
        yield damage


def _parsed(text: str, *, within: int) -> tuple[list[Element], Trouble | None]:
    """Return the elements at a depth (0: the root), and where the file is damaged.

    Raises:
        LibraryError: it declares entities, or is nested too deeply.
    """
    if "<!ENTITY" in text:
        raise LibraryError("it declares entities, which no library needs; export it again")
    declared = _DECLARATION.match(text)
    path: list[Element] = []
    found: list[Element] = []
    try:
        for event, element in _events(text[declared.end() if declared else 0 :]):
            if event == "end":
                path.pop()
                if len(path) == within:
                    found.append(element)
                continue
            path.append(element)
            if len(path) > _MAX_DEPTH:
                raise LibraryError("its elements are nested too deeply; export it again")
    except (ElementTree.ParseError, ValueError) as error:
        line = getattr(error, "position", (0, 0))[0]
        # An unfinished root still holds the outlines that were read.
        found = found or path[:1] if within == 0 else found
        return found, Trouble("the file is damaged, and not read further; export it again", line)
    return found, None


def _events(text: str) -> Iterator[tuple[str, Element]]:
    """Parse piece by piece, so that a damage does not hide what stands before it.

    The declaration is to be left out: it names the encoding of the bytes.
    """
    parser: Any = ElementTree.XMLPullParser(("start", "end"))
    for start in range(0, len(text), _PIECE):
        parser.feed(text[start : start + _PIECE])
        yield from parser.read_events()
    parser.close()
    yield from parser.read_events()


def _is_item(element: Element) -> bool:
    kind = element.findtext(f"{_ZOTERO}itemType", "").strip().lower()
    if kind in _NO_PAPERS or element.tag in _ATTACHED:
        return False
    return bool(kind) or element.find(f"{_BIB}authors") is not None


def _rdf_draft(element: Element, inside: dict[str, list[str]]) -> Draft:
    dois = _identifiers(element)
    for part in islice(element.iter(f"{_TERMS}isPartOf"), 3):
        shared = inside.get(part.get(f"{_RDF}resource", ""), [])
        # A journal that several items share may carry the DOIs of all of them.
        dois += shared if len([i for i in shared if parse_doi(i)]) == 1 else []
    links = [v.text or "" for v in element.iterfind(f"{_DC}identifier/{_TERMS}URI/{_RDF}value")]
    about = element.get(f"{_RDF}about", "")
    return Draft(
        title=_inner(element.find(f"{_DC}title")),
        authors=tuple(_people(element)),
        doi=next((i for i in dois if parse_doi(i)), ""),
        url=next((u for u in (*links, about) if "://" in u), ""),
        year=element.findtext(f"{_DC}date", ""),
        abstract=_inner(element.find(f"{_TERMS}abstract")),
        clues=(*dois, *(_inner(d) for d in element.iterfind(f"{_DC}description")), *links),
    )


def _identifiers(element: Element) -> list[str]:
    return [i.text or "" for i in islice(element.iter(f"{_DC}identifier"), _MAX_IDS)]


def _inner(element: Element | None) -> str:
    return "" if element is None else "".join(element.itertext())


def _people(element: Element) -> Iterator[str]:
    people = element.iterfind(f"{_BIB}authors//{_FOAF}Person")
    for one in islice(people, MAX_AUTHORS):
        names: dict[str, str] = defaultdict(str)
        for part in one:
            names[part.tag.lower().rpartition("}")[2]] = part.text or ""
        yield f"{names['givenname']} {names['surname'] or names['name']}".strip()


def _outline(outline: Element) -> Iterator[Draft | Trouble]:
    """Yield what an outline stands for: nothing for a heading, each category of a feed."""
    feed = outline.get("xmlUrl", "").strip()
    link = (outline.get("url") or outline.get("htmlUrl") or "").strip()
    text = outline.get("title") or outline.get("text") or ""
    if feed and not find_arxiv_id(f"{link} {text}") and not parse_doi(f"{link} {text}"):
        if found := _ARXIV_FEED.search(feed):
            # One feed may bring several: cs.CL+math.OC.
            yield from (Draft(url=f"{found[1]}{code}") for code in found[2].split("+") if code)
        else:
            yield Trouble(f"{text[:60] or feed[:60]!r} is a feed; use `digest feeds import` for it")
    elif len(outline):
        return
    elif link or find_arxiv_id(text) or parse_doi(text):
        # What a link is called is a title; an id by itself is none.
        is_id = find_arxiv_id(text) or parse_doi(text)
        yield Draft("" if is_id else text, url=link, doi=text if is_id else "", clues=(text,))
    else:
        yield Draft(title=text)
