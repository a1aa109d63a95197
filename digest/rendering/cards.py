"""Makes the view of an edition: plain strings, ready for the templates to place.

Nothing here is escaped for a format, and nothing invisible is left in any string: what the
templates get is what a reader is to see.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from urllib.parse import quote

from digest.models import Edition, Paper, ReasonKind, ScoredPaper, Section
from digest.rendering import words as say
from digest.rendering.escaping import clean, safe_link
from digest.rendering.excerpts import Excerpt, closest_sentence, excerpt
from digest.rendering.remarks import beside, spanning, trouble
from digest.rendering.view import (
    CJK_LANGUAGES,
    Beside,
    Card,
    Link,
    Listed,
    Own,
    Page,
    Passage,
    SectionView,
)
from digest.rendering.whole import whole
from digest.rendering.words import BETWEEN, SEPARATOR, reason_text, shown_text, source_title
from digest.wording import Wording, wording

__all__ = ["Beside", "Card", "Link", "Page", "Passage", "SectionView", "listed", "page"]

MAX_TITLE = 300
MAX_NAME = 60
MAX_SEARCHED = 150  # of a title; it is about three times longer in an address
MAX_SUBJECT = 120
MAX_PROBLEMS = 12
SENTENCE = 220  # characters a sentence of an abstract may take; half of it in CJK
MAX_SEARCHED_FOR = 3_000  # characters of an abstract in which the closest sentence is sought
_NAMES_SHOWN = 3
_SUBJECTS_SHOWN = 3
_LANGUAGE_CODE = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*")


def page(
    edition: Edition,
    title: str,
    links: Sequence[tuple[str, str]],
    sentences: int,
    answers: Mapping[int, str] | None = None,
) -> Page:
    """Return the view of an edition; see `outline`."""
    return whole(outline(edition, title, links, sentences, answers))


def outline(
    edition: Edition,
    title: str,
    links: Sequence[tuple[str, str]],
    sentences: int,
    answers: Mapping[int, str] | None = None,
) -> Page:
    """Return the view of an edition without its cards, but with what they are made of.

    Args:
        edition: what was composed.
        title: name of the publication.
        links: (``view``, ``archive``, ``manage`` or ``unsubscribe``, address) for the footer, in
            order.
        sentences: how many sentences of an abstract to show.
        answers: by a paper's number, the page to answer on it; it takes ``?answer=more``.
    """
    words = wording(edition.language)
    addresses = {key: safe_link(raw, mail=True) for key, raw in links}
    footer = [Link(_footer_label(key, words), url) for key, url in addresses.items() if url]
    sections, number = [], 1
    for section in edition.sections:
        if section.papers:
            sections.append(_section(section, words, number, sentences, answers or {}))
            number += len(section.papers)
    titles = [own.shared.title for view in sections for own in view.own]
    counts, silence = _told(edition, words)
    return Page(
        words=words,
        subject=_subject(title, edition.edition_date, titles, words),
        title=clean(title),
        name=shown_text(edition.name, MAX_NAME),
        day=words.full_date(edition.edition_date),
        iso_date=edition.edition_date.isoformat(),
        counts=counts,
        preheader=silence or _preheader(counts, titles[1:3], words),
        silence=silence,
        sections=tuple(sections),
        problems=tuple(trouble(h, words) for h in edition.health if h.problem)[:MAX_PROBLEMS],
        receive=_receive(words) if addresses.get("unsubscribe") else "",
        footer=tuple(footer),
        view=addresses.get("view", ""),
        beside=beside(edition.remarks, edition.edition_date, words),
    )


def listed(edition: Edition) -> Listed:
    """Return what a list of editions says of one: as its page does, in a fraction of the time."""
    words = wording(edition.language)
    counts, silence = _told(edition, words)
    return Listed(
        iso_date=edition.edition_date.isoformat(),
        day=words.full_date(edition.edition_date),
        counts=counts,
        silence=silence,
        titles=tuple((_title(s.paper), _lang(s.paper.language)) for s in edition.papers),
    )


def _told(edition: Edition, words: Wording) -> tuple[str, str]:
    """Return how many papers an edition holds, in words; and why there are none, if so."""
    new = sum(len(section.papers) for section in edition.sections if not section.updates)
    counts = say.counts(new, max(edition.candidates, new), words) if new else ""
    silence = "" if new else clean(edition.silence or "")
    if not (new or silence):
        silence = words.gettext("There is no new paper for you today.")
    return spanning(counts, edition.remarks, words), silence


def _title(paper: Paper) -> str:
    return shown_text(paper.title, MAX_TITLE) or paper.ref


def _is_cjk(language: str) -> bool:
    return language.startswith(CJK_LANGUAGES)


def _footer_label(key: str, words: Wording) -> str:
    match key:
        case "view":
            return words.gettext("View in browser")
        case "archive":
            return words.gettext("Past editions")
        case "manage":
            return words.gettext("Change your interests")
    return words.gettext("Unsubscribe")


def _receive(words: Wording) -> str:
    return words.gettext("You receive this mail because you subscribed to it with this address.")


def _subject(title: str, day: date, titles: list[str], words: Wording) -> str:
    start = words.gettext(
        "%(title)s, %(day)s", title=clean(title)[:40], day=words.day_and_month(day)
    )
    if not titles:
        return words.gettext("%(start)s: no new papers for you", start=start)
    more = len(titles) - 1
    room = MAX_SUBJECT - len(_subject_line(start, "", more, words))
    return _subject_line(start, shown_text(titles[0], room), more, words)


def _subject_line(start: str, best: str, more: int, words: Wording) -> str:
    if not more:
        return words.gettext("%(start)s: %(best)s", start=start, best=best)
    return words.ngettext(
        "%(start)s: %(best)s and %(num)s more",
        "%(start)s: %(best)s and %(num)s more",
        more,
        start=start,
        best=best,
    )


def _preheader(counts: str, others: list[str], words: Wording) -> str:
    if not others:
        return counts
    titles = SEPARATOR.join(shown_text(title, 80) for title in others)
    return f"{counts}{SEPARATOR}" + words.gettext("Also: %(titles)s", titles=titles)


def _section(
    section: Section, words: Wording, number: int, sentences: int, answers: Mapping[int, str]
) -> SectionView:
    own = []
    for place, scored in enumerate(section.papers, number):
        shared = _shared_card(_Same(scored.paper), words.language, sentences)
        closest = _closest(scored, shared.passages, words)
        page = answers.get(scored.paper.paper_id)
        own.append(Own(shared, place, _reasons(scored, words.language), closest, safe_link(page)))
    return SectionView(shown_text(section.title, 120), own=tuple(own))


class _Same:
    """A paper as a key: its number finds it, and all of it has to be the same."""

    __slots__ = ("paper",)

    def __init__(self, paper: Paper) -> None:
        self.paper = paper

    def __hash__(self) -> int:
        return hash(self.paper.paper_id)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Same) or (
            self.paper is not other.paper and self.paper != other.paper
        ):
            return False
        self.paper = other.paper  # other editions that were read together hold the very same
        return True


@lru_cache(maxsize=2_048)  # a day's papers come back in many editions
def _shared_card(known: _Same, language: str, sentences: int) -> Card:
    """Return the card of a paper without all that is a reader's own."""
    paper, words = known.paper, wording(language)
    url = _abstract_page(paper)
    passages = _passages(paper, words, sentences)
    return Card(
        number=0,
        title=_title(paper),
        lang=_lang(paper.language),
        url=url,
        authors=_authors(paper, words),
        facts=_facts(paper, words),
        subjects=_subjects(paper, words),
        passages=tuple(
            p if url or not p.more else replace(p, text=_with_ellipsis(p.text), more=False)
            for p in passages
        ),
        reasons=(),
        links=_links(paper, words, url),
        tldr=_tldr(paper, words),
    )


