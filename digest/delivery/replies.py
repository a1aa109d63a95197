"""Reads what a mail server answers: reply codes (RFC 5321 4.2) and status codes (RFC 3463)."""

import re
from enum import StrEnum

from digest.delivery.base import Outcome, OutcomeKind
from digest.text import collapse, cut

MAX_DETAIL = 300

_ENHANCED = re.compile(r"([245])\.\d{1,3}\.\d{1,3}\b")
# Not understood, not provided, wrong order, login demanded, login refused: said at whatever
# step, none of these is about the recipient.
_ABOUT_US = frozenset({500, 502, 503, 530, 535})
# No such mailbox; moved without a new address; a domain that takes no mail (RFC 3463 3.2,
# RFC 7505). Only these say something of the address itself, and for good.
_GONE = frozenset({"5.1.1", "5.1.6", "5.1.10"})


class Step(StrEnum):
    """How far one message has come; after `BODY` the server may have all of it."""

    CONNECT = "connecting"
    SENDER = "MAIL FROM"
    RECIPIENT = "RCPT TO"
    DATA = "DATA"
    BODY = "sending the message"
    ANSWER = "the answer to the message"


def one_line(text: str) -> str:
    """Return a server's words as one bounded line without control characters."""
    readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return cut(collapse(readable), MAX_DETAIL)


def enhanced_code(code: int, text: str) -> str | None:
    """Return the status code of RFC 3463 at the start of an answer, if its class fits."""
    found = _ENHANCED.match(text)
    return found[0] if found and int(found[1]) == code // 100 else None


def judge(step: Step, code: int, text: str) -> Outcome:
    """Return what an answer means for the message in hand.

    A refusal for good is ours, not the recipient's, when it comes at the sender, when its
    status is about policy (5.7.x), or when login or the order of commands is at fault; a
    refusal for now is ours when it comes at the sender, as of a server that limits rates. It
    says that there is no such mailbox only where the recipient is named. An answer outside
    the protocol leaves the message unknown once all of it was handed over.
    """
    detail = one_line(f"{code} {text}") if code > 0 else one_line(text)
    enhanced = enhanced_code(code, text)
    match code // 100:
        case 2 if step is Step.ANSWER:
            return Outcome(OutcomeKind.SENT, detail, code, enhanced)
        case 4:
            ours = step is Step.SENDER  # no recipient was named yet
            return Outcome(OutcomeKind.DEFERRED, detail, code, enhanced, ours=ours)
        case 5:
            by_policy = enhanced is not None and enhanced.startswith("5.7.")
            at_once = step is Step.SENDER or code in _ABOUT_US
            return Outcome(
                OutcomeKind.FAILED,
                detail,
                code,
                enhanced,
                ours=at_once or by_policy,
                policy=by_policy and not at_once,
                gone=step is Step.RECIPIENT and enhanced in _GONE,
            )
    return lost(step, f"an answer that makes no sense ({detail})", code)


def lost(step: Step, what: str, code: int | None = None) -> Outcome:
    """Return the outcome of a message whose connection or answer was lost at a step."""
    if step is Step.ANSWER:
        return Outcome(OutcomeKind.UNKNOWN, f"{what} after the whole message was sent", code)
    return Outcome(OutcomeKind.DEFERRED, f"{what} at {step}, nothing was accepted", code)
