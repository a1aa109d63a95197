"""The bundled sample feeds: what they hold, and the papers that merging makes of them."""

import json
from collections import Counter
from pathlib import Path

import pytest

from digest import resources
from digest.demo import NOW, sample_feeds
from digest.merging import assemble, place
from digest.sources import SOURCES
from digest.sources.base import Response

EXPECTED = json.loads((resources.samples() / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pages():
    """The entries of each sample file, by its name."""
    found = {}
    for feed in sample_feeds():
        path = Path(feed.location)
        response = Response(url=str(path), body=path.read_bytes(), received_at=NOW)
        found[path.name] = SOURCES[feed.source].parse(response, feed)
    return found


@pytest.fixture(scope="module")
def papers(pages):
    entries = [entry for page in pages.values() for entry in page.entries]
    return [change.paper for change in assemble(place(entries, []), [], NOW)]


def test_every_file_gives_all_its_entries(pages):
    assert {name: len(page.entries) for name, page in pages.items()} == EXPECTED["files"]


def test_entries_become_the_papers_that_were_meant(papers):
    assert len(papers) == EXPECTED["papers"] >= 60


def test_every_designed_overlap_is_one_paper(pages, papers):
    seen = Counter(source for paper in papers for source in paper.sources if len(paper.sources) > 1)
    assert set(seen) >= {"arxiv", "huggingface", "arxivjp", "aitopics"}
    merged = sum(EXPECTED["files"].values()) - len(papers)
    assert merged == sum(len(files) - 1 for files, _ in EXPECTED["overlaps"])


def test_two_works_of_one_title_stay_two(papers):
    for title in EXPECTED["distinct"]:
        assert len([p for p in papers if p.title == title]) == 2


def test_replacements_and_old_cross_lists_are_not_new(papers):
    not_new = {paper.title for paper in papers if paper.new_at is None}
    assert not_new == set(EXPECTED["not_new"])


def test_some_papers_carry_a_translation(papers):
    translated = [p for p in papers if "ja" in p.translations]
    assert len(translated) >= 10
    assert all(p.language == "en" for p in translated)
