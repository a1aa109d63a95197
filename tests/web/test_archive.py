"""Past editions behind a private link, as pages and as feeds."""

import re
from dataclasses import replace
from datetime import date, timedelta

import feedparser
import pytest
from lxml import etree
from selectolax.lexbor import LexborHTMLParser

from digest.models import AnswerKind

BASE = "https://digest.example.org"
HOSTILE = "<script>alert(1)</script> & “glacier acoustics”"


def path_of(link: str) -> str:
    return link.removeprefix(BASE)


@pytest.fixture
def reader(house):
    """Ada, after three days with an edition each."""
    house.subscribe(name="Ada's morning")
    for day in range(3):
        house.add_papers(f"glacier acoustics {day}", start=10 * day + 1)
        house.publish()
        house.move(days=1)
    return house.person()


def test_the_archive_lists_editions_newest_first_with_their_papers(house, reader):
    told = house.client.get(path_of(house.site.linker.archive(reader)))
    assert told.status_code == 200
    days = re.findall(r"/archive/[\w-]+/(\d{4}-\d\d-\d\d)\"", told.text)
    assert days == ["2026-11-18", "2026-11-17", "2026-11-16"]
    assert "On glacier acoustics 2, part 21" in told.text


def test_lists_are_remembered_and_never_shown_to_another_reader(house, reader, monkeypatch):
    house.subscribe("tomo@example.org", "harbour robots")
    house.add_papers("harbour robots at night", "glacier acoustics again", start=90)
    house.publish()
    mine, other = (house.person(f"{name}@example.org") for name in ("ada", "tomo"))
    first = house.client.get(path_of(house.site.linker.archive(mine))).text
    monkeypatch.setattr(house.store.editions, "by_ids", lambda ids: pytest.fail("read again"))
    assert house.client.get(path_of(house.site.linker.archive(mine))).text == first
    monkeypatch.undo()
    told = house.client.get(path_of(house.site.linker.archive(other))).text
    assert "On harbour robots at night" in told
    assert "glacier acoustics" not in told
    assert "On harbour robots at night" not in first
    assert "On glacier acoustics again" in first


def test_a_list_with_a_new_edition_reads_that_one_alone(house, reader, monkeypatch):
    link = path_of(house.site.linker.archive(reader))
    house.client.get(link)
    house.add_papers("glacier acoustics 3", start=31)
    house.publish()
    read, by_ids = [], house.store.editions.by_ids

    def note(ids):
        wanted = list(ids)
        read.append(len(wanted))
        return by_ids(wanted)

    monkeypatch.setattr(house.store.editions, "by_ids", note)
    told = house.client.get(link).text
    assert "On glacier acoustics 3, part 31" in told
    assert read == [1]


def test_a_new_subscriber_is_told_that_there_is_none_yet(house):
    house.subscribe()
    told = house.client.get(path_of(house.site.linker.archive(house.person())))
    assert "There is none yet" in told.text


def test_older_editions_stand_on_further_pages(house, reader, monkeypatch):
    from digest.web import archive

    monkeypatch.setattr(archive, "_ON_A_PAGE", 2)
    first = house.client.get(path_of(house.site.linker.archive(reader)))
    (older,) = re.findall(r"href=\"([^\"]+\?before=[^\"]+)\"", first.text)
    second = house.client.get(path_of(older))
    assert "2026-11-16" in second.text
    assert "2026-11-17" not in second.text
    assert "?before=" not in second.text


def test_an_edition_shows_its_papers_with_a_link_to_answer_and_its_neighbours(house, reader):
    day = date(2026, 11, 17)
    told = house.client.get(path_of(house.site.linker.archive(reader, day)))
    assert told.status_code == 200
    assert "On glacier acoustics 1, part 11" in told.text
    assert "On glacier acoustics 2" not in told.text
    for neighbour in (day - timedelta(days=1), day + timedelta(days=1)):
        assert f"/{neighbour}" in told.text
    page = LexborHTMLParser(told.text)
    assert [a.text(deep=False) for a in page.css(".card .links a")] == ["Abstract", "PDF"]
    assert page.css_first(".card .links .quiet").text() == "cs.LG"
    (answer,) = re.findall(r"href=\"[^\"]+(/feedback/[\w-]+)\"", told.text)
    assert house.client.post(answer, data={"answer": "more"}).status_code == 200
    ((given, _),) = house.site.readers.answers(reader)
    assert given.kind is AnswerKind.MORE


@pytest.mark.parametrize("day", ["2026-11-15", "2026-02-30", "yesterday", "20261117"])
def test_a_day_without_an_edition_is_nowhere(house, reader, day):
    told = house.client.get(f"{path_of(house.site.linker.archive(reader))}/{day}")
    assert told.status_code == 404


