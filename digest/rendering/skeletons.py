"""Skeletons: an edition without words, made once for all editions of the same structure.

The frame of an edition (all but its cards) and a card are filled with slots, and the frame's
styles are put into their elements: that is what costs. What is left for each paper, and for
each reader, is to put words into open places.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import Any, cast

from digest.rendering.slots import Book, Hole, Made, Open, Ref, Slot, merged, prepare
from digest.rendering.templating import Templates, told
from digest.rendering.view import Card, Own, Page, Passage
from digest.wording import Wording

_CARDS = {"html": "partials/card.html.j2", "txt": "partials/card.txt.j2"}
_HOLES = {"partials/card.html.j2": "<!--{{ card }}-->", "partials/card.txt.j2": "{{ card }}"}

AROUND_LINE_END = re.compile(r"\s*\n\s*")
_COMMENTED = re.compile("<!--(\ue000aZ[0-9]+\ue001)-->")
_CUT = "<!--\ue000-->"
_MARK = "\ue000"
_PART = re.compile(r'<!--.*?-->|<(?:style|script)\b.*?</|<(?:[^>"]|"[^"]*")*>|[^<]+', re.DOTALL)
_ATTRIBUTE = re.compile(r'([\w:-]+)="([^"]*)"')
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]*)\{[^{}]*\}")
# Elements and classes, within others: what such a rule says of an element does not depend on
# its neighbours, nor on the words in it.
_SELECTOR = re.compile(r"[\w\s.,>*-]+")
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)

Put = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A template filled with slots.

    Attributes:
        pieces: text and open places.
        raw: of a frame in HTML, the same before its styles are put into elements.
        above: of a frame in HTML, the elements around its cards.
    """

    pieces: tuple[str | Open, ...]
    raw: str = ""
    above: str = ""


def card_of_paper(card: Card, put: Put) -> Card:
    """Return a card with each of the paper's own texts given to `put`, in a fixed order."""

    def passage(told: Passage) -> Passage:
        return replace(
            told, text=_put(told.text, put), lang=_put(told.lang, put), label=_put(told.label, put)
        )

    return replace(
        card,
        title=_put(card.title, put),
        lang=_put(card.lang, put),
        url=_put(card.url, put),
        authors=_put(card.authors, put),
        facts=tuple(_put(fact, put) for fact in card.facts),
        subjects=_put(card.subjects, put),
        passages=tuple(map(passage, card.passages)),
        links=tuple(
            replace(link, label=_put(link.label, put), url=_put(link.url, put))
            for link in card.links
        ),
        tldr=passage(card.tldr) if card.tldr else None,
    )


def card_of_reader(card: Card, put: Put) -> Card:
    """Return a card with each of the reader's own texts given to `put`; see `own_texts`.

    The addresses to answer are one address and what follows it.
    """
    number, page, closest = _put(str(card.number), put), _put(card.answer_page, put), card.closest

    def following(url: str) -> Any:
        if not url.startswith(card.answer_page):
            raise ValueError("an answer goes to another page")
        rest = url.removeprefix(card.answer_page)
        return page.followed_by(rest) if isinstance(page, Slot) else url

    return replace(
        card,
        number=number,
        reasons=tuple(_put(reason, put) for reason in card.reasons),
        answer_page=page,
        answers=tuple(replace(link, url=following(link.url)) for link in card.answers),
        tuning=tuple(map(following, card.tuning)),
        closest=closest
        and replace(closest, text=_put(closest.text, put), lang=_put(closest.lang, put)),
    )


def own_texts(own: Own) -> list[str]:
    """Return what `card_of_reader` gives to `put`, which takes longer."""
    closest = own.closest
    texts = [str(own.number), own.answer_page, *own.reasons]
    return [*texts, closest.text, closest.lang] if closest else texts


def paper_texts(card: Card) -> list[str]:
    """Return what `card_of_paper` gives to `put`, which takes longer."""
    texts = [card.title, card.lang, card.url, card.authors, *card.facts, card.subjects]
    for passage in card.passages:
        texts += (passage.text, passage.lang, passage.label)
    for link in card.links:
        texts += (link.label, link.url)
    if card.tldr:
        texts += (card.tldr.text, card.tldr.lang, card.tldr.label)
    return texts


