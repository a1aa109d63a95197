"""Replay: past days from the store, and from answers that were saved day by day."""

import gzip
import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from digest import ranking
from digest.models import Edition, Interest, InterestKind, Paper, Profile, Schedule
from digest.pipeline import (
    Collector,
    EditionOptions,
    Ranker,
    ReplayClock,
    ReplayedDay,
    days_between,
    replay_saved,
    replay_stored,
)
from digest.pipeline.likes import FACTORS
from digest.sources.fetch import Fetcher, FetchOptions
from digest.sources.worker import ParserProcess
from digest.store import Store, open_store

MONDAY = date(2026, 11, 16)
PROFILE = Profile(interests=(Interest(InterestKind.PHRASE, "glacier acoustics"),))


def record(number: int, title: str) -> str:
    told = {"id": f"2611.{number:05}", "title": title, "summary": f"We study {title} at length."}
    return json.dumps(told | {"authors": ["Ada Quill"], "categories": ["cs.SD"]}) + "\n"


def save_records(folder: Path, day: int, *numbers: int) -> None:
    lines = "".join(record(n, f"On glacier acoustics, part {n}") for n in numbers)
    with gzip.open(folder / f"2026-11-{day}.jsonl.gz", "wt") as file:
        file.write(lines)


def save_daily(folder: Path, day: int, *numbers: int) -> None:
    papers = [
        {"id": f"2611.{n:05}", "title": f"On glacier acoustics, part {n}", "upvotes": n}
        for n in numbers
    ]
    answer = json.dumps([{"paper": paper} for paper in papers])
    (folder / f"2026-11-{day}.json").write_text(answer)


async def replay(
    store: Store, first: date, last: date, profile: Profile = PROFILE, **folders: Path
) -> list[ReplayedDay]:
    clock = ReplayClock()
    async with Fetcher(FetchOptions()) as fetcher, ParserProcess() as parser:
        collector = Collector(store, fetcher, parser, clock)
        return [
            day
            async for day in replay_saved(
                collector,
                clock,
                store,
                profile,
                days_between(first, last),
                folders=folders,
                options=EditionOptions(),
            )
        ]


def ids(day: ReplayedDay) -> list[str | None]:
    return sorted(scored.paper.arxiv_id for scored in day.edition.papers)


def all_papers(store: Store) -> list[Paper]:
    return store.papers.search(query=None, since=None, limit=50_000)


# ---------------------------------------------------------------- saved answers


async def test_each_day_has_the_papers_that_were_new_on_it(store: Store, tmp_path: Path) -> None:
    save_records(tmp_path, 16, 1, 2)
    save_records(tmp_path, 17, 1, 2)  # nothing was announced: the day before once more
    save_records(tmp_path, 19, 2, 3)
    days = await replay(store, MONDAY, date(2026, 11, 19), arxiv=tmp_path)
    assert [day.day.day for day in days] == [16, 17, 18, 19]
    assert [day.new_papers for day in days] == [2, 0, 0, 1]
    assert [day.edition.candidates for day in days] == [2, 0, 0, 1]
    assert [ids(day) for day in days] == [["2611.00001", "2611.00002"], [], [], ["2611.00003"]]
    assert [len(day.collected.feeds) for day in days] == [1, 1, 0, 1]
    assert days[1].edition.silence
    newest = store.papers.get("2611.00003")
    assert newest is not None
    assert newest.new_at == datetime(2026, 11, 19, 6, tzinfo=UTC)


async def test_sources_of_a_day_are_merged_and_a_paper_is_new_only_once(
    store: Store, tmp_path: Path
) -> None:
    arxiv, daily = tmp_path / "arxiv", tmp_path / "daily"
    arxiv.mkdir()
    daily.mkdir()
    save_records(arxiv, 16, 1)
    save_daily(daily, 16, 1, 2)
    save_records(arxiv, 17, 2)
    first, second = await replay(store, MONDAY, date(2026, 11, 17), arxiv=arxiv, huggingface=daily)
    assert (first.new_papers, first.collected.total("merged")) == (2, 1)
    assert (second.new_papers, second.collected.total("merged")) == (0, 1)
    assert [paper.sources for paper in all_papers(store)] == [("arxiv", "huggingface")] * 2
    assert second.edition.papers == ()


