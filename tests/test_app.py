"""The composition root: each setting arrives where it belongs, and secrets stay where they are."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from digest.app import App, utc_now
from digest.config import load
from digest.delivery import DirectoryChannel, OutboxChannel, SmtpChannel, Tls
from digest.errors import AddressError, ConfigError
from digest.merging import assemble, place
from digest.models import (
    DeliveryState,
    Edition,
    Entry,
    Interest,
    InterestKind,
    Profile,
    Subscriber,
    SubscriberState,
)
from digest.tokens import Purpose

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
ADA = Subscriber(7, "ada@example.org", SubscriberState.ACTIVE, Profile(), NOW)
QUIET_DAY = Edition(NOW.date(), NOW, "", "en", (), 0)
PASSWORD = "correct horse battery"
FEEDS = """
[[feed]]
name = "pond"
source = "generic"
location = "https://pond.example/feed"
[[feed]]
name = "lake"
source = "generic"
location = "https://lake.example/feed"
enabled = false
"""


@pytest.fixture
def app(tmp_path: Path):
    """Make an app from the text of a settings file."""
    made: list[App] = []

    def make(text: str = "", **options) -> App:
        (tmp_path / "sources.toml").write_text(FEEDS)
        file = tmp_path / "digest.toml"
        file.write_text('data_dir = "state"\n' + text)
        made.append(App(load(file, {}), **options))
        return made[-1]

    yield make
    for one in made:
        if "store" in vars(one):
            one.store.close()


# ---------------------------------------------------------------- mail server


def test_mail_goes_to_a_server_on_this_machine_with_starttls_unless_told_otherwise(app) -> None:
    options = app()._smtp_options
    assert (options.host, options.port, options.tls) == ("localhost", 587, Tls.STARTTLS)
    assert (options.username, options.password, options.ca_file) == ("", "", None)


@pytest.mark.parametrize(("tls", "port"), [("none", 25), ("starttls", 587), ("implicit", 465)])
def test_each_kind_of_tls_has_its_usual_port(app, tls, port) -> None:
    options = app(f'[smtp]\ntls = "{tls}"\n')._smtp_options
    assert (options.tls, options.port) == (Tls(tls), port)
    assert app(f'[smtp]\ntls = "{tls}"\nport = 2525\n')._smtp_options.port == 2525


def test_every_setting_of_the_mail_server_arrives(app, tmp_path) -> None:
    options = app(f"""
        [smtp]
        host = "mail.example.org"
        username = "digest"
        password = "{PASSWORD}"
        ca_file = "certificates/ca.pem"
        connections = 3
        messages_per_connection = 40
        envelope_from = "bounces+{{token}}@example.org"
        helo = "reader.example.org"
        timeout = 7
        deadline = 70
    """)._smtp_options
    assert (options.host, options.username, options.password) == (
        "mail.example.org", "digest", PASSWORD,
    )  # fmt: skip
    assert options.ca_file == tmp_path / "certificates" / "ca.pem"
    assert (options.connections, options.recycle) == (3, 40)
    assert options.return_path("17", "") == "bounces+17@example.org"
    assert (options.helo, options.timeout, options.deadline) == ("reader.example.org", 7, 70)


def test_a_password_is_in_no_text_about_the_parts(app) -> None:
    one = app(
        f'secret = "s3cret-key-of-letters"\n[smtp]\nusername = "digest"\npassword = "{PASSWORD}"\n'
    )
    parts = (one, one.settings, one._smtp_options, one.channels, one.publisher(), one.mail_options)
    for part in parts:
        for text in (repr(part), str(part)):
            assert PASSWORD not in text
            assert "s3cret-key-of-letters" not in text


# ---------------------------------------------------------------- channels, footer, feeds


def test_the_channels_named_in_the_settings_are_made_in_their_order(app) -> None:
    channels = app('[delivery]\nchannels = ["directory", "outbox", "smtp"]\n').channels
    assert [(name, type(channel)) for name, channel in channels.items()] == [
        ("directory", DirectoryChannel), ("outbox", OutboxChannel), ("smtp", SmtpChannel),
    ]  # fmt: skip
    assert all(channel.name == name for name, channel in channels.items())
    assert list(app().channels) == ["smtp"]


async def test_files_go_to_the_folders_of_the_settings(app, tmp_path) -> None:
    one = app(f'[delivery]\nchannels = ["directory", "outbox"]\noutbox = "{tmp_path}/out"\n')
    found = [await channel.check() for channel in one.channels.values()]
    assert str(tmp_path / "state" / "editions") in found[0]
    assert str(tmp_path / "out") in found[1]


def test_the_header_names_sender_and_reply_address(app) -> None:
    mail = app(
        'sender = "Ice <ice@example.org>"\n[smtp]\nreply_to = "ada@example.org"\n'
    ).mail_options
    assert (mail.sender, mail.reply_to) == ("Ice <ice@example.org>", "ada@example.org")


@pytest.mark.parametrize(
    ("more", "address"),
    [
        ("", "ice@example.org"),
        ('[smtp]\nunsubscribe_address = "off@example.org"\n', "off@example.org"),
    ],
)
def test_header_and_footer_name_the_same_address_for_unsubscribing(app, more, address) -> None:
    one = app(f'sender = "Ice <ice@example.org>"\n{more}')
    assert one.mail_options.unsubscribe_mailto == address
    assert (
        one.linker.for_edition(ADA, 1, QUIET_DAY).unsubscribe
        == f"mailto:{address}?subject=unsubscribe"
    )


def test_pages_get_a_secret_that_stays_and_that_nobody_else_can_read(app, tmp_path) -> None:
    first = app('public_url = "https://ice.example"\n').linker.manage(ADA)
    assert first.startswith("https://ice.example/manage/")
    file = tmp_path / "state" / "secret"
    assert file.stat().st_mode & 0o777 == 0o600
    assert app('public_url = "https://ice.example"\n').linker.manage(ADA) == first


def test_without_pages_no_secret_is_made(app, tmp_path) -> None:
    assert app().tokens is None
    assert not (tmp_path / "state" / "secret").exists()


def test_a_secret_of_the_settings_goes_before_the_file_and_old_ones_are_still_read(app) -> None:
    old, new = "an old secret of enough letters", "a-new-secret-of-enough-letters"
    before = app(f'public_url = "https://ice.example"\nsecret = "{old.replace(" ", "-")}"\n')
    token = before.linker.manage(ADA).rpartition("/")[2]
    after = app(f'public_url = "https://ice.example"\nsecret = "{new} {old.replace(" ", "-")}"\n')
    assert after.tokens.read(token, Purpose.MANAGE, NOW) is not None
    assert after.linker.manage(ADA).rpartition("/")[2] != token


def test_a_database_that_machines_may_share_needs_a_secret_that_they_share(app) -> None:
    one = app(
        'public_url = "https://ice.example"\n[database]\nurl = "postgresql://localhost/ice"\n'
    )
    with pytest.raises(ConfigError, match="secret"):
        _ = one.linker


@pytest.mark.parametrize(
    ("text", "contact"),
    [
        ('sender = "Ice <ice@example.org>"\n', "ice@example.org"),
        ('public_url = "https://ice.example/"\n', "https://ice.example"),
        (
            'public_url = "https://ice.example"\n[collect]\ncontact = "ada@example.org"\n',
            "ada@example.org",
        ),
    ],
)
def test_servers_of_feeds_learn_whom_to_write_to(app, text, contact) -> None:
    assert app(text).fetch_options.contact == contact


def test_private_hosts_are_asked_only_if_they_are_named(app) -> None:
    assert app().fetch_options.allow_private == ()
    text = '[collect]\nallow_private_hosts = ["ice.internal:8080"]\n'
    assert app(text).fetch_options.allow_private == ("ice.internal:8080",)


def test_feeds_come_from_the_list_beside_the_settings(app) -> None:
    one = app()
    assert [feed.name for feed in one.feeds] == ["pond", "lake"]
    assert [feed.name for feed in one.enabled_feeds] == ["pond"]


def test_editions_are_made_as_the_settings_say(app) -> None:
    one = app("[edition]\nwindow_days = 3\nbackground_papers = 17\n")
    assert (one.edition_options.window, one.edition_options.background) == (timedelta(days=3), 17)


def test_the_database_stands_in_the_data_folder_and_is_opened_once(app, tmp_path) -> None:
    one = app()
    assert one.store is one.store
    assert (tmp_path / "state" / "digest.db").is_file()
    assert one.subscriptions.store is one.store


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('sender = "a b@example.org"\n', AddressError),
        ('[smtp]\nreply_to = "nobody"\n', AddressError),
        ('[smtp]\nenvelope_from = "nobody"\n', AddressError),
        ('[smtp]\nhelo = "two words"\n', ConfigError),
    ],
)
def test_what_only_a_part_can_judge_is_told_when_the_part_is_made(app, text, error) -> None:
    with pytest.raises(error):
        _ = app(text).channels


async def test_the_parts_work_together(app) -> None:
    now = datetime(2026, 11, 16, 8, tzinfo=UTC)
    text = (
        'sender = "Ice <ice@example.org>"\n[edition]\ntitle = "Ice news"\nnote = "Stay warm."\n'
        '[delivery]\nchannels = ["outbox"]\n'
    )
    one = app(text, clock=lambda: now)
    entry = Entry("generic", "1", "On glacier acoustics", abstract="We listened.")
    one.store.papers.save(assemble(place([entry], []), [], now), seen_at=now)
    wanted = Profile((Interest(InterestKind.PHRASE, "glacier acoustics"),))
    one.subscriptions.add("ada@example.org", wanted, now)
    report = await one.publisher().publish()
    assert report.states[DeliveryState.SENT] == 1
    (file,) = one.settings.delivery.outbox.iterdir()
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    body = mail.get_body(("plain",)).get_content()
    assert mail["From"] == "Ice <ice@example.org>"
    for told in ("Ice news", "Stay warm.", "On glacier acoustics", "ice@example.org"):
        assert told in body


def test_servers_that_stand_in_have_their_own_way_in_and_all_else_in_common(app):
    made = app("""
        [smtp]
        host = "one.example.org"
        username = "ada"
        helo = "me.example.org"
        rates = ["10/second"]
        domain_rates = { "Gmail.com" = ["20/minute"] }
        fallback = [
            { host = "two.example.org", tls = "implicit", client_cert = "two.pem" },
            { host = "three.example.org", port = 2525 },
        ]
    """)
    first, second, third = made.channels["smtp"]._all
    assert [o.where for o in (first, second, third)] == [
        "one.example.org:587",
        "two.example.org:465",
        "three.example.org:2525",
    ]
    assert (second.username, second.helo) == ("", "me.example.org")
    assert second.client_cert == made.settings.file.parent.resolve() / "two.pem"
    assert [r.name for r in made.channels["smtp"].limits("x@gmail.com")] == [
        "smtp",
        "smtp:gmail.com",
    ]


# ---------------------------------------------------------------- clock


def test_the_clock_goes_in_utc() -> None:
    assert utc_now().tzinfo is UTC
    assert abs(utc_now() - datetime.now(UTC)) < timedelta(seconds=1)
