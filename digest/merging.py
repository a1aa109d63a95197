"""Merge: entries in, papers out. Decides without touching anything.

The rule, in this order (measured on 115,000 real records; see docs/architecture.md):

1. Same arXiv id: same paper.
2. Two different arXiv ids: never the same, whatever else agrees.
3. Same DOI, and equal title key or shared last names: same. A DOI alone is not enough, since
   proceedings and mistakes put one DOI on several works.
4. Equal title key (at least 25 characters or 5 words), and shared last names; or, where a
   side names no authors, a similar abstract (and an equal count, where both are counted).
   Never when the dates are more than 3 years apart. A DOI or a title that more than 30 papers
   carry is no evidence.
5. Else: distinct. No fuzzy titles.

An entry is compared with what carries an id in a paper, if anything there does: a record
without ids never ties two works together. When a record with an id arrives, papers made of
records without ids that match it join it, and so does a paper known by its DOI alone when a
record names that DOI beside its arXiv id: the order in which feeds are read does not matter.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from digest.models import SPLIT, Entry, KnownPaper, Paper, PaperChange, Placement, Sighting
from digest.text import jaccard, last_name_overlap, title_key

MIN_TITLE_KEY = 25  # characters of a title key that may stand as evidence,
MIN_TITLE_WORDS = 5  # or words of the title
MIN_OVERLAP = 0.5  # of last names, and of long words of the abstracts
MAX_APART = timedelta(days=3 * 365)

# A DOI or a title that so many papers carry tells none of them apart; nor may a feed that
# gives all its items one title make merging slow.
MAX_TWINS = 30

_Key = tuple[str, str, int]

# Whose word counts first, field by field; sources not named here stand where "generic" does.
_PRECEDENCE = (
    *("arxiv", "biorxiv", "huggingface", "openreview", "semanticscholar"),
    *("generic", "arxivjp", "aitopics"),
)


@dataclass(slots=True)
class _Cluster:
    """A paper in the making: a known one, or a group of new entries."""

    paper_id: int | None
    group: int
    entries: list[Entry] = field(default_factory=list)
    apart: bool = False  # a person took it out of another paper
    absorbed_by: "_Cluster | None" = None

    def final(self) -> "_Cluster":
        """Return the paper that this one has become part of, or itself."""
        return self.absorbed_by.final() if self.absorbed_by else self

    def witnesses(self) -> list[Entry]:
        """Return the entries that may speak for this paper: those with ids, if there are any."""
        return [e for e in self.entries if e.arxiv_id or e.doi] or self.entries

    @property
    def arxiv_ids(self) -> set[str]:
        return {e.arxiv_id for e in self.entries if e.arxiv_id}


class _Clusters:
    """All papers in sight, found by key."""

    def __init__(self, known: Iterable[KnownPaper]) -> None:
        self._by_key: dict[_Key, _Cluster] = {}
        self._by_arxiv: dict[str, _Cluster] = {}
        self._by_doi: dict[str, list[_Cluster]] = defaultdict(list)
        self._by_title: dict[str, list[_Cluster]] = defaultdict(list)
        self._groups = 0
        for paper in known:
            apart = any(sighting.apart for sighting in paper.sightings)
            cluster = _Cluster(paper.paper_id, 0, apart=apart)
            for sighting in paper.sightings:
                self.add(cluster, sighting.entry)

    def new(self) -> _Cluster:
        self._groups += 1
        return _Cluster(None, self._groups)

    def add(self, cluster: _Cluster, entry: Entry) -> None:
        cluster.entries.append(entry)
        self._by_key[entry.key] = cluster
        if entry.arxiv_id:
            self._by_arxiv.setdefault(entry.arxiv_id, cluster)
        if entry.doi and cluster not in self._by_doi[entry.doi]:
            self._by_doi[entry.doi].append(cluster)
        key = title_key(entry.title)
        if cluster not in self._by_title[key]:
            self._by_title[key].append(cluster)

    def _forget(self, cluster: _Cluster, entry: Entry) -> None:
        for found in (self._by_title[title_key(entry.title)], self._by_doi[entry.doi or ""]):
            if cluster in found:
                found.remove(cluster)

    def absorb(self, cluster: _Cluster, entry: Entry) -> list[tuple[Entry, str, str]]:
        """Let papers join the paper of an entry that proves them to be the same.

        Returns:
            The entries of known papers that moved, with the rule and the evidence.
        """
        if cluster.apart or not (entry.arxiv_id or entry.doi):
            return []
        moved: list[tuple[Entry, str, str]] = []
        for other, rule, detail in [*self._nameless(entry), *self._by_doi_alone(entry)]:
            if other is cluster or other.apart or other.absorbed_by:
                continue
            other.absorbed_by = cluster
            for joining in other.entries:
                self._forget(other, joining)
                self.add(cluster, joining)
                if other.paper_id is not None:
                    moved.append((joining, rule, detail))
        return moved

    def _nameless(self, entry: Entry) -> Iterable[tuple[_Cluster, str, str]]:
        """Return the papers without ids of the same title, where there is more evidence."""
        for other in _few(self._by_title.get(title_key(entry.title), ())):
            if not any(e.arxiv_id or e.doi for e in other.entries):
                evidence = _title_evidence(entry, other)
                if evidence is not None:
                    yield other, "same title", evidence[1]

    def _by_doi_alone(self, entry: Entry) -> Iterable[tuple[_Cluster, str, str]]:
        """Return the papers known by a DOI alone that an entry with both ids ties to its own."""
        if not (entry.arxiv_id and entry.doi):
            return
        for other in _few(self._by_doi.get(entry.doi, ())):
            if not other.arxiv_ids and (detail := _doi_evidence(entry, other)):
                yield other, "same DOI", detail

    def find(self, entry: Entry) -> tuple[_Cluster, str, str] | None:
        """Return the paper of an entry, the rule and the evidence; None: a new paper."""
        seen = self._by_key.get(entry.key)
        if seen and seen.apart:
            return seen, SPLIT, "as decided before"
        if entry.arxiv_id and (same := self._by_arxiv.get(entry.arxiv_id)):
            return same, "same arXiv id", entry.arxiv_id
        if seen and not _vetoed(entry, seen):
            return seen, "same entry", f"{entry.source} {entry.external_id}"
        for cluster in _few(self._by_doi.get(entry.doi or "", ())):
            if _open(entry, cluster) and (detail := _doi_evidence(entry, cluster)):
                return cluster, "same DOI", detail
        found = [
            (*evidence, cluster)
            for cluster in _few(self._by_title.get(title_key(entry.title), ()))
            if _open(entry, cluster) and (evidence := _title_evidence(entry, cluster))
        ]
        if not found:
            return None
        _, detail, best = max(found, key=lambda item: item[0])
        return best, "same title", detail


def place(entries: Sequence[Entry], known: Iterable[KnownPaper]) -> tuple[Placement, ...]:
    """Decide for each entry which paper it belongs to, and why.

    Args:
        entries: one collection's entries, from any sources, in any order.
        known: every stored paper that shares an entry, arXiv id, DOI or title key with one
            of them.

    Returns:
        One placement per entry, in the order given; then one for each stored entry that
        moves from another paper to the one that it turned out to be.
    """
    clusters = _Clusters(known)
    placed: dict[int, tuple[_Cluster, str, str]] = {}
    moved: list[tuple[Entry, _Cluster, str, str]] = []
    # Entries with ids first, so that those without find the papers they belong to.
    for index in sorted(range(len(entries)), key=lambda i: _certainty(entries[i])):
        entry = entries[index]
        found = clusters.find(entry)
        cluster, rule, detail = found or (clusters.new(), "new", "nothing known matches")
        clusters.add(cluster, entry)
        placed[index] = cluster, rule, detail
        moved += ((e, cluster, why, told) for e, why, told in clusters.absorb(cluster, entry))
    return (
        *(_placement(entry, *placed[index]) for index, entry in enumerate(entries)),
        *(_placement(entry, cluster, why, told) for entry, cluster, why, told in moved),
    )


def _placement(entry: Entry, cluster: _Cluster, rule: str, detail: str) -> Placement:
    final = cluster.final()
    return Placement(entry, final.paper_id, final.group, rule, detail)


def assemble(
    placements: Iterable[Placement], known: Iterable[KnownPaper], seen_at: datetime
) -> tuple[PaperChange, ...]:
    """Return the papers as they should be stored after these placements.

    Args:
        placements: what `place` decided.
        known: the same papers that `place` was given.
        seen_at: the instant of this collection.
    """
    known = tuple(known)
    before = {paper.paper_id: paper.sightings for paper in known}
    stored = {s.entry.key: s for paper in known for s in paper.sightings}
    groups: dict[tuple[int, int], list[Placement]] = defaultdict(list)
    for placement in placements:
        groups[placement.paper_id or 0, placement.group].append(placement)
    return tuple(
        _change(paper_id, before.get(paper_id, ()), group, stored, seen_at)
        for (paper_id, _), group in groups.items()
    )


def split(paper: KnownPaper, leaving: Collection[_Key]) -> tuple[PaperChange, ...]:
    """Take entries out of a paper, into one of their own; merging does not bring them back.

    Args:
        paper: the stored paper.
        leaving: the keys (`Entry.key`) of the entries that leave; some, but not all.

    Returns:
        The paper as it stays, and the new one.
    """
    going = [replace(s, apart=True) for s in paper.sightings if s.entry.key in leaving]
    staying = [s for s in paper.sightings if s.entry.key not in leaving]
    placements = (Placement(s.entry, None, 1, SPLIT, "taken out of another paper") for s in going)
    return (
        PaperChange(combine(paper.paper_id, staying), (), changed=True),
        PaperChange(combine(0, going), tuple(placements), changed=True),
    )


def combine(paper_id: int, sightings: Iterable[Sighting]) -> Paper:
    """Return the paper that these sightings make: for each field the best source's value.

    arXiv comes before all others, a later version before an earlier one, and its API before
    its announcements; then bioRxiv, Hugging Face, other feeds, arXiv.jp, AITopics; a capture
    without ids comes last. A missing value never replaces one that is there.
    """
    ordered = sorted(sightings, key=lambda s: _rank(s.entry))
    entries = [s.entry for s in ordered]
    values: dict[str, Any] = {}
    provenance: dict[str, str] = {}
    for name in _COMBINED:
        for entry in entries:
            if (value := _told(entry, name)) or value == 0:
                values[name], provenance[name] = value, entry.source
                break
    if "abstract" in values:
        values["language"] = next(e.language for e in entries if e.abstract)
    listed = [e.listed_date for e in entries if e.listed_date]
    news = [s.first_seen_at for s in ordered if s.entry.is_news]
    return Paper(
        paper_id=paper_id,
        **values,
        translations={k: v for e in reversed(entries) for k, v in e.translations.items()},
        listed_date=max(listed, default=None),
        withdrawn=entries[0].withdrawn,
        sources=tuple(dict.fromkeys(e.source for e in entries)),
        first_seen_at=min(s.first_seen_at for s in ordered),
        new_at=min(news, default=None),
        revised_at=_revised_at(ordered),
        provenance=provenance,
    )


def _revised_at(sightings: Sequence[Sighting]) -> datetime | None:
    """Return when the latest version was first seen, if an earlier one was known by then."""
    seen: dict[int, datetime] = {}
    for sighting in sightings:
        version, at = sighting.entry.arxiv_version or 0, sighting.first_seen_at
        seen[version] = min(at, seen.get(version, at))
    latest = max(seen)
    known_before = any(at < seen[latest] for at in seen.values())
    return seen[latest] if latest > 1 and known_before else None


_COMBINED = (
    "title", "abstract", "authors", "n_authors", "arxiv_id", "arxiv_version", "doi",
    "published_at", "updated_at", "categories", "topics", "comments", "upvotes",
    "url", "pdf_url", "code_url", "project_url", "venue", "organisation", "ai_summary",
)  # fmt: skip


def _told(entry: Entry, name: str) -> Any:
    """Return what the entry says for a field, where its word on it counts."""
    if name == "authors":
        return _authors(entry)
    if name == "n_authors":
        return entry.n_authors or len(_authors(entry)) or None
    return getattr(entry, name)


def _change(
    paper_id: int,
    before: Sequence[Sighting],
    placements: Sequence[Placement],
    stored: Mapping[_Key, Sighting],
    seen_at: datetime,
) -> PaperChange:
    """Return one paper with its new entries laid over the ones that were there."""
    sightings = {s.entry.key: s for s in before}
    changed = False
    told: dict[_Key, Placement] = {}
    for placement in placements:
        key = placement.entry.key
        old = sightings.get(key) or stored.get(key)
        entry = _refresh(old.entry, placement.entry) if old else placement.entry
        same = key in sightings and entry.says_the_same(sightings[key].entry)
        changed = changed or not same
        sightings[key] = Sighting(entry, old.first_seen_at if old else seen_at)
        # The first reason given for an entry in this batch is the one that placed it.
        first = told.get(key, placement)
        told[key] = first if first.entry is entry else replace(first, entry=entry)
    return PaperChange(combine(paper_id, sightings.values()), tuple(told.values()), changed)


def _refresh(old: Entry, new: Entry) -> Entry:
    """Return the new reading of an entry; what it leaves out stays as it was."""
    kept = {
        f.name: getattr(old, f.name)
        for f in fields(Entry)
        if getattr(new, f.name) in (None, "", (), {})
    }
    if old.is_news and not new.is_news:
        kept["announce_type"] = old.announce_type
        kept["listed_date"] = old.listed_date
    return replace(new, **kept)


def _certainty(entry: Entry) -> int:
    return 0 if entry.arxiv_id else 1 if entry.doi else 2


def _rank(entry: Entry) -> tuple[int, int, int, str]:
    """Return the sort key of precedence: lower speaks first."""
    source = entry.source if entry.source in _PRECEDENCE else "generic"
    without_ids = not (entry.arxiv_id or entry.doi) and source == "huggingface"
    place = len(_PRECEDENCE) if without_ids else _PRECEDENCE.index(source)
    announced = entry.announce_type is not None
    return place, -(entry.arxiv_version or 0), int(announced), entry.external_id


def _authors(entry: Entry) -> tuple[str, ...]:
    return () if "authors_ambiguous" in entry.flags else entry.authors


def _vetoed(entry: Entry, cluster: _Cluster) -> bool:
    ids = cluster.arxiv_ids
    return bool(entry.arxiv_id and ids and entry.arxiv_id not in ids)


def _open(entry: Entry, cluster: _Cluster) -> bool:
    """Tell whether an entry may join a paper by evidence other than the arXiv id."""
    return not (cluster.apart or _vetoed(entry, cluster))


def _few(clusters: Sequence[_Cluster]) -> Sequence[_Cluster]:
    return clusters if len(clusters) <= MAX_TWINS else ()


def _doi_evidence(entry: Entry, cluster: _Cluster) -> str | None:
    for other in cluster.entries[:MAX_TWINS]:
        if other.doi != entry.doi:
            continue
        if title_key(other.title) == title_key(entry.title):
            return f"{entry.doi}, equal titles"
        overlap = last_name_overlap(_authors(entry), _authors(other))
        if overlap >= MIN_OVERLAP:
            return f"{entry.doi}, {overlap:.0%} of the last names shared"
    return None


def _title_evidence(entry: Entry, cluster: _Cluster) -> tuple[float, str] | None:
    """Return the strength (0 to 2) and the words of the best evidence beyond equal titles."""
    key = title_key(entry.title)
    if len(key) < MIN_TITLE_KEY and len(entry.title.split()) < MIN_TITLE_WORDS:
        return None
    found = [
        evidence
        for other in cluster.witnesses()[:MAX_TWINS]
        if title_key(other.title) == key and (evidence := _same_work(entry, other))
    ]
    return max(found, default=None)


def _same_work(one: Entry, other: Entry) -> tuple[float, str] | None:
    """Compare two entries of equal title by authors, or else by abstract."""
    dates = one.published_at, other.published_at
    if dates[0] and dates[1] and abs(dates[0] - dates[1]) > MAX_APART:
        return None
    left, right = _authors(one), _authors(other)
    if left and right:
        overlap = last_name_overlap(left, right)
        if overlap < MIN_OVERLAP:
            return None
        return 1 + overlap, f"equal titles, {overlap:.0%} of the last names shared"
    counts = (one.n_authors or len(left) or None, other.n_authors or len(right) or None)
    if None not in counts and counts[0] != counts[1]:
        return None
    similarity = jaccard(one.abstract, other.abstract)
    if similarity < MIN_OVERLAP:
        return None
    counted = f", {counts[0]} authors each" if None not in counts else ""
    return similarity, f"equal titles, abstracts {similarity:.0%} alike{counted}"
