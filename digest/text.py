"""Pure functions on text: whitespace, keys for comparing, names, identifiers, languages."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

# C0 and C1 controls, the Unicode line and paragraph separators, bidirectional marks, the
# zero-width no-break space, and halves of surrogate pairs (JSON can hold them, UTF-8 cannot):
# none of them belongs in a title, a header or a file name.
_CONTROLS = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
    "\ud800-\udfff]"
)
_SPACES = re.compile(r"[\s\x85\u2028\u2029]+")
_JAPANESE_KANA = re.compile("[\u3041-\u30ff]")
_CJK = re.compile("[\u3041-\u30ff\u3400-\u9fff]")
_NOT_WORD = re.compile(r"[\W_]+")
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")

_ARXIV_NEW = r"\d{4}\.\d{4,5}"
_ARXIV_OLD = r"[a-z][a-z-]*(?:\.[A-Za-z]{2})?/\d{7}"
_ARXIV_ID = re.compile(rf"^({_ARXIV_NEW}|{_ARXIV_OLD})(?:v(\d{{1,3}}))?$")
_ARXIV_ANYWHERE = re.compile(
    r"(?:arxiv\.org/(?:abs|pdf|html)/|oai:arxiv\.org:|arxiv:|huggingface\.co/papers/"
    r"|alphaxiv\.org/(?:abs|pdf|html|overview)/"
    rf"|10\.48550/arxiv\.)({_ARXIV_NEW}|{_ARXIV_OLD})(?:v(\d{{1,3}}))?(?!\d)",
    re.IGNORECASE,
)
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+", re.IGNORECASE)
_OPENREVIEW = re.compile(r"openreview\.net/(?:forum|pdf)\?(?:.{0,200}&)?id=([\w-]{1,50})", re.I)
_BIORXIV_VERSION = re.compile(r"^(10\.(?:1101|64898)/.+?)v\d+$")

# Not more than 64 characters before the @ (RFC 5321), so that long lines take no long time.
_MAILBOX = re.compile(r"[^\s<>()\[\]\"',;:@/=]{1,64}(@[\w-]+\.[\w.-]*\w)")
_TOKEN = re.compile(r"(/(?:confirm|manage|unsubscribe|feedback|archive|feed)/)[\w-]{16,}")

_SUFFIXES = {"jr", "sr", "ii", "iii", "iv"}


def collapse(text: str) -> str:
    """Return text on one line: NFC, controls removed, every run of whitespace one space."""
    flat = text.replace("\n", " ")
    if flat.isprintable():  # nearly all texts: no controls, and no spaces but plain ones
        return " ".join((flat if flat.isascii() else unicodedata.normalize("NFC", flat)).split())
    text = unicodedata.normalize("NFC", _CONTROLS.sub("", text))
    return _SPACES.sub(" ", text).strip()


def clean_block(text: str) -> str:
    """Return text of several lines: like `collapse`, but line ends stay (as line feeds)."""
    lines = (collapse(line) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def cut(text: str, limit: int) -> str:
    """Return text of at most `limit` characters, cut at a word with an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    space = head.rfind(" ")
    return (head[:space] if space > limit // 2 else head).rstrip(" ,;:") + "…"


@lru_cache(maxsize=4_096)  # merging asks for the same titles again and again
def discreet(text: str) -> str:
    """Return text without mail addresses and without the tokens of links, for logs."""
    return _TOKEN.sub(r"\1…", _MAILBOX.sub(r"…\1", text))


def title_key(title: str) -> str:
    """Return the key under which two titles are equal.

    NFKD without combining marks, casefolded, only letters and digits: apostrophes, dashes,
    line wraps and typographic variants do not count.
    """
    if title.isascii():  # nearly all titles: the same, faster
        return _NOT_WORD.sub("", title.lower())
    decomposed = unicodedata.normalize("NFKD", title)
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return "".join(c for c in bare.casefold() if c.isalnum())


def fold(text: str) -> str:
    """Return text for comparing words: no accents, casefolded, one space between words."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _SPACES.sub(" ", text.casefold()).strip()


def last_name(name: str) -> str:
    """Return the folded last name of "First Last" or "Last, First" (without Jr., III)."""
    if "," in name:
        head, _, tail = name.partition(",")
        if fold(tail).strip(". ") not in _SUFFIXES:
            return fold(head)
        name = head
    words = fold(name).replace(".", " ").split()
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    return words[-1] if words else ""


def last_name_overlap(one: Iterable[str], other: Iterable[str]) -> float:
    """Return the share of the shorter author list whose last names stand in the other, 0 to 1."""
    left = {last_name(name) for name in one} - {""}
    right = {last_name(name) for name in other} - {""}
    if not left or not right:
        return 0.0
    return len(left & right) / min(len(left), len(right))


def long_words(text: str) -> set[str]:
    """Return the folded words of at least four letters."""
    return set(_LONG_WORD.findall(fold(text)))


def jaccard(one: str, other: str) -> float:
    """Return the Jaccard similarity of the long words of two texts, 0 to 1."""
    left, right = long_words(one), long_words(other)
    union = left | right
    return len(left & right) / len(union) if union else 0.0


def parse_arxiv_id(text: str) -> tuple[str, int | None] | None:
    """Return (id without version, version) from an id or anything that holds one.

    Accepts bare ids, ``arXiv:``, ``oai:arXiv.org:``, abs, pdf and html links,
    huggingface.co/papers and alphaxiv.org links and the DOI prefix 10.48550/arxiv; new and old style.
    Old-style subject classes are dropped (``math.GT/0309136`` is ``math/0309136``).
    Source: https://info.arxiv.org/help/arxiv_identifier.html
    """
    found = _ARXIV_ID.match(text.strip()) or _ARXIV_ANYWHERE.search(text)
    if not found:
        return None
    arxiv_id = found[1].lower()
    if "/" in arxiv_id:
        archive, number = arxiv_id.split("/")
        arxiv_id = f"{archive.partition('.')[0]}/{number}"
    return arxiv_id, int(found[2]) if found[2] else None


def parse_doi(text: str) -> str | None:
    """Return the DOI in text: lower case, no resolver prefix, no bioRxiv version."""
    found = _DOI.search(text)
    if not found:
        return None
    doi = found[0].lower().rstrip(".,;:)]}'")
    versioned = _BIORXIV_VERSION.match(doi)
    return versioned[1] if versioned else doi


def same_pages(link: str) -> tuple[str, ...]:
    """Return the addresses under which a source may tell of the page that a link shows.

    With and without the last slash, by https and http, and OpenReview's page of a paper for its
    PDF or for a link into the discussion; empty when `link` is no web address.
    """
    scheme, mark, rest = link.strip().partition("://")
    if scheme.lower() not in ("http", "https") or not mark or any(c.isspace() for c in rest):
        return ()
    rest = rest.partition("#")[0].rstrip("/.,;:)]}'")
    if forum := _OPENREVIEW.match(rest):
        rest = f"openreview.net/forum?id={forum[1]}"
    return tuple(f"{way}://{rest}{end}" for way in ("https", "http") for end in ("", "/"))


def is_japanese(text: str) -> bool:
    """Tell whether text is Japanese: it holds kana, and CJK makes up a fifth of its letters."""
    if not _JAPANESE_KANA.search(text):
        return False
    letters = sum(c.isalpha() for c in text)
    return len(_CJK.findall(text)) * 5 >= letters


def guess_language(text: str) -> str:
    """Return ``ja``, ``zh``, or ``en`` for everything else, by script alone."""
    if text.isascii() or not _CJK.search(text):
        return "en"
    if is_japanese(text):
        return "ja"
    letters = sum(c.isalpha() for c in text)
    return "zh" if len(_CJK.findall(text)) * 2 >= letters else "en"