def test_links_open_only_what_they_are_for_and_end_when_they_are_revoked(house, reader):
    linker = house.site.linker
    archive, feed = path_of(linker.archive(reader)), path_of(linker.feed(reader))
    crossed = feed.replace("/feed/", "/archive/").removesuffix(".atom")
    assert house.client.get(crossed).status_code == 404
    assert house.client.get(archive.replace("/archive/", "/feed/") + ".atom").status_code == 404
    house.site.readers.revoke_links(reader, house.now)
    assert house.client.get(archive).status_code == 404
    assert house.client.get(feed).status_code == 404


def test_the_atom_feed_is_read_by_feed_readers(house, reader):
    told = house.client.get(path_of(house.site.linker.feed(reader)))
    assert told.headers["content-type"].startswith("application/atom+xml")
    etree.fromstring(told.content)  # well-formed
    feed = feedparser.parse(told.content)
    assert not feed.bozo
    assert feed.feed.title == "Digest: Ada's morning"
    assert [entry.updated[:10] for entry in feed.entries] == [
        "2026-11-18",
        "2026-11-17",
        "2026-11-16",
    ]
    assert len({entry.id for entry in feed.entries}) == 3
    assert "On glacier acoustics 2, part 21" in feed.entries[0].content[0].value
    assert re.search(
        r"<a href=.https://arxiv.org/pdf/[^>]*>PDF</a>", feed.entries[0].content[0].value
    )
    assert house.client.get(path_of(feed.entries[0].link)).status_code == 200


def test_the_json_feed_says_the_same(house, reader):
    told = house.client.get(path_of(house.site.linker.feed(reader, "json")))
    assert told.headers["content-type"].startswith("application/feed+json")
    feed = told.json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["date_published"][:10] for item in feed["items"]] == [
        "2026-11-18",
        "2026-11-17",
        "2026-11-16",
    ]
    assert "part 21" in feed["items"][0]["content_html"]


def test_a_feed_without_editions_is_a_feed(house):
    house.subscribe()
    told = house.client.get(path_of(house.site.linker.feed(house.person())))
    assert feedparser.parse(told.content).entries == []
    assert (
        house.client.get(path_of(house.site.linker.feed(house.person(), "rss"))).status_code == 404
    )


def test_a_feed_reader_that_is_up_to_date_is_told_so(house, reader, monkeypatch):
    feed = path_of(house.site.linker.feed(reader))
    tag = house.client.get(feed).headers["etag"]
    monkeypatch.setattr(house.store.editions, "by_ids", lambda ids: pytest.fail("it is read"))
    # As it is, among others, and as a proxy that packs answers writes it.
    for known in (tag, f'"x", {tag}', f"W/{tag}"):
        assert house.client.get(feed, headers={"if-none-match": known}).status_code == 304
    monkeypatch.undo()
    house.store.people.update(reader.address, replace(reader.profile, language="ja"))
    assert house.client.get(feed, headers={"if-none-match": tag}).status_code == 200
    house.store.people.update(reader.address, reader.profile)
    house.add_papers("glacier acoustics 9", start=90)
    house.publish()
    assert house.client.get(feed, headers={"if-none-match": tag}).status_code == 200


def test_hostile_titles_are_text_everywhere(house):
    house.subscribe(name="</title><script>alert(2)</script>")
    house.add_papers(HOSTILE)
    house.publish()
    person = house.person()
    linker = house.site.linker
    for link in (linker.archive(person), linker.archive(person, house.now.date())):
        text = house.client.get(path_of(link)).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text
    feed = feedparser.parse(
        house.client.get(path_of(linker.feed(person))).content, sanitize_html=False
    )
    assert "<script>" not in feed.entries[0].content[0].value
    told = house.client.get(path_of(linker.feed(person, "json"))).json()
    assert "<script>" not in told["items"][0]["content_html"]


def test_reading_changes_nothing(house, reader):
    before = house.dump()
    linker = house.site.linker
    for link in (
        linker.archive(reader),
        linker.archive(reader, date(2026, 11, 17)),
        linker.feed(reader),
    ):
        for ask in (house.client.get, house.client.head):
            assert ask(path_of(link)).status_code == 200
    assert house.dump() == before


def test_an_edition_has_a_chart_of_the_week_that_can_be_read_aloud(house, reader):
    told = house.client.get(path_of(house.site.linker.archive(reader, date(2026, 11, 18))))
    page = LexborHTMLParser(told.text)
    chart = page.css_first("svg[role=img]")
    names = (chart.attributes["aria-labelledby"] or "").split()
    said = [page.css_first(f"#{name}").text(strip=True) for name in names]
    assert said == [
        "New papers on your interests in the last 7 days",
        "glacier acoustics: 3.",
    ]
    assert "style=" not in chart.html
