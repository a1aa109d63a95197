"""Identity and merge: the rule, its vetoes, and what a paper keeps of its entries."""

import itertools
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.merging import assemble, combine, place, split
from digest.models import Entry, KnownPaper, Sighting

NOW = datetime(2026, 11, 18, 6, tzinfo=UTC)
TITLE = "Patient Gradients: Why Slow Optimisers Win the Long Race"
ABSTRACT = (
    "Optimisers that wait before they step reach flatter minima on seven invented benchmarks, "
    "and the waiting costs less than the steps that it saves during training overall."
)


def entry(source="arxiv", external_id="2611.90001", **values):
    defaults = {"title": TITLE, "abstract": ABSTRACT, "authors": ("Ada Quill", "Tomo Reed")}
    return Entry(source=source, external_id=external_id, **(defaults | values))


def papers(entries, known=()):
    placements = place(entries, known)
    return [change.paper for change in assemble(placements, known, NOW)]


def stored(*entries, paper_id=7, seen_at=NOW - timedelta(days=1)):
    return KnownPaper(paper_id, tuple(Sighting(e, seen_at) for e in entries))


def test_the_same_arxiv_id_is_the_same_paper_even_under_another_title():
    one = entry(arxiv_id="2611.90001")
    other = entry("huggingface", title="Patience Wins", arxiv_id="2611.90001")
    placements = place([one, other], [])
    assert len(papers([one, other])) == 1
    assert placements[1].rule == "same arXiv id"


def test_two_arxiv_ids_are_two_papers_whatever_else_agrees():
    one = entry(arxiv_id="2611.90001", doi="10.5555/x")
    other = entry(external_id="2611.90002", arxiv_id="2611.90002", doi="10.5555/x")
    assert len(papers([one, other])) == 2


def test_a_doi_alone_does_not_merge():
    one = entry("generic", "a", doi="10.5555/proceedings", title="On Clouds", authors=("A Bee",))
    other = entry("generic", "b", doi="10.5555/proceedings", title="On Rain", authors=("C Dee",))
    assert len(papers([one, other])) == 2


def test_a_doi_with_shared_authors_merges():
    one = entry("generic", "a", doi="10.5555/x", title="On Clouds")
    other = entry("biorxiv", "b", doi="10.5555/x", title="On Clouds, Revisited")
    (placed,) = [p for p in place([one, other], []) if p.rule != "new"]
    assert placed.rule == "same DOI"
    assert "100%" in placed.detail


def test_typography_does_not_make_two_titles_differ():
    one = entry(arxiv_id="2611.90001", title="Don't Wait -- Why Patient Optimisers Win")
    other = entry("aitopics", "x", title="Don’t Wait – Why Patient  Optimisers Win")
    assert len(papers([one, other])) == 1


def test_an_equal_title_without_shared_authors_does_not_merge():
    one = entry(arxiv_id="2611.90001")
    other = entry("aitopics", "x", authors=("Zed Other", "Yan Else"))
    assert len(papers([one, other])) == 2


def test_a_short_title_is_no_evidence():
    one = entry(arxiv_id="2611.90001", title="Learning to Wait")
    other = entry("aitopics", "x", title="Learning to Wait")
    assert len(papers([one, other])) == 2


@pytest.mark.parametrize(("count", "n_papers"), [(2, 1), (3, 2), (None, 1)])
def test_where_only_a_count_of_authors_is_known_it_must_agree(count, n_papers):
    one = entry(arxiv_id="2611.90001")
    other = entry("huggingface", "x", authors=(), n_authors=count)
    assert len(papers([one, other])) == n_papers


def test_without_authors_another_abstract_is_another_paper():
    one = entry(arxiv_id="2611.90001")
    other = entry("aitopics", "x", authors=(), abstract="Whales sing slowly in cold deep water.")
    assert len(papers([one, other])) == 2


def test_ambiguous_authors_do_not_count_as_authors():
    one = entry(arxiv_id="2611.90001", authors=("Ada Quill",))
    other = entry(
        "aitopics", "x", authors=("Quill, Ada, Reed",), flags=("authors_ambiguous",),
        abstract="Whales sing slowly in cold deep water.",
    )  # fmt: skip
    assert len(papers([one, other])) == 2


