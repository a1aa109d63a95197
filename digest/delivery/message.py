"""Turns a parcel into the bytes of one mail (RFC 5322), the same for the same parcel.

The mail is put together by hand: `email.message.EmailMessage` costs several times more, and its
one policy for headers and bodies would turn a long List-Unsubscribe into encoded words, which
mail programs then ignore. The standard library still reads every mail back in the tests.

There is no Precedence header: RFC 2076 discourages it, and Auto-Submitted (RFC 3834) with
List-Id (RFC 2919) tells automatic answerers the same.
"""

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.header import Header
from email.utils import format_datetime, formataddr
from functools import lru_cache
from urllib.parse import quote

from digest.delivery.addresses import parse_mailbox, validate
from digest.delivery.base import Parcel
from digest.delivery.options import MailOptions
from digest.errors import DeliveryError
from digest.models import Block, Format, Rendering
from digest.text import collapse

BODY_LINE = 76  # RFC 2045 6.7 and 6.8
_HEADER_WORD = 60  # longer words do not fit on a folded line
_PLAIN_URL = re.compile(r"https?://[!#-;=?-Z_a-z~%\[\]]{1,900}")  # keeps the line below 998
_NOT_ALNUM = re.compile(r"[^A-Za-z0-9-]")
_LINE_END = re.compile(r"\r\n|\r|\n")
# A line that no text has, between pieces that are encoded in one go; and what becomes of it.
_SEAM, _CODED_SEAM = "\0\n", b"=00\r\n"
_QP_ESCAPED = bytes(c for c in range(256) if (c < 32 and c not in b"\t\n") or c > 126 or c == 61)


def forms_of(format_: Format) -> frozenset[Format]:
    """Return which forms of a rendering a mail in a format carries."""
    beside = {Format.TEXT} if format_ is Format.HTML else set()
    return frozenset({format_, *beside})


def build(parcel: Parcel, options: MailOptions) -> bytes:
    """Return the mail: CRLF line ends, seven bits, not dot-stuffed.

    Raises:
        AddressError: the parcel's address is none.
        DeliveryError: the unsubscribe link cannot stand in a header.
    """
    headers = _headers(parcel, options) + _list_headers(parcel, options)
    headers += [("Content-Language", _language(parcel.language)), ("MIME-Version", "1.0")]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers).encode("ascii")
    message = head + _body(parcel)
    return options.sign(message, parcel.composed_at) if options.sign else message


def _headers(parcel: Parcel, options: MailOptions) -> list[tuple[str, str]]:
    headers = [
        ("From", _mailbox(options.sender)),
        ("To", validate(parcel.address)),
        ("Subject", _words("Subject", parcel.rendering.subject)),
        ("Date", format_datetime(parcel.composed_at)),
        ("Message-ID", f"<{parcel.reference}@{options.domain}>"),
        ("Auto-Submitted", "auto-generated"),
    ]
    if options.reply_to:
        headers.append(("Reply-To", _mailbox(options.reply_to)))
    return headers


def _list_headers(parcel: Parcel, options: MailOptions) -> list[tuple[str, str]]:
    """Return what makes the mail part of a list that can be left (RFC 2369, 2919, 8058).

    One-click is promised only together with an https link, as RFC 8058 wants it. Links are
    never folded or encoded; each stands on a line of its own.
    """
    if parcel.edition_id is None:
        return []
    headers = [("List-Id", f"<{options.list_id or f'digest.{options.domain}'}>")]
    links = []
    url = parcel.unsubscribe_url
    if url:
        if not _PLAIN_URL.fullmatch(url):
            raise DeliveryError(
                f"the unsubscribe link {url[:80]!r} is not a plain http(s) address; "
                "check public_url in the settings"
            )
        links.append(f"<{url}>")
    if options.unsubscribe_mailto:
        subject = quote(f"unsubscribe {parcel.unsubscribe_token}".strip(), safe="")
        address = quote(parse_mailbox(options.unsubscribe_mailto)[1], safe="@")
        links.append(f"<mailto:{address}?subject={subject}>")
    if links:
        headers.append(("List-Unsubscribe", ",\r\n ".join(links)))
    if url.startswith("https://"):
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return headers


