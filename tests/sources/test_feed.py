"""Decoding RSS and Atom: what feedparser would get wrong."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.errors import ParseError
from digest.sources.feed import decode

HEAD = (
    b"<?xml version='1.0'?><rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/'><channel>"
)


def rss(*items: str, end: str = "</channel></rss>") -> bytes:
    return HEAD + "".join(f"<item>{item}</item>" for item in items).encode() + end.encode()


def test_a_body_is_never_taken_for_a_path_or_an_address(tmp_path: Path) -> None:
    secret = tmp_path / "feed.xml"
    secret.write_bytes(rss("<title>secret</title>"))
    for body in (str(secret).encode(), b"http://127.0.0.1:9/feed", b"file:///etc/passwd"):
        with pytest.raises(ParseError, match="no RSS or Atom feed: it holds other text"):
            decode(body)


@pytest.mark.parametrize(
    ("body", "holds"),
    [
        (b"", "nothing"),
        (b"Rate exceeded.", "other text"),
        (b"<!DOCTYPE html><html><body>Verify you are human</body></html>", "HTML"),
        (b'{"error": "x"}', "JSON"),
        (b"<?xml version='1.0'?><note>x</note>", "other XML"),
        (b"\x1f\x8b\x08\x00\x00", "other text"),
    ],
)
def test_what_is_no_feed_is_refused_by_its_form(body: bytes, holds: str) -> None:
    with pytest.raises(ParseError, match=f"holds {holds}"):
        decode(body)


def test_a_damaged_feed_without_items_is_refused() -> None:
    with pytest.raises(ParseError, match="damaged feed without a whole item"):
        decode(HEAD + b"<title>x</ti></channel></rss>")


def test_what_the_parser_stumbles_over_is_damage_and_no_fault_of_ours() -> None:
    body = rss("<title>x</title>").replace(b"?>", b" encoding='utf\xff8'?>")
    with pytest.raises(ParseError, match="a feed too damaged to be read"):
        decode(body)


def test_an_empty_feed_is_fine() -> None:
    feed = decode(HEAD + b"<title>Weekend</title></channel></rss>", "text/plain")
    assert (feed.entries, feed.complete, feed.problem) == ((), True, None)
    assert (feed.version, feed.title) == ("rss20", "Weekend")


def test_markup_is_not_cleaned_away() -> None:
    (entry,) = decode(
        rss(r"<title>H&amp;E</title><description>\texttt{&lt;SEG&gt;} P&amp;ID</description>")
    ).entries
    assert (entry.title, entry.summary) == ("H&E", r"\texttt{<SEG>} P&ID")


def test_every_author_element_is_kept() -> None:
    (entry,) = decode(
        rss("<title>x</title><dc:creator>A B</dc:creator><dc:creator>C, D (E)</dc:creator>")
    ).entries
    assert entry.authors == ("A B", "C, D (E)")


def test_one_date_of_rss_is_when_it_appeared() -> None:
    (entry,) = decode(rss("<title>x</title><dc:date>2026-11-17</dc:date>")).entries
    assert (entry.published_at, entry.updated_at) == (datetime(2026, 11, 17, tzinfo=UTC), None)


def test_dates_are_utc_and_absurd_ones_none() -> None:
    dates = ["Wed, 18 Nov 2026 00:00:00 -0500", "soon", "2026-11-18T09:00:00+09:00"]
    found = [
        e.published_at for e in decode(rss(*(f"<pubDate>{d}</pubDate>" for d in dates))).entries
    ]
    assert found == [
        datetime(2026, 11, 18, 5, tzinfo=UTC),
        None,
        datetime(2026, 11, 18, tzinfo=UTC),
    ]


def test_atom_keeps_both_dates_links_and_content() -> None:
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom" xmlns:x="urn:x"><title>t</title><entry>
    <id>urn:1</id><title>a</title><updated>2026-11-02T00:00:00Z</updated>
    <link href="http://a.example/1"/><link rel="related" type="application/pdf" href="http://a.example/1.pdf"/>
    <category term="cs.LG"/><content type="html">&lt;p&gt;c&lt;/p&gt;</content><x:note>n</x:note></entry></feed>"""
    (entry,) = decode(body).entries
    assert (entry.published_at, entry.updated_at) == (None, datetime(2026, 11, 2, tzinfo=UTC))
    assert entry.links[1] == ("related", "application/pdf", "http://a.example/1.pdf")
    assert (entry.guid, entry.link, entry.tags) == ("urn:1", "http://a.example/1", ("cs.LG",))
    assert (entry.content, entry.extra["x_note"]) == ("<p>c</p>", "n")


