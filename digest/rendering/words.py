"""Every visible word of an edition that is not a paper's own, in English and Japanese."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from digest import tex, text
from digest.models import Reason, ReasonKind
from digest.rendering.escaping import clean

MAX_SHARED_WORDS = 4
MAX_VALUE = 90

_SOURCES = {
    "huggingface": "Hugging Face",
    "arxiv": "arXiv",
    "arxivjp": "arXiv.jp",
    "aitopics": "AITopics",
    "biorxiv": "bioRxiv",
    "medrxiv": "medRxiv",
    "openreview": "OpenReview",
    "semanticscholar": "Semantic Scholar",
    "generic": "Web feed",
}
# Not strftime: what it says depends on the locale of the process.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKDAYS_JA = "月火水木金土日"
_COUNT = re.compile(r"(\d+) (upvotes?|comments?)")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language; the callables put numbers, names and dates into them."""

    language: str
    abstract_page: str
    pdf: str
    code: str
    project: str
    find: str
    read_on: str
    why: str
    translation: str
    original: str
    withdrawn: str
    nothing: str
    problems: str
    receive: str
    unsubscribe: str
    manage: str
    archive: str
    between_names: str
    separator: str
    short_date: Callable[[date], str]
    day: Callable[[date], str]
    full_date: Callable[[date], str]
    authors: Callable[[int], str]
    more_authors: Callable[[str, int], str]
    upvotes: Callable[[int], str]
    comments: Callable[[int], str]
    counts: Callable[[int, int], str]
    subject: Callable[[str, str, int], str]
    empty_subject: Callable[[str], str]
    also: Callable[[str], str]
    by_machine: Callable[[str], str]
    omitted: Callable[[int], str]
    reasons: dict[ReasonKind, Callable[[str, str], str]]


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


_EN = Words(
    language="en",
    abstract_page="Abstract",
    pdf="PDF",
    code="Code",
    project="Project",
    find="Find on arXiv",
    read_on="Read on",
    why="Why",
    translation="Machine translation (arXiv.jp)",
    original="Original",
    withdrawn="withdrawn",
    nothing="There is no new paper for you today.",
    problems="Not every feed could be read:",
    receive="You receive this mail because you subscribed to it with this address.",
    unsubscribe="Unsubscribe",
    manage="Change your interests",
    archive="Past editions",
    between_names=", ",
    separator=" · ",
    short_date=lambda day: f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}",
    day=lambda day: f"{day.day} {_MONTHS[day.month - 1][:3]}",
    full_date=lambda day: (
        f"{_WEEKDAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"
    ),
    authors=lambda count: _plural(count, "author"),
    more_authors=lambda names, count: f"{names} and {count} more",
    upvotes=lambda count: _plural(count, "upvote"),
    comments=lambda count: _plural(count, "comment"),
    counts=lambda shown, candidates: (
        f"{shown} of {candidates} new papers" if candidates != 1 else f"{shown} of 1 new paper"
    ),
    subject=lambda start, best, more: f"{start}: {best}" + (f" and {more} more" if more else ""),
    empty_subject=lambda start: f"{start}: no new papers for you",
    also=lambda titles: f"Also: {titles}",
    by_machine=lambda source: (
        f"Summary by a language model ({source})" if source else "Summary by a language model"
    ),
    omitted=lambda count: (
        f"{_plural(count, 'more paper')} did not fit here; the plain-text form of this edition"
        " has all of them."
    ),
    reasons={
        ReasonKind.PHRASE: lambda value, words: f"mentions “{value}”",
        ReasonKind.WORDS: lambda value, words: (
            f"close to “{value}”: {words}" if words else f"close to “{value}”"
        ),
        ReasonKind.AUTHOR: lambda value, words: f"by {words or value}, whom you follow",
        ReasonKind.CATEGORY: lambda value, words: f"in {value}, which you follow",
        ReasonKind.TOPIC: lambda value, words: (
            f"on {value} (confidence {words})" if words else f"on {value}"
        ),
        ReasonKind.EXAMPLE: lambda value, words: (
            f"like “{value}”: {words}" if words else f"like “{value}”"
        ),
        ReasonKind.LIKED: lambda value, words: f"like “{value}”, which you liked",
        ReasonKind.TASTE: lambda value, words: "suits all your interests together",
        ReasonKind.POPULARITY: lambda value, words: f"{words or 'popular'} on {value}",
    },
)

