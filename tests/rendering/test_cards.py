from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from digest.models import Edition, FeedHealth, Lesson, Reason, ReasonKind, Section, Topic
from digest.rendering import cards
from digest.rendering.shortening import shortened
from digest.rendering.words import MAX_REASONS


def view(edition: Edition, **links: str) -> cards.Page:
    return cards.page(edition, "Digest", list(links.items()), 3)


@pytest.fixture
def card_of(one_paper: Any) -> Any:
    def make(language: str = "en", **fields: object) -> cards.Card:
        return view(replace(one_paper(**fields), language=language)).sections[0].cards[0]

    return make


@pytest.mark.parametrize(
    ("fields", "english", "japanese"),
    [
        ({}, "", ""),
        ({"n_authors": 7}, "7 authors", "著者7名"),
        ({"n_authors": 1}, "1 author", "著者1名"),
        ({"authors": ("A B",)}, "A B", "A B"),
        ({"authors": tuple("ABCD")}, "A, B, C, D", "A, B, C, D"),
        ({"authors": tuple("ABCDE")}, "A, B, C and 2 more", "A, B, C ほか2名"),
        ({"authors": tuple("AB"), "n_authors": 6}, "A, B and 4 more", "A, B ほか4名"),
    ],
)
def test_authors_are_shortened(card_of: Any, fields: Any, english: str, japanese: str):
    assert card_of(**fields).authors == english
    assert card_of("ja", **fields).authors == japanese


def test_an_author_line_of_40_kilobytes_is_bounded(card_of: Any):
    assert len(card_of(authors=("x" * 40_000,)).authors) <= cards.MAX_NAME


def test_facts_tell_where_when_which_version_and_how_popular(card_of: Any):
    card = card_of(
        sources=("arxiv", "huggingface", "arxivjp"),
        listed_date=date(2025, 9, 14),
        arxiv_version=2,
        upvotes=1,
        comments=3,
        withdrawn=True,
        venue="NeurIPS 2026",
        organisation="Example Lab",
    )
    assert card.facts == (
        *("arXiv", "Hugging Face", "arXiv.jp", "14 Sep 2025", "v2", "withdrawn"),
        *("NeurIPS 2026", "Example Lab"),
        *("1 upvote", "3 comments"),
    )


def test_what_is_not_known_or_zero_is_not_told(card_of: Any):
    card = card_of(arxiv_version=1, upvotes=0, comments=None)
    assert (card.facts, card.url, card.passages) == ((), "", ())


def test_subjects_are_categories_and_the_surest_topics(card_of: Any):
    topics = (Topic(("A", "B"), 0.2), Topic(("A", "C"), 0.9), Topic((), 0.99))
    assert card_of(categories=("cs.LG",), topics=topics).subjects == "cs.LG · C · B"


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"url": "https://a.example/"}, "https://a.example/"),
        ({"url": "javascript:alert(1)"}, ""),
        ({"arxiv_id": "2511.00001"}, "https://arxiv.org/abs/2511.00001"),
        ({"doi": "10.1000/a(b)<c>"}, "https://doi.org/10.1000/a%28b%29%3Cc%3E"),
    ],
)
def test_the_abstract_page_is_told_or_known_from_the_identifier(
    card_of: Any, fields: Any, url: str
):
    assert card_of(**fields).url == url


def test_links_are_named_once_each(card_of: Any):
    card = card_of(
        url="https://a.example/",
        pdf_url="https://a.example/",
        code_url="https://c.example/",
        project_url="data:text/html,x",
    )
    assert [(link.label, link.url) for link in card.links] == [
        ("Abstract", "https://a.example/"),
        ("Code", "https://c.example/"),
    ]


def test_a_japanese_reader_gets_the_translation_first_and_the_original_beneath(card_of: Any):
    fields = {"abstract": "It rains.", "translations": {"ja": "雨です。"}}
    assert [(p.text, p.lang, p.label) for p in card_of("ja", **fields).passages] == [
        ("雨です。", "ja", "機械翻訳（arXiv.jp）"),
        ("It rains.", "en", "原文"),
    ]
    assert [p.text for p in card_of("en", **fields).passages] == ["It rains."]