def test_a_truncated_feed_loses_its_last_item_and_says_so() -> None:
    whole = rss("<title>one</title>", "<title>two</title><description>A long story</description>")
    feed = decode(whole[: whole.index(b" story")])
    assert [e.title for e in feed.entries] == ["one"]
    assert not feed.complete
    assert feed.problem == "the feed was cut short; its last item is left out until it comes whole"


@pytest.mark.parametrize(
    "body",
    [
        rss("<title>a &nbsp; b</title>", "<title>c</title>"),
        rss("<title>R&D</title>", "<title>c</title>"),
        rss("<title>a</title>", "<title>c</title>") + b"<junk",
    ],
)
def test_damage_in_the_middle_costs_no_item(body: bytes) -> None:
    feed = decode(body)
    assert (len(feed.entries), feed.complete) == (2, True)
    assert feed.problem is not None
    assert feed.problem.startswith("not well-formed XML (")


@pytest.mark.parametrize(
    "body",
    [
        b"\n\n  " + rss("<title>a</title>"),
        rss("<title>\x0ba\x00</title>"),
        b"\xef\xbb\xbf" + rss("<title>a</title>"),
        rss("<title>a</title>").decode().encode("utf-16"),
    ],
)
def test_harmless_damage_is_mended(body: bytes) -> None:
    feed = decode(body, "application/rss+xml")
    assert ([e.title for e in feed.entries], feed.problem) == (["a"], None)


def test_the_declared_encoding_counts_and_a_wrong_header_does_no_harm() -> None:
    body = "<?xml version='1.0' encoding='iso-8859-1'?><rss version='2.0'><channel><item><title>Müller</title></item></channel></rss>"
    for header in ("", "text/xml", "text/xml; charset=iso-8859-1", "text/plain"):
        assert decode(body.encode("latin-1"), header).entries[0].title == "Müller"


def test_entities_are_not_expanded_and_files_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    laughs = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    body = (
        f"<!DOCTYPE rss [<!ENTITY l0 'ha'>{laughs}<!ENTITY x SYSTEM 'file://{secret}'>]>"
        "<rss version='2.0'><channel><item><title>a&l9;b&x;</title></item></channel></rss>"
    )
    started = time.monotonic()
    feed = decode(body.encode())
    assert len(feed.entries[0].title) < 100
    assert "hidden" not in feed.entries[0].title
    assert time.monotonic() - started < 5


@pytest.mark.captures
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("encodings/miniflux_encoding_ISO-8859-1.xml", 40),
        ("encodings/miniflux_encoding_WINDOWS-1251.xml", 50),
        ("encodings/miniflux_urdu_UTF8.xml", 26),
        ("hardening/derived_control_char.xml", 4),
        ("hardening/derived_undefined_entity.xml", 4),
        ("hardening/derived_truncated_mid_item.xml", 2),
        ("hardening/arxiv_api_mojibake_100.xml", 100),
    ],
)
def test_captures_with_damage_or_old_encodings_are_read(captures, name, count) -> None:
    feed = decode((captures / name).read_bytes())
    assert len(feed.entries) == count
    assert not any("\ufffd" in entry.title for entry in feed.entries)
    assert feed.complete == ("truncated" not in name)
