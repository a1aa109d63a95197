"""JSON Feed and DOAJ."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from digest.errors import ParseError
from digest.sources.base import MAX_ENTRIES, Feed, Page, Response
from digest.sources.generic import Generic

SOURCE = Generic()
NOW = datetime(2026, 11, 18, tzinfo=UTC)
VERSION = "https://jsonfeed.org/version/1.1"


def parse(answer: object, url: str = "feed.json") -> Page:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return SOURCE.parse(Response(url, body, received_at=NOW), Feed("lab", "generic"))


def feed(*items: object, **more: object) -> dict[str, object]:
    return {"version": VERSION, "title": "t", "items": list(items)} | more


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"version": "https://other.example/1", "items": []},
        {"version": 1.1, "items": []},
        {"version": VERSION},
        {"version": VERSION, "items": "none"},
        {"results": [], "count": 0},
        b'{"version": ',
        b'[{"a":' * 50_000,
    ],
)
def test_json_that_is_no_feed_is_refused(answer: object) -> None:
    with pytest.raises(ParseError, match=r"feed\.json"):
        parse(answer)


@pytest.mark.parametrize(
    "version", [VERSION, "https://jsonfeed.org/version/1", "https://www.jsonfeed.org/version/1.1/"]
)
def test_every_version_is_read(version: str) -> None:
    assert parse({"version": version, "items": [{"id": "1", "title": "T"}]}).entries[0].title == "T"


def test_an_empty_feed_is_fine() -> None:
    assert parse(feed()) == Page(())


def test_the_next_page_is_asked_for_once() -> None:
    here, there = "https://lab.example/feed.json", "https://lab.example/feed.json?page=2"
    following = parse(feed(next_url=there), here).next
    assert following is not None
    assert (following.url, following.kind) == (there, "feed")
    for told, place in (
        (here, here),
        (there, "feed.json"),
        ("file:///etc/passwd", here),
        (7, here),
    ):
        assert parse(feed(next_url=told), place).next is None


def test_html_loses_its_markup_and_text_keeps_its_signs() -> None:
    page = parse(
        feed(
            {"id": "1", "title": "a <b>b</b>", "content_html": "<p>x &lt; y</p><style>z</style>"},
            {"id": "2", "title": "b", "content_text": "a <b> &amp; c", "summary": "s"},
        )
    )
    assert [e.abstract for e in page.entries] == ["x < y", "a <b> &amp; c"]
    assert page.entries[0].title == "a b"


def test_values_of_the_wrong_kind_are_left_open() -> None:
    item = {
        "id": None, "title": "T", "url": 3, "authors": "Mary", "tags": "x", "content_html": None,
        "date_published": 2026, "attachments": {}, "external_url": [],
    }  # fmt: skip
    (entry,) = parse(feed(item)).entries
    assert (entry.authors, entry.categories, entry.url, entry.published_at) == ((), (), None, None)
    assert entry.external_id.startswith("t-")


def test_too_many_items_are_cut_and_told() -> None:
    page = parse(feed(*({"id": str(n), "title": "t"} for n in range(MAX_ENTRIES + 1))))
    assert len(page.entries) == MAX_ENTRIES
    assert page.problems == ("item 2001: too many items; the rest is left out",)


@pytest.mark.captures
def test_every_field_of_the_directorys_answer_is_read(captures: Path) -> None:
    body = (captures / "journals" / "doaj_api_2026-02-05.json").read_bytes()
    results = json.loads(body)["results"]
    page = parse(body)
    assert (len(page.entries), page.problems, page.next) == (20, (), None)
    for entry, result in zip(page.entries, results, strict=True):
        article = result["bibjson"]
        dois = [i["id"].lower() for i in article["identifier"] if i["type"] == "doi"]
        assert entry.external_id == result["id"]
        assert entry.doi in (*dois, None)
        assert bool(entry.doi) == bool(dois)
        assert list(entry.authors) == [
            " ".join(a["name"].split()) for a in article["author"] if "name" in a
        ]
        assert entry.listed_date == date.fromisoformat(result["created_date"][:10])
        assert entry.venue == article["journal"]["title"]
        assert list(entry.categories) == list(
            dict.fromkeys(" ".join(k.split()) for k in article.get("keywords", []))
        )
        assert entry.url is not None
        if "<" not in article["title"]:
            assert entry.title == " ".join(article["title"].split())
