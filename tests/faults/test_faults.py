"""A small try of each fault; `make faults` tries them with 500 mails each, and kills."""

import pytest

from faults import postfix
from faults.faults import CASES, POSTFIX_CASES, SINK, SINK_CASES, Case
from faults.tries import try_fault, try_kills, try_together

MAILS = 12
EVERY = 4

# One of each kind; the others differ in where it strikes, and cost seconds.
QUICK = (
    "dies after taking every 50th mail, without answering",
    "drops every 50th mail before the dot",
    "drops every 50th mail after the dot, and loses it",
    "drops each mail after the dot, and keeps it",
    "hangs up at DATA",
    "nothing listens",
    "offers no STARTTLS",
    "certificate expired",
    "refuses the login",
    "greylists every fifth recipient (450)",
    "5.1.1 for every 50th recipient",
    "5.7.1 for every 50th recipient",
    "5.7.1 for everybody",
    "452 at RCPT after 100 on a connection",
    "smtp-sink -q . (drops at the dot)",
)

needs_sink = pytest.mark.skipif(not SINK, reason="Postfix's smtp-sink is not installed")


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=needs_sink if case in SINK_CASES else ())
     for case in (*CASES, *SINK_CASES) if case.name in QUICK],
    ids=lambda case: case.name,
)  # fmt: skip
async def test_no_mail_is_lost_or_sent_twice(case: Case, tmp_path) -> None:
    verdict = await try_fault(case, tmp_path, MAILS, EVERY)
    assert verdict.good, verdict
    assert set(verdict.states) <= {"sent", *case.expect}, verdict


@pytest.mark.skipif(not postfix.AVAILABLE, reason="Postfix is not installed, or not for this user")
async def test_a_real_postfix_that_greylists_gets_each_mail_once(tmp_path) -> None:
    (case,) = [case for case in POSTFIX_CASES if "greylists" in case.name]
    verdict = await try_fault(case, tmp_path, MAILS, EVERY)
    assert verdict.good, verdict
    assert verdict.states == {"sent": MAILS}, verdict


async def test_kills_at_any_instant_lose_nothing_and_send_nothing_twice(tmp_path) -> None:
    verdict, kills = await try_kills(tmp_path, mails=40, kills=2, connections=2)
    assert verdict.good, verdict
    assert set(verdict.states) <= {"sent", "unknown"}, verdict
    assert verdict.states.get("unknown", 0) <= kills * 2


async def test_two_at_once_send_each_edition_once(tmp_path) -> None:
    verdict = await try_together(tmp_path, mails=20, processes=2)
    assert verdict.good, verdict
    assert verdict.states == {"sent": 20}
