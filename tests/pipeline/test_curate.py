"""Curate: a merge undone by hand stays undone."""

import pytest

from digest.errors import UsageError
from digest.merging import assemble, place
from digest.models import SPLIT, Entry
from digest.pipeline.curate import find_paper, split_paper

TITLE = "Patient Gradients and the Long Race Among Optimisers"
ARXIV = Entry("arxiv", "2611.90001", TITLE, authors=("Ada Quill",), arxiv_id="2611.90001")
AITOPICS = Entry("aitopics", "a", TITLE, authors=("Ada Quill",))
HUGGING = Entry("huggingface", "2611.90001", TITLE, arxiv_id="2611.90001")


@pytest.fixture
def collect(store, clock):
    def collect(*entries):
        def decide(known):
            return assemble(place(entries, known), known, clock())

        return store.papers.merge(entries, decide, seen_at=clock())

    return collect


def test_what_a_source_said_becomes_a_paper_of_its_own_and_stays_one(store, clock, collect):
    collect(ARXIV, AITOPICS)
    taken_out = split_paper(store, "2611.90001", "aitopics", clock())
    assert taken_out.sources == ("aitopics",)
    assert find_paper(store, "2611.90001").sources == ("arxiv",)
    again = collect(ARXIV, AITOPICS)
    assert (again.new_papers, again.new_entries, again.updated_papers) == (0, 0, 0)
    (seen,) = store.papers.provenance(taken_out.paper_id)
    assert seen.rule == SPLIT


def test_the_first_sight_of_a_paper_is_kept_when_it_is_taken_out(store, clock, collect):
    collect(ARXIV, AITOPICS)
    first = clock()
    clock.move(days=1)
    taken_out = split_paper(store, "2611.90001", "aitopics", clock())
    assert (taken_out.first_seen_at, taken_out.new_at) == (first, first)


@pytest.mark.parametrize(
    ("ref", "source", "told"),
    [
        ("2611.99999", "aitopics", "no paper is known as"),
        ("2611.90001", "arxivjp", "not one of several sources that saw it"),
        ("2611.90001", "huggingface", "the same arXiv id"),
    ],
)
def test_what_cannot_be_taken_apart_is_told(store, clock, collect, ref, source, told):
    collect(ARXIV, AITOPICS, HUGGING)
    with pytest.raises(UsageError, match=told):
        split_paper(store, ref, source, clock())
