"""Reads mails that come back: what a bounce, a complaint or an automatic answer says.

Delivery reports are read as RFC 3464 has them, their status codes as RFC 3463, complaints as
RFC 5965. Many servers send none of these, so a few plain words are understood too; where they
leave a doubt, the address is not blamed. Nothing here answers a mail, so no loop can begin.

Whose mail came back is told by the signed return path alone (VERP); a report that does not
carry one is forged, or of somebody else's mail.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message
from enum import StrEnum

from digest.text import collapse

MAX_BYTES = 512 * 1024  # of a mail; the report stands before the mail that it returns
_MAX_TEXT = 8_000  # characters of a notice in plain words
_MAX_DETAIL = 300
_MAX_PARTS = 50


class ReturnKind(StrEnum):
    """What a mail that came back means."""

    HARD = "hard"  # there is no such mailbox
    SOFT = "soft"  # not now: full, unreachable, or nobody can tell
    COMPLAINT = "complaint"  # its reader calls it spam
    OURS = "ours"  # refused because of who we are; the address is not to blame
    DELAYED = "delayed"  # the other server still tries
    AUTOMATIC = "automatic"  # somebody is on holiday
    UNSUBSCRIBE = "unsubscribe"  # a mail that asks for an end
    OTHER = "other"  # none of these


@dataclass(frozen=True, slots=True)
class Returned:
    """What a mail says.

    Attributes:
        tokens: return-path tokens found in it; not verified.
        status: enhanced status code, like ``5.1.1``; empty: none told.
        detail: one line of what the other server said.
        request: the token of an UNSUBSCRIBE mail.
    """

    kind: ReturnKind
    tokens: tuple[str, ...] = ()
    status: str = ""
    detail: str = ""
    request: str = ""


_TOKEN = re.compile(r"(\d{1,10}-[a-z2-7]{16})(?=@)", re.IGNORECASE)
_REQUEST = re.compile(r"\s*unsubscribe\s+([A-Za-z0-9_-]{20,200})\s*", re.IGNORECASE)
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_GONE = {"5.1.1", "5.1.3", "5.1.6", "5.1.10"}
_ABOUT_US = {"5.1.7", "5.1.8"}
_POLICY = re.compile(
    r"spam|block(ed|list)|black ?list|polic(y|ies)|reputation|dmarc|\bspf\b|dkim|denied|banned"
    r"|not authori[sz]ed|abgelehnt|拒否",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"user unknown|unknown user|no such (user|mailbox|recipient)|(user|mailbox|recipient|account"
    r"|address)( \S+)? (does not|doesn'?t) exist|no mailbox here by that name|mailbox not found"
    r"|unknown (recipient|local part)|address ?not ?found|RESOLVER\.ADR\.RecipNotFound"
    r"|Empf(ä|ae)nger (ist )?unbekannt|unbekannter (Empf(ä|ae)nger|Benutzer)|Benutzer unbekannt"
    r"|宛先(が|は)?(存在しない|存在しません|不明)|ユーザー?が?(存在しません|見つかりません)",
    re.IGNORECASE,
)
_STILL_TRYING = re.compile(
    r"(will|shall) (be )?(re-?tr(y|ied)|keep trying|continue)|still (trying|being)|delayed"
    r"|do not need to (re)?send|warning message only|noch nicht zugestellt|verz(ö|oe)ger"
    r"|遅延|再送",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"undeliver|could ?n[o']t be delivered|not (be )?delivered|delivery (has )?failed|failure notice"
    r"|returned mail|permanent (fatal )?error|unzustellbar|nicht zugestellt|配信(不能|できません)"
    r"|エラー|届けられません",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"^-{2,} ?(below this line|this is a copy|original message|the header of|forwarded"
    r"|urspr(ü|ue)ngliche|元のメッセージ)|^(received|return-path|dkim-signature): ",
    re.IGNORECASE | re.MULTILINE,
)
_MACHINE = re.compile(r"mailer-?daemon|postmaster|mail delivery (sub)?system", re.IGNORECASE)
_ANSWER = re.compile(
    r"out of (the )?office|auto(matic)?[- ]?(reply|response|antwort)|vacation|abwesen|自動(返信|応答)"
    r"|不在",
    re.IGNORECASE,
)


def read_return(raw: bytes) -> Returned:
    """Return what a mail says that came to the return path, whatever bytes it is made of."""
    raw = raw[:MAX_BYTES]
    try:
        mail = message_from_bytes(raw, policy=policy.compat32)
        return _read(mail, raw)
    except Exception:  # the standard library's parser gives up in many ways on odd bytes
        return Returned(ReturnKind.OTHER, _tokens(raw), detail="a mail that cannot be read")


def _read(mail: Message, raw: bytes) -> Returned:
    tokens = _tokens(raw)
    subject = _header(mail, "Subject")
    if asked := _REQUEST.fullmatch(subject):
        return Returned(ReturnKind.UNSUBSCRIBE, tokens, request=asked[1])
    parts = _parts(mail)
    kinds = [part.get_content_type() for part in parts]
    if "message/feedback-report" in kinds:
        return _complaint(parts[kinds.index("message/feedback-report")], tokens)
    for part, kind in zip(parts, kinds, strict=True):
        if kind in {"message/delivery-status", "message/global-delivery-status"} and (
            groups := _groups(part)
        ):
            return _report(groups, _first_text(parts), tokens)
    return _notice(mail, subject, _first_text(parts), tokens)


def _tokens(raw: bytes) -> tuple[str, ...]:
    """Return all that looks like a token of a return path, each once."""
    found = _TOKEN.findall(raw.decode("latin-1"))
    return tuple(dict.fromkeys(token.lower() for token in found))[:20]


def _parts(mail: Message) -> list[Message]:
    """Return the parts of a mail; of the mail it returns, only a report inside."""
    found: list[Message] = []
    for part in mail.walk():
        found.append(part)
        if len(found) >= _MAX_PARTS:
            break
    return found


def _header(mail: Message, name: str) -> str:
    """Return a header in plain words; some servers write it in bare UTF-8."""
    told = next((value for key, value in mail.raw_items() if key.lower() == name.lower()), "")
    text = str(told).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        return collapse(str(make_header(decode_header(text))))[:500]
    except (ValueError, LookupError):
        return collapse(text)[:500]


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    charset = part.get_content_charset("utf-8")
    try:
        return payload.decode(charset, "replace")
    except LookupError:
        return payload.decode("utf-8", "replace")


def _first_text(parts: Iterable[Message]) -> str:
    """Return the first text of a notice, up to the mail that it returns."""
    for part in parts:
        if part.get_content_maintype() == "text" and (text := _text(part).strip()):
            text = text[:_MAX_TEXT]
            copy = _COPY.search(text)
            return text[: copy.start()] if copy else text
    return ""


# ---------------------------------------------------------------- reports in the standard form


def _groups(part: Message) -> list[dict[str, str]]:
    """Return the fields of each recipient (RFC 3464 2.3), names in lower case."""
    payload = part.get_payload()
    blocks: list[str] = []
    if isinstance(payload, list):
        blocks = [str(block) for block in payload if isinstance(block, Message)]
    if not any("status:" in b.lower() or "action:" in b.lower() for b in blocks):
        blocks = re.split(r"\n\s*\n", _decoded(part).replace("\r\n", "\n"))
    groups = []
    for block in blocks:
        unfolded = re.sub(r"\n[ \t]+", " ", block.replace("\r\n", "\n"))
        fields = {
            name.strip().lower(): value.strip()
            for name, colon, value in (line.partition(":") for line in unfolded.split("\n"))
            if colon
        }
        if fields.keys() & {"action", "status", "final-recipient"}:
            groups.append(fields)
    return groups[:_MAX_PARTS]


def _decoded(part: Message) -> str:
    """Return a report that was encoded against the rule (RFC 3464 2.1.2 wants 7bit)."""
    payload = part.get_payload()
    text = "\n\n".join(map(str, payload)) if isinstance(payload, list) else str(payload)
    inner = Message(policy.compat32)
    inner["Content-Transfer-Encoding"] = str(part.get("Content-Transfer-Encoding", "7bit"))
    inner.set_payload(text.strip())
    return _text(inner)


def _report(groups: list[dict[str, str]], text: str, tokens: tuple[str, ...]) -> Returned:
    """Judge by the mildest of the recipients: an alias may go to several."""
    order = [ReturnKind.DELAYED, ReturnKind.SOFT, ReturnKind.OURS, ReturnKind.HARD]
    judged = [_recipient(fields, text) for fields in groups]
    mildest = min(judged, key=lambda found: order.index(found[0]))
    kind, status, detail = mildest
    return Returned(kind, tokens, status, detail)


def _recipient(fields: dict[str, str], text: str) -> tuple[ReturnKind, str, str]:
    said = collapse(fields.get("diagnostic-code", ""))
    status = _best(fields.get("status", ""), said)
    action = fields.get("action", "").strip().lower().partition(" ")[0]
    detail = (said or collapse(text))[:_MAX_DETAIL]
    if action in {"delayed", "delivered", "relayed", "expanded"} or (
        action != "failed" and status[:1] in {"2", "4"}
    ):
        return ReturnKind.DELAYED, status, detail
    return _judge(status, said or text), status, detail


def _best(status: str, said: str) -> str:
    """Return the code that says more: 5.0.0 is what servers write when they have none."""
    codes = [".".join(found.groups()) for found in map(_STATUS.search, (status, said)) if found]
    exact = [code for code in codes if not code.endswith(".0.0")]
    return (exact or codes or [""])[0]


def _judge(status: str, said: str) -> ReturnKind:
    """Return whose fault a failure is."""
    if status.startswith("5.7.") or status in _ABOUT_US:
        return ReturnKind.OURS
    if status in _GONE:
        return ReturnKind.SOFT if _POLICY.search(said) else ReturnKind.HARD
    if status in {"", "5.0.0", "5.5.0", "5.3.0"} or status.startswith("5.0."):
        if _POLICY.search(said):
            return ReturnKind.OURS
        if _NOBODY.search(said):
            return ReturnKind.HARD
    return ReturnKind.SOFT


def _complaint(part: Message, tokens: tuple[str, ...]) -> Returned:
    payload = part.get_payload()
    text = "\n".join(map(str, payload)) if isinstance(payload, list) else _text(part)
    told = re.search(r"^feedback-type:\s*(\S+)", text, re.IGNORECASE | re.MULTILINE)
    kind = told[1].lower() if told else "abuse"
    if kind in {"not-spam", "auth-failure", "virus"}:
        return Returned(ReturnKind.OTHER, tokens, detail=f"feedback: {kind}"[:_MAX_DETAIL])
    return Returned(ReturnKind.COMPLAINT, tokens, detail=f"feedback: {kind}"[:_MAX_DETAIL])


# ---------------------------------------------------------------- notices in plain words


def _notice(mail: Message, subject: str, text: str, tokens: tuple[str, ...]) -> Returned:
    """Judge a mail without a report: carefully, since anybody may have written it."""
    detail = collapse(f"{subject}: {text}")[:_MAX_DETAIL]
    failed = "X-Failed-Recipients" in mail or "X-Actual-Recipients" in mail
    machine = (
        failed
        or bool(_MACHINE.search(_header(mail, "From")))
        or _header(mail, "Return-Path") == "<>"
    )
    if not machine or _ANSWER.search(subject):
        answered = _header(mail, "Auto-Submitted").lower().startswith("auto") or any(
            name in mail for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress")
        )
        kind = ReturnKind.AUTOMATIC if answered or _ANSWER.search(subject) else ReturnKind.OTHER
        return Returned(kind, tokens, detail=detail)
    both = f"{subject}\n{text}"
    if _STILL_TRYING.search(both) and not _NOBODY.search(text):
        return Returned(ReturnKind.DELAYED, tokens, detail=detail)
    status = _best("", text)
    if not (failed or status.startswith("5") or _FAILED.search(both) or _NOBODY.search(text)):
        return Returned(ReturnKind.OTHER, tokens, detail=detail)
    return Returned(_judge(status, text), tokens, status, detail)