@pytest.mark.parametrize(
    ("name", "body", "trouble"),
    [
        ("2026-11-16.jsonl.gz", b"not gzip at all", "cannot be read"),
        ("2026-11-16.jsonl.gz", gzip.compress(b"x" * 9_000, mtime=0)[:-9], "cannot be read"),
        ("2026-11-16.jsonl", b"<html>", "not from arxiv"),
        ("2026-11-16.jsonl.gz", gzip.compress(bytes(17 * 2**20), mtime=0), "holds more than 16 MB"),
    ],
    ids=["no-gzip", "cut-short", "html", "too-large"],
)
async def test_a_damaged_file_costs_only_itself(
    store: Store, tmp_path: Path, name: str, body: bytes, trouble: str
) -> None:
    (tmp_path / name).write_bytes(body)
    save_records(tmp_path, 17, 3)
    first, second = await replay(store, MONDAY, date(2026, 11, 17), arxiv=tmp_path)
    (failed,) = first.collected.failed
    assert trouble in str(failed.error)
    assert failed.feed == name
    assert (first.new_papers, second.new_papers) == (0, 1)


# ---------------------------------------------------------------- the store


def test_the_store_is_only_read_and_days_begin_at_the_readers_midnight(
    store: Store, clock, add_papers
) -> None:
    add_papers("glacier acoustics")  # Monday 08:00 UTC
    clock.move(hours=15.5)  # Monday 23:30 UTC, which is Tuesday in Tokyo
    add_papers("glacier acoustics")
    counts = store.papers.counts()
    days = days_between(MONDAY, date(2026, 11, 18))

    def new(zone: str) -> list[int]:
        profile = Profile(interests=PROFILE.interests, schedule=Schedule(timezone=zone))
        found = replay_stored(store, profile, days, EditionOptions())
        return [day.new_papers for day in found]

    assert new("UTC") == [2, 0, 0]
    assert new("Asia/Tokyo") == [1, 1, 0]
    assert store.papers.counts() == counts


def test_a_day_of_25_hours_misses_nothing(store: Store, clock, add_papers) -> None:
    clock.now = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)  # 00:30 in Berlin, clocks go back
    add_papers("glacier acoustics")
    clock.now = datetime(2026, 10, 25, 22, 30, tzinfo=UTC)  # 23:30 on the same day
    add_papers("glacier acoustics")
    profile = Profile(interests=PROFILE.interests, schedule=Schedule(timezone="Europe/Berlin"))
    (day,) = replay_stored(store, profile, [date(2026, 10, 25)], EditionOptions())
    assert day.new_papers == 2


def test_words_that_became_common_later_do_not_change_a_past_day(
    store: Store, clock, add_papers
) -> None:
    profile = Profile(
        interests=(Interest(InterestKind.TEXT, "Robots that listen to glacier acoustics."),)
    )
    add_papers("glacier acoustics", "harbour robots", "slow optimisers")

    def monday() -> Edition:
        (day,) = replay_stored(store, profile, [MONDAY], EditionOptions())
        assert day.edition.papers
        return day.edition

    before = monday()
    clock.move(days=2)
    add_papers(*["glacier acoustics"] * 60)
    assert monday() == before


# ---------------------------------------------------------------- two rankers


