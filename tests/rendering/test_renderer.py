import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inline_snapshot import external_file
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from digest import resources
from digest.errors import RenderError
from digest.models import (
    Edition,
    FeedHealth,
    InterestCount,
    Lesson,
    Reason,
    ReasonKind,
    Rendering,
    Section,
    Topic,
)
from digest.rendering import Links, Renderer, RenderOptions
from digest.rendering.escaping import columns
from digest.rendering.renderer import MAX_HTML

GITHUB = MarkdownIt("gfm-like", {"linkify": False})
NASTY = (
    "</title></td></table><script>alert(1)</script><img src=x onerror=alert(1)>"
    '"\' onmouseover="alert(1) {{ 7*7 }} {% raw %} ${7*7} <!-- ]]> &lt;b&gt; **bold** _it_'
    " [x](javascript:alert(1)) ![p](https://evil.example/p.png) `code` | a | b | ~~s~~"
)
STARTS = ["# h", "- item", "1. item", "> q", "---", "===", "```", "| a |", "    code", "<b>"]


def hostile_edition(edition: Edition, nasty: str) -> Edition:
    """The edition with the nasty string in every place that a feed or a subscriber can fill."""
    first = edition.papers[0]
    paper = replace(
        first.paper,
        title=nasty,
        abstract=nasty,
        authors=(nasty, nasty),
        categories=(nasty,),
        topics=(Topic((nasty,), 0.5),),
        translations={"ja": nasty},
        tldr=nasty,
        sources=(nasty,),
        language=nasty,
        url=f"https://a.example/{nasty}",
        pdf_url="javascript:alert(1)",
        code_url='https://c.example/"onclick="alert(1)',
        project_url="https://d.example/a)b(<c>",
    )
    reasons = tuple(Reason(kind, nasty, (nasty,)) for kind in ReasonKind)
    interest = edition.sections[0].interest
    sections = tuple(
        Section(nasty, interest, (replace(first, paper=paper, reasons=reasons[n : n + 3]),))
        for n in (0, 3, 4)
    )
    return replace(
        edition,
        sections=sections,
        name=nasty,
        health=(FeedHealth(nasty, nasty, 0, nasty), FeedHealth(nasty, nasty, 0, nasty, "failing")),
        remarks=replace(
            edition.remarks,
            week=(InterestCount(nasty, 3),),
            thin=nasty,
            read=(nasty,),
            lessons=(Lesson(nasty, edition.edition_date),),
        ),
    )


def lines_of_markdown(markdown: str) -> list[str]:
    """The complaints of a linter: the rules of markdownlint that generated text can break."""
    found = []
    lines = markdown.split("\n")
    if lines[-1] or not lines[-2]:
        found.append("one newline at the end")
    for number, line in enumerate(lines):
        if line != line.rstrip():
            found.append(f"trailing space in line {number}")
        if "\t" in line:
            found.append(f"tab in line {number}")
        if number and not line and not lines[number - 1] and number < len(lines) - 1:
            found.append(f"two blank lines at {number}")
        if re.match(r"#{1,6} ", line) and (lines[number + 1] or (number and lines[number - 1])):
            found.append(f"no blank line around the heading {number}")
        if re.match(r"#{1,6}(?![# ])|#{1,6}  ", line):
            found.append(f"space after the marks of heading {number}")
        if line.startswith("- ") and lines[number - 1] and not lines[number - 1].startswith("- "):
            found.append(f"no blank line before the list at {number}")
    return found


def markdown_structure(markdown: str) -> list[tuple[str, str]]:
    return [(token.type, token.tag) for token in GITHUB.parse(markdown) if token.type != "inline"]


def links_of(html: str) -> list[str]:
    return [a.attributes["href"] or "" for a in LexborHTMLParser(html).css("[href]")]


