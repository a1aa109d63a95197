import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from digest.rendering import escaping
from digest.rendering.escaping import (
    MAX_LINK,
    Markdown,
    _escaped,
    _units,
    clean,
    columns,
    escape_markdown,
    fold_html,
    markdown_link,
    safe_link,
    wrap,
)
from digest.rendering.excerpts import excerpt, sentences
from digest.rendering.words import _shown

GITHUB = MarkdownIt("gfm-like", {"linkify": False}).enable(["table", "strikethrough"])


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>",
        "file:///etc/passwd",
        "//example.org/x",
        "/relative",
        "https://",
        "https:example.org",
        "https://exa mple.org/",
        'https://example.org"onclick=x/',
        "https://example.org/a\nb",
        "https://example.org/\u202e",
        "https://例え.example/",
        "https://[::1/",
        "mailto:someone@example.org",
        "https://example.org/" + "a" * MAX_LINK,
        "https://example.org/?" + "&" * 200,
        "",
        None,
    ],
)
def test_a_link_that_is_not_plain_http_is_refused(address: str | None):
    assert safe_link(address) == ""


def test_what_would_end_a_link_is_percent_encoded():
    link = safe_link("https://example.org/a(b)c 'd\"<e>[f]*`|\\雨?x=1&y=2#z%20%")
    assert link == (
        "https://example.org/a%28b%29c%20%27d%22%3Ce%3E%5Bf%5D%2A%60%7C%5C%E9%9B%A8?x=1&y=2#z%20%25"
    )


def test_mail_addresses_are_links_only_where_they_are_welcome():
    assert safe_link("mailto:a@example.org?subject=stop", mail=True)
    assert safe_link("mailto:nobody", mail=True) == ""


def test_an_entity_in_a_link_is_not_read_as_one_in_markdown():
    link = markdown_link(safe_link("https://example.org/?a=1&lt;=2&b=3"))
    assert GITHUB.render(f"[x]({link})") == (
        '<p><a href="https://example.org/?a=1&amp;lt;=2&amp;b=3">x</a></p>\n'
    )


def test_clean_leaves_nothing_invisible_but_the_joiners():
    assert clean("a\x00\x1b[b\u200b\u202e\u2028c\ud800\ue000\ufffe\U000e0041d") == "a[b cd"
    assert clean("می\u200cخواهم") == "می\u200cخواهم"


HOSTILE = [
    "*bold* _it_ **b** __u__",
    "[x](https://evil.example)",
    "![x](https://evil.example/pixel.png)",
    "[x]: https://evil.example",
    "`code` ``` fence",
    "~~~ tilde ~~gone~~ ~one~",
    "<script>alert(1)</script><b onmouseover=x>",
    "<https://evil.example>",
    "https://evil.example and http://evil.example, www.evil.example",
    "# heading",
    "#",
    "a # b #",
    "- item",
    "+ item",
    "* item",
    "1. item",
    "1) item",
    "1.",
    "> quotation",
    "---",
    "- - -",
    "===",
    "| a | b |",
    "&lt;script&gt; &#60; &amp;",
    "\\*not\\* \\",
    "$x_1$ costs $5",
    "[^1] [ ] [x] task",
    "a\\",
    "=",
]


@pytest.mark.parametrize("block", HOSTILE)
@pytest.mark.parametrize("place", ["{}", "### [{}](https://good.example)", "### {}", "- {}"])
def test_hostile_text_shows_as_written_in_markdown(block: str, place: str):
    rendered = GITHUB.render(place.format(escape_markdown(clean(block))) + "\n\nnext\n")
    page = LexborHTMLParser(rendered)
    shown = {"{}": "p", "- {}": "li"}.get(place, "h3")
    assert page.css_first(shown).text().strip() == clean(block)
    assert [a.attributes["href"] for a in page.css("a")] == ["https://good.example"] * (
        "](" in place
    )
    assert not page.css("script, img, em, strong, code, s, table, hr, blockquote, h1, h2, b")


@given(st.text(alphabet=st.sampled_from("*_[]()<>`~#|$&;!\\-+=.:/ 1aé雨\n\tw"), max_size=30))
def test_any_text_shows_as_written_in_markdown(block: str):
    line = clean(block)
    tokens = GITHUB.parse(f"### [{escape_markdown(line)}](https://good.example)\n\nnext\n")
    assert [t.type for t in tokens] == [
        *("heading_open", "inline", "heading_close", "paragraph_open", "inline", "paragraph_close"),
    ]
    inside = tokens[1].children or []
    assert {t.type for t in inside} <= {"link_open", "text", "text_special", "link_close"}
    assert "".join(t.content for t in inside) == line


