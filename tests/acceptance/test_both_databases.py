"""The whole way on each kind of database: collect, publish, answer, and the next day."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from digest import resources
from digest.cli import run
from servers import Inbox

ADA = "ada@example.org"
FEEDS = resources.samples() / "feeds"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as server:
        yield server


@pytest.fixture
def digest(
    tmp_path: Path, database_url: str, inbox: Inbox, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Run a command of an installation on that database; return what it printed."""
    (tmp_path / "sources.toml").write_text(
        f'[[feed]]\nname = "daily"\nsource = "huggingface"\n'
        f'location = "{FEEDS / "huggingface-daily-2026-11-17.json"}"\n'
    )
    file = tmp_path / "digest.toml"
    file.write_text(
        f'data_dir = "state"\nsender = "Digest <digest@example.org>"\n'
        f'[database]\nurl = "{database_url}"\n[edition]\npopularity_minutes = 0\n'
        f'[smtp]\nhost = "127.0.0.1"\nport = {inbox.port}\ntls = "none"\n'
    )

    def call(*arguments: str) -> str:
        capsys.readouterr()
        assert run(["--config", str(file), *arguments]) == 0
        return capsys.readouterr().out

    return call


def test_papers_become_a_mail_and_an_answer_changes_the_next_one(digest, inbox):
    digest("collect")
    digest("subscriber", "add", ADA, "--phrase", "unlearning", "--papers", "3")
    assert digest("publish") == "1 delivery = 1 sent\n"
    assert digest("publish").startswith("nothing to send")
    assert inbox.recipients == [ADA]
    (told,) = [json.loads(line) for line in digest("deliveries", "--json").splitlines()]
    assert (told["address"], told["state"]) == (ADA, "sent")

    known = [json.loads(line) for line in digest("papers", "--json").splitlines()]
    text = inbox.mails[0].get_body(("plain",)).get_content()
    sent = next(paper for paper in known if paper["title"] in " ".join(text.split()))
    before = digest("preview", "--for", ADA)
    digest("answer", sent["arxiv_id"], "more", "--for", ADA)
    assert digest("preview", "--for", ADA) != before
    digest("answer", sent["arxiv_id"], "forget", "--for", ADA)
    assert digest("preview", "--for", ADA) == before


def test_a_backup_that_is_put_back_sends_nothing_again(
    digest, inbox, tmp_path, database_url, request
):
    dump = tmp_path / "copy"
    digest("collect")
    digest("subscriber", "add", ADA, "--phrase", "unlearning", "--send-time", "00:00")
    if database_url.startswith("sqlite"):
        digest("backup", str(dump))
    else:
        server = request.getfixturevalue("postgres_server")
        name = make_url(database_url).database
        dump = server.folder / f"{name}.dump"
        server.tool("pg_dump", "--format=custom", "--file", str(dump), name)
    assert digest("publish") == "1 delivery = 1 sent\n"
    if database_url.startswith("sqlite"):
        told = digest("restore", str(dump))
    else:
        server.tool("pg_restore", "--clean", "--dbname", name, str(dump))
        told = digest("restore")
    assert "0 deliveries that waited ended" in told
    assert digest("publish").startswith("nothing to send")
    assert inbox.recipients == [ADA]
    assert digest("publish", "--for", ADA) == "1 delivery = 1 sent\n"
