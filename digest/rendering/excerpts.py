"""The first sentences of an abstract."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from digest import text

_END = re.compile(r"[.!?]+[\"'”’)\]]*(?=\s)|[。！？]+[」』）]*")
_LAST_WORD = re.compile(r"([^\s(\[“\"']+)[.!?]+[\"'”’)\]]*$")
# "etc." and "al." may well end a sentence, but a sentence cut in two reads worse than a long one.
_ABBREVIATION = re.compile(
    "al|approx|art|ca|cf|ch|col|corp|def|dept|dr|eds?|eg|eqs?|est|etc|ex|exp|figs?|ie|inc|jr"
    "|lem|ltd|mr|mrs|ms|nos?|nr|op|pp|prof|prop|refs?|resp|secs?|sect|sr|st|suppl|tab|thm"
    r"|univ|viz|vols?|vs|wrt|[^\W\d_]"
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The beginning of a text; `more` tells that the text goes on."""

    text: str
    more: bool = False


@lru_cache(maxsize=2_048)  # a day's papers come back in many editions
def sentences(block: str) -> tuple[str, ...]:
    """Return the sentences of a text on one line.

    A full stop ends a sentence unless the word before it is an abbreviation ("e.g.",
    "et al.", "Fig."), an initial, or the next word begins with a small letter. A stop
    inside a number ("5.84%") is followed by no space and never ends one.
    """
    found: list[str] = []
    start = 0
    for end in _END.finditer(block):
        if _ends_sentence(block, start, end.end()):
            found.append(block[start : end.end()].strip())
            start = end.end()
    rest = block[start:].strip()
    return (*found, rest) if rest else tuple(found)


@lru_cache(maxsize=2_048)
def _lower(block: str) -> tuple[str, ...]:
    return tuple(map(str.lower, sentences(block)))


def _ends_sentence(block: str, start: int, end: int) -> bool:
    if not block[end - 1].isascii() and block[end - 1] in "。！？」』）":
        return True
    following = block[end : end + 3].lstrip()
    if following[:1].islower():
        return False
    # Only the tail is looked at: a sentence without spaces may be very long.
    last = _LAST_WORD.search(block[max(start, end - 30) : end])
    if last is None or block[end - 1] in "!?":
        return True
    word = last[1].replace(".", "").casefold()
    return not _ABBREVIATION.fullmatch(word)


@lru_cache(maxsize=2_048)
def excerpt(block: str, count: int, limit: int) -> Excerpt:
    """Return the first `count` sentences of a text on one line, at most `limit` characters.

    Whole sentences where they fit; a first sentence that does not is cut at a word.
    """
    if count < 1:
        return Excerpt("", more=bool(block))
    # Sentences beyond the limit cannot be shown; not looking at them bounds the work.
    found = sentences(block[: limit * 2])
    shown = found[0] if found else ""
    if len(shown) > limit:
        return Excerpt(text.cut(shown, limit), more=True)
    taken = 1
    for sentence in found[1:count]:
        joined = shown + ("" if shown[-1] in "。！？」』）" else " ") + sentence
        if len(joined) > limit:
            if len(shown) < limit // 3:
                shown = text.cut(joined, limit)
            break
        shown = joined
        taken += 1
    return Excerpt(shown, more=taken < len(found) or len(block) > limit * 2)


def closest_sentence(block: str, terms: Iterable[str], limit: int) -> str:
    """Return the sentence of an abstract that holds most of the terms; "" when none holds any.

    The first of equals wins. Each term counts once a sentence, and from the start of a word.

    Args:
        block: text on one line.
        terms: what the reader's profile has in common with the paper.
        limit: in characters; a longer sentence is cut at a word.
    """
    told = {term for term in terms if term}
    found = sentences(block)
    if block.isascii() and "".join(told).isascii():
        # The same as the patterns below, without making each of them.
        lower = [term.lower() for term in told]
        held = [sum(_holds(s, term) for term in lower) for s in _lower(block)]
    else:
        wanted = [_pattern(term) for term in told]
        held = [sum(1 for term in wanted if term.search(sentence)) for sentence in found]
    if not any(held):
        return ""
    return text.cut(found[held.index(max(held))], limit)


@lru_cache(maxsize=1_024)
def _pattern(term: str) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)" + re.escape(term), re.IGNORECASE)


def _holds(sentence: str, term: str) -> bool:
    """Tell whether a term stands in a sentence, from the start of a word."""
    at = sentence.find(term)
    while at > 0 and (sentence[at - 1].isalnum() or sentence[at - 1] == "_"):
        at = sentence.find(term, at + 1)
    return at >= 0
