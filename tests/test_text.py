"""Text: keys for comparing, names, identifiers, languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Don't Wait -- Why", "Don’t Wait – Why"),
        ("A\n  Wrapped Title", "A Wrapped Title"),
        ("Naïve Résumés", "Naive Resumes"),
        ("STRASSE", "straße"),
        ("Ｆｕｌｌ width", "Full width"),
    ],
)
def test_titles_that_differ_in_typography_have_one_key(one, other):
    assert text.title_key(one) == text.title_key(other)


@given(st.text())
def test_a_title_key_is_its_own_key(title):
    key = text.title_key(title)
    assert text.title_key(key) == key


@given(st.text(st.characters(max_codepoint=127)))
def test_the_short_way_for_plain_titles_gives_the_same_key(title):
    accented = title + "é"
    assert text.title_key(accented) == text.title_key(title) + "e"


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("Ada Quill", "quill"),
        ("Quill, Ada", "quill"),
        ("Oğuzhan Ersoy", "ersoy"),
        ("Tomo Reed Jr.", "reed"),
        ("Tomo Reed, Jr.", "reed"),
        ("R. J. O'Connell", "o'connell"),
        ("Plato", "plato"),
        ("", ""),
    ],
)
def test_the_last_name_is_found_in_either_order(name, last):
    assert text.last_name(name) == last


@pytest.mark.parametrize(
    ("given_text", "found"),
    [
        ("2509.11452", ("2509.11452", None)),
        ("2509.11452v3", ("2509.11452", 3)),
        ("arXiv:2509.11452v12", ("2509.11452", 12)),
        ("https://arxiv.org/abs/2509.11452", ("2509.11452", None)),
        ("http://arxiv.org/pdf/2509.11452v2.pdf", ("2509.11452", 2)),
        ("https://arxiv.org/html/2509.11452v1", ("2509.11452", 1)),
        ("oai:arXiv.org:2509.11452v2", ("2509.11452", 2)),
        ("https://huggingface.co/papers/2509.11452", ("2509.11452", None)),
        ("https://www.alphaxiv.org/overview/2509.11452v2", ("2509.11452", 2)),
        ("https://doi.org/10.48550/arXiv.2509.11452", ("2509.11452", None)),
        ("quant-ph/0201082v1", ("quant-ph/0201082", 1)),
        ("https://arxiv.org/abs/math.GT/0309136", ("math/0309136", None)),
        ("12345.67890", None),
        ("version 2509.11452 of something", None),
        ("https://arxiv.org/list/cs.LG/new", None),
        ("", None),
    ],
)
def test_arxiv_ids_are_found_in_all_their_spellings(given_text, found):
    assert text.parse_arxiv_id(given_text) == found


@pytest.mark.parametrize(
    ("link", "page"),
    [
        ("http://a.example/paper/#top", "https://a.example/paper"),
        ("https://a.example/paper?id=7.", "https://a.example/paper?id=7"),
        ("https://openreview.net/pdf?id=aB-9_", "https://openreview.net/forum?id=aB-9_"),
        ("https://openreview.net/forum?noteId=x&id=aB9", "https://openreview.net/forum?id=aB9"),
    ],
)
def test_a_link_leads_to_the_page_that_a_source_may_tell_of(link, page):
    assert page in text.same_pages(link)


@pytest.mark.parametrize(
    "told", ["", "a.example/x", "ftp://a.example/", "see https://a.example", "https://a b"]
)
def test_what_is_no_link_leads_to_no_page(told):
    assert text.same_pages(told) == ()


@pytest.mark.parametrize(
    ("given_text", "doi"),
    [
        ("https://doi.org/10.5555/ABC.1", "10.5555/abc.1"),
        ("doi:10.1101/2026.11.15.999012v2", "10.1101/2026.11.15.999012"),
        ("see 10.5555/x(1).", "10.5555/x(1"),
        ("10.5555/v2", "10.5555/v2"),
        ("no doi", None),
    ],
)
def test_dois_lose_resolver_case_and_preprint_version(given_text, doi):
    assert text.parse_doi(given_text) == doi


def test_collapse_removes_what_does_not_belong_in_a_line():
    assert text.collapse(" a\x00\u202eb\u2028c\r\n d\ufeff\t") == "ab c d"


@given(st.text())
def test_a_collapsed_line_can_stand_in_a_header(line):
    collapsed = text.collapse(line)
    assert not set(collapsed) & set("\r\n\x00\x0b\x0c\u2028\u2029\x85")
    assert collapsed == collapsed.strip()


@given(st.text(), st.integers(1, 50))
def test_a_cut_text_is_within_the_limit(long, limit):
    assert len(text.cut(long, limit)) <= max(limit, 0)


def test_a_text_is_cut_at_a_word():
    assert text.cut("one two three", 9) == "one two…"


@pytest.mark.parametrize(
    ("sample", "language"),
    [
        ("忍耐強い勾配はなぜ勝つのか", "ja"),
        ("LLMの重み分布を調べる", "ja"),
        ("大规模语言模型的权重分布", "zh"),
        ("Patient gradients", "en"),
        ("We study kana such as の in English prose", "en"),
        ("", "en"),
    ],
)
def test_the_language_is_told_by_script(sample, language):
    assert text.guess_language(sample) == language


@pytest.mark.parametrize(
    ("told", "logged"),
    [
        ("550 5.1.1 <ada.quill+x@example.org>: unknown", "550 5.1.1 <…@example.org>: unknown"),
        ("mailto:ada@example.org", "mailto:…@example.org"),
        ("https://d.example/manage/AQEAAAABAAAAAAAAAAA-x_y?a=b", "https://d.example/manage/…?a=b"),
        ("/feed/AQEAAAABAAAAAAAAAAA.atom failed", "/feed/….atom failed"),
        ("https://rss.example/feed/cs.LG is down", "https://rss.example/feed/cs.LG is down"),
        ("a @ b, @home, x@localhost", "a @ b, @home, x@localhost"),
    ],
)
def test_logs_name_neither_address_nor_token(told, logged):
    assert text.discreet(told) == logged
