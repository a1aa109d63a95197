"""Embeddings as an operator meets them: switched on, out of order, and away."""

from pathlib import Path

import pytest

from embedding_parts import Server


@pytest.fixture
def server():
    with Server() as made:
        yield made


def switch_on(home: Path, **told: str) -> None:
    settings = home / "config" / "digest.toml"
    lines = "".join(f'{name} = "{value}"\n' for name, value in told.items())
    old = settings.read_text().split("\n[embeddings]\n")
    tail = old[1].split("\n[log]\n")[1]
    settings.write_text(f"{old[0]}\n[embeddings]\n{lines}[log]\n{tail}")


def test_new_papers_are_embedded_after_a_collection_once(cli, home, server):
    switch_on(home, model="endpoint", url=server.url, name="some-model")
    told = cli("collect")
    assert told.code == 0
    assert told.out.splitlines()[-1] == "36 papers embedded, 0 left for next time"
    assert cli("collect").out.splitlines()[-1] == "0 papers embedded, 0 left for next time"
    assert cli("status", "--json").json["papers"]["embedded"] == 36
    checks = {check["name"]: check for check in cli("doctor", "--json").json}
    assert checks["embeddings"]["ok"]
    assert checks["embeddings"]["found"].endswith("; 36 of 36 papers have one")


def test_a_server_that_is_away_costs_only_the_vectors(cli, home):
    switch_on(home, model="endpoint", url="http://127.0.0.1:9/v1", name="m", api_key="hush-hush")
    told = cli("collect")
    assert told.code == 3
    assert "digest: embeddings: http://127.0.0.1:9/v1/embeddings gave no usable answer" in told.err
    assert "hush-hush" not in told.err
    assert "36 new papers" in told.out
    checks = {check["name"]: check for check in cli("doctor", "--json").json}
    assert not checks["embeddings"]["ok"]


def test_a_model_that_is_not_there_is_told_with_what_to_do(cli, home):
    switch_on(home, model="minilm", folder="nowhere")
    told = cli("collect")
    assert told.code == 3
    assert "config/nowhere does not hold model.safetensors" in told.err
    assert cli("status").code == 0


def test_without_settings_nothing_is_said_of_it(cli, home):
    assert "embedded" not in cli("collect").out
    assert "embedded" not in cli("status", "--json").json["papers"]


def test_a_model_that_does_not_exist_is_refused(cli, home):
    switch_on(home, model="word2vec")
    told = cli("status")
    assert told.code == 2
    assert "embeddings" in told.trouble