def test_equal_titles_more_than_three_years_apart_are_two_papers():
    one = entry("generic", "a", published_at=datetime(2020, 1, 1, tzinfo=UTC))
    other = entry("aitopics", "b", published_at=datetime(2025, 1, 1, tzinfo=UTC))
    assert len(papers([one, other])) == 2


def test_a_record_without_ids_never_ties_two_works_together():
    """B resembles A and C; A and C have ids that differ. B joins one; A and C stay apart."""
    a = entry(arxiv_id="2611.90001", authors=("Ada Quill",))
    c = entry(external_id="2611.90002", arxiv_id="2611.90002", authors=("Ada Quill", "Tomo Reed"))
    b = entry("aitopics", "b", authors=("Ada Quill", "Tomo Reed"))
    placements = place([b, a, c], [])
    assert len({p.group for p in placements}) == 2
    assert placements[0].group in {placements[1].group, placements[2].group}


def test_an_entry_with_a_doi_is_not_tied_by_a_record_without_ids():
    known = stored(entry(arxiv_id="2611.90001", title="A Wholly Different Title of the Work"),
                   entry("aitopics", "b"))  # fmt: skip
    (placement,) = place([entry("generic", "x", doi="10.5555/z")], [known])
    assert placement.paper_id is None


def test_collecting_the_same_again_changes_nothing():
    first = entry(arxiv_id="2611.90001")
    known = stored(first)
    (change,) = assemble(place([first], [known]), [known], NOW)
    assert not change.changed
    assert change.paper.paper_id == 7
    assert change.paper.new_at == NOW - timedelta(days=1)


def test_new_counts_alone_are_no_change_of_the_paper_but_are_kept():
    known = stored(entry("huggingface", upvotes=3, arxiv_id="2611.90001"))
    again = entry("huggingface", upvotes=9, arxiv_id="2611.90001")
    (change,) = assemble(place([again], [known]), [known], NOW)
    assert not change.changed
    assert change.paper.upvotes == 9


def test_a_new_version_is_an_update_and_never_a_second_paper():
    known = stored(entry(arxiv_id="2611.90001", arxiv_version=1, announce_type="new"))
    second = entry(
        arxiv_id="2611.90001", arxiv_version=2, announce_type="replace", title="Patience, Revised"
    )
    (change,) = assemble(place([second], [known]), [known], NOW)
    assert change.changed
    assert (change.paper.arxiv_version, change.paper.title) == (2, "Patience, Revised")
    assert change.paper.new_at == NOW - timedelta(days=1)


def test_a_replacement_of_an_unknown_paper_is_stored_but_not_new():
    (paper,) = papers([entry(arxiv_id="2401.90001", arxiv_version=3, announce_type="replace")])
    assert paper.new_at is None


@pytest.mark.parametrize(("arxiv_id", "is_new"), [("2611.90001", True), ("2205.90001", False)])
def test_a_cross_list_of_an_old_paper_is_not_new(arxiv_id, is_new):
    cross = entry(arxiv_id=arxiv_id, announce_type="cross", listed_date=NOW.date())
    (paper,) = papers([cross])
    assert (paper.new_at is not None) == is_new


def test_the_better_source_gives_each_field_and_provenance_tells_which():
    arxiv = entry(arxiv_id="2611.90001", abstract="", url="https://arxiv.org/abs/2611.90001")
    hugging = entry("huggingface", arxiv_id="2611.90001", upvotes=12, title="patient gradients")
    japanese = entry("arxivjp", "p", arxiv_id="2611.90001", translations={"ja": "忍耐強い勾配"})
    (paper,) = papers([japanese, hugging, arxiv])
    assert paper.title == TITLE
    assert paper.abstract == ABSTRACT
    assert paper.upvotes == 12
    assert paper.translations == {"ja": "忍耐強い勾配"}
    assert paper.sources == ("arxiv", "huggingface", "arxivjp")
    assert paper.provenance["title"] == "arxiv"
    assert paper.provenance["abstract"] == "huggingface"


def test_a_missing_value_never_replaces_one_that_is_there():
    full = entry(arxiv_id="2611.90001", categories=("cs.LG",), doi="10.5555/x")
    bare = replace(full, categories=(), doi=None, abstract="")
    known = stored(full)
    (change,) = assemble(place([bare], [known]), [known], NOW)
    assert not change.changed
    assert (change.paper.categories, change.paper.doi) == (("cs.LG",), "10.5555/x")