def assert_safe(html: str) -> None:
    page = LexborHTMLParser(html)
    assert not page.css("script, img, iframe, object, embed, form, svg, link, base, video, audio")
    for node in page.css("*"):
        for name, value in node.attributes.items():
            assert not name.startswith("on")
            assert name in {"href", "lang"} or "javascript" not in (value or "")
    assert all(re.match(r"https?://|mailto:", href) for href in links_of(html))


# ------------------------------------------------------------------ golden files
# After a change that is wanted: pytest tests/rendering --inline-snapshot=fix, then look at them.


def test_pleasant_edition_is_rendered_as_reviewed(
    renderer: Renderer, pleasant: Edition, links: Links
):
    shown = renderer.render(pleasant, links)
    assert shown.html == external_file("../data/rendering/pleasant.html", format=".txt")
    assert shown.text == external_file("../data/rendering/pleasant.txt", format=".txt")
    assert shown.markdown == external_file("../data/rendering/pleasant.md", format=".txt")


def test_japanese_edition_is_rendered_as_reviewed(
    renderer: Renderer, japanese: Edition, links: Links
):
    shown = renderer.render(japanese, links)
    assert shown.html == external_file("../data/rendering/japanese.html", format=".txt")
    assert shown.text == external_file("../data/rendering/japanese.txt", format=".txt")
    assert shown.markdown == external_file("../data/rendering/japanese.md", format=".txt")


def test_silent_edition_with_a_note_is_rendered_as_reviewed(silent: Edition, links: Links):
    note = "**New:** you can follow authors now. See [how](https://digest.example/help)."
    shown = Renderer(RenderOptions(note=note)).render(silent, links)
    assert shown.html == external_file("../data/rendering/silent.html", format=".txt")
    assert shown.text == external_file("../data/rendering/silent.txt", format=".txt")
    assert shown.markdown == external_file("../data/rendering/silent.md", format=".txt")


def test_nasty_edition_is_rendered_as_reviewed(renderer: Renderer, japanese: Edition, links: Links):
    shown = renderer.render(hostile_edition(japanese, NASTY), links)
    assert shown.html == external_file("../data/rendering/nasty.html", format=".txt")
    assert shown.text == external_file("../data/rendering/nasty.txt", format=".txt")
    assert shown.markdown == external_file("../data/rendering/nasty.md", format=".txt")


# ------------------------------------------------------------------ all three forms


def test_the_same_edition_gives_the_same_bytes(pleasant: Edition, links: Links):
    one = Renderer(RenderOptions()).render(pleasant, links)
    other = Renderer(RenderOptions()).render(pleasant, links)
    assert one == other


def test_every_paper_stands_in_every_form(renderer: Renderer, pleasant: Edition):
    shown = renderer.render(pleasant, Links())
    for title in (paper.paper.title for paper in pleasant.papers):
        assert title in " ".join(LexborHTMLParser(shown.html).body.text().split())
        assert title in " ".join(shown.text.split())
        assert title in shown.markdown


@pytest.mark.parametrize("nasty", [NASTY, *STARTS, "\x00\x1b[2J\u202e\ud800x", "a\nb\r\n\r\n# c"])
@pytest.mark.parametrize("edition_name", ["pleasant", "japanese"])
def test_hostile_text_stays_text_everywhere(
    request: pytest.FixtureRequest, renderer: Renderer, edition_name: str, nasty: str, links: Links
):
    edition = request.getfixturevalue(edition_name)
    shown = renderer.render(hostile_edition(edition, nasty), links)
    tame = renderer.render(hostile_edition(edition, "tame"), links)
    assert_safe(shown.html)
    assert [n.tag for n in LexborHTMLParser(shown.html).css("h1, h2, h3")] == [
        n.tag for n in LexborHTMLParser(tame.html).css("h1, h2, h3")
    ]
    rendered = GITHUB.render(shown.markdown)
    assert_safe(rendered)
    assert markdown_structure(shown.markdown) == markdown_structure(tame.markdown)
    assert lines_of_markdown(shown.markdown) == []
    hosts = {urlsplit(href).hostname for href in links_of(shown.html) + links_of(rendered)}
    assert hosts <= {"a.example", "c.example", "d.example", "digest.example", "arxiv.org"}
    for form in (shown.text, shown.markdown, shown.html):
        assert form.replace("\n", "").isprintable()
        form.encode()


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(title=st.text(max_size=80), abstract=st.text(max_size=200), url=st.text(max_size=40))
def test_any_text_can_be_rendered(
    renderer: Renderer, one_paper: Callable[..., Edition], title: str, abstract: str, url: str
):
    edition = one_paper(title=title, abstract=abstract, url=f"https://a.example/{url}")
    shown = renderer.render(edition, Links())
    assert_safe(shown.html)
    assert lines_of_markdown(shown.markdown) == []
    assert [kind for kind, tag in markdown_structure(shown.markdown) if tag == "h3"] == [
        *("heading_open", "heading_close"),
    ]
    assert shown.subject.isprintable()