def test_without_a_translation_there_is_only_the_original_and_no_label(card_of: Any):
    passages = card_of("ja", abstract="It rains.", translations={"ja": " "}).passages
    assert [(p.text, p.label) for p in passages] == [("It rains.", "")]


def test_a_translation_may_stand_alone(card_of: Any):
    passages = card_of("ja", translations={"ja": "雨です。"}).passages
    assert [(p.text, p.label) for p in passages] == [("雨です。", "機械翻訳（arXiv.jp）")]


def test_an_abstract_that_can_be_read_on_nowhere_ends_in_an_ellipsis(card_of: Any):
    passage = card_of(abstract="One. Two. Three. Four.").passages[0]
    assert (passage.text, passage.more) == ("One. Two. Three. …", False)


def test_a_paper_without_a_title_is_named_by_its_identifier(card_of: Any):
    assert card_of(title="\x00", arxiv_id="2511.00001").title == "2511.00001"


def test_at_most_three_reasons_are_told(pleasant: Edition):
    paper = replace(
        pleasant.papers[0], reasons=tuple(Reason(ReasonKind.PHRASE, str(n)) for n in range(9))
    )
    edition = replace(pleasant, sections=(replace(pleasant.sections[0], papers=(paper,)),))
    assert len(view(edition).sections[0].cards[0].reasons) == MAX_REASONS


def test_the_taste_of_a_profile_is_no_reason_to_show(pleasant: Edition):
    paper = replace(
        pleasant.papers[0],
        reasons=(Reason(ReasonKind.TASTE, "", (), 0.9), Reason(ReasonKind.PHRASE, "rivers")),
    )
    edition = replace(pleasant, sections=(replace(pleasant.sections[0], papers=(paper,)),))
    assert view(edition).sections[0].cards[0].reasons == ("mentions “rivers”",)


def test_sections_without_papers_are_left_out_and_cards_are_counted_through(pleasant: Edition):
    sections = (Section("Empty", None, ()), *pleasant.sections)
    shown = view(replace(pleasant, sections=sections))
    assert [s.heading for s in shown.sections] == [
        "River forecasting",
        "Robot hands",
        "Rising outside your profile",
    ]
    assert [c.number for s in shown.sections for c in s.cards] == [1, 2, 3, 4]


def test_the_subject_names_the_best_paper_and_how_many_more(pleasant: Edition, japanese: Edition):
    assert view(pleasant).subject.startswith("Digest, 21 Nov: Flood Forecasts That Know What")
    assert view(pleasant).subject.endswith("Ungauged Rivers and 3 more")
    assert view(japanese).subject.endswith("ほか3件")
    assert view(japanese).subject.startswith("Digest 11月21日: ")


@pytest.mark.parametrize("title", ["x" * 2_000, "word " * 400, "雨" * 2_000])
def test_subjects_are_bounded(one_paper: Any, title: str):
    assert 90 < len(view(one_paper(title=title)).subject) <= cards.MAX_SUBJECT


def test_a_subject_holds_nothing_that_could_break_a_header(one_paper: Any):
    subject = view(one_paper(title="A\r\nBcc: x@example.org\u2028\x00\u202eB\x85C")).subject
    assert subject == "Digest, 21 Nov: A Bcc: x@example.org B C"
    assert subject.isprintable()


def test_one_paper_has_no_and_more(one_paper: Any):
    shown = view(replace(one_paper(), candidates=1))
    assert shown.subject == "Digest, 21 Nov: A title"
    assert shown.counts == "1 of 1 new paper"


def test_a_silent_day_has_its_own_subject_and_says_why(silent: Edition):
    shown = view(silent)
    assert shown.subject == "Digest, 21 Nov: no new papers for you"
    assert shown.silence == shown.preheader == "It is a weekend: arXiv announced nothing."
    assert view(replace(silent, silence=None)).silence == "There is no new paper for you today."


def test_only_feeds_with_a_problem_are_named(silent: Edition):
    assert view(silent).problems == (
        "arxiv-jp: no answer within 20 s, 3 times in a row",
        "deltas could not be read (4 times in a row)",
    )
    many = tuple(FeedHealth(f"f{n}", "arxiv", 0, "down " * 500) for n in range(100))
    shown = view(replace(silent, health=many)).problems
    assert len(shown) == cards.MAX_PROBLEMS
    assert all(len(line) < 250 for line in shown)


