import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from digest.models import Entry, Topic
from digest.sources.aitopics import AITopics
from digest.sources.base import MAX_ABSTRACT, MAX_AUTHORS, MAX_TITLE, MAX_TOPICS, Feed, Response
from digest.sources.common import (
    MAX_URL,
    bounded,
    dated,
    decode_text,
    instant,
    lines,
    looks_like,
    title_id,
    web_url,
)
from digest.sources.huggingface import HuggingFace

ENTRY = Entry("arxiv", "2605.00001", "Title")


@pytest.mark.parametrize(
    ("body", "decoded"),
    [
        (b"", ""),
        ("Zürich 要約".encode(), "Zürich 要約"),
        ("Zürich".encode("utf-8-sig"), "Zürich"),
        ("Zürich 要約".encode("utf-16"), "Zürich 要約"),
        ("Zürich – “Bühl”".encode("cp1252"), "Zürich – “Bühl”"),
        ("要約 Zürich".encode() + b"\xff", "要約 Zürich\ufffd"),
        ("要約".encode()[:-1], "要\ufffd"),
    ],
)
def test_bytes_are_decoded_whatever_they_are(body: bytes, decoded: str) -> None:
    assert decode_text(body) == decoded


def test_only_line_ends_end_a_line() -> None:
    assert lines("a\r\nb\rc\nd\u2028e\x0bf\x85g".encode()) == ["a", "b", "c", "d\u2028e\x0bf\x85g"]


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"", "empty"),
        (b" \r\n\t\x00", "empty"),
        (b'[{"a": 1}]', "json"),
        (b"[]", "json"),
        (b" \n{}", "json"),
        (b"[null]", "json"),
        (b"[1] A footnote", "text"),
        (b"{x} is a set", "text"),
        (b"<rss version='2.0'>", "xml"),
        (b"<?xml version='1.0'?><!-- a --><feed>", "xml"),
        (b"\xef\xbb\xbf\n<rdf:RDF>", "xml"),
        ("<rss>".encode("utf-16"), "xml"),
        (b"<!DOCTYPE html><p>", "html"),
        (b"<?xml version='1.0'?>\n<!doctype html PUBLIC 'x'><html>", "html"),
        (b"<!-- a --><HTML>", "html"),
        (b"<person>", "xml"),
        (b"Rate exceeded.", "text"),
        (b"< 5 papers", "text"),
    ],
)
def test_the_form_is_told_by_the_first_bytes(body: bytes, form: str) -> None:
    assert looks_like(body) == form


@pytest.mark.parametrize(
    "link", ["http://a.example", "https://a.example:8443/p?q=1#f", "HTTPS://A.example/ü"]
)
def test_web_addresses_are_kept_as_they_are(link: str) -> None:
    assert web_url(f" {link}\n") == link


@pytest.mark.parametrize(
    "link",
    [
        None,
        "",
        "a.example",
        "//a.example/",
        "http:///path",
        "https://",
        "http://[::1",
        "ftp://a.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://a.example/\r\nBcc: b",
        "http://a.example/a b",
        "http://a.example/\u202egpj",
        "http://a.example/\x00",
        "https://a.example/" + "a" * MAX_URL,
    ],
)
def test_everything_else_is_refused(link: str | None) -> None:
    assert web_url(link) is None


def test_an_entry_within_the_limits_is_the_same_entry() -> None:
    assert bounded(ENTRY) is ENTRY


def test_what_is_too_long_is_cut_and_flagged() -> None:
    entry = bounded(
        replace(
            ENTRY,
            title="t" * 2 * MAX_TITLE,
            abstract="a" * 2 * MAX_ABSTRACT,
            authors=("Jo Doe",) * (MAX_AUTHORS + 1),
            topics=(Topic(("Europe",), 0.5),) * (MAX_TOPICS + 1),
            translations={"ja": "あ" * 2 * MAX_ABSTRACT},
            flags=("future_date",),
        )
    )
    assert len(entry.title) == MAX_TITLE
    assert len(entry.abstract) == len(entry.translations["ja"]) == MAX_ABSTRACT
    assert (len(entry.authors), len(entry.topics)) == (MAX_AUTHORS, MAX_TOPICS)
    cuts = ("title_cut", "abstract_cut", "authors_cut", "topics_cut", "translations_cut")
    assert entry.flags == ("future_date", *cuts)
    assert bounded(entry) is entry


def test_a_date_after_the_response_is_flagged() -> None:
    at = datetime(2026, 5, 6, tzinfo=UTC)
    response = Response("a", b"", received_at=at)
    assert dated(ENTRY, response) is ENTRY
    assert dated(replace(ENTRY, published_at=at + timedelta(days=1)), response).flags == ()
    late = replace(ENTRY, published_at=at + timedelta(days=1, seconds=1))
    assert dated(late, response).flags == ("future_date",)


def test_instants_are_utc() -> None:
    at = datetime(2026, 5, 6, 1, 2, 3, tzinfo=UTC)
    for stamp in ("2026-05-06T01:02:03Z", "2026-05-06 01:02:03", "2026-05-06T10:02:03+09:00"):
        assert instant(stamp) == at


def test_a_title_gives_a_short_stable_id() -> None:
    assert title_id("It’s  A–Title", "So.") == title_id("it's a title", "so")
    assert title_id("It's a title", "").startswith("itsatitle-")
    assert title_id("???", "").startswith("???-")
    assert len(title_id("word " * 300, "")) == 209


def test_two_works_of_one_title_have_two_ids() -> None:
    assert title_id("Learning to Wait", "On queues.") != title_id("Learning to Wait", "On tea.")


@pytest.mark.parametrize("source", [AITopics(), HuggingFace()])
@pytest.mark.parametrize(
    "hostile",
    [
        "query\nTitle\na, " + "b" * 1_000_000 + "\nAn abstract.\n- A (0.04)\n",
        "- A (0.00)" + " (0.00)   " * 100_000 + "x\n",
        "\n" * 1_000_000 + "  • 3 authors\n",
        " \t" * 500_000 + "•\n",
    ],
)
def test_hostile_text_costs_no_time(source: AITopics | HuggingFace, hostile: str) -> None:
    started = time.process_time()
    try:
        source.parse(Response("a", hostile.encode()), Feed("a", source.name))
    except Exception as error:
        assert type(error).__name__ == "ParseError", error
    assert time.process_time() - started < 5