def test_links_of_the_reader_are_shown_only_when_given(renderer: Renderer, pleasant: Edition):
    mail = "mailto:stop@digest.example?subject=stop"
    given_one = renderer.render(pleasant, Links(unsubscribe=mail))
    for form in (given_one.html, given_one.text, given_one.markdown):
        assert mail in form
        assert "Change your interests" not in form
    without = renderer.render(pleasant, Links(unsubscribe="javascript:alert(1)"))
    for form in (without.html, without.text, without.markdown):
        assert "Unsubscribe" not in form
        assert "subscribed" not in form


# ------------------------------------------------------------------ HTML


def test_html_is_made_for_mail(renderer: Renderer, pleasant: Edition, links: Links):
    html = renderer.render(pleasant, links).html
    page = LexborHTMLParser(html)
    assert all(t.attributes.get("role") == "presentation" for t in page.css("table"))
    assert page.css_first("html").attributes["lang"] == "en"
    assert all(h.attributes["lang"] for h in page.css("h3, p.abstract"))
    assert [n.tag for n in page.css("h1, h2, h3")] == [
        *("h1", "h2", "h3", "h3", "h2", "h3", "h2", "h3", "h2"),
    ]
    assert html.index("<meta charset") < 1024
    assert "url(" not in html and "@import" not in html and "src=" not in html
    style = page.css("style")
    assert len(style) == 1 and len(style[0].text()) < 16_000
    assert html.count("@media") == 2


def test_html_stands_without_its_style_element(renderer: Renderer, pleasant: Edition):
    html = renderer.render(pleasant, Links()).html
    body = LexborHTMLParser(html).body
    for node in body.css("p, h1, h2, h3, td, a"):
        has_style = "style" in node.attributes
        assert has_style or not node.attributes.get("class"), node.html


def test_preheader_tells_what_the_subject_does_not(renderer: Renderer, pleasant: Edition):
    hidden = LexborHTMLParser(renderer.render(pleasant, Links()).html).css_first(".preheader")
    assert hidden.text().startswith("4 of 187 new papers · Also: A Small Model for Large Deltas")
    assert "display:none" in (hidden.attributes["style"] or "")


def many(edition: Edition, count: int, **fields: Any) -> Edition:
    first = edition.papers[0]
    papers = tuple(
        replace(
            first,
            paper=replace(first.paper, paper_id=n, title=f"Paper {n} " + "long " * 20, **fields),
        )
        for n in range(count)
    )
    return replace(edition, sections=(replace(edition.sections[0], papers=papers),))


SENTENCE = "A sentence of the abstract says a good deal about rivers and a bit about rain as well. "
SENTENCE_JA = "要旨の一文は、河川について多くを語り、雨についても少しだけ触れている文章である。"


