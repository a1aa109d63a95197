"""From a reference library to the interests of a profile: which items Digest can use, and how."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from digest.libraries import Reference
from digest.models import Interest, InterestKind, Paper
from digest.text import parse_arxiv_id, parse_doi, title_key

_MAX_COMMENT = 100  # characters of a title beside an id
_MIN_WORDS = 3  # of a title that says what a paper is about


class Outcome(StrEnum):
    """What became of an item."""

    MATCHED = "matched"  # the store knows the paper
    KEPT = "kept"  # its title, or its id, is kept as it is
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Adoption:
    """One item, and what became of it.

    Attributes:
        key: where its value stands among a profile's interests; empty when it was skipped.
        value: the id, title or category.
        comment: the title beside an id.
        why: what matched, what is missing, or why the item was skipped.
    """

    reference: Reference
    outcome: Outcome
    key: str = ""
    value: str = ""
    comment: str = ""
    why: str = ""


def adopt(
    references: Iterable[Reference],
    find: Callable[[str], Paper | None],
    *,
    known: Iterable[Interest] = (),
    limit: int,
) -> list[Adoption]:
    """Decide what becomes of each item, in the order of the file.

    Args:
        references: the items.
        find: returns the stored paper that an id or a title names.
        known: interests that the profile has; what they name is skipped.
        limit: how many items are taken at most.
    """
    seen = {name for interest in known for name in _names_of(interest)}
    adoptions: list[Adoption] = []
    taken = 0
    for reference in references:
        if taken >= limit:
            why = f"{limit} are enough; take more with --max"
            adoptions.append(Adoption(reference, Outcome.SKIPPED, why=why))
            continue
        adoption = _adopt(reference, find)
        names = _names(adoption)
        if adoption.outcome is not Outcome.SKIPPED and seen & names:
            adoption = Adoption(reference, Outcome.SKIPPED, why="it is among the interests already")
        taken += adoption.outcome is not Outcome.SKIPPED
        seen |= names
        adoptions.append(adoption)
    return adoptions


def _adopt(item: Reference, find: Callable[[str], Paper | None]) -> Adoption:
    if item.category:
        why = "a feed of this category"
        return Adoption(item, Outcome.KEPT, "categories", item.category, "", why)
    ways = (
        ("its arXiv id", item.arxiv_id),
        ("its DOI", item.doi),
        ("its link", item.url),
        ("its title", item.title),
    )
    for how, value in ways:
        if value and (paper := find(value)):
            # "#17" names a paper in this store only.
            ref = paper.arxiv_id or paper.doi or paper.title
            comment = "" if ref == paper.title else paper.title[:_MAX_COMMENT]
            why = f"known by {how}"
            return Adoption(item, Outcome.MATCHED, "examples", ref, comment, why)
    if len(item.title.split()) >= _MIN_WORDS or _is_long(item.title):
        why = "not known; the words of its title count"
        return Adoption(item, Outcome.KEPT, "examples", item.title, "", why)
    if told := item.arxiv_id or item.doi:
        why = "not known; it counts once Digest has collected it"
        return Adoption(item, Outcome.KEPT, "examples", told, item.title, why)
    what = "its title tells too little" if item.title else "a link tells nothing of it"
    why = f"not known, and {what}; write its title, or an id"
    return Adoption(item, Outcome.SKIPPED, why=why)


def _is_long(title: str) -> bool:
    """Tell whether a title in a script without blanks says enough."""
    return not title.isascii() and len(title_key(title)) >= 10


def _names(adoption: Adoption) -> set[str]:
    """Return the keys under which an item is known again."""
    item = adoption.reference
    if adoption.key == "categories":
        return {f"category:{adoption.value.casefold()}"}
    told = (item.arxiv_id, item.doi, adoption.value)
    names = {name for text in told if text for name in _paper_names(text)}
    return names | ({f"title:{title_key(item.title)}"} if item.title else set())


def _names_of(interest: Interest) -> set[str]:
    if interest.kind is InterestKind.CATEGORY:
        return {f"category:{interest.value.casefold()}"}
    return _paper_names(interest.value) if interest.kind is InterestKind.EXAMPLE else set()


def _paper_names(text: str) -> set[str]:
    arxiv, doi = parse_arxiv_id(text), parse_doi(text)
    if arxiv or doi:
        return {f"arxiv:{arxiv[0]}"} if arxiv else {f"doi:{doi}"}
    return {f"title:{title_key(text)}"}
