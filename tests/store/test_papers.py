from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from digest.errors import StoreError
from digest.models import Entry, FeedState, Paper, PaperChange, Placement, Sighting, Topic
from digest.store import Counts, SaveReport, Store
from digest.store.columns import MAX_COUNT
from digest.store.schema import popularity

Change = Callable[..., PaperChange]
DAY = timedelta(days=1)


def total_changes(store: Store) -> int:
    """A number that changes with every row that is written.

    SQLite counts by connection, and the pool gives the same one again; PostgreSQL marks each
    row with the transaction that wrote it.
    """
    tables = ("papers", "entries", "popularity", "feeds")
    rows = " UNION ALL ".join(f"SELECT xmin FROM {table}" for table in tables)
    asked = {
        "sqlite": "SELECT total_changes()",
        "postgresql": f"SELECT sum(xmin::text::bigint) FROM ({rows}) AS r",
    }
    with store._database.reading() as connection:
        return connection.exec_driver_sql(asked[connection.dialect.name]).scalar_one()


def test_a_paper_comes_back_as_it_was_stored(store: Store, now: datetime) -> None:
    entry = Entry("huggingface", "2605.01234", "Ein Titel – 稀疏")
    paper = Paper(
        0, "Ein Titel – 稀疏", "An abstract.", "en", ("Ana Ruiz", "Bo Li"), 3, "2605.01234", 2,
        "10.1234/abc", now - DAY, now, date(2026, 5, 12), ("cs.LG", "cs.CL"),
        (Topic(("Machine Learning", "Attention"), 0.75),), {"ja": "要約"}, 4, 57,
        "https://arxiv.org/abs/2605.01234", "https://arxiv.org/pdf/2605.01234",
        "https://code.example.org", "https://project.example.org",
        "NeurIPS 2026", "Example Lab", "A summary.", False,
        ("huggingface",), now, now, now, provenance={"title": "huggingface"},
    )  # fmt: skip
    placement = Placement(entry, None, 1, "new", "nothing known matches")
    store.papers.save([PaperChange(paper, (placement,), True)], seen_at=now)
    (stored,) = store.papers.by_ids([1])
    assert stored == replace(paper, paper_id=1)


def test_an_entry_comes_back_with_why_it_belongs_to_its_paper(
    store: Store, change: Change, now: datetime
) -> None:
    entry = Entry(
        "arxiv", "2605.00001v1", "T", authors=("Ana Ruiz",), arxiv_id="2605.00001", arxiv_version=1,
        published_at=now, listed_date=date(2026, 5, 12), announce_type="new", upvotes=3,
        topics=(Topic(("a", "b"), 0.5),), translations={"ja": "要約"}, flags=("odd",),
    )  # fmt: skip
    store.papers.save([change("T", entries=(entry,))], seen_at=now)
    (told,) = store.papers.provenance(1)
    assert told.sighting == Sighting(entry, now)
    assert (told.rule, told.detail) == ("new", "nothing known matches")
    assert store.papers.counts() == Counts(1, {"arxiv": 1})


@pytest.mark.parametrize(
    "asked",
    [
        Entry("generic", "other", "Another title", arxiv_id="2605.00001"),
        Entry("generic", "other", "Another title", doi="10.1/x"),
        Entry("generic", "other", "SPARSE attention, for long documents!"),
        Entry("arxiv", "guid", "Another title"),
    ],
    ids=["arxiv id", "doi", "title", "identity in its source"],
)
def test_related_papers_are_found_by_each_key(
    store: Store, change: Change, now: datetime, asked: Entry
) -> None:
    title = "Sparse Attention for Long Documents"
    known = (
        Entry("arxiv", "guid", title, arxiv_id="2605.00001", doi="10.1/x"),
        Entry("huggingface", "hf", "A working title"),
    )
    store.papers.save([change(title, entries=known), change("Unrelated")], seen_at=now)
    (found,) = store.papers.related([asked])
    assert found.paper_id == 1
    assert found.sightings == tuple(Sighting(entry, now) for entry in known)
    assert store.papers.related([Entry("generic", "nothing", "")]) == []


