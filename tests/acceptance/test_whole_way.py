"""The whole way as a user goes it: programs of their own, a real mail server, nothing set."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from digest import profiles, resources
from digest.cli import run
from digest.models import SubscriberState
from digest.store import open_store
from servers import Inbox

ADA = "ada@example.org"
FEEDS = resources.samples() / "feeds"
SOURCES = (
    ("arxiv", "arxiv", "arxiv-rss-cs.xml"),
    ("daily", "huggingface", "huggingface-daily-2026-11-17.json"),
    ("japanese", "arxivjp", "arxivjp-rss.xml"),
    ("topics", "aitopics", "aitopics-capture.txt"),
)
PROFILE = """
papers = 4
trending = 0
language = "ja"
send_time = "{send_time}"
[interests]
phrases = ["low-rank adaptation", "unlearning"]
authors = ["Haruko Amagiri"]
[mute]
phrases = ["sheep"]
"""


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as server:
        yield server


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def start(home: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """Start a command in the folder `home` with nothing in its environment."""

    def call(*arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "digest", *arguments],
            cwd=home,
            env={"HOME": str(home), "PATH": os.defpath},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    return call


@pytest.fixture
def digest(start) -> Callable[..., bytes]:
    """Run a command that is to succeed without a complaint; return what it printed."""

    def call(*arguments: str) -> bytes:
        with start(*arguments) as process:
            out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, b"")
        return out

    return call


@pytest.fixture
def installed(home: Path, inbox: Inbox) -> Path:
    """A folder after `digest init`, set up for our mail server."""
    assert run(["init", "--folder", str(home)]) == 0
    set_up(home, inbox)
    return home


def set_up(home: Path, inbox: Inbox) -> None:
    """Write what a user would: the mail server, some feeds and a profile."""
    config = home / "config"
    settings = (config / "digest.toml").read_text()
    for old, new in (
        ('sender = "Digest <digest@localhost>"', 'sender = "Digest <digest@example.org>"'),
        ('host = "localhost"', 'host = "127.0.0.1"'),
        ("# port = 587", f"port = {inbox.port}"),
        ('channels = ["smtp"]', 'channels = ["smtp", "outbox"]'),
        ('tls = "starttls"', 'tls = "none"'),
    ):
        assert old in settings
        settings = settings.replace(old, new)
    (config / "digest.toml").write_text(settings)
    (config / "sources.toml").write_text(
        "\n".join(
            f'[[feed]]\nname = "{name}"\nsource = "{source}"\nlocation = "{FEEDS / file}"\n'
            for name, source, file in SOURCES
        )
    )
    a_minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    (config / "profile.toml").write_text(PROFILE.format(send_time=f"{a_minute_ago:%H:%M}"))


def parts(mail: EmailMessage) -> dict[str, str]:
    return {part.get_content_type(): part.get_content() for part in mail.iter_parts()}


def test_from_nothing_to_one_mail_a_day(home, start, digest, inbox):
    digest("init")
    set_up(home, inbox)
    with start("collect") as collecting:  # one card of the samples has lost its title
        out, err = collecting.communicate(timeout=60)
    assert collecting.returncode == 0
    assert out.splitlines()[-1].startswith(b"53 entries: ")
    assert b"a card whose title is lost" in err

    profile = ("--profile", "config/profile.toml")
    digest("subscriber", "add", ADA, *profile)
    previews = [digest("preview", *profile, "--format", "md") for _ in range(2)]
    assert previews[0] == previews[1] != b""

    assert digest("publish") == b"2 deliveries = 2 sent\n"
    assert digest("publish").startswith(b"nothing to send")
    assert inbox.recipients == [ADA]
    (mail,) = inbox.mails

    assert mail["From"] == "Digest <digest@example.org>"
    assert mail["To"] == ADA
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"]
    leave = r"<mailto:digest@example\.org\?subject=unsubscribe%20[\w-]{38,}>"
    assert re.fullmatch(leave, mail["List-Unsubscribe"])
    assert re.fullmatch(r"<[^<>@\s]+@example\.org>", mail["Message-ID"])
    assert mail.get_content_type() == "multipart/alternative"
    assert list(parts(mail)) == ["text/plain", "text/html"]
    check_papers(parts(mail)["text/plain"], previews[0].decode("utf-8"))
    check_papers(parts(mail)["text/html"], previews[0].decode("utf-8"))

    # The outbox carried the same edition: whenever it is sent, it is the same mail.
    (path,) = (home / "state" / "outbox").glob("*.eml")
    kept = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert all(kept[name] == mail[name] for name in ("Message-ID", "Date", "Subject"))
    assert parts(kept) == parts(mail)


def check_papers(body: str, preview: str) -> None:
    """The papers fit the profile, and their translations are shown."""
    titles = re.findall(r"^### \[(.+?)\]", preview, re.MULTILINE)
    assert 3 <= len(titles) <= 4
    assert any("Low-Rank Adaptation" in title for title in titles)
    assert any("Unlearning" in title or "Forgetting" in title for title in titles)
    assert all(title.partition(":")[0] in body for title in titles)
    assert "Seventh Sheep" not in body
    assert re.search(r"[ぁ-ん]{2}.*。", body)


def test_serve_delivers_by_itself_and_ends_when_it_is_told(installed, start, digest, inbox):
    digest("subscriber", "add", ADA, "--profile", "config/profile.toml")
    with start("serve") as serving:
        came = inbox.came.wait(timeout=60)
        serving.send_signal(signal.SIGTERM)
        out, err = serving.communicate(timeout=60)
    log = err.decode()
    assert came, log
    assert (serving.returncode, out) == (0, b"")
    assert inbox.recipients == [ADA]
    for said in ("started", "collected", "stopped"):
        assert said in log
    assert "failed unexpectedly" not in log
    assert "Traceback" not in log
    digest("publish")  # what was left when we stopped it
    assert inbox.recipients == [ADA]


def test_a_killed_run_is_taken_up_and_nobody_gets_a_mail_twice(installed, start, digest, inbox):
    people, inbox.seconds = 30, 0.05
    with start("collect") as collecting:
        collecting.communicate(timeout=60)
    database = installed / "state" / "digest.db"
    with open_store(f"sqlite:///{database}") as store:
        profile = profiles.load(installed / "config" / "profile.toml")
        for number in range(people):
            address = f"reader{number}@example.org"
            store.people.add(address, profile, SubscriberState.ACTIVE, datetime.now(UTC))

    with start("publish") as publishing:
        while len(inbox.mails) < people // 3:
            assert inbox.came.wait(timeout=60)
            inbox.came.clear()
        publishing.kill()
    # Five minutes later, the killed program's hold on its work has run out.
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE shards SET lease_until = '2000-01-01 00:00:00.000000'")

    with start("publish", "--json") as again:
        out, err = again.communicate(timeout=60)
    told = json.loads(out)
    assert told["deliveries"] == told["sent"] + told["unknown"] == 2 * people
    assert told["unknown"] <= 2  # one a connection
    assert again.returncode == (3 if told["unknown"] else 0)
    assert err.count(b"the outcome is unknown") == told["unknown"]
    assert len(inbox.recipients) == len(set(inbox.recipients))
    assert people - told["unknown"] <= len(inbox.recipients) <= people
    assert digest("publish").startswith(b"nothing to send")