# Reasons whose words stand in the paper's own text.
_WORDED = {ReasonKind.WORDS, ReasonKind.EXAMPLE, ReasonKind.LIKED}


def _closest(scored: ScoredPaper, passages: Sequence[Passage], words: Wording) -> Passage | None:
    """Return the sentence that has most in common with the profile, if it is not shown yet."""
    terms = [r.value for r in scored.reasons if r.kind is ReasonKind.PHRASE]
    terms += [w for r in scored.reasons if r.kind in _WORDED for w in r.words]
    if not terms or not passages:
        return None
    paper = scored.paper
    limit = _room(paper.language, 1) * 3 // 2
    sentence = closest_sentence(shown_text(paper.abstract, MAX_SEARCHED_FOR), terms, limit)
    if not sentence or any(sentence.rstrip("…") in passage.text for passage in passages):
        return None
    label = words.gettext("Closest to your interests")
    return Passage(sentence, _lang(paper.language), more=False, label=label)


def _reasons(scored: ScoredPaper, language: str) -> tuple[str, ...]:
    """Return the reasons that a reader can check."""
    return tuple(reason_text(reason, language) for reason in say.shown_reasons(scored.reasons))


def _authors(paper: Paper, words: Wording) -> str:
    names = [n for n in (shown_text(name, MAX_NAME) for name in paper.authors[:4]) if n]
    total = max(paper.n_authors or 0, len(paper.authors))
    if not names:
        return say.authors(total, words) if total else ""
    if total <= _NAMES_SHOWN + 1 and total == len(names):
        return BETWEEN.join(names)
    names = names[:_NAMES_SHOWN]
    return say.more_authors(BETWEEN.join(names), total - len(names), words)


