"""A language model on loopback: good, odd, hostile and broken."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from digest.errors import SummaryError
from digest.merging import assemble, place
from digest.models import Entry
from digest.pipeline.summarise import summarise_missing
from digest.store import open_store
from digest.summaries import MAX_SENTENCE, Summariser, SummaryOptions
from embedding_parts import Server

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
SENTENCE = "Ice sings before it breaks."


def says(content: Any) -> Any:
    return {"choices": [{"message": {"role": "assistant", "content": content}}]}


@pytest.fixture
def server():
    with Server() as made:
        made.answer = lambda body: says(SENTENCE)
        yield made


@pytest.fixture
def store(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/digest.db") as opened:
        for number in range(1, 4):
            add(opened, number)
        add(opened, 4, abstract="")
        yield opened


def add(store: Any, number: int, **fields: Any) -> None:
    entry = Entry(
        **{
            "source": "arxiv",
            "external_id": f"2611.{number:05}",
            "arxiv_id": f"2611.{number:05}",
            "title": f"On ice, part {number}",
            "abstract": f"We listened to ice {number} times.",
        }
        | fields
    )
    at = NOW + timedelta(minutes=number)
    known = store.papers.related([entry])
    store.papers.save(assemble(place([entry], known), known, at), seen_at=at)


def options(server: Server, **more: Any) -> SummaryOptions:
    return SummaryOptions(server.url, "some-model", **more)


def tldrs(store: Any) -> list[str | None]:
    return [paper.tldr for paper in store.papers.by_ids([1, 2, 3, 4])]


def test_each_paper_is_asked_about_once_the_newest_first(store: Any, server: Server) -> None:
    report = summarise_missing(store, options(server, api_key="hush-hush"))
    assert report is not None and (report.summarised, report.problem) == (3, None)
    assert tldrs(store) == [SENTENCE, SENTENCE, SENTENCE, None]
    path, key, body = server.asked[0]
    assert (path, key, body["model"]) == (
        "/v1/chat/completions",
        "Bearer hush-hush",
        "some-model",
    )
    assert body["messages"][1]["content"].startswith("On ice, part 3")
    again = summarise_missing(store, options(server))
    assert again is not None and again.summarised == 0
    assert len(server.asked) == 3


def test_merging_a_paper_again_keeps_its_sentence(store: Any, server: Server) -> None:
    summarise_missing(store, options(server))
    add(store, 1, arxiv_version=2, abstract="We listened to ice again.")
    assert tldrs(store)[0] == SENTENCE


def test_without_an_address_nothing_is_asked(store: Any) -> None:
    assert summarise_missing(store, SummaryOptions()) is None


def test_papers_and_time_are_bounded(store: Any, server: Server) -> None:
    report = summarise_missing(store, options(server, papers=1))
    assert report is not None and report.summarised == 1
    ticks = iter([0.0, 0.0, 99.0])
    report = summarise_missing(store, options(server, seconds=10), timer=lambda: next(ticks))
    assert report is not None and report.summarised == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        None,
        7,
        ["x"],
        "Read more on https://evil.example",
        "WWW.evil.example",
        "mail a@b.example",
    ],
)
def test_an_answer_of_no_use_is_not_shown_and_not_asked_for_again(
    store: Any, server: Server, content: Any
) -> None:
    server.answer = lambda body: says(content)
    report = summarise_missing(store, options(server))
    assert report is not None and (report.summarised, report.problem) == (0, None)
    assert tldrs(store)[:3] == ["", "", ""]
    summarise_missing(store, options(server))
    assert len(server.asked) == 3


def test_a_long_answer_is_one_bounded_line(server: Server) -> None:
    server.answer = lambda body: says("A word.\r\n\x00" * 10_000)
    with Summariser(options(server)) as summariser:
        told = summariser.sentence("t", "a" * 100_000)
    assert len(told) <= MAX_SENTENCE and "\n" not in told and "\x00" not in told
    assert len(server.asked[0][2]["messages"][1]["content"]) < 5_000


@pytest.mark.parametrize("told", [b"<html>busy</html>", b""])
def test_a_server_that_fails_ends_the_run_in_one_line_and_costs_nothing(
    store: Any, server: Server, told: bytes
) -> None:
    server.answer = lambda body: told
    report = summarise_missing(store, options(server, api_key="hush-hush"))
    assert report is not None and report.summarised == 0
    assert report.problem and "\n" not in report.problem and "hush" not in report.problem
    assert tldrs(store) == [None] * 4
    assert len(server.asked) == 1


def test_a_refusal_and_a_dead_server_are_told(server: Server) -> None:
    server.status = 401
    with Summariser(options(server)) as summariser, pytest.raises(SummaryError, match="401"):
        summariser.sentence("t", "a")
    nowhere = SummaryOptions("http://127.0.0.1:9/v1", "m")
    with Summariser(nowhere) as summariser, pytest.raises(SummaryError):
        summariser.sentence("t", "a")
