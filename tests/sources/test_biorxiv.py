from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.errors import ParseError, SourceError
from digest.sources.base import Feed, Response
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