_JA = Words(
    language="ja",
    abstract_page="要旨",
    pdf="PDF",
    code="コード",
    project="プロジェクト",
    find="arXivで探す",
    read_on="続きを読む",
    why="理由",
    translation="機械翻訳（arXiv.jp）",
    original="原文",
    withdrawn="取り下げ",
    nothing="本日、お届けする新しい論文はありません。",
    problems="次のフィードは読み込めませんでした：",
    receive="このメールは、このアドレスで購読のお申し込みをいただいた方にお送りしています。",
    unsubscribe="配信を停止する",
    manage="関心を変更する",
    archive="過去の号",
    between_names=", ",
    separator=" · ",
    short_date=lambda day: f"{day.year}年{day.month}月{day.day}日",
    day=lambda day: f"{day.month}月{day.day}日",
    full_date=lambda day: f"{day.year}年{day.month}月{day.day}日（{_WEEKDAYS_JA[day.weekday()]}）",
    authors=lambda count: f"著者{count}名",
    more_authors=lambda names, count: f"{names} ほか{count}名",
    upvotes=lambda count: f"高評価{count}件",
    comments=lambda count: f"コメント{count}件",
    counts=lambda shown, candidates: f"新着{candidates}件から{shown}件",
    subject=lambda start, best, more: f"{start}: {best}" + (f" ほか{more}件" if more else ""),
    empty_subject=lambda start: f"{start}: 新しい論文はありません",
    also=lambda titles: f"ほかに: {titles}",
    by_machine=lambda source: f"AIによる要約（{source}）" if source else "AIによる要約",
    omitted=lambda count: (
        f"ほかの{count}件は収まりませんでした。テキスト形式にはすべて載っています。"
    ),
    reasons={
        ReasonKind.PHRASE: lambda value, words: f"「{value}」を含む",
        ReasonKind.WORDS: lambda value, words: (
            f"「{value}」に近い（{words}）" if words else f"「{value}」に近い"
        ),
        ReasonKind.AUTHOR: lambda value, words: f"フォロー中の著者 {words or value}",
        ReasonKind.CATEGORY: lambda value, words: f"フォロー中の分野 {value}",
        ReasonKind.TOPIC: lambda value, words: (
            f"トピック {value}（確信度 {words}）" if words else f"トピック {value}"
        ),
        ReasonKind.EXAMPLE: lambda value, words: (
            f"「{value}」に似ている（{words}）" if words else f"「{value}」に似ている"
        ),
        ReasonKind.LIKED: lambda value, words: f"「もっと」と答えた「{value}」に近い",
        ReasonKind.TASTE: lambda value, words: "関心の全体に合う",
        ReasonKind.POPULARITY: lambda value, words: f"{value}で{words or '話題'}",
    },
)


def words_for(language: str) -> Words:
    """Return the words of a language; English for one that is not spoken here."""
    return _JA if language == "ja" else _EN


def source_title(source: str) -> str:
    """Return a source's name for people; an unknown key stands for itself."""
    return _SOURCES.get(source) or text.cut(clean(source), 40)


def shown_text(block: str, limit: int) -> str:
    """Return text from a feed as it may be shown: on one line, TeX as Unicode, bounded."""
    return text.cut(clean(tex.to_unicode(clean(block[: limit * 4]))), limit)


def reason_text(reason: Reason, language: str) -> str:
    """Return the words for one reason, in the language of the edition.

    Args:
        reason: what the ranker found; its words may come from a feed.
        language: ``en`` or ``ja``.
    """
    spoken = words_for(language)
    value = shown_text(reason.value, MAX_VALUE)
    shown = [shown_text(word, MAX_VALUE) for word in reason.words[:MAX_SHARED_WORDS]]
    if reason.kind is ReasonKind.POPULARITY:
        value = source_title(reason.value)
        shown = [_spoken_count(word, spoken) for word in shown]
    elif reason.kind is ReasonKind.TOPIC:
        value = value.rpartition(" > ")[2]
    return spoken.reasons[reason.kind](value, spoken.between_names.join(w for w in shown if w))


def _spoken_count(phrase: str, spoken: Words) -> str:
    found = _COUNT.fullmatch(phrase)
    if not found:
        return phrase
    say = spoken.upvotes if found[2].startswith("upvote") else spoken.comments
    return say(int(found[1]))
