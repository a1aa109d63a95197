"""Two hundred mails that came back, in the manner of many servers, with what each must be.

All wording is our own imitation of what such servers write.
"""

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass

REPORT = """\
Return-Path: <>
From: {sender}
To: {to}
Subject: {subject}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain; charset={charset}
Content-Transfer-Encoding: {encoding}

{text}

--B
Content-Type: message/delivery-status{dsn_head}

{status}

--B
Content-Type: message/rfc822

From: Digest <digest@example.org>
To: reader@there.example
Subject: On user unknown and mailbox full: 5.1.1 papers
{returned}
An edition whose papers say: no such user, 550 5.1.1, out of office, spam.
--B--
"""

NOTICE = """\
Return-Path: <>
From: {sender}
To: {to}
Subject: {subject}
{more}MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

{text}

--- Below this line is a copy of the message.

Subject: On user unknown: 550 5.1.1
"""

# status, action, what the server said, what it is
CASES = [
    ("5.1.1", "failed", "smtp; 550 5.1.1 <reader@there.example>: user unknown", "hard"),
    ("5.1.10", "failed", "smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found", "hard"),
    ("5.0.0", "failed", "smtp; 550 5.1.1 The email account does not exist", "hard"),
    ("5.0.0", "failed", "smtp; 550 No such user here", "hard"),
    ("5.1.1", "failed", "smtp; 550 5.1.1 rejected by our spam policy", "soft"),
    ("5.2.2", "failed", "smtp; 552 5.2.2 mailbox full", "soft"),
    ("5.2.1", "failed", "smtp; 550 5.2.1 receives mail at too high a rate", "soft"),
    ("4.4.7", "failed", "smtp; 421 4.4.7 message expired in queue", "soft"),
    ("4.2.2", "delayed", "smtp; 452 4.2.2 mailbox full, will retry", "delayed"),
    ("4.4.1", "delayed", "smtp; connection timed out", "delayed"),
    ("5.7.1", "failed", "smtp; 550 5.7.1 message refused, poor reputation", "ours"),
    ("5.7.26", "failed", "smtp; 550 5.7.26 unauthenticated mail is not accepted", "ours"),
    ("5.1.8", "failed", "smtp; 550 5.1.8 sender address has no MX", "ours"),
    ("5.0.0", "failed", "smtp; 554 blocked by a blocklist", "ours"),
    ("2.0.0", "delivered", "smtp; 250 2.0.0 ok", "delayed"),
    ("5.4.4", "failed", "x-unix; host not found", "soft"),
    ("5.3.0", "failed", "x-unix; 255", "soft"),
]

# The manner of a server: sender, subject, text, charset.
MANNERS = [
    ("MAILER-DAEMON@mx.example (Mail Delivery System)", "Undelivered Mail Returned to Sender",
     "This is the mail system at host mx.example. Your message could not be delivered."),
    ("Mail Delivery Subsystem <mailer-daemon@mail.example>",
     "Delivery Status Notification (Failure)", "** Address problem ** see below"),
    ("postmaster@exchange.example", "Undeliverable: Papers of the day",
     "Delivery has failed to these recipients or groups."),
    ("MAILER-DAEMON@sendmail.example", "Returned mail: see transcript for details",
     "   ----- The following addresses had permanent fatal errors -----"),
    ("Mailer-Daemon@exim.example", "Mail delivery failed: returning message to sender",
     "This message was created automatically by mail delivery software."),
    ("MAILER-DAEMON@de.example", "Unzustellbar: Papiere", "Die Nachricht wurde nicht zugestellt."),
    ("MAILER-DAEMON@jp.example", "配信不能メール", "このメールは配信できませんでした。"),
]  # fmt: skip

# A notice without a report: sender, subject, further headers, text, what it is.
PLAIN = [
    ("MAILER-DAEMON@qmail.example", "failure notice", "",
     "Hi. This is the mail program. I wasn't able to deliver your message.\n<reader@there.example>:"
     "\nSorry, no mailbox here by that name. (#5.1.1)", "hard"),
    ("Mail Delivery System <Mailer-Daemon@exim.example>", "Mail delivery failed",
     "X-Failed-Recipients: reader@there.example\n",
     "A message that you sent could not be delivered.\n  550 Unknown user", "hard"),
    ("Mailer-Daemon@exim.example", "Warning: message delayed 24 hours", "",
     "No action is required. Delivery attempts will continue: still trying.", "delayed"),
    ("postmaster@de.example", "Unzustellbar", "", "Der Empfänger ist unbekannt.", "hard"),
    ("postmaster@jp.example", "エラーメール", "", "宛先が存在しません。", "hard"),
    ("postmaster@jp.example", "配信遅延のお知らせ", "", "再送を続けています。", "delayed"),
    ("postmaster@odd.example", "Undeliverable", "", "Something went wrong.", "soft"),
    ("postmaster@odd.example", "failure notice", "", "554 Denied by policy", "ours"),
    ("postmaster@odd.example", "Welcome", "", "We have moved our offices.", "other"),
    ("Reader <reader@there.example>", "Out of office", "Auto-Submitted: auto-replied\n",
     "I am away; my old address user unknown does not exist.", "automatic"),
    ("Reader <reader@there.example>", "自動返信", "", "不在です。", "automatic"),
    ("Reader <reader@there.example>", "Re: papers", "", "Thanks, no such user here!", "other"),
]  # fmt: skip


