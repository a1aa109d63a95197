"""Versions, cross-lists, withdrawals and papers that prove to be one, from entry to edition."""

from dataclasses import replace
from datetime import date

import pytest

from digest.merging import assemble, place
from digest.models import Entry
from fakes import ScriptedChannel, accept

ICE = Entry(
    "arxiv",
    "2611.00001",
    "The Sound of Glacier Acoustics under Slow Pressure",
    abstract="We study glacier acoustics in an invented setting and report what we heard there.",
    authors=("Ada Quill", "Tomo Reed"),
    arxiv_id="2611.00001",
    arxiv_version=1,
    announce_type="new",
    listed_date=date(2026, 11, 16),
)
JOURNAL = replace(
    ICE,
    source="generic",
    external_id="ice",
    arxiv_id=None,
    arxiv_version=None,
    announce_type=None,
    doi="10.5555/ice.1",
)


@pytest.fixture
def collect(store, clock):
    """Collect entries as a feed brings them, now; return the papers that are candidates."""

    def run(*entries: Entry):
        store.papers.merge(
            entries,
            lambda known: assemble(place(entries, known), known, clock.now),
            seen_at=clock.now,
        )
        return store.papers.background(10)

    return run


async def test_a_paper_that_was_sent_does_not_come_again_as_the_preprint_it_proves_to_be(
    collect, publisher, subscribe, store, clock
):
    subscribe("ada", "glacier acoustics")
    channel = ScriptedChannel(accept)
    collect(JOURNAL)
    await publisher(channel).publish()
    clock.move(days=1)
    collect(replace(ICE, title="Glacier Acoustics"))
    (before, after) = sorted(store.papers.background(10), key=lambda p: p.paper_id)
    (joined,) = collect(
        replace(ICE, source="huggingface", doi=JOURNAL.doi, announce_type=None, upvotes=9)
    )
    assert joined.paper_id == after.paper_id
    assert (joined.doi, joined.arxiv_id) == (JOURNAL.doi, ICE.arxiv_id)
    assert store.papers.get(f"#{before.paper_id}") == joined
    await publisher(channel).publish()
    assert len(channel.parcels) == 1


def test_a_new_version_is_an_update_of_the_paper_and_no_news(collect, clock):
    (first,) = collect(ICE)
    clock.move(days=3)
    (second,) = collect(
        replace(ICE, arxiv_version=2, announce_type="replace", title="Glacier Acoustics, Mended")
    )
    assert (second.paper_id, second.new_at) == (first.paper_id, first.new_at)
    assert (second.arxiv_version, second.title) == (2, "Glacier Acoustics, Mended")


def test_an_older_version_read_later_takes_nothing_back(collect, clock):
    collect(replace(ICE, arxiv_version=2, title="Glacier Acoustics, Mended"))
    clock.move(days=1)
    (paper,) = collect(ICE)
    assert (paper.arxiv_version, paper.title) == (2, "Glacier Acoustics, Mended")


def test_a_paper_seen_first_as_a_replacement_is_known_but_never_new(collect, store, clock):
    (paper,) = collect(replace(ICE, arxiv_version=2, announce_type="replace"))
    assert paper.new_at is None
    window = clock.now.replace(day=1)
    assert store.papers.candidates(window, clock.now) == []


def test_an_old_paper_that_is_cross_listed_today_is_not_new(collect):
    old = replace(ICE, external_id="2508.00001", arxiv_id="2508.00001", announce_type="cross")
    (paper,) = collect(old)
    assert paper.new_at is None


def test_a_new_paper_that_is_cross_listed_today_is_new(collect):
    (paper,) = collect(replace(ICE, announce_type="cross"))
    assert paper.new_at is not None


async def test_a_withdrawn_paper_is_marked_and_no_candidate_any_more(
    collect, publisher, subscribe, store, clock
):
    collect(ICE)
    clock.move(hours=1)
    (paper,) = collect(
        replace(ICE, arxiv_version=2, announce_type="replace", withdrawn=True, abstract="Withdrawn")
    )
    assert paper.withdrawn
    assert store.papers.candidates(clock.now.replace(day=1), clock.now) == []
    subscribe("ada", "glacier acoustics")
    channel = ScriptedChannel(accept)
    await publisher(channel).publish()
    assert channel.parcels == []
