"""The five captures that the project began with, field by field."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from digest.errors import ParseError
from digest.models import Entry
from digest.sources.aitopics import AITopics
from digest.sources.arxivjp import ArxivJp
from digest.sources.base import Feed, Page, Response, Source
from digest.sources.huggingface import HuggingFace

pytestmark = pytest.mark.captures

SOURCES: dict[str, Source] = {
    "aitopics": AITopics(),
    "arxivjp": ArxivJp(),
    "hf_daily": HuggingFace(),
}
SEEDS = {
    "000_b6f32920c1972874": 6,
    "001_b162b3f260eec6ac": 4,
    "002_395b32c81ab3bf0f": 10,
    "003_b8662b7045fc35cb": 64,
    "004_b3e52b6be3cd9be1": 24,
}
LISTED = {"Nov 5": date(2025, 11, 5), "Nov 26": date(2025, 11, 26)}


def read(captures: Path, name: str, change: Callable[[bytes], bytes] = bytes) -> tuple[Page, Any]:
    expected = json.loads((captures / "seeds_expected" / f"{name}.json").read_text())
    body = change((captures / "seeds" / f"{name}.txt").read_bytes())
    read_at = datetime(2026, 3, 1, tzinfo=UTC)
    response = Response(f"{name}.txt", body, received_at=read_at, captured_at_known=False)
    return SOURCES[expected["format"]].parse(response, Feed("seed", "seed")), expected


def check_aitopics(entry: Entry, told: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(entry.authors) == (told["authors"] or [])
    assert entry.authors_raw == told["authors_raw"]
    topics = [{"path": list(topic.path), "confidence": topic.confidence} for topic in entry.topics]
    assert topics == told["tags"]
    assert entry.tags_more == told["tags_more"]
    assert entry.n_authors == (len(told["authors"]) if told["authors"] else None)
    assert (entry.published_at, entry.listed_date, entry.url) == (None, None, None)


def check_arxivjp(entry: Entry, told: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(entry.authors) == told["authors"]
    assert entry.published_at == datetime.fromisoformat(told["published"])
    assert entry.translations == {"ja": "\n".join(told["abstract_ja_lines"])}
    assert list(entry.categories) == told["categories"]
    assert (entry.arxiv_id, entry.pdf_url) == (told["arxiv_id"], told["pdf_url"])


def check_hf_daily(entry: Entry, told: dict[str, Any], expected: dict[str, Any]) -> None:
    assert entry.n_authors == told["n_authors"]
    assert entry.comments == told["comments"]
    day = told["month"] and datetime(told["year"] or 2025, told["month"], told["day"], tzinfo=UTC)
    assert entry.published_at == day
    assert entry.listed_date == LISTED[expected["listing_day"]]
    assert (entry.authors, entry.upvotes) == ((), None)


CHECKS = {"aitopics": check_aitopics, "arxivjp": check_arxivjp, "hf_daily": check_hf_daily}


@pytest.mark.parametrize("name", SEEDS)
def test_every_field_of_a_capture_is_read(captures: Path, name: str) -> None:
    page, expected = read(captures, name)
    assert len(page.entries) == expected["n_items"] == SEEDS[name]
    for entry, told in zip(page.entries, expected["items"], strict=True):
        assert entry.title == told["title"]
        assert entry.abstract == told["abstract"]
        assert entry.language == "en"
        assert set(entry.flags) <= {"year_inferred"}
        CHECKS[expected["format"]](entry, told, expected)
    orphans = expected.get("orphan_tag_lines", [])
    told = [f"line {orphans[0]}: {len(orphans)} topics"] if orphans else []
    assert [problem.partition(" of a card")[0] for problem in page.problems] == told


@pytest.mark.parametrize("name", SEEDS)
@pytest.mark.parametrize(
    "change",
    [
        lambda body: body + b"\n",
        lambda body: b"\xef\xbb\xbf" + body,
        lambda body: body.replace(b"\n", b"\r\n"),
    ],
    ids=["final newline", "byte order mark", "CRLF"],
)
def test_how_a_capture_was_saved_changes_nothing(
    captures: Path, name: str, change: Callable[[bytes], bytes]
) -> None:
    assert read(captures, name, change)[0] == read(captures, name)[0]


def test_all_papers_are_there_and_different(captures: Path) -> None:
    entries = [entry for name in SEEDS for entry in read(captures, name)[0].entries]
    assert len(entries) == len({entry.external_id for entry in entries}) == 108


@pytest.mark.parametrize("name", SEEDS)
@pytest.mark.parametrize("wrong", SOURCES)
def test_a_capture_given_to_another_source_is_refused(
    captures: Path, name: str, wrong: str
) -> None:
    right = json.loads((captures / "seeds_expected" / f"{name}.json").read_text())["format"]
    if wrong == right:
        return
    body = (captures / "seeds" / f"{name}.txt").read_bytes()
    with pytest.raises(ParseError, match=f"looks like it is from {SOURCES[right].name}"):
        SOURCES[wrong].parse(Response(name, body), Feed("seed", "seed"))
