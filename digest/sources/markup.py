"""HTML of feeds to plain text: tags out, entities decoded once, nothing else lost."""

import re

from selectolax.lexbor import LexborHTMLParser

from digest import text

_INLINE = "a|abbr|b|big|cite|code|em|font|i|ins|kbd|mark|q|s|small|span|strike|strong|sub|sup|tt|u"
_BLOCK = (
    "address|article|aside|blockquote|br|center|dd|div|dl|dt|figcaption|figure|footer|h[1-6]|"
    "header|hr|li|main|nav|ol|p|pre|section|table|tbody|td|tfoot|th|thead|tr|ul"
)
_OTHER = (
    "audio|body|embed|form|head|html|iframe|img|input|link|math|meta|noscript|object|script|"
    "style|svg|title|video"
)
# Prefixed tags are those of JATS and MathML: <jats:p>, <mml:math>.
_TAG = rf"/?(?:{_INLINE}|{_BLOCK}|{_OTHER}|[a-z]+:[a-z]+)(?:\s*/?>|\s+[\w:-]+\s*=)"
# What looks like a tag but is none, like "<SEG>" or "p <q and", must not vanish with the tags.
_NOT_A_TAG = re.compile(rf"<(?!{_TAG}|!--)", re.I)
_LINE_END = re.compile(rf"</?(?:{_BLOCK}|jats:p|jats:title)\b[^<>]*>", re.I)


def plain(markup: str) -> str:
    """Return HTML, or text that may hold some, as text on one line."""
    return " ".join(plain_lines(markup))


def plain_lines(markup: str) -> list[str]:
    """Return HTML, or text that may hold some, as its lines: one for each block, none empty."""
    if "<" in markup or "&" in markup:
        broken = _LINE_END.sub("\n", _NOT_A_TAG.sub("&lt;", markup))
        tree = LexborHTMLParser(broken)
        tree.strip_tags(["script", "style"])
        markup = tree.body.text() if tree.body else ""
    lines = (text.collapse(line) for line in markup.split("\n"))
    return [line for line in lines if line]