@pytest.mark.parametrize(
    ("ranker", "given"),
    [
        (Ranker.PLAIN, (False, False)),
        (Ranker.NO_EMBEDDINGS, (False, True)),
        (Ranker.NO_READERS, (True, False)),
    ],
)
def test_another_ranker_goes_by_less(
    store: Store, clock, add_papers, monkeypatch, ranker: Ranker, given: tuple[bool, bool]
) -> None:
    numbers = add_papers("glacier acoustics", "harbour robots")
    vector = np.ones(4, dtype="<f2").tobytes()
    store.vectors.save("m", [(paper, vector) for paper in store.papers.by_ids(numbers)])
    store.vectors.replace(FACTORS, dict.fromkeys(numbers, vector))
    seen: list[tuple[bool, bool]] = []
    real = ranking.prepare

    def prepare(*papers, vectors, factors, taught) -> ranking.Candidates:
        seen.append((bool(vectors), bool(factors)))
        return real(*papers, vectors=vectors, factors=factors, taught=taught)

    monkeypatch.setattr(ranking, "prepare", prepare)
    options = EditionOptions(model="m")
    (day,) = replay_stored(store, PROFILE, [MONDAY], options, ranker)
    assert day.edition.papers
    assert seen == [(True, True), given]


def test_the_other_rankers_edition_stands_beside_the_usual_one(
    store: Store, clock, add_papers
) -> None:
    add_papers(*["glacier acoustics", "harbour robots", "slow optimisers"] * 4)
    text = Interest(InterestKind.TEXT, "We study a setting and report.")
    profile = Profile(interests=(text,), trending=0)
    (alone,) = replay_stored(store, profile, [MONDAY], EditionOptions())
    (both,) = replay_stored(store, profile, [MONDAY], EditionOptions(), Ranker.PLAIN)
    assert both.edition == alone.edition
    assert both.edition.papers == ()
    # Words that every paper has are no evidence; to plain cosines they are.
    assert both.against
    assert both.against.papers


# ---------------------------------------------------------------- real days


@pytest.mark.captures
async def test_days_of_real_answers(captures: Path, tmp_path: Path) -> None:
    """From a Thursday to a Monday: a weekend that repeats, late comers, merges both ways."""
    folder = captures.parent / "replay"
    if not folder.is_dir():
        pytest.skip(f"no saved days at {folder}")
    profile = Profile(
        interests=(Interest(InterestKind.PHRASE, "robot manipulation"),), papers=8, trending=2
    )
    with open_store(f"sqlite:///{tmp_path}/days.db") as store:
        days = await replay(
            store,
            date(2026, 5, 7),
            date(2026, 5, 11),
            profile,
            arxiv=folder / "arxiv",
            huggingface=folder / "hf",
        )
        papers = all_papers(store)
    assert not any(day.collected.failed or day.collected.problems for day in days)
    told = {day.day: _told(folder, day.day) for day in days}
    known: set[str] = set()
    for day in days:
        came = set.union(*told[day.day].values())
        assert day.new_papers == day.edition.candidates == len(came - known)
        known |= came
    # The records of Saturday are those of Friday and three more; Sunday repeats Saturday.
    assert [day.new_papers for day in days][2:4] == [3, 0]
    assert len(known) == len(papers)
    arxiv_ids = Counter(paper.arxiv_id for paper in papers)
    assert arxiv_ids.most_common(1)[0][1] == 1
    assert None not in arxiv_ids
    for paper in papers:
        sources = ("arxiv", "huggingface")
        expected = [s for s in sources if any(paper.arxiv_id in d[s] for d in told.values())]
        assert list(paper.sources) == expected
    chosen = [scored.paper.arxiv_id for day in days for scored in day.edition.papers]
    assert chosen
    assert len(chosen) == len(set(chosen))


def _told(folder: Path, day: date) -> dict[str, set[str]]:
    """Return which papers each source told of on a day, read without the product."""
    with gzip.open(folder / "arxiv" / f"{day}.jsonl.gz", "rt") as file:
        records = {json.loads(line)["id"] for line in file}
    daily = folder / "hf" / f"{day}.json.gz"
    answer = json.loads(gzip.decompress(daily.read_bytes())) if daily.exists() else []
    return {"arxiv": records, "huggingface": {element["paper"]["id"] for element in answer}}