def test_bare_addresses_are_no_links_on_github():
    assert escape_markdown("see https://a.example or www.b.example") == (
        "see https\\://a.example or www\\.b.example"
    )


def test_ordinary_prose_stays_readable_in_markdown():
    prose = "We gain 5.84% (e.g. on C#, A->B, x > y); see Fig. 3 - it's “good”."
    assert escape_markdown(prose) == prose


@given(
    st.text(st.sampled_from("ab 雨、「é\u0301 \u200d") | st.characters(), max_size=200),
    st.integers(0, 8),
)
def test_a_line_is_begun_only_when_the_next_piece_has_no_room(block: str, indent: int):
    line = clean(block)
    rows, row = [], ""
    for unit in _units(line, 76 - indent):
        if unit.isspace():
            row += " " if row else ""
        elif not row.strip() or columns(row + unit) <= 76 - indent:
            row += unit
        else:
            rows.append(row)
            row = unit
    shown = [" " * indent + told.rstrip() for told in [*rows, row] if told.rstrip()]
    assert wrap(line, indent) == "\n".join(shown)


def test_what_is_remembered_of_texts_is_bounded():
    for remembered in (wrap, _escaped, _shown, sentences, excerpt):
        assert 0 < (remembered.cache_info().maxsize or 0) <= 4_096


def test_markdown_is_not_taken_for_the_same_letters_that_are_to_be_escaped():
    assert escape_markdown("*a*") == "\\*a\\*"
    assert escape_markdown(Markdown("*a*")) == "*a*"
    assert escape_markdown("*a*") == "\\*a\\*"


@given(st.text(max_size=300), st.integers(0, 6))
def test_wrapped_text_fits_and_loses_nothing(block: str, indent: int):
    line = clean(block)
    wrapped = wrap(line, indent)
    assert "".join(wrapped.split()) == "".join(line.split())
    if "http" not in line:
        assert all(columns(row) <= 76 for row in wrapped.split("\n"))


def test_wide_characters_count_twice_and_lines_do_not_begin_with_a_stop():
    wrapped = wrap("雨" * 37 + "、「風」です。" + "雪" * 40)
    rows = wrapped.split("\n")
    assert all(columns(row) <= 76 for row in rows)
    assert not any(row[0] in "、。」" or row[-1] == "「" for row in rows)


def test_an_address_is_never_broken():
    address = "https://example.org/" + "a" * 100
    assert address in wrap(f"Some words before the address {address} and after").split("\n")


def test_a_first_line_may_hang_out_of_the_indent():
    assert wrap("word " * 20, 4, "12.").startswith("12. word")


@given(
    st.lists(
        st.sampled_from(
            [
                "雨" * 700,
                "a" * 2000,
                "word " * 300,
                '<a href="x">',
                "</a>",
                "&amp;" * 300,
                "<br>",
                " ",
            ]
        ),
        max_size=8,
    )
)
def test_folded_html_has_short_lines_and_shows_the_same(parts: list[str]):
    html = f"<!doctype html><body><p>{''.join(parts)}</p></body>"
    folded = fold_html(html)
    assert max(len(row.encode()) for row in folded.split("\n")) <= 998

    def shown(page: str) -> str:
        return " ".join(LexborHTMLParser(page).body.text().split())

    assert shown(folded) == shown(html)


def test_ambiguous_characters_take_one_column():
    assert columns("“é” ①") == 5
    assert unicodedata.east_asian_width("雨") == "W"
    assert columns("雨e\u0301") == 3


@given(link=st.from_regex(escaping._PLAIN_LINK, fullmatch=True))
def test_a_plain_link_needs_no_second_look(link):
    looked_at = safe_link(f" {link}%")
    assert looked_at in {f"{link}%25", ""} and (looked_at or len(link) > escaping.MAX_LINK - 3)
    assert safe_link(link) == (link if len(link) <= escaping.MAX_LINK else "")


def test_what_counts_as_narrow_at_a_glance_is():
    for character in map(chr, range(0x3000)):
        if escaping._NARROW.fullmatch(character):
            assert columns(f"\u0416{character}") == 2, hex(ord(character))
