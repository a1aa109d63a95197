"""The view model: all that the templates of an edition show, as plain strings.

What is the reader's own on a card (number, reasons, the closest sentence, answers) stands in fields
apart from what is the paper's.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from digest.wording import Wording

CJK_LANGUAGES = ("ja", "zh", "ko")  # whose texts say the same with half as many characters


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
        tldr: a language model's sentence on it, with what says so.
        passages: the abstract, after its translation if there is one.
        closest: the sentence of the abstract that this reader wants most, where it is not among
            those shown anyway.
        answer_page: where to say more, less, save or mute; empty: nowhere.
        answers: the same, one link for each answer.
        tuning: for each reason, where to ask for more or less of it, or none; empty: nowhere.
        shared: the same card without all that is the reader's own; one and the same object for
            all readers of a language. None: nothing is shared.
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
    closest: Passage | None = None
    tldr: Passage | None = None
    answer_page: str = ""
    answers: tuple[Link, ...] = ()
    tuning: tuple[str, ...] = ()
    shared: "Card | None" = field(default=None, compare=False, repr=False)


class Own(NamedTuple):
    """What is the reader's own on the card of a paper, beside the card that all readers share.

    What each field holds stands at those of `Card`.
    """

    shared: Card
    number: int
    reasons: tuple[str, ...]
    closest: Passage | None
    answer_page: str


@dataclass(frozen=True, slots=True)
class SectionView:
    """Cards under one heading: whole ones, or what they are made of."""

    heading: str
    cards: tuple[Card, ...] = ()
    own: tuple[Own, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """One interest in the chart of the week: its papers in figures, as blocks and as a share."""

    label: str
    count: str
    blocks: str
    percent: int


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside the papers.

    Attributes:
        heading: of the chart; empty: there is none.
        bars: the chart, the longest first.
        on_top: whether it comes before the papers, as in an edition that sums up a week.
        thin: why there are few papers; empty: there are not.
        lessons: what answers brought into it, one line each.
        sources: which were read; empty: that is not told.
    """

    heading: str = ""
    bars: tuple[Bar, ...] = ()
    on_top: bool = False
    thin: str = ""
    lessons: tuple[str, ...] = ()
    sources: str = ""


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
        view: the edition in the browser; empty: it is not there.
        omitted: says how many papers had no room; empty when all are there.
        beside: what it says beside its papers.
    """

    words: Wording
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
    view: str = ""
    omitted: str = ""
    beside: Beside = Beside()


@dataclass(frozen=True, slots=True)
class Listed:
    """An edition in a list of editions.

    Attributes:
        iso_date, day: when, for an address and for a reader.
        counts: how many papers it holds, in words.
        silence: why it holds none; empty: it does.
        titles: of its papers, each with its language.
    """

    iso_date: str
    day: str
    counts: str
    silence: str
    titles: tuple[tuple[str, str], ...]