def test_why_this_mail_came_is_told_only_where_one_can_unsubscribe(pleasant: Edition):
    assert view(pleasant).receive == ""
    assert view(pleasant, unsubscribe="javascript:x").receive == ""
    shown = view(pleasant, unsubscribe="mailto:stop@digest.example")
    assert shown.receive
    assert [link.label for link in shown.footer] == ["Unsubscribe"]


def numbered(count: int, edition: Edition) -> cards.Page:
    papers = tuple(
        replace(edition.papers[0], paper=replace(edition.papers[0].paper, paper_id=n))
        for n in range(count)
    )
    return view(replace(edition, sections=(replace(edition.sections[0], papers=papers),)))


def test_shortening_begins_at_the_end_and_leaves_papers_away_last(japanese: Edition):
    page = numbered(4, japanese)

    def passages(steps: int) -> list[int]:
        shown = shortened(page, steps)
        return [sum(len(p.text) for p in c.passages) for s in shown.sections for c in s.cards]

    full = passages(0)
    assert passages(1)[:3] == full[:3]
    assert 0 < passages(1)[3] < full[3]
    assert all(0 < short < full[0] for short in passages(4))
    assert passages(5)[3] == 0
    assert passages(8) == [0, 0, 0, 0]
    assert len(passages(9)) == 3
    assert shortened(page, 9).omitted
    assert passages(12) == []


def test_a_hostile_paper_leaves_no_string_long_or_invisible(card_of: Any):
    nasty = ("\x00\x1b[31m\u202e\u2028" + "<b>" * 10_000)[:30_000]
    card = card_of(
        title=nasty,
        abstract=nasty,
        authors=(nasty,) * 900,
        categories=(nasty,) * 50,
        topics=(Topic((nasty,), 1.0),) * 50,
        sources=(nasty,),
    )
    shown = [card.title, card.authors, card.subjects, *card.facts, card.passages[0].text]
    assert all(line.isprintable() and len(line) <= 700 for line in shown)


def test_a_paper_without_any_address_can_be_searched_for(card_of: Any):
    (link,) = card_of(title="Learning to Wait & See?", url=None).links
    assert link.label == "Find on arXiv"
    assert link.url.endswith("searchtype=title&query=Learning%20to%20Wait%20%26%20See%3F")
    assert card_of("ja", title="Learning to Wait", url=None).links[0].label == "arXivで探す"


def test_a_paper_with_an_address_needs_no_search(card_of: Any):
    labels = [link.label for link in card_of(doi="10.5555/x").links]
    assert labels == ["Abstract"]


def test_a_summary_by_a_machine_stands_in_for_an_abstract_and_says_what_it_is(pleasant: Edition):
    def passages(language="en", **fields):
        scored = pleasant.papers[0]
        paper = replace(scored.paper, ai_summary="It forecasts floods.", **fields)
        section = replace(pleasant.sections[0], papers=(replace(scored, paper=paper),))
        edition = replace(pleasant, sections=(section,), language=language)
        return [(p.text, p.label) for p in view(edition).sections[0].cards[0].passages]

    told = {"provenance": {"ai_summary": "huggingface"}, "abstract": "", "translations": {}}
    label = "Summary by a language model (Hugging Face)"
    assert passages(**told) == [("It forecasts floods.", label)]
    assert passages("ja", **told) == [("It forecasts floods.", "AIによる要約（Hugging Face）")]
    assert all("model" not in label for _, label in passages())


def test_answers_lead_to_the_readers_own_page_of_each_paper(pleasant: Edition, japanese: Edition):
    def answers(edition: Edition, address: str):
        shown = cards.page(edition, "Digest", [], 3, {1: address}).sections[0].cards
        return [(link.label, link.url) for link in shown[0].answers], shown[1].answers

    page = "https://digest.example/feedback/x"
    assert answers(pleasant, page) == (
        [
            ("More like this", f"{page}?answer=more"),
            ("Less", f"{page}?answer=less"),
            ("Save", f"{page}?answer=save"),
            ("Mute", page),
        ],
        (),
    )
    assert answers(japanese, page)[0][0] == ("もっと", f"{page}?answer=more")
    assert answers(pleasant, "javascript:x") == ([], ())


