"""Writes papers as a reference library: BibTeX and RIS, as reference managers read them.

What a feed said is hostile here too: it is kept on one line, and what has a meaning to TeX is
escaped. Sources: https://www.bibtex.com/format/, https://en.wikipedia.org/wiki/RIS_(file_format).
"""

import re
from collections.abc import Iterable, Sequence

from digest import tex
from digest.models import Paper
from digest.text import collapse, cut, last_name, title_key

_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "#": r"\#",
    "_": r"\_", "$": r"\$", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_UNSAFE = re.compile(r"[\\{}&%#_$~^]")
_NOT_ALNUM = re.compile("[^A-Za-z0-9]")
_MAX_ABSTRACT = 10_000


def to_bibtex(papers: Iterable[Paper]) -> str:
    """Return papers as BibTeX, in UTF-8, each under a key like ``amagiri2026forecasts``."""
    used: set[str] = set()
    return "\n".join(_bibtex(paper, _key(paper, used)) for paper in papers)


def to_ris(papers: Iterable[Paper]) -> str:
    """Return papers as RIS, with the line ends that its description asks for."""
    return "".join(_ris(paper) for paper in papers)


def _bibtex(paper: Paper, key: str) -> str:
    preprint = bool(paper.arxiv_id)
    fields = [
        ("title", "{" + _escaped(paper.title) + "}"),
        ("author", " and ".join(_escaped(name) for name in paper.authors)),
        ("year", str(paper.published_at.year) if paper.published_at else ""),
        ("journal", _escaped(paper.venue or "")),
        ("doi", _escaped(paper.doi or "")),
        ("eprint", paper.arxiv_id or ""),
        ("archiveprefix", "arXiv" if preprint else ""),
        ("primaryclass", _escaped(paper.categories[0]) if preprint and paper.categories else ""),
        ("url", _plain(paper.url or "").replace("{", "%7B").replace("}", "%7D")),
        ("abstract", _escaped(cut(paper.abstract, _MAX_ABSTRACT))),
    ]
    kind = "article" if paper.venue else "misc"
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields if value)
    return f"@{kind}{{{key},\n{body}\n}}\n"


def _ris(paper: Paper) -> str:
    lines: list[tuple[str, str]] = [("TY", "JOUR" if paper.venue else "UNPB")]
    lines += [("AU", _last_first(name)) for name in paper.authors]
    lines += [
        ("TI", _plain(paper.title)),
        ("PY", str(paper.published_at.year) if paper.published_at else ""),
        ("JO", _plain(paper.venue or "")),
        ("DO", _plain(paper.doi or "")),
        ("AN", f"arXiv:{paper.arxiv_id}" if paper.arxiv_id else ""),
        ("UR", _plain(paper.url or "")),
        ("AB", _plain(cut(paper.abstract, _MAX_ABSTRACT))),
    ]
    told = [f"{tag}  - {value}\r\n" for tag, value in lines if value]
    return "".join(told) + "ER  - \r\n\r\n"


def _plain(text: str) -> str:
    return collapse(tex.to_unicode(text))


def _escaped(text: str) -> str:
    return _UNSAFE.sub(lambda found: _TEX[found[0]], _plain(text))


def _last_first(name: str) -> str:
    words = _plain(name).split()
    return f"{words[-1]}, {' '.join(words[:-1])}" if len(words) > 1 else " ".join(words)


def _key(paper: Paper, used: set[str]) -> str:
    """Return a key that no other paper of this library has."""
    first = last_name(paper.authors[0]) if paper.authors else "anon"
    year = str(paper.published_at.year) if paper.published_at else ""
    word = _first_word(paper.title.split())
    key = _NOT_ALNUM.sub("", f"{first}{year}{word}")[:60] or f"paper{paper.paper_id}"
    while key in used:
        key = f"{key}x"
    used.add(key)
    return key


def _first_word(words: Sequence[str]) -> str:
    """Return the first long word of a title, in letters and digits."""
    return next((key for word in words if len(key := title_key(word)) > 3), "")
