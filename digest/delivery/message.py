"""Turns a parcel into the bytes of one mail (RFC 5322), the same for the same parcel.

The mail is put together by hand: `email.message.EmailMessage` costs several times more, and its
one policy for headers and bodies would turn a long List-Unsubscribe into encoded words, which
mail programs then ignore. The standard library still reads every mail back in the tests.

There is no Precedence header: RFC 2076 discourages it, and Auto-Submitted (RFC 3834) with
List-Id (RFC 2919) tells automatic answerers the same.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime, formataddr
from functools import lru_cache
from urllib.parse import quote

from digest.delivery.addresses import parse_mailbox, validate
from digest.delivery.base import Parcel
from digest.delivery.options import MailOptions
from digest.errors import DeliveryError
from digest.models import Block, Format, Piece, Stencil
from digest.text import collapse

BODY_LINE = 76  # RFC 2045 6.7 and 6.8
_ENCODED_WORD = 75  # RFC 2047 2
_HEADER_WORD = 60  # longer words do not fit on a folded line
_PLAIN_URL = re.compile(r"https?://[!#-;=?-Z_a-z~%\[\]]{1,900}")  # keeps the line below 998
_NOT_ALNUM = re.compile(r"[^A-Za-z0-9-]")
_LINE_END = re.compile(r"\r\n|\r|\n")
_SOFT = b"=\r\n"
# What stands behind each of the runs that are encoded in one go; and what becomes of it.
_SEAM, _CODED_SEAM = "\0\n", b"=00\r\n"
_QP_ESCAPED = bytes(c for c in range(256) if (c < 32 and c not in b"\t\n") or c > 126 or c == 61)


def forms_of(format_: Format) -> frozenset[Format]:
    """Return which forms of a rendering a mail in a format carries."""
    beside = {Format.TEXT} if format_ is Format.HTML else set()
    return frozenset({format_, *beside})


def build(parcel: Parcel, options: MailOptions) -> bytes:
    """Return the mail: CRLF line ends, seven bits, and no line begins with a full stop.

    So it goes over the wire as it is: nothing has to be dot-stuffed (RFC 5321 4.5.2), and no
    mail is looked through for it.

    Raises:
        AddressError: the parcel's address is none.
        DeliveryError: the unsubscribe link cannot stand in a header.
    """
    headers = _headers(parcel, options) + _list_headers(parcel, options)
    headers += [("Content-Language", _language(parcel.language)), ("MIME-Version", "1.0")]
    head = "".join([f"{name}: {value}\r\n" for name, value in headers]).encode("ascii")
    message = b"".join([head, *_body(parcel)])
    return options.sign(message, parcel.composed_at) if options.sign else message


def _headers(parcel: Parcel, options: MailOptions) -> list[tuple[str, str]]:
    headers = [
        ("From", _mailbox(options.sender)),
        ("To", validate(parcel.address)),
        ("Subject", _words("Subject", parcel.rendering.subject)),
        ("Date", _date(parcel.composed_at)),
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
        links.append(f"<{_mailto(options.unsubscribe_mailto)}?subject={subject}>")
    if links:
        headers.append(("List-Unsubscribe", ",\r\n ".join(links)))
    if url.startswith("https://"):
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return headers


def _body(parcel: Parcel) -> list[bytes]:
    """Return the headers that describe the body, an empty line, and the body, in stretches.

    Markdown travels as text/plain: mail programs show that, and offer text/markdown as a
    file to save. The boundary holds ``=_``, which no encoded line can (RFC 2045 6.7).
    """
    pieces = parcel.rendering.pieces
    if parcel.format is Format.TEXT:
        return _part("plain", pieces.get("text", ()))
    if parcel.format is Format.MARKDOWN:
        return _part("plain", pieces.get("markdown", ()))
    boundary = f"=_{parcel.reference}"
    head = f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode("ascii")
    line = f"--{boundary}".encode("ascii")
    beside = pieces.get("alternative") or pieces.get("text", ())
    body = [head]
    for subtype, told in (("plain", beside), ("html", pieces.get("html", ()))):
        body += (line, b"\r\n", *_part(subtype, told), b"\r\n")
    return [*body, line, b"--\r\n"]


@dataclass(slots=True)
class _Coded:
    """A block or a stencil ready for a mail.

    Attributes:
        size: bytes of its texts.
        escaped: how many of them quoted-printable has to escape.
        parts: its texts in quoted-printable, and its places; empty until they are wanted.
    """

    size: int
    escaped: int
    parts: Sequence[bytes | int] = ()


def _part(subtype: str, pieces: Sequence[Piece]) -> list[bytes]:
    """Return one part: its headers, an empty line and the encoded text, ending in CRLF.

    Which encoding it is, the texts decide that many mails share.
    """
    coded = [_coded(stencil) for stencil, _ in pieces]
    size, escaped = sum([c.size for c in coded]), sum([c.escaped for c in coded])
    # three characters for one, against four for three
    if escaped * 2 > size // 3:
        encoding, body = "base64", [_base64(_bytes(pieces))]
    else:
        encoding, body = "quoted-printable", _quoted_printable(pieces, coded)
    head = (
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n"
    )
    return [head.encode("ascii"), b"\r\n", *body]


def _quoted_printable(pieces: Sequence[Piece], coded: Sequence[_Coded]) -> list[bytes]:
    """Return pieces as one text: each run of it ends in a line end, or in a soft one.

    Runs are encoded apart: quoted-printable goes line by line (RFC 2045 6.7).
    """
    values = _runs([value for _, values in pieces for value in values])
    lines: list[bytes] = []
    first = 0
    for (stencil, own), made in zip(pieces, coded, strict=True):
        if not made.parts:
            made.parts = [_lines(p) if isinstance(p, Block) else p for p in stencil.parts]
        mine = values[first : first + len(own)]
        first += len(own)
        lines += [p if p.__class__ is bytes else mine[p] for p in made.parts]  # type: ignore[index]
    return lines if _ends_line(pieces) else [*lines, b"\r\n"]


def _ends_line(pieces: Sequence[Piece]) -> bool:
    for stencil, values in reversed(pieces):
        for part in reversed(stencil.parts):
            if text := part.text if isinstance(part, Block) else values[part]:
                return text.endswith(("\n", "\r"))
    return False


def _coded(stencil: Stencil) -> _Coded:
    if not isinstance(stencil.coded, _Coded):
        blocks = [_coded_block(part) for part in stencil.parts if isinstance(part, Block)]
        stencil.coded = _Coded(sum([b.size for b in blocks]), sum([b.escaped for b in blocks]))
    assert isinstance(stencil.coded, _Coded)
    return stencil.coded


def _coded_block(block: Block) -> _Coded:
    if not isinstance(block.coded, _Coded):
        data = block.text.encode("utf-8", "replace")
        block.coded = _Coded(len(data), len(data) - len(data.translate(None, _QP_ESCAPED)))
    assert isinstance(block.coded, _Coded)
    return block.coded


def _lines(block: Block) -> bytes | int:
    coded = _coded_block(block)
    coded.parts = coded.parts or (_run(block.text),)
    return coded.parts[0]


def _runs(texts: Sequence[str]) -> list[bytes]:
    """Return runs within lines in quoted-printable, encoded in one go."""
    together = "".join([f"{text}{_SEAM}" for text in texts])
    runs = _qp(together).replace(_CODED_SEAM, _SOFT + b"\0").split(b"\0")
    if len(runs) != len(texts) + 1 or "\r" in together:  # a text that looks like a seam
        return [_run(text) for text in texts]
    return runs[:-1]


def _run(text: str) -> bytes:
    """Return a run of text in quoted-printable; within a line, it ends in a soft line end."""
    lines = _LINE_END.sub("\n", text) if "\r" in text else text
    if lines.endswith("\n"):
        return _qp(lines)
    return _qp(lines + _SEAM).removesuffix(_CODED_SEAM) + _SOFT


def _qp(text: str) -> bytes:
    # b2a_qp breaks lines with a bare line feed when the text has bare line feeds.
    lines = binascii.b2a_qp(text.encode("utf-8", "replace"))
    if b"\n." in lines or lines.startswith(b"."):
        lines = b"\n".join(map(_undotted, lines.split(b"\n")))
    return lines.replace(b"\n", b"\r\n")


def _undotted(line: bytes) -> bytes:
    """Escape the full stops that a line begins with, on more lines if one gets too long."""
    before = b""
    while line.startswith(b"."):
        if len(line) + 2 <= BODY_LINE:
            return before + b"=2E" + line[1:]
        before, line = before + b"=2E=\n", line[1:]
    return before + line


def _bytes(pieces: Sequence[Piece]) -> bytes:
    """Return text in UTF-8 with line feeds as line ends, one at its end."""
    text = "".join([stencil.filled(values) for stencil, values in pieces])
    data = (_LINE_END.sub("\n", text) if "\r" in text else text).encode("utf-8", "replace")
    return data if data.endswith(b"\n") else data + b"\n"


def _base64(data: bytes) -> bytes:
    # Text has CRLF line ends before it is encoded, too (RFC 2045 6.8).
    encoded = binascii.b2a_base64(data.replace(b"\n", b"\r\n"), newline=False)
    lines = [encoded[i : i + BODY_LINE] for i in range(0, len(encoded), BODY_LINE)]
    return b"\r\n".join(lines) + b"\r\n"


def _words(header: str, text: str) -> str:
    """Return unstructured text for a header: one line's worth of characters, folded.

    Text that is not plain ASCII, that looks like an encoded word or that cannot be folded
    becomes encoded words (RFC 2047). The standard library's Header takes a millisecond for it.
    """
    clean, begun = collapse(text), len(header) + len(": ")
    words = clean.split(" ")
    if not clean.isascii() or "=?" in clean or max(map(len, words)) > _HEADER_WORD:
        return "\r\n ".join(_encoded_words(clean, begun))
    lines, used = [words[0]], begun + len(words[0])
    for word in words[1:]:
        used += 1 + len(word)
        if used > BODY_LINE:
            lines.append(word)
            used = 1 + len(word)
        else:
            lines[-1] += f" {word}"
    return "\r\n ".join(lines)


def _encoded_words(text: str, begun: int) -> list[str]:
    """Return text as encoded words, each fit for a line; the first one has less room."""
    quoted = 3 * sum([len(_quoted(c)) for c in text]) <= 4 * len(text.encode())
    form = "=?utf-8?{}?{}?=".format
    around = len(form("q", ""))
    words, run, size = [], list[str](), 0
    room = BODY_LINE - begun - around
    for character in text:
        coded = _quoted(character) if quoted else character
        size += len(coded) if quoted else len(character.encode())
        if size > (room if quoted else room // 4 * 3):
            words.append("".join(run))
            run, size = [], len(coded) if quoted else len(character.encode())
            room = _ENCODED_WORD - around
        run.append(coded)
    words.append("".join(run))
    if quoted:
        return [form("q", word) for word in words]
    return [form("b", base64.b64encode(word.encode()).decode("ascii")) for word in words]


@lru_cache(maxsize=1_024)
def _quoted(character: str) -> str:
    """Return a character as it may stand in any encoded word (RFC 2047 4.2 and 5)."""
    if character == " ":
        return "_"
    if character.isascii() and (character.isalnum() or character in "!*+-/"):
        return character
    return "".join(f"={byte:02X}" for byte in character.encode())


_date = lru_cache(maxsize=64)(format_datetime)


@lru_cache(maxsize=16)
def _mailto(text: str) -> str:
    return f"mailto:{quote(parse_mailbox(text)[1], safe='@')}"


@lru_cache(maxsize=16)  # the same two stand in all mails
def _mailbox(text: str) -> str:
    name, address = parse_mailbox(text)
    if not name or name.isascii():
        return formataddr((name, address))
    return f"{_words('From', name)} <{address}>"


def _language(code: str) -> str:
    return _NOT_ALNUM.sub("", code) or "en"