def test_related_papers_are_found_by_index_for_thousands_of_entries(
    store: Store, change: Change, now: datetime
) -> None:
    changes = [change(f"Paper {i}", arxiv_id=f"2605.{i:05}") for i in range(1200)]
    store.papers.save(changes, seen_at=now)
    batch = [placement.entry for c in changes for placement in c.placements]
    assert len(store.papers.related(batch)) == 1200
    if store._database.engine.dialect.name != "sqlite":
        return  # a plan of PostgreSQL depends on what it has gathered of the table
    with store._database.reading() as connection:
        for column in ("arxiv_id", "doi", "title_key"):
            sql = f"EXPLAIN QUERY PLAN SELECT paper_id FROM entries WHERE {column} IN ('a', 'b')"
            assert "USING INDEX" in connection.exec_driver_sql(sql).one()[3]
        sql = (
            "EXPLAIN QUERY PLAN SELECT paper_id FROM entries"
            " WHERE source = 'x' AND external_id IN ('a', 'b')"
        )
        assert "USING INDEX" in connection.exec_driver_sql(sql).one()[3]


def test_saving_tells_what_was_new(store: Store, change: Change, now: datetime) -> None:
    first = [change("One"), change("Two")]
    assert store.papers.save(first, seen_at=now) == SaveReport(2, 0, 2, 0)
    more = Entry("huggingface", "One", "One", upvotes=3)
    told = change("One", paper_id=1, entries=(first[0].placements[0].entry, more))
    same = replace(first[1], paper=replace(first[1].paper, paper_id=2), changed=False)
    assert store.papers.save([told, same, change("Three")], seen_at=now + DAY) == SaveReport(
        new_papers=1, updated_papers=1, new_entries=2, unchanged=1
    )


def test_saving_the_same_again_writes_nothing(store: Store, change: Change, now: datetime) -> None:
    changes = [
        change(f"Paper {i}", authors=("Ana Ruiz",), topics=(Topic(("a",), 0.5),), upvotes=i)
        for i in range(20)
    ]
    store.papers.save(changes, seen_at=now)
    again = [
        replace(c, paper=replace(c.paper, paper_id=i), changed=False)
        for i, c in enumerate(changes, start=1)
    ]
    before = total_changes(store)
    assert store.papers.save(again, seen_at=now + DAY) == SaveReport(unchanged=20)
    assert total_changes(store) == before


def test_an_entry_keeps_its_first_instant_and_reason(
    store: Store, change: Change, now: datetime
) -> None:
    store.papers.save(
        [change("Old title", entries=(Entry("generic", "x", "Old title"),))], seen_at=now
    )
    told = change("New title", paper_id=1, entries=(Entry("generic", "x", "New title"),))
    seen_again = replace(told.placements[0], rule="same entry", detail="generic x")
    store.papers.save([replace(told, placements=(seen_again,))], seen_at=now + DAY)
    (provenance,) = store.papers.provenance(1)
    assert provenance.sighting == Sighting(Entry("generic", "x", "New title"), now)
    assert provenance.rule == "new"
    assert store.papers.get("New title") is not None
    assert store.papers.get("Old title") is None


def test_popularity_is_noted_when_it_differs(store: Store, change: Change, now: datetime) -> None:
    for day, upvotes in enumerate([5, 5, 9]):
        entry = Entry("huggingface", "x", "T", upvotes=upvotes, comments=1)
        store.papers.save(
            [change("T", paper_id=min(day, 1), entries=(entry,), upvotes=upvotes)],
            seen_at=now + day * DAY,
        )
    with store._database.reading() as connection:
        readings = connection.execute(select(popularity).order_by(popularity.c.read_at)).all()
    assert [tuple(r) for r in readings] == [
        (1, "huggingface", now, 5, 1),
        (1, "huggingface", now + 2 * DAY, 9, 1),
    ]
    assert store.papers.by_ids([1])[0].upvotes == 9


def test_popularity_of_two_entries_of_a_source_is_the_higher(
    store: Store, change: Change, now: datetime
) -> None:
    seen = (
        Entry("huggingface", "api", "T", upvotes=5),
        Entry("huggingface", "text", "T", upvotes=4, comments=2),
    )
    store.papers.save([change("T", entries=seen)], seen_at=now)
    with store._database.reading() as connection:
        assert tuple(connection.execute(select(popularity)).one()) == (1, "huggingface", now, 5, 2)


