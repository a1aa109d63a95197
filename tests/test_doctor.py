"""Doctor: each thing a run needs, well and ill; trouble is told in a line, never raised."""

import asyncio
import socket
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from digest import doctor
from digest.app import App
from digest.config import Settings, load
from digest.doctor import Check, examine
from digest.models import FeedState, Interest, InterestKind, Profile
from digest.scaling import open_queue
from servers import MailServer, Web

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
FEED = b"""<rss version='2.0'><channel><item><title>One paper</title></item>
<item><title>Another paper</title></item></channel></rss>"""


@pytest.fixture
def settings_file(tmp_path: Path, web: Web) -> Path:
    """An installation in which all is well, but for mails: they go to an outbox."""
    web.answer("/feed", FEED)
    (tmp_path / "sources.toml").write_text(
        f'[[feed]]\nname = "pond"\nsource = "generic"\nlocation = "{web.url("/feed")}"\n'
    )
    file = tmp_path / "digest.toml"
    file.write_text(
        'data_dir = "state"\nsender = "Digest <digest@example.org>"\n'
        '[collect]\nallow_private_hosts = ["127.0.0.1"]\n'
        '[delivery]\nchannels = ["outbox"]\n'
    )
    return file


@pytest.fixture
def change(settings_file: Path):
    """Replace something in the settings."""

    def replace(old: str, new: str) -> None:
        text = settings_file.read_text()
        assert old in text
        settings_file.write_text(text.replace(old, new))

    return replace


@pytest.fixture
def look(settings_file: Path):
    """Examine the installation; return the checks by name."""

    async def run() -> dict[str, Check]:
        app = App(load(settings_file, {}))
        try:
            checks = await examine(app, NOW)
        finally:
            if "store" in vars(app):
                app.store.close()
        for check in checks:
            assert "\n" not in check.found + check.advice
            assert check.ok or check.found
        assert len({check.name for check in checks}) == len(checks)
        return {check.name: check for check in checks}

    return run


def ill(checks: dict[str, Check]) -> list[str]:
    return [name for name, check in checks.items() if not check.ok]


def by_mail(change, port: int) -> None:
    change(
        'channels = ["outbox"]\n',
        f'channels = ["smtp"]\n[smtp]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\n',
    )


async def test_all_is_well(look, change) -> None:
    async with MailServer().running() as mail:
        by_mail(change, mail.port)
        checks = await look()
    assert ill(checks) == []
    assert list(checks) == [
        "settings", "data folder", "time zones", "database", "clock", "subscribers",
        "feed pond", "channel smtp",
    ]  # fmt: skip
    assert checks["feed pond"].found == "2 entries"
    assert checks["database"].found == "0 papers"
    assert "127.0.0.1" in checks["channel smtp"].found
    assert mail.mails == []


async def test_looking_stores_nothing_of_the_feeds(look, settings_file) -> None:
    await look()
    app = App(load(settings_file, {}))
    assert (app.store.feeds.states(), app.store.papers.counts().papers) == ([], 0)
    app.store.close()


@pytest.mark.parametrize("address", ["digest@localhost", "digest@Mail.Localhost"])
async def test_a_sender_whose_mail_nobody_takes(look, change, address) -> None:
    change("digest@example.org", address)
    check = (await look())["settings"]
    assert not check.ok
    assert address in check.found
    assert "set `sender`" in check.advice


async def test_a_sender_that_no_mail_can_have(look, change) -> None:
    change("digest@example.org", "digest at@example.org")
    checks = await look()
    assert ill(checks) == ["channels"]
    assert "not a mail address" in checks["channels"].found


@pytest.mark.parametrize(("sender", "well"), [("d@example.org", True), ("d@localhost", False)])
async def test_without_a_settings_file(tmp_path, sender, well) -> None:
    app = App(Settings(data_dir=tmp_path, sender=sender))
    check = (await examine(app, NOW))[0]
    app.store.close()
    assert check.ok == well
    assert "no settings file" in check.found
    assert ("digest init" in check.advice) == well