@given(st.permutations(range(6)))
def test_the_order_of_the_entries_does_not_change_the_papers(order):
    entries = [
        entry(arxiv_id="2611.90001"),
        entry("huggingface", arxiv_id="2611.90001"),
        entry("aitopics", "a"),
        entry("huggingface", "h", authors=(), n_authors=2),
        entry(
            external_id="2611.90002", arxiv_id="2611.90002", title="Another Title Altogether, Long"
        ),
        entry("generic", "g", doi="10.5555/g", title="A Third Title That Stands Alone Here"),
    ]
    found = papers([entries[i] for i in order])
    assert sorted(len(p.sources) for p in found) == [1, 1, 3]


def test_a_record_with_an_id_brings_together_papers_that_could_not_be_compared():
    """One names no authors, one only counts them; the third, with both, matches each."""
    aitopics = entry("aitopics", "a", abstract=ABSTRACT + " As copied from the page.")
    counted = entry("huggingface", "h", authors=(), n_authors=2, abstract="")
    known = [
        stored(aitopics, paper_id=1),
        stored(replace(counted, abstract=ABSTRACT), paper_id=2),
    ]
    arxiv = entry(arxiv_id="2611.90001")
    changes = assemble(place([arxiv], known), known, NOW)
    (change,) = changes
    assert set(change.paper.sources) == {"arxiv", "aitopics", "huggingface"}
    assert change.paper.paper_id in {1, 2}
    assert change.paper.new_at == NOW - timedelta(days=1)
    assert {p.entry.source for p in change.placements} >= {"arxiv"}
    assert len(change.placements) == 2


def test_feeds_stored_one_by_one_in_any_order_give_the_same_papers():
    feeds = [
        entry("aitopics", "a", authors=()),
        entry("huggingface", "h", authors=(), n_authors=2),
        entry(arxiv_id="2611.90001"),
        entry("arxivjp", "j", translations={"ja": "忍耐"}),
    ]
    for order in itertools.permutations(feeds):
        known: dict[int, KnownPaper] = {}
        for number, one in enumerate(order, 1):
            now = NOW + timedelta(minutes=number)
            changes = assemble(place([one], known.values()), known.values(), now)
            for change in changes:
                key = change.paper.paper_id or number
                moved = {p.entry.key: p.entry for p in change.placements}
                kept = [s for k in known.values() if k.paper_id == key for s in k.sightings]
                known = {
                    i: KnownPaper(i, rest)
                    for i, k in known.items()
                    if (rest := tuple(s for s in k.sightings if s.entry.key not in moved))
                }
                kept = [s for s in kept if s.entry.key not in moved]
                known[key] = KnownPaper(key, (*kept, *(Sighting(e, now) for e in moved.values())))
        assert len(known) == 1, [e.source for e in order]


def test_an_entry_that_was_taken_out_stays_out_when_it_is_read_again():
    arxiv, other = entry(arxiv_id="2611.90001"), entry("aitopics", "a")
    known = stored(arxiv, other)
    stays, leaves = split(known, {other.key})
    assert (stays.paper.paper_id, stays.paper.sources) == (7, ("arxiv",))
    assert (leaves.paper.paper_id, leaves.paper.sources) == (0, ("aitopics",))
    apart = KnownPaper(8, (Sighting(other, NOW, apart=True),))
    for again in ([arxiv, other], [other, arxiv]):
        placed = {p.entry.source: p.paper_id for p in place(again, [stored(arxiv), apart])}
        assert placed == {"arxiv": 7, "aitopics": 8}
    (joining,) = place([entry("arxivjp", "j")], [stored(arxiv), apart])
    assert joining.paper_id == 7


def test_combine_of_one_sighting_keeps_all_it_says():
    one = entry(arxiv_id="2611.90001", arxiv_version=1, withdrawn=True)
    paper = combine(3, [Sighting(one, NOW)])
    assert (paper.paper_id, paper.withdrawn, paper.n_authors) == (3, True, 2)


def test_the_words_of_a_venue_and_of_a_search_stand_between_hugging_face_and_translations():
    order = ("arxiv", "huggingface", "openreview", "semanticscholar", "arxivjp", "aitopics")
    seen = [
        Sighting(entry(name, f"{name}-1", arxiv_id="2611.90001", title=f"{TITLE} {name}"), NOW)
        for name in order
    ]
    while seen:
        told = combine(3, reversed(seen))
        assert told.title == seen.pop(0).entry.title