@dataclass(frozen=True)
class Odd:
    """A mail, and what it must be; None: anything that suppresses nobody."""

    name: str
    raw: bytes
    kind: str | None


def corpus(to: str = "bounces+1-aaaaaaaaaaaaaaaa@example.org", seed: int = 7) -> list[Odd]:
    """Return the mails; the same ones for the same seed."""
    return [*_reports(to), *_plain(to), *_complaints(to), *_broken(to, random.Random(seed))]


def report(to: str, manner: int = 0, case: int = 0, **told: str) -> bytes:
    sender, subject, text = MANNERS[manner % len(MANNERS)]
    status, action, said, _ = CASES[case % len(CASES)]
    fields = {
        "sender": sender, "to": to, "subject": subject, "text": text, "charset": "utf-8",
        "encoding": "8bit", "dsn_head": "", "returned": "",
        "status": "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822;reader@there.example\n"
        f"Action: {action}\nStatus: {status}\nDiagnostic-Code: {said}\n",
    }  # fmt: skip
    return REPORT.format(**fields | told).encode()


def _reports(to: str) -> Iterator[Odd]:
    for manner in range(len(MANNERS)):
        for case, (status, action, _, kind) in enumerate(CASES):
            yield Odd(f"{manner}: {status} {action}", report(to, manner, case), kind)
    raw = report(to).replace(b"\n", b"\r\n")
    yield Odd("crlf", raw, "hard")
    told = "Final-Recipient: rfc822;a@b.example\nAction: failed\nStatus: 5.1.1\n"
    encoded = base64.encodebytes(f"Reporting-MTA: dns; x\n\n{told}".encode()).decode()
    head = "\nContent-Transfer-Encoding: base64"
    yield Odd("base64", report(to, status=encoded, dsn_head=head), "hard")
    other = told.replace("5.1.1", "5.2.2")
    yield Odd("alias", report(to, status=f"X: y\n\n{told}\n{other}"), "soft")
    yield Odd("no status", report(to, status="Final-Recipient: rfc822;a@b.example\nAction: failed"),
              "soft")  # fmt: skip
    nested = b"From: me@example.org\nTo: x\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n"
    yield Odd("nested", nested + report(to), "hard")


def _plain(to: str) -> Iterator[Odd]:
    for sender, subject, more, text, kind in PLAIN:
        path = "" if kind in {"automatic"} or sender.startswith("Reader") else "Return-Path: <>\n"
        mail = NOTICE.format(sender=sender, to=to, subject=subject, more=more, text=text)
        raw = mail.replace("Return-Path: <>\n", path).encode()
        yield Odd(f"plain: {subject}", raw, kind)


def _complaints(to: str) -> Iterator[Odd]:
    for told, kind in (("abuse", "complaint"), ("fraud", "complaint"), ("not-spam", "other")):
        raw = (
            "From: fbl@provider.example\nTo: abuse@example.org\nSubject: report\n"
            "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; "
            'boundary="B"\n\n--B\nContent-Type: text/plain\n\nA complaint.\n--B\n'
            f"Content-Type: message/feedback-report\n\nFeedback-Type: {told}\nVersion: 1\n"
            f"Original-Mail-From: <{to}>\n\n--B\nContent-Type: message/rfc822\n\nSubject: x\n\n"
            "y\n--B--\n"
        )
        yield Odd(f"complaint: {told}", raw.encode(), kind)


def _broken(to: str, chance: random.Random) -> Iterator[Odd]:
    yield Odd("empty", b"", None)
    yield Odd("binary", chance.randbytes(100_000), None)
    yield Odd("huge", report(to, case=5) + b"x" * 3_000_000, "soft")
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (i, i)
                    for i in range(3_000))  # fmt: skip
    yield Odd("deep", b"To: " + to.encode() + b"\n" + deep, None)
    yield Odd("odd charset", report(to, charset="x-nothing", case=5), "soft")
    yield Odd("bad words", report(to, subject="=?utf-8?b?!!!?=", case=5), "soft")
    soft = report(to, case=5)  # a full mailbox: however it is broken, nobody is suppressed
    for i in range(30):
        yield Odd(f"cut {i}", soft[: chance.randrange(len(soft))], None)
    for i in range(30):
        raw = bytearray(soft)
        for _ in range(20):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        yield Odd(f"mutated {i}", bytes(raw), None)
