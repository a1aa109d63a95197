import time

import pytest

from bounce_corpus import Odd, corpus, report
from digest.delivery.bounces import MAX_BYTES, ReturnKind, read_return

TOKEN = "1-aaaaaaaaaaaaaaaa"
MAILS = corpus()
SUPPRESSING = {ReturnKind.HARD, ReturnKind.COMPLAINT}


def test_the_corpus_is_as_large_as_is_said() -> None:
    assert len(MAILS) >= 200


@pytest.mark.parametrize("odd", MAILS, ids=lambda odd: odd.name)
def test_what_came_back_is_understood(odd: Odd) -> None:
    found = read_return(odd.raw)
    if odd.kind is None:
        assert found.kind not in SUPPRESSING
    else:
        assert found.kind == odd.kind
        assert TOKEN in found.tokens
    assert len(found.detail) <= 300
    assert "\n" not in found.detail


def test_the_case_of_a_return_path_does_not_matter() -> None:
    found = read_return(report(f"bounces+{TOKEN.upper()}@example.org"))
    assert found.tokens[0] == TOKEN


def test_a_mail_that_asks_to_unsubscribe_carries_its_token() -> None:
    token = "A" * 38
    raw = f"From: a@b.example\nSubject: unsubscribe {token}\n\n".encode()
    assert read_return(raw).kind is ReturnKind.UNSUBSCRIBE
    assert read_return(raw).request == token


def test_a_talk_about_unsubscribing_is_no_request() -> None:
    raw = b"From: a@b.example\nSubject: How do I unsubscribe from this?\n\n"
    assert read_return(raw).kind is ReturnKind.OTHER


def test_a_status_says_more_than_a_general_one() -> None:
    assert read_return(report("x", case=2)).status == "5.1.1"


def test_an_endless_mail_takes_no_time() -> None:
    start = time.process_time()
    read_return(b"From: mailer-daemon@x\nSubject: failure notice\n\n" + b"user " * MAX_BYTES)
    read_return(b"Subject: " + b"=?utf-8?q?x?= " * 40_000)
    read_return(b"From: mailer-daemon@x\n\n" + b"address " + b"a" * MAX_BYTES)
    assert time.process_time() - start < 5