async def test_dkim_keys_come_with_the_records_that_dns_must_have(look, change, tmp_path) -> None:
    key = tmp_path / "dkim.pem"
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key.write_bytes(Ed25519PrivateKey.generate().private_bytes(*pem, serialization.NoEncryption()))
    key.chmod(0o640)
    change("[delivery]", '[dkim.keys]\ns1 = "dkim.pem"\n[delivery]')
    told = (await look())["dkim"]
    assert told.ok
    assert 's1._domainkey.example.org. IN TXT "v=DKIM1; k=ed25519; p=' in told.found
    key.chmod(0o644)
    assert "everybody on this machine can read dkim.pem" in (await look())["dkim"].found
    change("[dkim.keys]", '[dkim]\ndomain = "example.com"\n[dkim.keys]')
    assert "example.com would vouch for mails from example.org" in (await look())["dkim"].found
    key.write_text("nonsense")
    assert "is no private key" in (await look())["dkim"].found


async def test_a_data_folder_that_cannot_be_written(look, tmp_path) -> None:
    (tmp_path / "state").write_text("a file stands in its place")
    checks = await look()
    assert ill(checks) == ["data folder", "database", "channel outbox"]
    assert str(tmp_path / "state") in checks["data folder"].found
    assert "change `data_dir`" in checks["data folder"].advice


@pytest.mark.parametrize("content", [b"not a database, but long enough to look at" * 99, None])
async def test_a_database_that_is_none_of_ours(look, tmp_path, content) -> None:
    (tmp_path / "state").mkdir()
    path = tmp_path / "state" / "digest.db"
    if content:
        path.write_bytes(content)
    else:
        with sqlite3.connect(path) as foreign:
            foreign.execute("CREATE TABLE plants (name TEXT)")
        foreign.close()
    checks = await look()
    assert ill(checks) == ["database"]
    assert str(path) in checks["database"].found


async def test_a_database_that_breaks_while_we_look(look, monkeypatch) -> None:
    from digest.errors import StoreError
    from digest.store.feeds import Feeds

    def locked(self):
        raise StoreError("the database is locked by another process; try again")

    monkeypatch.setattr(Feeds, "states", locked)
    checks = await look()
    assert ill(checks) == ["clock"]
    assert "locked" in checks["clock"].found


@pytest.mark.parametrize(("ahead", "well"), [(-60, True), (4, True), (6, False)])
async def test_a_clock_that_is_behind_what_was_written(look, settings_file, ahead, well) -> None:
    app = App(load(settings_file, {}))
    app.store.feeds.save(FeedState("pond", checked_at=NOW + timedelta(minutes=ahead)))
    app.store.close()
    check = (await look())["clock"]
    assert check.ok == well
    assert ("NTP" in check.advice) != well


async def test_time_zone_data_that_are_missing(look, monkeypatch) -> None:
    def missing(name: str):
        raise doctor.ZoneInfoNotFoundError(name)

    monkeypatch.setattr(doctor, "ZoneInfo", missing)
    check = (await look())["time zones"]
    assert not check.ok
    assert "tzdata" in check.advice


async def test_subscribers_are_counted(look, settings_file) -> None:
    check = (await look())["subscribers"]
    assert check.ok
    assert "digest subscriber add" in check.advice
    app = App(load(settings_file, {}))
    wanted = Profile((Interest(InterestKind.PHRASE, "ice"),))
    for name in ("ada", "tomo"):
        app.subscriptions.add(f"{name}@example.org", wanted, NOW)
    app.subscriptions.pause("tomo@example.org", NOW)
    app.store.close()
    check = (await look())["subscribers"]
    assert (check.found, check.advice) == ("1 active of 2", "")


async def test_no_list_of_feeds(look, settings_file) -> None:
    (settings_file.parent / "sources.toml").unlink()
    checks = await look()
    assert ill(checks) == ["feeds"]
    assert "sources.toml" in checks["feeds"].found


async def test_no_feed_that_is_on(look, settings_file) -> None:
    with (settings_file.parent / "sources.toml").open("a") as file:
        file.write("enabled = false\n")
    checks = await look()
    assert ill(checks) == ["feeds"]
    assert "turn one on" in checks["feeds"].advice