@pytest.mark.parametrize(
    ("count", "fields"),
    [
        (20, {"abstract": SENTENCE * 30}),
        (20, {"abstract": "&<>\"'" * 4_000}),
        (20, {"abstract": SENTENCE * 30, "translations": {"ja": SENTENCE_JA * 30}}),
        (60, {"abstract": SENTENCE * 30, "url": "https://a.example/" + "x" * 480}),
    ],
)
def test_html_fits_the_mailbox_and_keeps_the_unsubscribe_link(
    renderer: Renderer, japanese: Edition, links: Links, count: int, fields: Any
):
    shown = renderer.render(many(japanese, count, **fields), links)
    assert len(shown.html.encode()) <= MAX_HTML
    assert max(len(line.encode()) for line in shown.html.split("\n")) <= 998
    assert links.unsubscribe in links_of(shown.html)
    assert all(f"Paper {n} " in shown.text for n in range(count))


def test_twenty_papers_with_long_abstracts_need_no_shortening(
    renderer: Renderer, pleasant: Edition, links: Links
):
    html = renderer.render(many(pleasant, 20, abstract=SENTENCE * 30), links).html
    assert len(LexborHTMLParser(html).css("p.abstract")) == 20
    assert html.count("Read on") == 20


def test_papers_that_find_no_room_are_counted(renderer: Renderer, pleasant: Edition, links: Links):
    without = replace(links, view="")
    shown = renderer.render(many(pleasant, 120, abstract=SENTENCE), without)
    told = len(LexborHTMLParser(shown.html).css("h3"))
    assert 20 < told < 120
    assert f"{120 - told} more papers did not fit here" in shown.html
    assert shown.alternative == ""


def test_papers_that_find_no_room_are_on_the_web_and_both_parts_of_the_mail_say_so(
    renderer: Renderer, pleasant: Edition, links: Links
):
    shown = renderer.render(many(pleasant, 120, abstract=SENTENCE), links)
    told = len(LexborHTMLParser(shown.html).css("h3"))
    line = f"{120 - told} more papers on the web"
    assert LexborHTMLParser(shown.html).css_first("p.omitted a").text() == line
    assert f"{line}: {links.view}" in shown.alternative
    assert f"Paper {told - 1} " in shown.alternative
    assert f"Paper {told} " not in shown.alternative
    assert "Paper 119 " in shown.text and line not in shown.text


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def colours(css: str, prop: str) -> dict[str, str]:
    found = {}
    for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        colour = re.search(rf"(?<![-\w]){prop}: (#[0-9a-f]{{6}})", body)
        for selector in selectors.split(","):
            if colour:
                found[selector.strip()] = colour[1]
    return found


def test_contrast_is_at_least_4_5_in_both_modes():
    folder = resources.folder("templates") / "partials"
    light = (folder / "mail.css").read_text()
    dark = (folder / "mail-media.css").read_text().partition("prefers-color-scheme: dark) {")[2]
    for css in (light, dark):
        inks, grounds = colours(css, "color"), colours(css, "background-color")
        assert len(inks) > 15
        boxed = {".why-word", ".why-body"}
        for name, ink in inks.items():
            behind = (
                {".why"}
                if name in boxed
                else {".note"}
                if ".note" in name
                else {".ground", ".card"}
            )
            for ground in behind:
                high, low = sorted((luminance(ink), luminance(grounds[ground])), reverse=True)
                assert (high + 0.05) / (low + 0.05) >= 4.5, (name, ink, ground)


def test_every_coloured_class_has_a_dark_counterpart():
    folder = resources.folder("templates") / "partials"
    light = colours((folder / "mail.css").read_text(), "color")
    dark = colours((folder / "mail-media.css").read_text().partition("dark) {")[2], "color")
    assert set(light) - {".note-body p"} <= set(dark)


# ------------------------------------------------------------------ text and Markdown


@pytest.mark.parametrize("edition_name", ["pleasant", "japanese", "silent"])
def test_text_keeps_to_76_columns_but_for_addresses(
    request: pytest.FixtureRequest, renderer: Renderer, edition_name: str, links: Links
):
    text = renderer.render(request.getfixturevalue(edition_name), links).text
    assert all(columns(line) <= 76 for line in text.split("\n") if "https://" not in line)
    assert all(line == line.rstrip() for line in text.split("\n"))


