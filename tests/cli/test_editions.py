"""The commands on editions: preview and publish."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from digest.app import App
from digest.config import load
from digest.models import FeedState
from servers import Inbox

ADA, BEN = "ada@example.org", "ben@example.org"


@pytest.fixture
def ada(cli, collected) -> str:
    assert cli("subscriber", "add", ADA, "--phrase", "unlearning").code == 0
    return ADA


def mails(home: Path) -> list[Path]:
    return sorted((home / "state" / "outbox").glob("*.eml"))


# ---------------------------------------------------------------- preview


def test_preview_prints_the_digest_of_a_profile_and_stores_nothing(cli, collected):
    told = cli("preview", "--profile", "config/profile.toml")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("# Digest: ")
    assert "low-rank adaptation" in told.out
    assert cli("preview", "--profile", "config/profile.toml").out == told.out
    assert cli("status", "--json").json["deliveries"] == {}


def test_preview_of_options_alone(cli, collected):
    told = cli("preview", "--phrase", "unlearning", "--author", "Haruko Amagiri")
    assert "## unlearning" in told.out
    assert "by Haruko Amagiri, whom you follow" in told.out


@pytest.mark.parametrize(
    ("form", "start"), [("html", "<!DOCTYPE html>"), ("txt", "Digest"), ("md", "# Digest")]
)
def test_preview_in_each_format(cli, collected, form, start):
    told = cli("preview", "--phrase", "unlearning", "--format", form)
    assert told.out.lower().startswith(start.lower())


def test_preview_writes_a_file(cli, collected):
    told = cli("preview", "--phrase", "unlearning", "--out", "new/folder/today.md")
    assert (told.code, told.out) == (0, "")
    printed = cli("preview", "--phrase", "unlearning").out
    assert (collected / "new/folder/today.md").read_bytes() == printed.encode()
    told = cli("preview", "--phrase", "unlearning", "--out", "new")
    assert (told.code, "cannot write new" in told.trouble) == (2, True)


def test_preview_for_a_subscriber_leaves_out_what_was_sent(cli, ada):
    before = cli("preview", "--for", ada)
    assert "Unlearning Objectives" in before.out
    cli("publish")
    assert "Unlearning Objectives" not in cli("preview", "--for", ada).out


def test_preview_of_a_past_day_knows_only_its_papers(cli, collected):
    told = cli("preview", "--phrase", "unlearning", "--date", "2020-02-03")
    assert told.code == 0
    assert "3 February 2020" in told.out
    assert "Unlearning Objectives" not in told.out


@pytest.mark.parametrize(
    ("arguments", "trouble"),
    [
        (["--date", f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"], "lies in the future"),
        (["--date", "tomorrow"], "--date 'tomorrow' is no date"),
        (["--date", "9999-12-31"], "out of range"),
        (["--date", "0001-01-01"], "out of range"),
        (["--profile", "nowhere.toml"], "nowhere.toml"),
        (["--for", "nobody@example.org"], "nobody is subscribed"),
    ],
)
def test_preview_of_what_cannot_be_is_wrong_use(cli, home, arguments, trouble):
    told = cli("preview", "--phrase", "moss", *arguments)
    assert (told.code, told.out) == (2, "")
    assert trouble in told.trouble


def test_preview_needs_to_know_what_is_wanted(cli, home):
    assert "--profile FILE, or options" in cli("preview").trouble


# ---------------------------------------------------------------- publish


def test_publish_sends_each_once_and_the_sum_balances(cli, ada, collected):
    cli("subscriber", "add", BEN, "--phrase", "no such words in any paper")
    first = cli("publish", "--json")
    second = cli("publish")
    told = first.json
    assert (first.code, first.err) == (0, "")
    assert told.pop("planned") == told.pop("deliveries") == 2
    assert told.pop("problems") == []
    assert sum(told.values()) == 2
    assert told["sent"] >= 1
    assert second.out.startswith("nothing to send: ")
    assert len(mails(collected)) == told["sent"]


def test_publish_tells_the_operator_what_needs_him_even_when_nothing_is_due(cli, home, monkeypatch):
    monkeypatch.setenv("DIGEST_OPERATOR", "ops@example.org")
    parts = App(load(home / "config" / "digest.toml", {}))
    [feed, *_] = parts.enabled_feeds
    parts.store.feeds.save(FeedState(feed.name, error_count=9, last_error="answers 404"))
    parts.close()
    for _ in range(2):
        assert cli("publish").code == 0
    [mail] = [message_from_bytes(f.read_bytes(), policy=policy.default) for f in mails(home)]
    assert (mail["To"], mail["Subject"]) == ("ops@example.org", "Digest: 1 thing needs you")


@pytest.mark.parametrize(("options", "asked"), [((), 1), (("--no-collect",), 0)])
def test_publish_reads_counts_again_unless_told_not_to(
    cli, ada, collected, monkeypatch, options, asked
):
    calls = []

    async def refresh(self) -> None:
        calls.append(self)

    monkeypatch.setattr(App, "refresh_counts", refresh)
    assert cli("publish", *options).code == 0
    assert len(calls) == asked


def test_publish_by_two_channels(cli, ada, collected, monkeypatch):
    monkeypatch.setenv("DIGEST_DELIVERY__CHANNELS", "outbox, directory")
    assert cli("publish").out == "2 deliveries = 2 sent\n"
    assert len(mails(collected)) == 1
    folder = collected / "state" / "editions" / ADA
    assert {path.suffix for path in folder.iterdir()} == {".html", ".md", ".txt"}


def test_publish_for_one_subscriber(cli, ada, collected):
    cli("subscriber", "add", BEN, "--phrase", "unlearning")
    assert cli("publish", "--for", BEN).out == "1 delivery = 1 sent\n"
    (mail,) = mails(collected)
    assert message_from_bytes(mail.read_bytes(), policy=policy.default)["To"] == BEN


def test_a_paused_subscriber_gets_nothing(cli, ada, collected):
    cli("subscriber", "pause", ada)
    assert cli("publish").out.startswith("nothing to send")
    assert mails(collected) == []


def test_on_time_sends_only_what_is_due(cli, collected):
    now = datetime.now(UTC)
    for name, offset in (("due", -1), ("later", +60)):
        at = now + timedelta(minutes=offset)
        Path(f"{name}.toml").write_text(
            f'send_time = "{at:%H:%M}"\n[interests]\nphrases = ["unlearning"]\n'
        )
        cli("subscriber", "add", f"{name}@example.org", "--profile", f"{name}.toml")
    assert cli("publish", "--on-time").out == "1 delivery = 1 sent\n"
    assert "due@example.org" in mails(collected)[0].name


@pytest.mark.parametrize(
    ("arguments", "trouble"),
    [
        (["--for", "nobody@example.org"], "nobody is subscribed"),
        (["--for", "nobody"], "address"),
        (["--date", "soon"], "'soon' is no date"),
        (["--date", f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"], "lies in the future"),
    ],
)
def test_publish_of_what_cannot_be_is_wrong_use(cli, ada, collected, arguments, trouble):
    told = cli("publish", *arguments)
    assert (told.code, trouble in told.trouble) == (2, True)
    assert mails(collected) == []


def test_without_a_mail_server_mails_wait_and_go_out_when_it_is_there(cli, ada, monkeypatch):
    inbox = Inbox()
    monkeypatch.setenv("DIGEST_DELIVERY__CHANNELS", "smtp")
    monkeypatch.setenv("DIGEST_SMTP__TLS", "none")
    monkeypatch.setenv("DIGEST_SMTP__HOST", "127.0.0.1")
    monkeypatch.setenv("DIGEST_SMTP__PORT", str(inbox.port))
    for _ in range(2):
        told = cli("publish")
        assert (told.code, told.out) == (1, "1 delivery = 1 queued\n")
        assert f"127.0.0.1:{inbox.port}" in told.trouble
        assert "check smtp.host and smtp.port" in told.trouble
    with inbox:
        assert cli("publish").out == "1 delivery = 1 sent\n"
        assert cli("publish").out.startswith("nothing to send")
    assert len(inbox.mails) == 1


def test_a_channel_that_cannot_write_is_named(cli, ada, collected):
    (collected / "state" / "outbox").write_text("a file where a folder is wanted")
    told = cli("publish")
    assert told.code == 1
    assert "a file stands where a folder is wanted" in told.trouble