def frame_of(page: Page, put: Put) -> Page:
    """Return a page with each of its texts beside the cards given to `put`; see `frame_texts`."""
    beside = page.beside
    return replace(
        page,
        subject=_put(page.subject, put),
        name=_put(page.name, put),
        day=_put(page.day, put),
        iso_date=_put(page.iso_date, put),
        counts=_put(page.counts, put),
        preheader=_put(page.preheader, put),
        silence=_put(page.silence, put),
        sections=tuple(replace(s, heading=_put(s.heading, put)) for s in page.sections),
        problems=tuple(_put(line, put) for line in page.problems),
        footer=tuple(replace(link, url=_put(link.url, put)) for link in page.footer),
        view=_put(page.view, put),
        omitted=_put(page.omitted, put),
        beside=replace(
            beside,
            heading=_put(beside.heading, put),
            bars=tuple(
                replace(
                    bar,
                    label=_put(bar.label, put),
                    count=_put(bar.count, put),
                    blocks=_put(bar.blocks, put),
                    percent=_put(str(bar.percent), put),
                )
                for bar in beside.bars
            ),
            thin=_put(beside.thin, put),
            lessons=tuple(_put(line, put) for line in beside.lessons),
            sources=_put(beside.sources, put),
        ),
    )


def frame_texts(page: Page) -> list[str]:
    """Return what `frame_of` gives to `put`, which takes longer."""
    beside = page.beside
    texts = [page.subject, page.name, page.day, page.iso_date]
    texts += [page.counts, page.preheader, page.silence]
    texts += [section.heading for section in page.sections]
    texts += page.problems
    texts += [link.url for link in page.footer]
    texts += [page.view, page.omitted, beside.heading]
    for bar in beside.bars:
        texts += (bar.label, bar.count, bar.blocks, str(bar.percent))
    return [*texts, beside.thin, *beside.lessons, beside.sources]


def _put(text: str, put: Put) -> Any:
    """Give a text to `put`; it takes note of an empty one, which stays as it is."""
    found = put(text)
    return found if text else text


def _slots(book: Book, *, own: bool) -> Put:
    numbers = iter(range(1_000_000))
    return lambda _: book.slot(Ref(own, next(numbers)))


class Skeletons:
    """Makes skeletons from a folder of templates.

    Whatever it raises means the same: with these templates there are none.

    Args:
        templates: the folder.
        inline: puts the styles of HTML into its elements.
    """

    def __init__(self, templates: Templates, inline: Callable[[str], str]) -> None:
        self._inline = inline
        self._cards = prepare(templates.environment())
        self._frames = prepare(templates.environment(instead=_HOLES))

    def frame(self, kind: str, page: Page, note: str) -> Skeleton:
        """Return the frame of an edition.

        Args:
            kind: ``html`` or ``txt``.
            page: an edition of the structure; its words do not count.
            note: the operator's words to all readers, ready for the template.
        """
        book, pieces, raw = self._frame(kind, page, note, times=1)
        if _pressed(self._frame(kind, page, note, times=3)[1]) != _pressed(pieces):
            raise ValueError("between cards stands what depends on their number")
        if kind == "txt":
            return Skeleton(pieces)
        styled = self._inline(raw)
        shown = tuple(merged(_escaped(book, _COMMENTED.sub(r"\1", styled).strip())))
        if sum(isinstance(p, Hole) for p in shown) != sum(isinstance(p, Hole) for p in pieces):
            raise ValueError("a section without a place")
        return Skeleton(shown, raw, _above(styled))

    def _frame(
        self, kind: str, page: Page, note: str, *, times: int
    ) -> tuple[Book, tuple[str | Open, ...], str]:
        book = Book()
        slotted = frame_of(page, _slots(book, own=True))
        sections = tuple(
            replace(section, cards=cast(Any, _Cards(book.hole(number), times)))
            for number, section in enumerate(slotted.sections)
        )
        template = self._frames.get_template(f"edition.{kind}.j2")
        given = told(replace(slotted, sections=sections), page.words, note)
        filled = template.render(given | {"slots": book})
        if kind == "html":
            filled = AROUND_LINE_END.sub("\n", filled)
            _check_styles(filled)
        return book, tuple(book.read(_COMMENTED.sub(r"\1", filled))), filled

    def card(self, kind: str, card: Card, words: Wording, frame: Skeleton) -> Skeleton:
        """Return the skeleton of a card.

        Args:
            kind: ``html`` or ``txt``.
            card: one of the structure; its words do not count.
            words: the language.
            frame: one that cards of this structure stand in.
        """
        book = Book()
        slotted = card_of_paper(card, _slots(book, own=False))
        slotted = card_of_reader(slotted, _slots(book, own=True))
        template = self._cards.get_template(_CARDS[kind])
        given = told(_Words(words), words, "")
        filled = template.render(given | {"card": slotted, "slots": book})
        if kind == "txt":
            return Skeleton(tuple(book.read(filled)))
        filled = AROUND_LINE_END.sub("\n", filled)
        if not filled or filled != filled.strip():
            raise ValueError("a card with spaces around it")
        place = _COMMENTED.search(frame.raw)
        if not place:
            raise ValueError("a frame without a place")
        raw = f"{frame.raw[: place.start()]}{_CUT}{filled}{_CUT}{frame.raw[place.end() :]}"
        _, styled, _ = self._inline(raw).split(_CUT)
        if not styled:
            raise ValueError("a card that did not stay in its place")
        return Skeleton(tuple(merged(_escaped(book, styled))))


