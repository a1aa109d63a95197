import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.errors import ParseError, SourceError
from digest.sources.base import MAX_ENTRIES, Feed, Page, Response
from digest.sources.biorxiv import BioRxiv, _names

NOW = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
SOURCE = BioRxiv()


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "https://connect.biorxiv.org/biorxiv_xml.php?subject=all"),
        ({"subject": "genomics"}, "https://connect.biorxiv.org/biorxiv_xml.php?subject=genomics"),
        (
            {"server": "medRxiv", "subject": "a&b=c"},
            "https://connect.medrxiv.org/medrxiv_xml.php?subject=a%26b%3Dc",
        ),
    ],
)
def test_the_subject_makes_the_address(options: dict[str, str], url: str) -> None:
    (request,) = SOURCE.requests(Feed("x", "biorxiv", options=options), NOW)
    assert request.url == url


def test_a_location_is_asked_as_it_is_if_it_is_one() -> None:
    (request,) = SOURCE.requests(Feed("x", "biorxiv", "https://a.example/feed"), NOW)
    assert request.url == "https://a.example/feed"
    with pytest.raises(SourceError, match="digest import biorxiv"):
        SOURCE.requests(Feed("x", "biorxiv", "feed.xml"), NOW)
    with pytest.raises(SourceError, match="must be biorxiv or medrxiv"):
        SOURCE.requests(Feed("x", "biorxiv", options={"server": "chemrxiv"}), NOW)


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ("", ()),
        ("O'Connell, R. J.", ("R. J. O'Connell",)),
        ("LAPALU, N., Plaumann, P.-L.", ("N. LAPALU", "P.-L. Plaumann")),
        ("van der Berg, Yu. A., Li, B", ("Yu. A. van der Berg", "B Li")),
        ("Smith, J., Jr., Doe, A.", ("J. Smith Jr.", "A. Doe")),
        ("Tea Consortium, Lu, A., Li, B.", ("Tea Consortium", "A. Lu", "B. Li")),
        ("Ångström, Å., Đorđević, Đ.", ("Å. Ångström", "Đ. Đorđević")),
    ],
)
def test_last_names_and_initials_are_paired(raw: str, names: tuple[str, ...]) -> None:
    assert _names(raw) == (names, True)


@pytest.mark.parametrize("raw", ["Smith, John, Doe, Jane", "WHO, Lu, A."])
def test_names_that_cannot_be_paired_for_certain_stay_whole(raw: str) -> None:
    assert _names(raw) == ((raw,), False)


def test_what_is_not_from_there_is_refused() -> None:
    other = b"<rss version='2.0'><channel><item><title>x</title></item></channel></rss>"
    for body in (other, b"<html></html>", b"Just a moment...", b""):
        with pytest.raises(ParseError):
            SOURCE.parse(Response("body", body), Feed("x", "biorxiv"))


# ---------------------------------------------------------------- the API


def answer(count: int, total: object, cursor: object = 0, status: str = "ok") -> bytes:
    message = {"status": status, "cursor": cursor, "count": count, "total": total}
    preprints = [
        {"doi": f"10.1101/2026.11.17.{n:06}", "title": f"Preprint {n}", "date": "2026-11-17"}
        for n in range(count)
    ]
    return json.dumps({"messages": [message], "collection": preprints}).encode()


def page_of(body: bytes, url: str = "api.json") -> Page:
    return SOURCE.parse(Response(url, body, received_at=NOW), Feed("x", "biorxiv"))


URL = "https://api.biorxiv.org/details/biorxiv/2026-11-16/2026-11-18/0/json"


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "biorxiv/2026-11-16/2026-11-18/0/json"),
        ({"days": "1", "server": "medrxiv"}, "medrxiv/2026-11-18/2026-11-18/0/json"),
        ({"subject": "cell_biology"}, "biorxiv/2026-11-16/2026-11-18/0/json?category=cell_biology"),
    ],
)
def test_the_api_is_asked_for_the_last_days(options: dict[str, str], url: str) -> None:
    (request,) = SOURCE.requests(Feed("x", "biorxiv", options={"via": "api"} | options), NOW)
    assert (request.url, request.kind) == (f"https://api.biorxiv.org/details/{url}", "api")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"via": "page"}, "via must be feed or api"),
        ({"via": "api", "days": "93"}, "days must be 1 to 92"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, str], match: str) -> None:
    with pytest.raises(SourceError, match=match):
        SOURCE.requests(Feed("x", "biorxiv", options=options), NOW)


@pytest.mark.parametrize(
    ("body", "cursor"),
    [
        (answer(30, "65"), "30"),
        (answer(30, 65, "30"), "60"),
        (answer(100, 250, 100), "200"),
    ],
)
def test_a_page_that_is_not_the_last_names_the_next(body: bytes, cursor: str) -> None:
    page = page_of(body, f"{URL}?category=zoology")
    assert page.next is not None
    assert page.next.url == f"{URL.replace('/0/json', f'/{cursor}/json')}?category=zoology"
    assert page.next.kind == "api"


@pytest.mark.parametrize(
    ("body", "url"),
    [
        (answer(5, "65", 60), URL),
        (answer(0, "65", 60), URL),
        (answer(30, "many"), URL),
        (answer(30, "65"), "api.json"),
        (answer(30, 10**6, MAX_ENTRIES - 30), URL),
    ],
)
def test_the_last_page_and_a_file_name_none(body: bytes, url: str) -> None:
    assert page_of(body, url).next is None


def test_days_without_preprints_are_fine() -> None:
    assert page_of(answer(0, 0, status="no posts found")) == Page(())


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (b"[]", "not from biorxiv"),
        (b'{"messages": []}', "not from biorxiv"),
        (b'[{"paper": {}}]', "read it as huggingface"),
        (b'{"messages": [{"status": "ok"}]}', "without a collection"),
        (answer(0, 0, status="Error: (2002) Connection refused"), r"refused: Error: \(2002\)"),
        (b'{"messages": [', "not readable JSON"),
    ],
)
def test_errors_of_the_api_are_refused(body: bytes, match: str) -> None:
    with pytest.raises(ParseError, match=match):
        page_of(body)


def test_a_later_version_is_no_news() -> None:
    body = json.loads(answer(2, 2))
    body["collection"][1]["version"] = "2"
    first, second = page_of(json.dumps(body).encode()).entries
    assert (first.is_news, second.is_news) == (True, False)
    assert (second.published_at, second.updated_at) == (None, first.published_at)


@pytest.mark.captures
def test_a_real_item_is_read_in_full(captures: Path) -> None:
    path = captures / "biorxiv" / "feedrs_rss1_biorxiv_genomics_2023-12-16.xml"
    page = SOURCE.parse(Response(path.name, path.read_bytes()), Feed("x", "biorxiv"))
    (entry,) = page.entries
    assert entry.external_id == entry.doi == "10.1101/2023.12.16.571984"
    assert entry.url == "http://biorxiv.org/cgi/content/short/2023.12.16.571984v1"
    assert entry.published_at == datetime(2023, 12, 16, tzinfo=UTC)
    assert entry.title.startswith("Complete genome of the Medicago")
    assert entry.authors[0] == "N. LAPALU"
    assert entry.authors[-1] == "R. J. O'Connell"
    assert entry.n_authors == 10