# ---------------------------------------------------------------- papers known by another id

DOI = "10.5555/slow.1"
JOURNAL = entry("generic", "journal", doi=DOI)
PREPRINT = entry(arxiv_id="2611.90001", title="Patience")
BOTH = entry("huggingface", "2611.90001", arxiv_id="2611.90001", doi=DOI)


def test_an_entry_with_both_ids_makes_one_of_two_papers():
    known = [stored(JOURNAL, paper_id=7), stored(PREPRINT, paper_id=9)]
    placements = place([BOTH], known)
    assert [(p.entry, p.paper_id, p.rule) for p in placements] == [
        (BOTH, 9, "same arXiv id"),
        (JOURNAL, 9, "same DOI"),
    ]
    assert placements[1].detail == f"{DOI}, equal titles"
    (change,) = assemble(placements, known, NOW)
    assert change.paper.sources == ("arxiv", "huggingface", "generic")
    assert change.changed


@pytest.mark.parametrize("order", list(itertools.permutations([JOURNAL, PREPRINT, BOTH])))
def test_one_paper_comes_of_both_ids_in_whatever_order_they_are_read(order):
    known: list[KnownPaper] = []
    for number, one in enumerate(order, 1):
        changes = assemble(place([one], known), known, NOW)
        moved = {p.entry.key for change in changes for p in change.placements}
        left = [
            replace(k, sightings=tuple(s for s in k.sightings if s.entry.key not in moved))
            for k in known
        ]
        known = [k for k in left if k.sightings]
        for change in changes:
            paper_id = change.paper.paper_id or number
            old = next((k.sightings for k in known if k.paper_id == paper_id), ())
            new = tuple(Sighting(p.entry, NOW) for p in change.placements)
            known = [k for k in known if k.paper_id != paper_id]
            known.append(KnownPaper(paper_id, (*old, *new)))
    assert len(known) == 1
    assert len(papers(order)) == 1


def test_a_doi_that_another_work_carries_too_joins_nothing():
    other = replace(JOURNAL, title="On Something Else", authors=("Eve Stone",))
    known = [stored(other, paper_id=7), stored(PREPRINT, paper_id=9)]
    assert [p.entry for p in place([BOTH], known)] == [BOTH]


def test_two_arxiv_ids_are_not_joined_by_a_doi_that_both_carry():
    second = entry(external_id="2611.90002", arxiv_id="2611.90002", doi=DOI)
    known = [stored(second, paper_id=7), stored(PREPRINT, paper_id=9)]
    assert [p.paper_id for p in place([BOTH], known)] == [9]


def test_a_paper_that_a_person_took_apart_is_not_joined_again():
    apart = KnownPaper(7, (Sighting(JOURNAL, NOW, apart=True),))
    assert len(place([BOTH], [apart, stored(PREPRINT, paper_id=9)])) == 1


def test_a_feed_that_gives_all_its_items_one_title_and_one_doi_is_merged_in_no_time():
    """Comparing each with each would take minutes."""
    many = [
        entry("generic", f"{n}", doi=DOI, authors=(f"Ada Number{n}",), abstract=f"On {n}.")
        for n in range(2_000)
    ]
    titles = [replace(e, doi=None) for e in many]
    started = time.process_time()
    assert len(papers(titles)) == 2_000
    papers(many)
    assert time.process_time() - started < 5


def test_a_revision_counts_from_when_its_version_was_seen_and_only_after_an_earlier_one():
    first, second = entry(arxiv_version=1), entry(arxiv_version=2)
    earlier = NOW - timedelta(days=3)
    assert combine(7, [Sighting(first, earlier)]).revised_at is None
    assert combine(7, [Sighting(second, NOW)]).revised_at is None
    assert combine(7, [Sighting(first, NOW), Sighting(second, NOW)]).revised_at is None
    both = [Sighting(first, earlier), Sighting(second, NOW)]
    assert combine(7, both).revised_at == NOW
    translated = Sighting(entry("arxivjp", arxiv_version=None), NOW + timedelta(days=1))
    assert combine(7, [*both, translated]).revised_at == NOW
    third = Sighting(entry(arxiv_version=3), NOW + timedelta(days=2))
    assert combine(7, [*both, third]).revised_at == third.first_seen_at