def _facts(paper: Paper, words: Wording) -> tuple[str, ...]:
    published = paper.published_at.date() if paper.published_at else paper.listed_date
    version = paper.arxiv_version or 1
    facts = [
        *dict.fromkeys(source_title(source, words) for source in paper.sources),
        words.short_date(published) if published else "",
        f"v{version}" if version > 1 else "",
        words.gettext("withdrawn") if paper.withdrawn else "",
        shown_text(paper.venue or "", MAX_NAME),
        shown_text(paper.organisation or "", MAX_NAME),
        say.upvotes(paper.upvotes, words) if paper.upvotes else "",
        say.comments(paper.comments, words) if paper.comments else "",
    ]
    return tuple(fact for fact in facts if fact)


def _subjects(paper: Paper, words: Wording) -> str:
    categories = [shown_text(category, 40) for category in paper.categories[:_SUBJECTS_SHOWN]]
    sure = sorted(paper.topics, key=lambda topic: -topic.confidence)
    topics = [shown_text(topic.path[-1], 60) for topic in sure[:_SUBJECTS_SHOWN] if topic.path]
    return SEPARATOR.join(dict.fromkeys(s for s in [*categories, *topics] if s))


def _passages(paper: Paper, words: Wording, sentences: int) -> tuple[Passage, ...]:
    original = _passage(paper.abstract, paper.language, sentences) or _by_machine(
        paper, words, sentences
    )
    if words.language in {"en", paper.language}:
        return (original,) if original else ()
    translation = _passage(paper.translations.get(words.language, ""), words.language, sentences)
    if not translation:
        return (original,) if original else ()
    translation = replace(translation, label=words.gettext("Machine translation (arXiv.jp)"))
    if not original:
        return (translation,)
    # One "read on" is enough for both.
    return (
        replace(translation, more=False),
        replace(
            original,
            label=original.label or words.gettext("Original"),
            more=original.more or translation.more,
        ),
    )


def _by_machine(paper: Paper, words: Wording, sentences: int) -> Passage | None:
    """Return the summary that a source's language model made, said to be one."""
    summary = _passage(paper.ai_summary or "", "en", sentences)
    source = source_title(paper.provenance.get("ai_summary", ""), words)
    return replace(summary, label=say.by_machine(source, words)) if summary else None


def _tldr(paper: Paper, words: Wording) -> Passage | None:
    """Return the sentence of the operator's language model, said to be one."""
    told = shown_text(paper.tldr or "", MAX_TITLE)
    label = words.gettext("In a sentence, by a language model")
    return Passage(told, "en", more=False, label=label) if told else None


def _passage(block: str, lang: str, sentences: int) -> Passage | None:
    limit = _room(lang, sentences)
    # Only what can be shown is turned from TeX to Unicode; TeX is at most a few times longer.
    begun: Excerpt = excerpt(shown_text(block, limit * 3), sentences, limit)
    return Passage(begun.text, _lang(lang), begun.more) if begun.text else None


def _room(language: str, sentences: int) -> int:
    """Return how many characters so many sentences may take."""
    return sentences * (SENTENCE // 2 if _is_cjk(language) else SENTENCE)


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


def _links(paper: Paper, words: Wording, url: str) -> tuple[Link, ...]:
    pdf = safe_link(paper.pdf_url)
    if not pdf and paper.arxiv_id:
        pdf = safe_link(f"https://arxiv.org/pdf/{quote(paper.arxiv_id)}")
    wanted = (
        (words.gettext("Abstract"), url),
        ("PDF", pdf),
        (words.gettext("Code"), safe_link(paper.code_url)),
        (words.gettext("Project"), safe_link(paper.project_url)),
    )
    shown: dict[str, Link] = {}
    for label, address in wanted:
        if address:
            shown.setdefault(address, Link(label, address))
    if not shown:
        # Copied pages have no addresses; nearly all they list stands on arXiv.
        title = quote(shown_text(paper.title, MAX_SEARCHED), safe="")
        found = safe_link(f"https://arxiv.org/search/?searchtype=title&query={title}")
        return (Link(words.gettext("Find on arXiv"), found),) if found else ()
    return tuple(shown.values())