def _body(parcel: Parcel) -> bytes:
    """Return the headers that describe the body, an empty line, and the body.

    Markdown travels as text/plain: mail programs show that, and offer text/markdown as a
    file to save. The boundary holds ``=_``, which no encoded line can (RFC 2045 6.7).
    """
    rendering = parcel.rendering
    if parcel.format is Format.TEXT:
        return _part("plain", _pieces(rendering, "text"))
    if parcel.format is Format.MARKDOWN:
        return _part("plain", _pieces(rendering, "markdown"))
    boundary = f"=_{parcel.reference}"
    head = f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode("ascii")
    line = f"--{boundary}".encode("ascii")
    beside = "alternative" if rendering.alternative else "text"
    parts = (_part("plain", _pieces(rendering, beside)), _part("html", _pieces(rendering, "html")))
    return head + b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"


def _pieces(rendering: Rendering, name: str) -> Sequence[Block | str]:
    """Return a text of a rendering in pieces of whole lines."""
    return rendering.blocks.get(name) or (getattr(rendering, name),)


@dataclass(frozen=True, slots=True)
class _Coded:
    """Whole lines ready for a mail: as quoted-printable, and how many bytes that had to escape."""

    size: int
    escaped: int
    lines: bytes


def _coded(pieces: Sequence[Block | str]) -> list[_Coded]:
    """Return pieces encoded: blocks, which many mails share, once; all others in one go."""
    own = [piece for piece in pieces if isinstance(piece, str)]
    texts = _SEAM.join(own)
    together = _encoded(texts)
    lines = together.lines.split(_CODED_SEAM)
    seams = len(own) - 1
    if len(own) < 2 or len(lines) != len(own) or not all(t.endswith("\n") for t in own):
        mine = iter([_encoded(text) for text in own])
    else:
        size, escaped = together.size - seams * len(_SEAM), together.escaped - seams
        mine = iter([_Coded(size, escaped, lines[0]), *(_Coded(0, 0, part) for part in lines[1:])])
    return [next(mine) if isinstance(piece, str) else _coded_block(piece) for piece in pieces]


def _coded_block(block: Block) -> _Coded:
    if not isinstance(block.coded, _Coded):
        block.coded = _encoded(block.text)
    assert isinstance(block.coded, _Coded)
    return block.coded


def _encoded(text: str) -> _Coded:
    data = _bytes(text)
    escaped = len(data) - len(data.translate(None, _QP_ESCAPED))
    # b2a_qp breaks lines with a bare line feed when the text has bare line feeds.
    return _Coded(len(data), escaped, binascii.b2a_qp(data).replace(b"\n", b"\r\n"))


def _bytes(text: str) -> bytes:
    """Return text in UTF-8 with line feeds as line ends, one at its end."""
    data = (_LINE_END.sub("\n", text) if "\r" in text else text).encode("utf-8", "replace")
    return data if data.endswith(b"\n") else data + b"\n"


def _part(subtype: str, pieces: Sequence[Block | str]) -> bytes:
    """Return one part: its headers, an empty line and the encoded text, ending in CRLF.

    Quoted-printable goes line by line (RFC 2045 6.7), so lines are encoded apart; base64 does
    not. Which one it is, the whole text decides.
    """
    coded = _coded(pieces)
    # three characters for one, against four for three
    if sum(c.escaped for c in coded) * 2 > sum(c.size for c in coded) // 3:
        texts = (piece if isinstance(piece, str) else piece.text for piece in pieces)
        encoding, body = "base64", _base64(b"".join(map(_bytes, texts)))
    else:
        encoding, body = "quoted-printable", b"".join([c.lines for c in coded])
    head = (
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n"
    )
    return head.encode("ascii") + b"\r\n" + body


def _base64(data: bytes) -> bytes:
    # Text has CRLF line ends before it is encoded, too (RFC 2045 6.8).
    encoded = binascii.b2a_base64(data.replace(b"\n", b"\r\n"), newline=False)
    lines = [encoded[i : i + BODY_LINE] for i in range(0, len(encoded), BODY_LINE)]
    return b"\r\n".join(lines) + b"\r\n"


def _words(header: str, text: str) -> str:
    """Return unstructured text for a header: one line's worth of characters, folded.

    Text that is not plain ASCII, that looks like an encoded word or that cannot be folded
    becomes encoded words (RFC 2047).
    """
    clean = collapse(text)
    plain = (
        clean.isascii()
        and "=?" not in clean
        and all(len(word) <= _HEADER_WORD for word in clean.split(" "))
    )
    charset = "us-ascii" if plain else "utf-8"
    return Header(clean, charset, header_name=header).encode(linesep="\r\n")


@lru_cache(maxsize=16)  # the same two stand in all mails
def _mailbox(text: str) -> str:
    name, address = parse_mailbox(text)
    if not name or name.isascii():
        return formataddr((name, address))
    return f"{_words('From', name)} <{address}>"


def _language(code: str) -> str:
    return _NOT_ALNUM.sub("", code) or "en"
