"""A server of embeddings on loopback: good, odd, slow and broken."""

import threading
from typing import Any

import pytest

from digest.embedding import EmbeddingOptions, Endpoint, EndpointOptions, open_embedder
from digest.errors import EmbeddingError
from embedding_parts import Server, good, unpack


@pytest.fixture
def server():
    with Server() as made:
        yield made


def endpoint(server: Server, **options: Any) -> Endpoint:
    return Endpoint(EndpointOptions(server.url, "some-model", **options))


def test_each_text_gets_its_own_vector_at_length_one(server: Server) -> None:
    asked = endpoint(server, api_key="hush-hush")
    vectors = asked.embed(["a", "four"])
    assert unpack(vectors[0]) == pytest.approx([0.7071, 0.7071, 0], abs=1e-3)
    assert unpack(vectors[1]) == pytest.approx([0.9701, 0.2425, 0], abs=1e-3)
    assert asked.dimensions == 3
    ((path, key, body),) = server.asked
    assert (path, key) == ("/v1/embeddings", "Bearer hush-hush")
    assert (body["model"], body["input"]) == ("some-model", ["a", "four"])


def test_many_texts_go_in_portions_and_long_ones_are_cut(server: Server) -> None:
    assert len(endpoint(server).embed(["x" * 50_000] * 150)) == 150
    assert [len(body["input"]) for _, _, body in server.asked] == [64, 64, 22]
    assert {len(text) for _, _, body in server.asked for text in body["input"]} == {8_000}
    assert server.asked[0][1] is None


@pytest.mark.parametrize(
    "told",
    [
        b"<html>busy</html>",
        [],
        {"data": []},
        {"data": [{"index": 0, "embedding": [1.0]}]},
        {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}]},
        {"data": [{"index": 0, "embedding": "AAAA"}, {"index": 1, "embedding": "AAAA"}]},
        {"data": [{"index": n, "embedding": []} for n in (0, 1)]},
        {"data": [{"index": n, "embedding": [0.0, 0.0]} for n in (0, 1)]},
        b'{"data": [{"index": 0, "embedding": [NaN]}, {"index": 1, "embedding": [1]}]}',
        {"data": [{"index": n, "embedding": [1.0] * 9_000} for n in (0, 1)]},
    ],
)
def test_an_answer_of_no_use_is_one_line(server: Server, told: Any) -> None:
    server.answer = lambda _: told
    with pytest.raises(EmbeddingError) as error:
        endpoint(server, api_key="hush-hush").embed(["a", "b"])
    assert "\n" not in str(error.value)
    assert "hush-hush" not in str(error.value)


def test_vectors_that_change_their_length_are_refused(server: Server) -> None:
    asked = endpoint(server)
    asked.embed(["a"])
    server.answer = lambda _: {"data": [{"index": 0, "embedding": [1.0, 2.0]}]}
    with pytest.raises(EmbeddingError, match="changed the length of its vectors to 2"):
        asked.embed(["a"])


def test_a_server_that_is_busy_or_not_there_is_one_line(server: Server) -> None:
    server.status = 503
    with pytest.raises(EmbeddingError, match="answered 503 Service Unavailable"):
        endpoint(server).embed(["a"])
    gone = Endpoint(EndpointOptions("http://127.0.0.1:9/v1/embeddings", "m"))
    with pytest.raises(EmbeddingError, match=r"http://127.0.0.1:9/v1/embeddings gave no usable"):
        gone.embed(["a"])


def test_a_server_that_does_not_answer_in_time_is_given_up(server: Server) -> None:
    waiting = threading.Event()
    server.answer = lambda asked: waiting.wait(5) and good(asked)
    with pytest.raises(EmbeddingError, match="gave no usable answer"):
        endpoint(server, timeout=0.2).embed(["a"])
    waiting.set()


def test_names_differ_by_server_and_model() -> None:
    names = {
        Endpoint(EndpointOptions(url, model)).name
        for url in ("http://one.example/v1", "http://two.example/v1/")
        for model in ("a", "b" * 100)
    }
    assert len(names) == 4
    assert max(map(len, names)) <= 64
    assert "hush" not in repr(EndpointOptions("http://one.example", "a", api_key="hush"))


def test_what_is_off_is_no_embedder_and_what_is_not_told_is_asked_for() -> None:
    assert open_embedder(EmbeddingOptions(), {}) is None
    with pytest.raises(EmbeddingError, match="must name the server"):
        open_embedder(EmbeddingOptions("endpoint", endpoint=EndpointOptions("", "")), {})
