"""The view model: an edition as plain strings, ready for the templates to place.

Nothing here is escaped for a format, and nothing invisible is left in any string: what the
templates get is what a reader is to see.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import quote

from digest.models import Edition, Paper, ReasonKind, ScoredPaper, Section
from digest.rendering.escaping import clean, safe_link
from digest.rendering.excerpts import Excerpt, excerpt
from digest.rendering.words import Words, reason_text, shown_text, source_title, words_for

MAX_TITLE = 300
MAX_NAME = 60
MAX_SEARCHED = 150  # of a title; it is about three times longer in an address
MAX_REASONS = 3
MAX_SUBJECT = 120
MAX_PROBLEM = 200
MAX_PROBLEMS = 12
SENTENCE = 220  # characters a sentence of an abstract may take; half of it in CJK
BRIEF = 160
_NAMES_SHOWN = 3
_SUBJECTS_SHOWN = 3
_LANGUAGE_CODE = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*")
_CJK_LANGUAGES = ("ja", "zh", "ko")


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to a safe address."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Passage:
    """The beginning of an abstract: its language, and what to call it where there are two."""

    text: str
    lang: str
    more: bool
    label: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One paper.

    Attributes:
        number: its place in the edition, from 1.
        lang: language of the title.
        url: the abstract page; empty when nobody told one.
        authors: shortened; empty when nothing is known.
        facts: where it was seen, when it appeared, version, popularity.
        subjects: categories and topics.
        passages: the abstract, after its translation if there is one.
    """

    number: int
    title: str
    lang: str
    url: str
    authors: str
    facts: tuple[str, ...]
    subjects: str
    passages: tuple[Passage, ...]
    reasons: tuple[str, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class SectionView:
    """Cards under one heading."""

    heading: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """All that the templates of an edition show.

    Attributes:
        title: of the publication; name: the subscriber's name for the profile.
        day: the date in full; counts: "10 of 187 new papers", empty on a silent day.
        preheader: what a mailbox shows beside the subject.
        silence: why there is no paper; empty when there are some.
        problems: feeds that could not be read, one line each.
        receive: why this mail came; empty when it is not a subscription's mail.
        footer: links for the reader of this edition.
        omitted: says how many papers had no room; empty when all are there.
    """

    words: Words
    subject: str
    title: str
    name: str
    day: str
    iso_date: str
    counts: str
    preheader: str
    silence: str
    sections: tuple[SectionView, ...]
    problems: tuple[str, ...]
    receive: str
    footer: tuple[Link, ...]
    omitted: str = ""


def page(edition: Edition, title: str, links: Sequence[tuple[str, str]], sentences: int) -> Page:
    """Return the view of an edition.

    Args:
        edition: what was composed.
        title: name of the publication.
        links: (which of `Words`' labels, address) for the footer, in order.
        sentences: how many sentences of an abstract to show.
    """
    words = words_for(edition.language)
    addresses = {label: safe_link(raw, mail=True) for label, raw in links}
    footer = [Link(getattr(words, label), url) for label, url in addresses.items() if url]
    sections, number = [], 1
    for section in edition.sections:
        if section.papers:
            sections.append(_section(section, words, number, sentences))
            number += len(section.papers)
    titles = [card.title for view in sections for card in view.cards]
    silence = "" if titles else clean(edition.silence or "") or words.nothing
    counts = words.counts(len(titles), max(edition.candidates, len(titles))) if titles else ""
    return Page(
        words=words,
        subject=_subject(title, edition.edition_date, titles, words),
        title=clean(title),
        name=shown_text(edition.name, MAX_NAME),
        day=words.full_date(edition.edition_date),
        iso_date=edition.edition_date.isoformat(),
        counts=counts,
        preheader=_preheader(counts, titles[1:3], words) or silence,
        silence=silence,
        sections=tuple(sections),
        problems=tuple(
            f"{clean(h.feed)}: {shown_text(h.problem, MAX_PROBLEM)}"
            for h in edition.health
            if h.problem
        )[:MAX_PROBLEMS],
        receive=words.receive if addresses.get("unsubscribe") else "",
        footer=tuple(footer),
    )


def shortened(view: Page, steps: int) -> Page:
    """Return the page with its last papers told more briefly, to make it smaller.

    Of n papers, the first n steps shorten the abstracts, from the last paper up; the next n
    leave abstracts away; the last n leave the papers away and say how many are missing.
    """
    count = sum(len(section.cards) for section in view.sections)
    sections, omitted = [], 0
    for section in view.sections:
        cards = []
        for card in section.cards:
            place = count - card.number  # 0 for the last paper
            level = (steps - place + count - 1) // count if steps > place else 0
            if level >= 3:
                omitted += 1
            else:
                cards.append(_briefer(card, level))
        if cards:
            sections.append(replace(section, cards=tuple(cards)))
    told = view.words.omitted(omitted) if omitted else ""
    return replace(view, sections=tuple(sections), omitted=told)


def _briefer(card: Card, level: int) -> Card:
    if level == 0 or not card.passages:
        return card
    if level == 2:
        return replace(card, passages=())
    first = card.passages[0]
    short = excerpt(first.text, 1, BRIEF // 2 if _is_cjk(first.lang) else BRIEF)
    more = short.more or any(passage.more for passage in card.passages)
    passage = replace(first, text=short.text, more=more)
    return replace(card, passages=(passage,))


def _is_cjk(language: str) -> bool:
    return language.startswith(_CJK_LANGUAGES)


def _subject(title: str, day: date, titles: list[str], words: Words) -> str:
    start = f"{clean(title)[:40]}{', ' if words.language == 'en' else ' '}{words.day(day)}"
    if not titles:
        return words.empty_subject(start)
    more = len(titles) - 1
    room = MAX_SUBJECT - len(words.subject(start, "", more))
    return words.subject(start, shown_text(titles[0], room), more)


def _preheader(counts: str, others: list[str], words: Words) -> str:
    if not others:
        return counts
    titles = words.separator.join(shown_text(title, 80) for title in others)
    return f"{counts}{words.separator}{words.also(titles)}"


def _section(section: Section, words: Words, number: int, sentences: int) -> SectionView:
    return SectionView(
        heading=shown_text(section.title, 120),
        cards=tuple(
            _card(scored, words, place, sentences)
            for place, scored in enumerate(section.papers, number)
        ),
    )


def _card(scored: ScoredPaper, words: Words, number: int, sentences: int) -> Card:
    paper = scored.paper
    url = _abstract_page(paper)
    return Card(
        number=number,
        title=shown_text(paper.title, MAX_TITLE) or paper.ref,
        lang=_lang(paper.language),
        url=url,
        authors=_authors(paper, words),
        facts=_facts(paper, words),
        subjects=_subjects(paper, words),
        passages=tuple(
            p if url or not p.more else replace(p, text=_with_ellipsis(p.text), more=False)
            for p in _passages(paper, words, sentences)
        ),
        reasons=_reasons(scored, words.language),
        links=_links(paper, words, url),
    )


def _reasons(scored: ScoredPaper, language: str) -> tuple[str, ...]:
    """Return the reasons that a reader can check."""
    shown = [reason for reason in scored.reasons if reason.kind is not ReasonKind.TASTE]
    return tuple(reason_text(reason, language) for reason in shown[:MAX_REASONS])


def _authors(paper: Paper, words: Words) -> str:
    names = [n for n in (shown_text(name, MAX_NAME) for name in paper.authors[:4]) if n]
    total = max(paper.n_authors or 0, len(paper.authors))
    if not names:
        return words.authors(total) if total else ""
    if total <= _NAMES_SHOWN + 1 and total == len(names):
        return words.between_names.join(names)
    names = names[:_NAMES_SHOWN]
    return words.more_authors(words.between_names.join(names), total - len(names))


def _facts(paper: Paper, words: Words) -> tuple[str, ...]:
    published = paper.published_at.date() if paper.published_at else paper.listed_date
    version = paper.arxiv_version or 1
    facts = [
        *dict.fromkeys(source_title(source) for source in paper.sources),
        words.short_date(published) if published else "",
        f"v{version}" if version > 1 else "",
        words.withdrawn if paper.withdrawn else "",
        shown_text(paper.venue or "", MAX_NAME),
        shown_text(paper.organisation or "", MAX_NAME),
        words.upvotes(paper.upvotes) if paper.upvotes else "",
        words.comments(paper.comments) if paper.comments else "",
    ]
    return tuple(fact for fact in facts if fact)


def _subjects(paper: Paper, words: Words) -> str:
    categories = [shown_text(category, 40) for category in paper.categories[:_SUBJECTS_SHOWN]]
    sure = sorted(paper.topics, key=lambda topic: -topic.confidence)
    topics = [shown_text(topic.path[-1], 60) for topic in sure[:_SUBJECTS_SHOWN] if topic.path]
    return words.separator.join(dict.fromkeys(s for s in [*categories, *topics] if s))


def _passages(paper: Paper, words: Words, sentences: int) -> tuple[Passage, ...]:
    original = _passage(paper.abstract, paper.language, sentences) or _by_machine(
        paper, words, sentences
    )
    if words.language in {"en", paper.language}:
        return (original,) if original else ()
    translation = _passage(paper.translations.get(words.language, ""), words.language, sentences)
    if not translation:
        return (original,) if original else ()
    translation = replace(translation, label=words.translation)
    if not original:
        return (translation,)
    # One "read on" is enough for both.
    return (
        replace(translation, more=False),
        replace(
            original, label=original.label or words.original, more=original.more or translation.more
        ),
    )


def _by_machine(paper: Paper, words: Words, sentences: int) -> Passage | None:
    """Return the summary that a source's language model made, said to be one."""
    summary = _passage(paper.ai_summary or "", "en", sentences)
    source = source_title(paper.provenance.get("ai_summary", ""))
    return replace(summary, label=words.by_machine(source)) if summary else None


def _passage(block: str, lang: str, sentences: int) -> Passage | None:
    limit = sentences * (SENTENCE // 2 if _is_cjk(lang) else SENTENCE)
    # Only what can be shown is turned from TeX to Unicode; TeX is at most a few times longer.
    begun: Excerpt = excerpt(shown_text(block, limit * 3), sentences, limit)
    return Passage(begun.text, _lang(lang), begun.more) if begun.text else None


def _with_ellipsis(begun: str) -> str:
    """Return the beginning of a text that cannot be read on anywhere."""
    return begun if begun.endswith("…") else f"{begun} …"


def _lang(code: str) -> str:
    """Return a language code fit for a lang attribute; "" says that it is not known."""
    return code if _LANGUAGE_CODE.fullmatch(code) else ""


def _abstract_page(paper: Paper) -> str:
    told = safe_link(paper.url)
    if told or not (paper.arxiv_id or paper.doi):
        return told
    if paper.arxiv_id:
        return safe_link(f"https://arxiv.org/abs/{quote(paper.arxiv_id)}")
    return safe_link(f"https://doi.org/{quote(paper.doi or '')}")


def _links(paper: Paper, words: Words, url: str) -> tuple[Link, ...]:
    pdf = safe_link(paper.pdf_url)
    if not pdf and paper.arxiv_id:
        pdf = safe_link(f"https://arxiv.org/pdf/{quote(paper.arxiv_id)}")
    wanted = (
        (words.abstract_page, url),
        (words.pdf, pdf),
        (words.code, safe_link(paper.code_url)),
        (words.project, safe_link(paper.project_url)),
    )
    shown: dict[str, Link] = {}
    for label, address in wanted:
        if address:
            shown.setdefault(address, Link(label, address))
    if not shown:
        # Copied pages have no addresses; nearly all they list stands on arXiv.
        title = quote(shown_text(paper.title, MAX_SEARCHED), safe="")
        found = safe_link(f"https://arxiv.org/search/?searchtype=title&query={title}")
        return (Link(words.find, found),) if found else ()
    return tuple(shown.values())
