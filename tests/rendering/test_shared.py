"""Editions put together from fragments say, byte for byte, what whole templates say."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import css_inline
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import escape
from structlog.testing import capture_logs

from digest import resources
from digest.models import (
    Block,
    Edition,
    Format,
    InterestCount,
    Lesson,
    Paper,
    ReasonKind,
    Rendering,
    Section,
)
from digest.rendering import Links, Renderer, RenderOptions, cards, skeletons
from digest.rendering import renderer as renderer_module
from digest.rendering.skeletons import card_of_paper, card_of_reader, frame_of
from digest.rendering.whole import card_of

LONG = "A sentence of some length that says what was measured, and how well & how often. " * 9


@pytest.fixture(autouse=True)
def unchecked(monkeypatch: Any) -> None:
    """Let nothing be compared, and so mended, unseen; and see each change of a template at once."""
    monkeypatch.setattr(renderer_module, "_CHECKED", 0)
    monkeypatch.setattr(renderer_module, "_LOOK_SECONDS", 0)


@pytest.fixture
def warm(pleasant: Edition) -> Renderer:
    return warmed(Renderer(RenderOptions(note="A *note*\n\n.with lines")), pleasant)


def warmed(renderer: Renderer, edition: Edition) -> Renderer:
    """The renderer after its first edition, which is made whole."""
    renderer.render(edition, Links())
    return renderer


def assert_same(renderer: Renderer, edition: Edition, links: Links) -> Rendering:
    shared = renderer.render(edition, links)
    assert is_shared(shared), "it was made whole"
    assert shared == renderer.render_whole(edition, links)
    return shared


def is_shared(rendering: Rendering) -> bool:
    pieces = [piece for told in rendering.pieces.values() for piece in told]
    return any(len(stencil.parts) > 1 for stencil, _ in pieces)


def many(edition: Edition, papers: int, abstract: str = LONG) -> Edition:
    """The edition with so many papers of its first section, each with its own abstract."""
    first = edition.sections[0]
    placed = tuple(
        replace(
            first.papers[n % 2],
            paper=replace(first.papers[n % 2].paper, paper_id=n + 1, abstract=f"{n} {abstract}"),
        )
        for n in range(papers)
    )
    return replace(
        edition, sections=(Section(first.title, first.interest, placed), *edition.sections[1:])
    )


def all_links(papers: int) -> Links:
    base = "https://digest.example"
    return Links(
        unsubscribe=f"{base}/unsubscribe/a?x=1&y=2",
        manage=f"{base}/manage/a",
        archive=f"{base}/archive/a",
        view=f"{base}/archive/a/2025-11-21",
        answers={n: f"{base}/feedback/p{n}?a=1&b=2" for n in range(1, papers + 1)},
    )


@pytest.mark.parametrize("name", ["pleasant", "japanese", "silent"])
@pytest.mark.parametrize("linked", [True, False])
def test_it_is_the_same_as_whole(
    name: str, linked: bool, warm: Renderer, request: Any, links: Links
) -> None:
    edition: Edition = request.getfixturevalue(name)
    assert_same(warm, edition, links if linked else Links())
    assert_same(warm, edition, links if linked else Links())  # now from what is remembered


@pytest.mark.parametrize("papers", [21, 34, 47, 90])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_it_is_cut_where_the_whole_is_cut(
    papers: int, language: str, warm: Renderer, pleasant: Edition
) -> None:
    edition = replace(many(pleasant, papers), language=language)
    for links in (all_links(papers), replace(all_links(papers), view="")):
        shown = assert_same(warm, edition, links)
        assert bool(shown.alternative) == ('class="omitted"' in shown.html and bool(links.view))


ODD = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"])
    | st.sampled_from("&<>\"'.\r\n \t\xa0\0"),
    min_size=1,
    max_size=40,
) | st.sampled_from(
    [".", "..", ".a\r\n.b", "<!--x", "-->", "=20", "\ue000aZ0\ue001", "日本語。" * 30]
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(odd=st.lists(ODD, min_size=8, max_size=8), language=st.sampled_from(["en", "ja"]))
def test_any_text_stands_as_in_the_whole(
    odd: list[str], language: str, warm: Renderer, pleasant: Edition, links: Links
) -> None:
    first = pleasant.papers[0]
    paper = replace(
        first.paper, title=odd[0], abstract=odd[1], authors=(odd[2],), tldr=odd[3],
        categories=(odd[4],), venue=odd[5], translations={"ja": odd[6]}, url=f"https://a.test/{odd[7]}",
    )  # fmt: skip
    reasons = tuple(
        replace(r, value=odd[n], words=(odd[n + 1],)) for n, r in enumerate(first.reasons)
    )
    section = Section(odd[0], None, (replace(first, paper=paper, reasons=reasons), first))
    remarks = replace(
        pleasant.remarks,
        week=(InterestCount(odd[1], 3),),
        thin=odd[2],
        lessons=(Lesson(odd[3], pleasant.edition_date),),
    )
    edition = replace(
        pleasant, sections=(section,), name=odd[4], remarks=remarks, language=language
    )
    assert_same(warm, edition, links)


def test_long_lines_are_folded_as_in_the_whole(
    warm: Renderer, pleasant: Edition, links: Links
) -> None:
    for text in ("漢字" * 600, "word " * 700, "a" * 3_000, "x <b>&amp; " * 300):
        shown = assert_same(warm, many(pleasant, 3, text), links)
        assert max(len(line.encode()) for line in shown.html.split("\n")) <= 998


def test_a_reason_that_fills_more_than_a_line_costs_its_own_edition_alone(
    warm: Renderer, pleasant: Edition, links: Links
) -> None:
    first = pleasant.papers[0]
    reason = replace(first.reasons[0], kind=ReasonKind.WORDS, value="漢" * 90)
    long = replace(first, reasons=(replace(reason, words=("字" * 90,) * 4),))
    section = replace(pleasant.sections[0], papers=(long,))
    edition = replace(pleasant, sections=(section,))
    with capture_logs() as logs:
        shown = warm.render(edition, links)
    assert shown == warm.render_whole(edition, links)
    assert not is_shared(shown) and not logs
    assert max(len(line.encode()) for line in shown.html.split("\n")) <= 998
    assert_same(warm, pleasant, links)


def test_a_paper_that_changed_is_told_anew(warm: Renderer, pleasant: Edition, links: Links) -> None:
    assert_same(warm, pleasant, links)
    first = pleasant.papers[0]
    section = replace(
        pleasant.sections[0],
        papers=(replace(first, paper=replace(first.paper, upvotes=4_711)),),
    )
    shown = assert_same(warm, replace(pleasant, sections=(section,)), links)
    assert "4,711" in shown.html and "4,711" in shown.text


def test_only_the_forms_that_are_wanted_are_made(
    warm: Renderer, pleasant: Edition, links: Links
) -> None:
    whole = warm.render_whole(pleasant, links)
    for form in Format:
        shown = warm.render(pleasant, links, {form})
        made = {Format.HTML: shown.html, Format.TEXT: shown.text, Format.MARKDOWN: shown.markdown}
        assert made.pop(form) == {"html": whole.html, "txt": whole.text, "md": whole.markdown}[form]
        assert not any(made.values()) and not shown.alternative


def test_blocks_are_shared_between_readers(warm: Renderer, pleasant: Edition, links: Links) -> None:
    other = replace(links, answers={n: f"https://digest.example/other{n}" for n in range(1, 5)})
    one, two = warm.render(pleasant, links), warm.render(pleasant, other)
    stencils = [[stencil for stencil, _ in shown.pieces["html"]] for shown in (one, two)]
    assert one.html != two.html
    assert len(stencils[0]) > 4 and all(map(lambda a, b: a is b, *stencils))
    kept = sum(p.size for stencil in stencils[0] for p in stencil.parts if isinstance(p, Block))
    assert kept > len(one.html.encode()) / 2


# ---------------------------------------------------------------- other templates


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(resources.folder("templates"), tmp_path / "t")
    return tmp_path / "t"


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


CARD, EDITION, CSS = "partials/card.html.j2", "edition.html.j2", "partials/mail.css"
TEXT = "partials/card.txt.j2"
INCLUDE = '{% include "partials/card.html.j2" %}'


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (CARD, "{{ card.authors }}", "{{ card.authors | upper }}"),
        (CARD, '<h3 class="title"', '<h3 class="title{{ \' top\' if card.number == "1" }}"'),
        (CARD, "{{ reason }}", "{{ reason[:9] }}"),
        (CARD, "{{ reason }}", "{{ reason ~ '!' if 'and' in reason else reason }}"),
        (CARD, '<p class="authors">', '<p class="authors" style="color: {{ card.lang }}">'),
        (CARD, '<p class="authors">', '<p class="authors {{ card.lang }}">'),
        (CARD, "{{ card.title }}</a>", "{{ card.title }}</a><!-- {{ card.title }} -->"),
        (EDITION, INCLUDE, "{{ loop.index }}" + INCLUDE),
        (EDITION, INCLUDE, INCLUDE + "{% if not loop.last %}<hr>{% endif %}"),
        (EDITION, INCLUDE, "<p>{{ card.title }}</p>"),
        (EDITION, INCLUDE, "<div>" + INCLUDE + "</div>"),
        (EDITION, INCLUDE, "{% if card.reasons %}" + INCLUDE + "{% endif %}"),
        (EDITION, "{{ section.heading }}", "{{ section.heading | title }}"),
        (CSS, ".authors {", ".card + .card { color: #ff0000; }\n.authors {"),
        (CSS, ".authors {", ".facts:first-child { color: #ff0000; }\n.authors {"),
        (CSS, ".authors {", "a[href^='https://arxiv'] { color: #ff0000; }\n.authors {"),
        (TEXT, "{{ card.authors | wrap(4) }}", "{{ card.authors | upper | wrap(4) }}"),
    ],
)
def test_templates_that_depend_on_words_or_neighbours_are_filled_whole(
    file: str, old: str, new: str, folder: Path, pleasant: Edition, links: Links
) -> None:
    change(folder / file, old, new)
    renderer = warmed(Renderer(RenderOptions(templates=folder)), pleasant)
    with capture_logs() as logs:
        shown = renderer.render(pleasant, links)
    assert shown == renderer.render_whole(pleasant, links)
    assert not is_shared(shown)
    assert [entry["event"] for entry in logs] == ["templates are filled whole for each edition"]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (CARD, '<p class="authors">', '<p class="authors by">by '),
        (CARD, "{{ reason }}", "→ {{ reason }} <b>{{ gettext('Why') }}</b>"),
        (CARD, "{{ card.title }}</a>", "{{ card.title ~ ' (' ~ card.lang ~ ')' }}</a>"),
        (EDITION, "<h2 class", '<p class="brand">in</p><h2 class'),
        (CSS, ".authors {", ".brand .authors, td > p { color: #123456; }\n.authors {"),
        (TEXT, "{{ card.authors | wrap(4) }}", "{{ ('by ' ~ card.authors) | wrap(4) }}"),
    ],
)
def test_other_looks_are_shared_as_well(
    file: str, old: str, new: str, folder: Path, pleasant: Edition, links: Links
) -> None:
    change(folder / file, old, new)
    renderer = warmed(Renderer(RenderOptions(templates=folder)), pleasant)
    assert_same(renderer, pleasant, links)


def test_a_text_template_of_its_own_is_filled_whole(
    folder: Path, pleasant: Edition, links: Links
) -> None:
    own = "{% for s in page.sections %}{% for card in s.cards %}{{ card.title }}\n{% endfor %}{% endfor %}"
    (folder / "edition.txt.j2").write_text(own)
    renderer = warmed(Renderer(RenderOptions(templates=folder)), pleasant)
    shown = renderer.render(pleasant, links)
    assert "Feeling for the Edge" in shown.text and not is_shared(shown)
    assert shown == renderer.render_whole(pleasant, links)


def test_what_was_made_of_a_template_that_changed_is_forgotten(
    folder: Path, pleasant: Edition, links: Links
) -> None:
    renderer = warmed(Renderer(RenderOptions(templates=folder)), pleasant)
    assert_same(renderer, pleasant, links)
    change(folder / CARD, '<p class="authors">', '<p class="authors">written by ')
    assert "written by" in renderer.render(pleasant, links).html
    assert "written by" in assert_same(renderer, pleasant, links).html


def test_an_outcome_that_differs_is_noticed_and_not_used(
    pleasant: Edition, links: Links, monkeypatch: Any
) -> None:
    monkeypatch.setattr(renderer_module, "_CHECKED", 1)
    monkeypatch.setattr(skeletons, "escape_text", lambda text: text.replace("&", "&amp;") + "?")
    renderer = warmed(Renderer(RenderOptions()), pleasant)
    shown = renderer.render(pleasant, links)
    assert not is_shared(shown) and shown == renderer.render_whole(pleasant, links)
    assert not is_shared(renderer.render(pleasant, links))


# ---------------------------------------------------------------- parts


@pytest.mark.parametrize(
    ("around", "escaping"),
    [
        (("<p>", "</p>"), skeletons.escape_text),
        (('<a href="', '">x</a>'), skeletons.escape_value),
    ],
)
def test_characters_are_escaped_as_css_inline_writes_them(
    around: tuple[str, str], escaping: Callable[[str], str]
) -> None:
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, minify_css=True)
    text = "".join(chr(c) for c in range(32, 0x3100) if not 127 <= c < 160) + "😀"
    page = "<!doctype html><html><head></head><body>{}</body></html>"
    html = inliner.inline(page.format(f"{around[0]}{escape(text)}{around[1]}"))
    assert f"{around[0]}{escaping(text)}{around[1]}" in html


@pytest.mark.parametrize("name", ["pleasant", "japanese", "silent"])
def test_the_quick_list_of_texts_is_that_of_the_slots(
    name: str, request: Any, links: Links
) -> None:
    edition: Edition = request.getfixturevalue(name)

    def texts_of(what: Callable[[Any, Any], Any], view: Any) -> list[str]:
        texts: list[str] = []
        what(view, texts.append)
        return texts

    view = cards.outline(edition, "Digest", [("view", links.view)], 3, links.answers)
    assert skeletons.frame_texts(view) == texts_of(frame_of, view)
    for section in view.sections:
        for own in section.own:
            card = card_of(own, view.words)
            assert skeletons.own_texts(own) == texts_of(card_of_reader, card)
            assert skeletons.paper_texts(own.shared) == texts_of(card_of_paper, card)


def test_a_card_is_one_object_for_all_readers_of_a_language(one_paper: Any) -> None:
    def shared(edition: Edition) -> cards.Card | None:
        return cards.page(edition, "Digest", [], 3).sections[0].cards[0].shared

    one = one_paper(abstract="Known.")
    again = one_paper(abstract="Known.")
    assert shared(one) is shared(again) is not None
    assert shared(replace(one, language="ja")) is not shared(one)
    assert shared(one_paper(abstract="Changed.")) is not shared(one)
    assert isinstance(one.papers[0].paper, Paper)