class _Cards:
    """The cards of a section as a frame sees them: one place, as often as it is told."""

    def __init__(self, hole: object, times: int) -> None:
        self._holes = [hole] * times

    def __iter__(self) -> Iterator[object]:
        return iter(self._holes)


@dataclass(frozen=True, slots=True)
class _Words:
    """What a card may know of its page."""

    words: Wording


def _pressed(frame: Sequence[str | Open]) -> list[object]:
    """Return the pieces of a frame, places that follow each other as one."""
    found: list[object] = []
    for piece in frame:
        seen = piece.parts if isinstance(piece, Made) else piece
        if not (found and isinstance(piece, Hole) and found[-1] == seen):
            found.append(seen)
    return found


def _check_styles(html: str) -> None:
    """Refuse rules by which an element's style depends on more than what is around it."""
    for sheet in _STYLE.findall(html):
        rules = _COMMENT.sub("", sheet)
        if _RULE.sub("", rules).strip() or not all(
            _SELECTOR.fullmatch(selector.strip()) for selector in _RULE.findall(rules)
        ):
            raise ValueError("a rule that depends on an element's neighbours or words")
    if html.count("<style") - len(_STYLE.findall(html)) > html.count('data-css-inline="keep"'):
        raise ValueError("a style element of another kind")


def _escaped(book: Book, html: str) -> Iterator[str | Open]:
    """Yield the pieces of HTML; open places escape what comes into them, each in its way."""
    for part in _PART.findall(html):
        if _MARK not in part:
            yield part
        elif part[0] != "<":
            yield from _escaping(book, part, escape_text)
        elif part.startswith(("<!--", "<style", "<script")):
            raise ValueError("a slot in a comment, style or script")
        else:
            for name, value in _ATTRIBUTE.findall(part):
                if _MARK in value and name in {"style", "class", "id"}:
                    raise ValueError("a slot in an attribute that rules go by")
            if _MARK in _ATTRIBUTE.sub("", part):
                raise ValueError("a slot outside the values of a tag")
            yield from _escaping(book, part, escape_value)


def _escaping(book: Book, part: str, escape: Callable[[str], str]) -> Iterator[str | Open]:
    for piece in book.read(part):
        if isinstance(piece, Made):
            if piece.finish is not None:
                raise ValueError("a slot that is finished before it is escaped")
            yield Made(piece.parts, escape)
        elif isinstance(piece, Hole) and escape is not escape_text:
            raise ValueError("a card within a tag")
        else:
            yield piece


def escape_text(text: str) -> str:
    """Return text as css_inline writes it (HTML 13.3, without the rarer parts)."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\xa0", "&nbsp;")


def escape_value(text: str) -> str:
    """Return the value of an attribute as css_inline writes it."""
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("\xa0", "&nbsp;")


class _Above(HTMLParser):
    """Notes the elements that are open where cards stand."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[tuple[str, object]] = []
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.stack.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_comment(self, data: str) -> None:
        if data.startswith(_MARK):
            self.found.add(repr(self.stack))


def _above(html: str) -> str:
    parser = _Above()
    parser.feed(html)
    if len(parser.found) > 1:
        raise ValueError("cards that stand in different elements")
    return "".join(parser.found)