def test_validators_are_stored_with_the_entries_or_not_at_all(
    store: Store, change: Change, now: datetime
) -> None:
    store.papers.save(
        [change(arxiv_id="2605.00001")], seen_at=now, feed_states=[FeedState("arxiv", etag='"1"')]
    )
    assert store.feeds.state("arxiv").etag == '"1"'
    with pytest.raises(StoreError, match="collect again"):
        store.papers.save(
            [change("New"), change("Other", arxiv_id="2605.00001")],
            seen_at=now,
            feed_states=[FeedState("arxiv", etag='"2"')],
        )
    assert store.feeds.state("arxiv").etag == '"1"'
    assert store.papers.counts() == Counts(1, {"arxiv": 1})


def test_candidates_were_new_after_one_instant_and_up_to_another(
    store: Store, change: Change, now: datetime
) -> None:
    store.papers.save(
        [
            change("at the cut", new_at=now - DAY),
            change("after it", new_at=now - DAY + timedelta(microseconds=1)),
            change("at the end", new_at=now),
            change("too late", new_at=now + timedelta(microseconds=1)),
            change("only replaced", new_at=None),
            change("withdrawn", withdrawn=True),
        ],
        seen_at=now,
    )
    found = store.papers.candidates(now - DAY, now)
    assert [paper.title for paper in found] == ["at the end", "after it"]


def test_the_background_is_what_was_seen_most_recently(
    store: Store, change: Change, now: datetime
) -> None:
    changes = [change(f"day {i}", seen_at=now - i * DAY, new_at=None) for i in range(5)]
    store.papers.save(changes, seen_at=now)
    assert [p.title for p in store.papers.background(2)] == ["day 0", "day 1"]
    past = store.papers.background(2, until=now - 3 * DAY)
    assert [p.title for p in past] == ["day 3", "day 4"]


@pytest.mark.parametrize(
    "ref",
    [
        "#1", " #1 ", "2605.01234", "arXiv:2605.01234v3", "https://arxiv.org/abs/2605.01234v1",
        "https://huggingface.co/papers/2605.01234", "10.1234/ABC", "https://doi.org/10.1234/abc",
        "Sparse attention for long documents",
    ],
)  # fmt: skip
def test_a_paper_is_found_by_any_name_that_people_type(
    store: Store, change: Change, now: datetime, ref: str
) -> None:
    known = change(arxiv_id="2605.01234", doi="10.1234/abc")
    store.papers.save([known, change("Another")], seen_at=now)
    found = store.papers.get(ref)
    assert found is not None
    assert found.paper_id == 1


@pytest.mark.parametrize(
    "ref",
    [
        "http://journal.example/12/",
        "https://journal.example/12#abstract",
        "https://journal.example/12",
    ],
)
def test_a_paper_without_ids_is_found_by_the_link_to_its_page(
    store: Store, change: Change, now: datetime, ref: str
) -> None:
    changes = [
        change(url="https://journal.example/12"),
        change("Another", url="https://b.example/"),
    ]
    store.papers.save(changes, seen_at=now)
    found = store.papers.get(ref)
    assert found is not None
    assert found.paper_id == 1
    assert store.papers.get("https://journal.example/1") is None


@pytest.mark.parametrize(
    "ref", ["", "#2", "#999999999999999999", "#x", "2605.99999", "10.1/y", "?"]
)
def test_an_unknown_name_finds_nothing(
    store: Store, change: Change, now: datetime, ref: str
) -> None:
    store.papers.save([change()], seen_at=now)
    assert store.papers.get(ref) is None


def test_papers_come_in_the_order_asked_for(
    store: Store, add_papers: Callable[[int], list[Paper]]
) -> None:
    add_papers(3)
    assert [p.paper_id for p in store.papers.by_ids([3, 99, 1])] == [3, 1]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("sparse", ["Sparse Attention"]),
        ("RUIZ sparse", ["Sparse Attention"]),
        ("müller", ["Dense 100% Retrieval"]),
        ("100%", ["Dense 100% Retrieval"]),
        ("vectors", ["Dense 100% Retrieval"]),
        ("sparse vectors", []),
        (None, ["Dense 100% Retrieval", "Sparse Attention"]),
        ("", ["Dense 100% Retrieval", "Sparse Attention"]),
    ],
)
def test_search_wants_every_word_in_title_abstract_or_authors(
    store: Store, change: Change, now: datetime, query: str | None, titles: list[str]
) -> None:
    store.papers.save(
        [
            change("Sparse Attention", authors=("Ana Ruiz",), seen_at=now - DAY),
            change("Dense 100% Retrieval", authors=("Jo Müller",), abstract="Of vectors."),
        ],
        seen_at=now,
    )
    found = store.papers.search(query=query, since=None, limit=10)
    assert [paper.title for paper in found] == titles


