"""Reference libraries: the files in which people keep the papers they like, read into items.

::

    read      bytes -> which format it is, by its content -> items, and one line for each bad one

BibTeX, RIS, CSL-JSON and Zotero's JSON, Zotero RDF, OPML, and plain lists of ids, links or
titles. Pure: bytes in, items out. The bytes are hostile until shown otherwise: what is read is
bounded, in bytes, items, length and depth, and a damaged item costs only itself.
"""

import re
from collections.abc import Callable, Iterator

from digest.errors import LibraryError
from digest.libraries import bibtex, csl, lines, markup, ris
from digest.libraries.base import (
    MAX_BYTES,
    MAX_ITEMS,
    Draft,
    Library,
    Reference,
    Trouble,
    assemble,
)

__all__ = ["MAX_BYTES", "MAX_ITEMS", "Library", "Reference", "read"]

_Reader = Callable[[str], Iterator[Draft | Trouble]]

_JSON = re.compile(r"\[\s*(?:[{\]]|$)|\{\s*[\"}]")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_FORMATS = "BibTeX, RIS, CSL-JSON, Zotero RDF, OPML or a list of ids, links and titles"


def read(data: bytes, where: str) -> Library:
    """Read a reference library, whatever its file is called.

    Args:
        data: the file; UTF-8, UTF-16 with its mark, or Latin-1.
        where: names it in errors.

    Raises:
        LibraryError: it is too large, no text, no library, or holds nothing.
    """
    if len(data) > MAX_BYTES:
        raise LibraryError(f"{where} is larger than {MAX_BYTES // 1_000_000} MB; split it")
    text = _decoded(data, where)
    if not text.strip():
        raise LibraryError(f"{where} is empty; export the library again")
    try:
        name, reader = _recognised(text.lstrip())
        return assemble(name, reader(text))
    except LibraryError as error:
        raise LibraryError(f"{where} cannot be read: {error}") from error


def _decoded(data: bytes, where: str) -> str:
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        # Old exports are in the encoding of a Windows machine, which knows all bytes but five.
        text = data.decode("utf-8" if encoding == "utf-16" else "cp1252", errors="replace")
    if "\0" in text:
        raise LibraryError(f"{where} is no text file; export the library as {_FORMATS}")
    return text


def _recognised(text: str) -> tuple[str, _Reader]:
    """Return the name of the format of a text, and its reader.

    Raises:
        LibraryError: it is XML or a page of another kind.
    """
    if text.startswith("<"):
        match markup.root_of(text).lower():
            case "rdf":
                return "Zotero RDF", markup.read_rdf
            case "opml":
                return "OPML", markup.read_opml
            case root:
                raise LibraryError(f"it is <{root}>, no library; export it as {_FORMATS}")
    if _JSON.match(text):
        return "CSL-JSON", csl.read
    if ris.is_ris(text):
        return "RIS", ris.read
    if bibtex.is_bibtex(text):
        return "BibTeX", bibtex.read
    return "a list", lines.read