@pytest.mark.parametrize("edition_name", ["pleasant", "japanese", "silent"])
def test_markdown_pleases_a_linter(
    request: pytest.FixtureRequest, renderer: Renderer, edition_name: str, links: Links
):
    markdown = renderer.render(request.getfixturevalue(edition_name), links).markdown
    assert lines_of_markdown(markdown) == []
    assert markdown.startswith("# Digest: ")
    assert "\n\n\n" not in markdown


def test_read_on_stands_in_all_forms_when_the_abstract_goes_on(
    renderer: Renderer, one_paper: Callable[..., Edition]
):
    edition = one_paper(abstract="One. Two. Three. Four.", url="https://a.example/x")
    shown = renderer.render(edition, Links())
    assert "Three. [Read on](https://a.example/x)" in shown.markdown
    assert "Read on: https://a.example/x" in shown.text
    assert "Read on</a>" in shown.html
    short = renderer.render(one_paper(abstract="One.", url="https://a.example/x"), Links())
    assert "Read on" not in short.markdown + short.text + short.html


# ------------------------------------------------------------------ the operator's part


def test_the_operators_note_is_markdown_without_scripts(one_paper: Callable[..., Edition]):
    note = (
        "*Hello* [there](https://digest.example/) <script>x</script> [bad](javascript:x)\n\n- one"
    )
    shown = Renderer(RenderOptions(note=note)).render(one_paper(), Links())
    assert_safe(shown.html)
    assert "<em>Hello</em>" in shown.html
    assert "*Hello* [there](https://digest.example/)" in shown.markdown
    assert "*Hello*" in shown.text


def test_the_title_is_the_operators(one_paper: Callable[..., Edition]):
    shown = Renderer(RenderOptions(title="Lab <News>")).render(one_paper(), Links())
    assert shown.subject.startswith("Lab <News>, 21 Nov: ")
    assert "Lab &lt;News&gt;" in shown.html
    assert shown.markdown.startswith("# Lab &lt;News>: ")


def test_no_abstracts_when_none_are_wanted(pleasant: Edition):
    shown = Renderer(RenderOptions(abstract_sentences=0)).render(pleasant, Links())
    assert not LexborHTMLParser(shown.html).css("p.abstract")


@pytest.fixture
def own_templates(tmp_path: Path) -> Path:
    shutil.copytree(resources.folder("templates"), tmp_path / "templates")
    return tmp_path / "templates"


def render_with(folder: Path, edition: Edition) -> Rendering:
    return Renderer(RenderOptions(templates=folder)).render(edition, Links())


def test_a_missing_template_is_named(own_templates: Path, pleasant: Edition):
    (own_templates / "edition.md.j2").unlink()
    with pytest.raises(RenderError, match=r"'edition\.md\.j2' is missing from .*put it back"):
        render_with(own_templates, pleasant)


def test_a_missing_partial_is_named(own_templates: Path, pleasant: Edition):
    (own_templates / "partials" / "card.html.j2").unlink()
    with pytest.raises(RenderError, match=r"card\.html\.j2' is missing"):
        render_with(own_templates, pleasant)


def test_a_broken_template_is_named_with_its_line(own_templates: Path, pleasant: Edition):
    (own_templates / "edition.txt.j2").write_text("fine\n{% for x in %}\n")
    with pytest.raises(RenderError, match=r"edition\.txt\.j2 line 2 .*mend that line"):
        render_with(own_templates, pleasant)


@pytest.mark.parametrize("mistake", ["{{ page.nothing }}", "{{ typo }}", "{{ 1 / 0 }}"])
def test_a_template_that_fails_is_named_with_its_line(
    own_templates: Path, pleasant: Edition, mistake: str
):
    card = own_templates / "partials" / "card.html.j2"
    card.write_text(f"<p>fine</p>\n\n{mistake}\n")
    with pytest.raises(RenderError, match=r"card\.html\.j2 line 3 ") as caught:
        render_with(own_templates, pleasant)
    assert caught.value.__cause__ is not None
    assert "\n" not in str(caught.value)