def test_search_may_be_limited_to_recent_papers_and_to_a_few(
    store: Store, change: Change, now: datetime
) -> None:
    changes = [change(f"day {i}", seen_at=now - i * DAY) for i in range(4)]
    store.papers.save(changes, seen_at=now)
    assert len(store.papers.search(query="day", since=now - 2 * DAY, limit=10)) == 3
    assert len(store.papers.search(query="day", since=None, limit=2)) == 2


def test_a_paper_that_lost_all_its_entries_is_found_through_the_one_that_took_them(
    store: Store, change: Change, now: datetime
) -> None:
    entry = Entry("aitopics", "17", "T")
    store.papers.save([change("T", entries=(entry,)), change("U", arxiv_id="2605.1")], seen_at=now)
    told = replace(entry, arxiv_id="2605.1")
    store.papers.save([change("U", paper_id=2, entries=(told,), arxiv_id="2605.1")], seen_at=now)
    assert [p.paper_id for p in store.papers.by_ids([1])] == [2]
    assert [p.paper_id for p in store.papers.candidates(now - DAY, now)] == [2]
    assert store.papers.counts().papers == 1
    assert [p.rule for p in store.papers.provenance(2)] == ["new", "new"]


def test_two_papers_that_claim_one_entry_do_not_stop_the_run(
    store: Store, change: Change, now: datetime
) -> None:
    """A feed may give two papers the same identity."""
    one = change("One", entries=(Entry("generic", "guid", "One", arxiv_id="2605.00001"),))
    two = change("Two", entries=(Entry("generic", "guid", "Two", arxiv_id="2605.00002"),))
    assert store.papers.save([one, two], seen_at=now).new_entries == 1
    assert [p.title for p in store.papers.by_ids([1, 2])] == ["Two", "Two"]


def test_no_text_or_number_of_a_feed_stops_the_run(
    store: Store, change: Change, now: datetime
) -> None:
    vast = 10**30
    hostile = change(
        "Lone \ud800 surrogate \0 and '); DROP TABLE papers; --",
        arxiv_version=vast,
        upvotes=vast,
        abstract="\udfff",
        translations={"ja": "\ud800"},
    )
    store.papers.save([hostile], seen_at=now)
    (stored,) = store.papers.background(1)
    assert stored.title == "Lone ? surrogate ? and '); DROP TABLE papers; --"
    assert (stored.upvotes, stored.arxiv_version) == (MAX_COUNT, MAX_COUNT)


def test_instants_before_1970_and_far_ahead_are_kept(
    store: Store, change: Change, now: datetime
) -> None:
    odd = datetime(1, 1, 2, tzinfo=UTC)
    store.papers.save(
        [change(published_at=odd, new_at=datetime.max.replace(tzinfo=UTC))], seen_at=now
    )
    assert store.papers.by_ids([1])[0].published_at == odd


def test_a_feed_notes_when_it_last_brought_an_unknown_entry(
    store: Store, change: Change, now: datetime
) -> None:
    paper = "2605.00001"
    store.papers.save([change(arxiv_id=paper)], seen_at=now, feed_states=[FeedState("arxiv")])
    assert store.feeds.state("arxiv").unseen_at == now
    again = change(arxiv_id=paper, paper_id=1)
    state = store.feeds.state("arxiv")
    store.papers.save([again], seen_at=now + timedelta(days=1), feed_states=[state])
    assert store.feeds.state("arxiv").unseen_at == now


def test_papers_are_counted_by_when_they_were_first_seen(store, change, now) -> None:
    hour = timedelta(hours=1)
    store.papers.save([change("A paper of this instant")], seen_at=now)
    later = change("A paper of an hour later", seen_at=now + hour)
    store.papers.save([later], seen_at=now + hour)
    assert store.papers.first_seen(now, now + hour) == 1
    assert store.papers.first_seen(now, now + 2 * hour) == 2
    assert store.papers.first_seen(now - hour, now) == 0