def test_the_sentence_closest_to_a_profile_is_shown_where_the_beginning_leaves_it_out(
    one_paper: Any,
):
    def closest(abstract: str, language: str = "en"):
        edition = replace(one_paper(abstract=abstract), language=language)
        reason = Reason(ReasonKind.WORDS, "rivers", ("sediment",))
        scored = replace(edition.papers[0], reasons=(reason,))
        section = replace(edition.sections[0], papers=(scored,))
        return view(replace(edition, sections=(section,))).sections[0].cards[0].closest

    late = "One. Two. Three. Then sediment comes. And more."
    shown = closest(late)
    assert shown is not None
    assert (shown.text, shown.label) == ("Then sediment comes.", "Closest to your interests")
    assert closest(late, "ja").label == "関心に最も近い一文"
    assert closest("Sediment comes first. Two. Three. Four.") is None
    assert closest("One. Two. Three. Four.") is None
    assert closest("") is None


@pytest.mark.parametrize(
    ("condition", "times", "unseen", "english", "japanese"),
    [
        ("failing", 1, None, "jp could not be read", "jp を読み込めませんでした"),
        ("refused", 2, None, "jp answered with something else than papers (2 times in a row)",
         "jp の応答は論文の一覧ではありませんでした（連続2回）"),
        ("stale", 0, date(2025, 11, 3), "jp has brought nothing new since 3 Nov, though its source"
         " announced papers", "jp は、情報源の発表があったのに11月3日から新着がありません"),
        ("stale", 0, None, "jp has brought nothing so far", "jp からは、まだ何も届いていません"),
    ],
)  # fmt: skip
def test_trouble_with_a_feed_is_told_in_the_readers_language(
    silent: Edition, condition: str, times: int, unseen: Any, english: str, japanese: str
):
    health = (FeedHealth("jp", "arxivjp", 0, "HTTP 503", condition, times, unseen),)
    assert view(replace(silent, health=health)).problems == (english,)
    assert view(replace(silent, health=health, language="ja")).problems == (japanese,)


def test_the_chart_of_the_week_is_drawn_to_the_longest_bar(pleasant: Edition):
    beside = view(pleasant).beside
    assert beside.heading == "New papers on your interests in the last 7 days"
    assert [(b.label, b.count, len(b.blocks), b.percent) for b in beside.bars] == [
        ("River forecasting", "41", 20, 100),
        ("Robot hands", "7", 3, 17),
    ]
    assert not beside.on_top
    assert beside.sources == "Read for this digest: arXiv, Hugging Face, AITopics."


def test_an_edition_of_several_days_says_since_when(pleasant: Edition):
    remarks = replace(pleasant.remarks, since=date(2025, 11, 14), weekly=True)
    shown = view(replace(pleasant, remarks=remarks))
    assert shown.counts == "4 of 187 new papers since 14 Nov"
    assert shown.beside.on_top


def test_an_edition_without_remarks_shows_none(one_paper: Any):
    shown = view(one_paper())
    assert shown.beside == cards.Beside()
    assert shown.counts == "1 of 187 new papers"


@pytest.mark.parametrize(
    ("since", "english", "japanese"),
    [
        (
            date(2025, 11, 18),
            "More on “ice” since Tuesday",
            "火曜日から「ice」に近い論文を増やしています",
        ),
        (
            date(2025, 11, 14),
            "More on “ice” since 14 Nov",
            "11月14日から「ice」に近い論文を増やしています",
        ),
    ],
)
def test_what_answers_brought_is_told_with_its_day(
    pleasant: Edition, since: date, english: str, japanese: str
):
    edition = replace(pleasant, remarks=replace(pleasant.remarks, lessons=(Lesson("ice", since),)))
    assert view(edition).beside.lessons == (english,)
    assert view(replace(edition, language="ja")).beside.lessons == (japanese,)


def test_a_language_models_sentence_is_said_to_be_one(card_of: Any):
    card = card_of(tldr="<b>Ice</b> sings.")
    assert card.tldr == cards.Passage(
        "<b>Ice</b> sings.", "en", more=False, label="In a sentence, by a language model"
    )
    assert card_of(tldr="").tldr is None and card_of().tldr is None
