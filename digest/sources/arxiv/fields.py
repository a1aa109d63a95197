"""What every form of arXiv's records has in common."""

import re
from collections.abc import Iterable
from typing import Any

from digest import text
from digest.models import Entry

NAME = "arxiv"
CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z]+(?:-[a-z]+)*)?")

# The author's own word for it; "withdrawn" alone may be said of anything.
_WITHDRAWN = re.compile(
    r"^\W*withdrawn\b"
    r"|\b(?:paper|manuscript|article|submission|preprint|work|report|version|note|draft)\b"
    r"[^.]{0,40}\b(?:has|have|had|is|was|been|being)\b[^.]{0,30}\bwithdrawn\b"
    r"|\bwithdrawn by (?:the )?(?:authors?|arxiv)\b",
    re.I,
)


def record(
    arxiv_id: str,
    title: str,
    abstract: str,
    *,
    comment: str = "",
    journal: str = "",
    doi: str = "",
    categories: Iterable[str] = (),
    **more: Any,
) -> Entry:
    """Return the entry of one paper.

    Args:
        arxiv_id: without version.
        title: as written; line ends and controls are taken out here, as everywhere below.
        abstract: as written, without a prefix.
        comment: the authors' comment.
        journal: where the paper was published, as they say it.
        doi: may hold several, or a resolver's address; the first one counts.
        categories: the primary one first; ACM and MSC classes may stand among them.
        more: fields of the entry that only some forms tell.
    """
    abstract, comment, journal = map(text.collapse, (abstract, comment, journal))
    told = [comment, f"Journal reference: {journal}" if journal else ""]
    return Entry(
        source=NAME,
        external_id=arxiv_id,
        title=text.collapse(title),
        abstract=abstract,
        language=text.guess_language(abstract or title),
        arxiv_id=arxiv_id,
        doi=text.parse_doi(doi),
        categories=tuple(dict.fromkeys(c for c in categories if CATEGORY.fullmatch(c))),
        url=f"https://arxiv.org/abs/{arxiv_id}",
        pdf_url=f"https://arxiv.org/pdf/{arxiv_id}",
        author_comment="; ".join(part for part in told if part) or None,
        withdrawn=_is_withdrawn(abstract) or _is_withdrawn(comment),
        **more,
    )


def _is_withdrawn(words: str) -> bool:
    # Most texts lack the word, and to look for it first takes a hundredth of the time.
    return "withdrawn" in words.lower() and _WITHDRAWN.search(words) is not None
