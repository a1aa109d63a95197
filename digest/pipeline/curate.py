"""Curate: a person undoes a merge that the rules should not have made."""

from datetime import datetime

from digest import merging
from digest.errors import UsageError
from digest.models import Paper
from digest.store import Store


def find_paper(store: Store, ref: str) -> Paper:
    """Return the paper that a person names by ``#17``, arXiv id, DOI, link or title.

    Raises:
        UsageError: none is known by this name.
    """
    paper = store.papers.get(ref)
    if paper is None:
        raise UsageError(f"no paper is known as {ref!r}; `digest papers --query WORDS` finds some")
    return paper


def split_paper(store: Store, ref: str, source: str, now: datetime) -> Paper:
    """Take the entries of one source out of a paper; return the paper they are now.

    Raises:
        UsageError: the paper, or what is to leave it, is not as the call supposes.
    """
    paper = find_paper(store, ref)
    known = store.papers.known(paper.paper_id)
    leaving = [s.entry for s in known.sightings if s.entry.source == source]
    staying = [s.entry for s in known.sightings if s.entry.source != source]
    if not leaving or not staying:
        seen = ", ".join(paper.sources)
        raise UsageError(f"{ref}: {source} is not one of several sources that saw it ({seen})")
    if {e.arxiv_id for e in leaving if e.arxiv_id} & {e.arxiv_id for e in staying}:
        raise UsageError(
            f"{ref}: what {source} says carries the same arXiv id as the rest; that is one paper"
        )
    changes = merging.split(known, {entry.key for entry in leaving})
    store.papers.save(changes, seen_at=now)
    taken_out = store.papers.related(leaving[:1])
    (number,) = {
        other.paper_id for other in taken_out
        if any(s.entry.key == leaving[0].key for s in other.sightings)
    }  # fmt: skip
    return store.papers.by_ids([number])[0]