async def test_feeds_that_fail_are_told_each_for_itself(look, settings_file, web) -> None:
    web.answer("/down", b"", 500)
    web.answer("/html", b"<!DOCTYPE html><html></html>")
    (settings_file.parent / "empty").mkdir()
    with (settings_file.parent / "sources.toml").open("a") as file:
        for name, place in (
            ("down", web.url("/down")),
            ("html", web.url("/html")),
            ("gone", "no-such-folder"),
            ("empty", "empty"),
            ("private", "http://10.0.0.1/feed"),
        ):
            file.write(f'[[feed]]\nname = "{name}"\nsource = "generic"\nlocation = "{place}"\n')
    checks = await look()
    bad = ["feed down", "feed html", "feed gone", "feed empty", "feed private"]
    assert ill(checks) == bad
    assert checks["feed pond"].ok
    assert all("turn this one off" in checks[name].advice for name in bad)
    assert "allow_private_hosts" in checks["feed private"].found


async def test_a_folder_of_captures_is_a_feed(look, settings_file) -> None:
    folder = settings_file.parent / "captures"
    folder.mkdir()
    (folder / "one.xml").write_bytes(FEED)
    with (settings_file.parent / "sources.toml").open("a") as file:
        file.write('[[feed]]\nname = "folder"\nsource = "generic"\nlocation = "captures"\n')
    assert (await look())["feed folder"].found == "2 entries"


async def test_a_mail_server_that_is_not_there(look, change) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    by_mail(change, port)
    checks = await look()
    assert ill(checks) == ["channel smtp"]
    assert f"127.0.0.1:{port}" in checks["channel smtp"].found


async def test_a_mail_server_without_tls_where_tls_is_wanted(look, change) -> None:
    async with MailServer().running() as mail:
        by_mail(change, mail.port)
        change('tls = "none"', 'tls = "starttls"')
        check = (await look())["channel smtp"]
    assert not check.ok
    assert "STARTTLS" in check.found


async def test_a_file_of_certificates_that_is_not_there(look, change) -> None:
    by_mail(change, 25)
    change('tls = "none"', 'tls = "implicit"\nca_file = "no-such.pem"')
    check = (await look())["channel smtp"]
    assert not check.ok
    assert "no-such.pem" in check.found


async def test_each_channel_is_looked_at(look, change, tmp_path) -> None:
    change('["outbox"]', '["outbox", "directory"]')
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "editions").write_text("a file stands in its place")
    checks = await look()
    assert ill(checks) == ["channel directory"]
    assert checks["channel outbox"].ok


# ---------------------------------------------------------------- workers


async def test_a_cluster_without_workers_is_told(
    look, settings_file, postgres_server, postgres_template
) -> None:
    url = postgres_server.url(postgres_server.database(postgres_template))
    text = settings_file.read_text()
    settings_file.write_text(f'engine = "cluster"\n{text}[database]\nurl = "{url}"\n')
    found = (await look())["workers"]
    assert (found.ok, found.found) == (False, "none is running")
    assert "start `digest worker`" in found.advice
    stopping = asyncio.Event()
    async with open_queue(url) as queue:
        working = asyncio.create_task(queue.work(_nothing, stopping))
        while not await queue.workers():
            await asyncio.sleep(0.02)
        found = (await look())["workers"]
        stopping.set()
        await working
    assert (found.ok, found.found) == (True, "1 running")


async def _nothing(_: object) -> None:
    """Deliver nothing: there is nothing to deliver."""


HASH = f"scrypt:15:8:3:{'A' * 22}:{'A' * 43}"
WEAK = f"scrypt:10:8:1:{'A' * 22}:{'A' * 43}"


@pytest.mark.parametrize(
    ("url", "kept", "well", "told"),
    [
        ("https://digest.example.org", HASH, True, "asks for a password"),
        ("http://127.0.0.1:8080", HASH, True, "asks for a password"),
        ("https://digest.example.org", WEAK, True, "harder to try"),
        ("http://digest.example.org", HASH, False, "in the clear"),
        ("", HASH, False, "public_url"),
    ],
)
async def test_the_door_to_the_operators_pages(look, change, url, kept, well, told) -> None:
    change("data_dir", f'public_url = "{url}"\ndata_dir')
    change("[delivery]", f'[web]\nadmin_password_hash = "{kept}"\n[delivery]')
    check = (await look())["admin pages"]
    assert check.ok is well
    assert told in check.found + check.advice
    assert kept not in check.found + check.advice


async def test_without_a_password_there_is_no_such_door(look) -> None:
    assert "admin pages" not in await look()
