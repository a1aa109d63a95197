"""Against a real server (aiosmtpd) and against servers scripted to misbehave, on loopback."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from digest.delivery import MailOptions, OutcomeKind, Parcel, SmtpChannel, SmtpOptions, Tls, build
from digest.errors import AddressError, ConfigError, DeliveryError

Make = Callable[..., Parcel]
Channels = Callable[..., SmtpChannel]

SENT, DEFERRED, FAILED, UNKNOWN = OutcomeKind


# ---------------------------------------------------------------- a server that behaves


async def test_the_server_gets_exactly_the_bytes_of_the_message(
    real_server: Any, channel: Channels, parcel: Make, mail: MailOptions
) -> None:
    async with real_server() as box, channel(box.port).session() as session:
        outcome = await session.deliver(parcel())
    assert (outcome.kind, outcome.code, outcome.enhanced) == (SENT, 250, "2.0.0")
    assert box.mails == [("digest@example.org", ["ada@example.org"], build(parcel(), mail))]
    assert b"\r\n=2E\r\n=2Ehidden line" in box.mails[0][2]


async def test_one_connection_carries_many_mails(
    real_server: Any, channel: Channels, parcel: Make
) -> None:
    async with real_server() as box, channel(box.port).session() as session:
        for n in range(5):
            assert (await session.deliver(parcel(edition_id=n))).kind is SENT
    assert (len(box.mails), box.connections) == (5, 1)


async def test_a_connection_is_replaced_after_so_many_mails(
    real_server: Any, channel: Channels, parcel: Make
) -> None:
    async with real_server() as box, channel(box.port, recycle=2).session() as session:
        for n in range(5):
            assert (await session.deliver(parcel(edition_id=n))).kind is SENT
    assert (len(box.mails), box.connections) == (5, 3)


async def test_a_session_that_sends_nothing_does_not_connect(
    real_server: Any, channel: Channels
) -> None:
    async with real_server() as box, channel(box.port).session():
        pass
    assert box.connections == 0


async def test_bounces_go_to_a_return_path_that_names_the_mail(
    real_server: Any, channel: Channels, parcel: Make
) -> None:
    async with real_server() as box:
        chan = channel(box.port, envelope_from="bounces+{token}@example.org")
        async with chan.session() as session:
            await session.deliver(parcel(bounce_token="a1b2"))
            await session.deliver(parcel())
    paths = [sender for sender, _, _ in box.mails]
    assert paths == ["bounces+a1b2@example.org", "bounces+7@example.org"]


async def test_a_return_path_that_the_token_spoils_is_told_as_a_setting(
    channel: Channels, parcel: Make
) -> None:
    async with channel(1, envelope_from="b+{token}@example.org").session() as session:
        with pytest.raises(DeliveryError, match=r"smtp\.envelope_from"):
            await session.deliver(parcel(bounce_token="x" * 80))


async def test_an_address_that_is_none_never_reaches_the_server(
    real_server: Any, channel: Channels, parcel: Make
) -> None:
    async with real_server() as box, channel(box.port).session() as session:
        for address in (
            "a@b.example, c@d.example",
            "a@b.example\r\nRCPT TO:<e@f.example>",
            "é@x.org",
        ):
            outcome = await session.deliver(parcel(address=address))
            assert outcome.kind is FAILED and not outcome.ours
    assert box.connections == 0


# ---------------------------------------------------------------- TLS and login


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
async def test_mail_goes_encrypted_and_logged_in(
    real_server: Any, channel: Channels, parcel: Make, certificates: Any, tls: Tls
) -> None:
    context = {"tls_context" if tls is Tls.STARTTLS else "implicit": certificates.good}
    extra = {"require_starttls": True} if tls is Tls.STARTTLS else {"auth_require_tls": False}
    async with real_server(login=True, **context, **extra) as box:
        chan = channel(
            box.port,
            tls=tls,
            ca_file=certificates.ca_file,
            username="digest",
            password="correct horse",
        )
        found = await chan.check()
        async with chan.session() as session:
            assert (await session.deliver(parcel())).kind is SENT
    assert found == (
        f"127.0.0.1:{box.port}: TLSv1.3 ({tls}), certificate trusted, logged in as digest, ready"
    )
    assert len(box.mails) == 1


async def test_check_tells_of_a_connection_in_clear(real_server: Any, channel: Channels) -> None:
    async with real_server() as box:
        found = await channel(box.port).check()
    assert found == f"127.0.0.1:{box.port}: not encrypted, no login, ready"
    assert box.mails == []


async def assert_out_of_order(chan: SmtpChannel, parcel: Parcel, *words: str) -> None:
    """Both doctor and a delivery say the same, in one line, and never the password."""
    with pytest.raises(DeliveryError) as told:
        await chan.check()
    async with chan.session() as session:
        with pytest.raises(DeliveryError) as told_again:
            await session.deliver(parcel)
    assert str(told.value) == str(told_again.value)
    for word in words:
        assert word in str(told.value)
    assert "\n" not in str(told.value)
    assert "correct horse" not in f"{told.value!r} {told.value.__cause__!r}"


async def test_without_starttls_nothing_is_sent_in_clear(
    real_server: Any, channel: Channels, parcel: Make
) -> None:
    async with real_server() as box:
        chan = channel(box.port, tls=Tls.STARTTLS, username="digest", password="correct horse")
        await assert_out_of_order(chan, parcel(), "does not offer STARTTLS", "smtp.tls")
    assert box.mails == []


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
@pytest.mark.parametrize(
    ("which", "trusted", "words"),
    [
        ("good", False, ("not signed by anyone", "smtp.ca_file")),
        ("other_name", True, ("another name than 127.0.0.1", "smtp.host")),
        ("expired", True, ("has expired",)),
    ],
)
async def test_a_certificate_that_cannot_be_trusted_stops_all(
    real_server: Any,
    channel: Channels,
    parcel: Make,
    certificates: Any,
    tls: Tls,
    which: str,
    trusted: bool,
    words: tuple[str, ...],
) -> None:
    context = {"tls_context" if tls is Tls.STARTTLS else "implicit": getattr(certificates, which)}
    async with real_server(**context) as box:
        chan = channel(box.port, tls=tls, ca_file=certificates.ca_file if trusted else None)
        await assert_out_of_order(chan, parcel(), *words)
    assert box.mails == []


async def test_implicit_tls_on_a_port_in_clear(
    real_server: Any, channel: Channels, parcel: Make
) -> None:
    async with real_server() as box:
        chan = channel(box.port, tls=Tls.IMPLICIT)
        await assert_out_of_order(chan, parcel(), "does not speak TLS", '"starttls"')


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.NONE])
async def test_clear_speech_on_a_tls_port(
    real_server: Any, channel: Channels, parcel: Make, certificates: Any, tls: Tls
) -> None:
    async with real_server(implicit=certificates.good) as box:
        chan = channel(box.port, tls=tls, timeout=0.2)
        await assert_out_of_order(chan, parcel(), "no answer in time", '"implicit"')


async def test_a_ca_file_that_cannot_be_read(
    channel: Channels, parcel: Make, tmp_path: Path
) -> None:
    missing = channel(1, tls=Tls.STARTTLS, ca_file=tmp_path / "none.pem")
    await assert_out_of_order(missing, parcel(), "smtp.ca_file", "No such file")
    (tmp_path / "bad.pem").write_text("no certificate")
    bad = channel(1, tls=Tls.STARTTLS, ca_file=tmp_path / "bad.pem")
    await assert_out_of_order(bad, parcel(), "smtp.ca_file", "PEM")


async def test_a_login_that_is_refused(
    real_server: Any, channel: Channels, parcel: Make, certificates: Any
) -> None:
    async with real_server(tls_context=certificates.good, login=True) as box:
        chan = channel(
            box.port,
            tls=Tls.STARTTLS,
            ca_file=certificates.ca_file,
            username="someone",
            password="correct horse",
        )
        words = ("login of someone was refused", "535", "smtp.password")
        await assert_out_of_order(chan, parcel(), *words)


async def test_a_login_that_is_not_offered(
    real_server: Any, channel: Channels, parcel: Make
) -> None:
    async with real_server() as box:
        chan = channel(box.port, username="digest", password="correct horse")
        await assert_out_of_order(chan, parcel(), "offers no login", '"starttls"', "smtp.username")


async def test_a_server_that_repeats_the_password_is_not_quoted(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        await line.greet("AUTH PLAIN")
        sent = (await line.hear()).split()[-1]
        await line.say(f"501 5.5.4 what is {sent} and correct horse?")
        await line.hear()

    async with scripted_server(script) as server:
        chan = channel(server.port, username="digest", password="correct horse")
        await assert_out_of_order(chan, parcel(), "what is *** and ***?")


async def test_a_server_that_hangs_up_at_the_login(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        await line.greet("AUTH PLAIN")
        await line.hear()

    async with scripted_server(script) as server:
        chan = channel(server.port, username="digest", password="correct horse")
        await assert_out_of_order(chan, parcel(), "hung up during the login", "smtp.password")


async def test_a_server_that_knows_only_other_logins(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async with scripted_server(lambda line: line.greet("AUTH XOAUTH2")) as server:
        chan = channel(server.port, username="digest", password="correct horse")
        await assert_out_of_order(chan, parcel(), "XOAUTH2")


# ---------------------------------------------------------------- a server that is not there


async def test_a_refused_connection(channel: Channels, parcel: Make) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        await assert_out_of_order(channel(port), parcel(), f":{port}", "refused", "smtp.port")
        await assert_out_of_order(channel(port, host="localhost"), parcel(), "refused")


async def test_a_host_that_has_no_address(channel: Channels, parcel: Make) -> None:
    chan = channel(25, host="nowhere.invalid")
    await assert_out_of_order(chan, parcel(), "nowhere.invalid: no such host name", "smtp.host")


async def test_a_host_that_is_no_name(channel: Channels, parcel: Make) -> None:
    await assert_out_of_order(channel(25, host="x" * 70 + ".é"), parcel(), "smtp.host")


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        ("421 4.3.2 too many connections", ("421 4.3.2 too many", "try later")),
        ("554 5.7.1 you are listed", ("554 5.7.1 you are listed", "operator")),
        ("SSH-2.0-Something", ("does not speak SMTP", "SSH-2.0", "smtp.port")),
    ],
)
async def test_a_greeting_that_turns_us_away(
    scripted_server: Any, channel: Channels, parcel: Make, greeting: str, words: tuple[str, ...]
) -> None:
    async with scripted_server(lambda line: line.say(greeting)) as server:
        await assert_out_of_order(channel(server.port), parcel(), *words)


async def test_a_server_that_hangs_up_at_once(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        return None

    async with scripted_server(script) as server:
        await assert_out_of_order(channel(server.port), parcel(), "hung up before it was ready")


async def test_a_greeting_that_drips_meets_the_deadline(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        while True:
            line.writer.write(b"2")
            await line.writer.drain()
            await asyncio.sleep(0.02)

    async with scripted_server(script) as server:
        chan = channel(server.port, deadline=0.2)
        await assert_out_of_order(chan, parcel(), "no answer in time")


async def test_an_old_server_is_greeted_with_helo(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        await line.say("220 mail.example.org")
        await line.answer("502 what?", "250 mail.example.org")
        await line.accept_message()
        await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        assert (await session.deliver(parcel())).kind is SENT


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("answers", "kind", "enhanced", "ours"),
    [
        (["450 4.3.2 not now"], DEFERRED, "4.3.2", True),
        (["550 5.1.8 bad sender"], FAILED, "5.1.8", True),
        (["530 login first"], FAILED, None, True),
        (["250 ok", "550 5.1.1 no such user"], FAILED, "5.1.1", False),
        (["250 ok", "550 no such user"], FAILED, None, False),
        (["250 ok", "452 4.2.2 mailbox full"], DEFERRED, "4.2.2", False),
        (["250 ok", "554 5.7.1 relay access denied"], FAILED, "5.7.1", True),
        (["250 ok", "503 wrong order"], FAILED, None, True),
        (["250 ok", "550 4.1.1 classes that do not fit"], FAILED, None, False),
        (["250 ok", "251 forwarded", "554 no valid recipients"], FAILED, None, False),
        (["250 ok", "250 ok", "451 4.3.0 later"], DEFERRED, "4.3.0", False),
    ],
)
async def test_a_refusal_before_the_message_is_told_and_the_connection_goes_on(
    scripted_server: Any,
    channel: Channels,
    parcel: Make,
    answers: list[str],
    kind: OutcomeKind,
    enhanced: str | None,
    ours: bool,
) -> None:
    heard = []

    async def script(line: Any) -> None:
        await line.greet()
        await line.answer(*answers)
        heard.append(await line.hear())
        await line.say("250 reset")
        await line.accept_message()
        await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        outcome = await session.deliver(parcel())
        assert (await session.deliver(parcel())).kind is SENT
    assert (outcome.kind, outcome.enhanced, outcome.ours) == (kind, enhanced, ours)
    assert outcome.detail == answers[-1]
    assert heard == ["RSET"]
    assert server.connections == 1


@pytest.mark.parametrize(
    ("answer", "kind", "ours"),
    [
        ("250 taken", SENT, False),
        ("451 4.3.0 later", DEFERRED, False),
        ("421 4.3.2 going down", DEFERRED, False),
        ("554 5.6.0 not like this", FAILED, False),
        ("550 5.7.1 looks like spam", FAILED, True),
        ("354 what?", UNKNOWN, False),
        ("garbage", UNKNOWN, False),
    ],
)
async def test_the_answer_to_the_message_decides(
    scripted_server: Any,
    channel: Channels,
    parcel: Make,
    answer: str,
    kind: OutcomeKind,
    ours: bool,
) -> None:
    async def script(line: Any) -> None:
        await line.greet()
        await line.answer("250 ok", "250 ok", "354 go on")
        await line.take_message()
        await line.say(answer)
        await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        outcome = await session.deliver(parcel())
    assert (outcome.kind, outcome.ours) == (kind, ours)
    assert answer in outcome.detail


async def test_the_servers_words_are_one_bounded_line(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        await line.greet()
        await line.answer("250 ok")
        await line.hear()
        line.writer.write(b"550-5.1.1 no\x1b[31m such\xff\r\n550 5.1.1 " + b"user " * 400 + b"\r\n")
        await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        outcome = await session.deliver(parcel())
    assert outcome.detail.startswith("550 5.1.1 no[31m such� 5.1.1 user")
    assert outcome.detail.isprintable() and len(outcome.detail) <= 300


async def test_the_size_is_told_where_the_server_wants_it(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    heard = []

    async def script(line: Any) -> None:
        await line.greet("SIZE 1000")
        heard.append(await line.hear())
        await line.say("552 5.3.4 too big")
        await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        assert (await session.deliver(parcel())).ours
    assert heard[0].startswith("MAIL FROM:<digest@example.org> SIZE=")


# ---------------------------------------------------------------- connections that break


@pytest.mark.parametrize("answers", [[], ["250 ok"], ["250 ok", "250 ok"]])
async def test_a_drop_before_the_message_is_safe_to_send_again(
    scripted_server: Any, channel: Channels, parcel: Make, answers: list[str]
) -> None:
    async def script(line: Any) -> None:
        await line.greet()
        await line.answer(*answers)
        await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        outcome = await session.deliver(parcel())
    assert outcome.kind is DEFERRED and not outcome.ours
    assert "nothing was accepted" in outcome.detail
    assert server.connections == 1


async def test_a_drop_in_the_middle_of_a_large_message_is_safe_to_send_again(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        await line.greet()
        await line.answer("250 ok", "250 ok", "354 go on")
        await line.reader.readexactly(10_000)
        line.writer.transport.abort()

    large = parcel(html="<p>paper</p>\n" * 1_200_000)
    async with scripted_server(script) as server, channel(server.port).session() as session:
        outcome = await session.deliver(large)
    assert outcome.kind is DEFERRED
    assert "sending the message" in outcome.detail


async def test_a_server_that_stops_reading_a_large_message_is_safe_to_try_again(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        await line.greet()
        await line.answer("250 ok", "250 ok", "354 go on")
        await asyncio.sleep(5)

    large = parcel(html="<p>paper</p>\n" * 1_200_000)
    async with (
        scripted_server(script) as server,
        channel(server.port, timeout=0.3).session() as session,
    ):
        outcome = await session.deliver(large)
    assert outcome.kind is DEFERRED
    assert outcome.detail.startswith("no answer within 0.3 s at sending the message")


async def test_a_drop_after_the_final_dot_is_unknown_and_never_sent_again(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    taken = []

    async def script(line: Any) -> None:
        await line.greet()
        if line.number == 1:
            await line.accept_message()
        await line.answer("250 ok", "250 ok", "354 go on")
        taken.append(await line.take_message())

    async with scripted_server(script) as server, channel(server.port).session() as session:
        assert (await session.deliver(parcel())).kind is SENT
        outcome = await session.deliver(parcel(edition_id=13))
    assert outcome.kind is UNKNOWN
    assert "after the whole message was sent" in outcome.detail
    assert (len(taken), server.connections) == (1, 1)


async def test_silence_after_the_final_dot_is_unknown(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        await line.greet()
        await line.answer("250 ok", "250 ok", "354 go on")
        await line.take_message()
        await asyncio.sleep(5)

    async with (
        scripted_server(script) as server,
        channel(server.port, timeout=0.2).session() as session,
    ):
        outcome = await session.deliver(parcel())
    assert outcome.kind is UNKNOWN
    assert outcome.detail == "no answer within 0.2 s after the whole message was sent"


@pytest.mark.parametrize(("dot", "kind"), [(False, DEFERRED), (True, UNKNOWN)])
async def test_an_answer_that_drips_meets_the_deadline(
    scripted_server: Any, channel: Channels, parcel: Make, dot: bool, kind: OutcomeKind
) -> None:
    async def script(line: Any) -> None:
        await line.greet()
        if dot:
            await line.answer("250 ok", "250 ok", "354 go on")
            await line.take_message()
        line.writer.write(b"250-")
        while True:
            line.writer.write(b"x")
            await line.writer.drain()
            await asyncio.sleep(0.02)

    async with (
        scripted_server(script) as server,
        channel(server.port, deadline=0.3).session() as session,
    ):
        outcome = await session.deliver(parcel())
    assert outcome.kind is kind
    assert "no end within 0.3 s" in outcome.detail


async def test_after_an_unknown_outcome_the_next_mail_has_a_new_connection(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        await line.greet()
        if line.number == 1:
            await line.answer("250 ok", "250 ok", "354 go on")
            await line.take_message()
        else:
            await line.accept_message()
            await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        assert (await session.deliver(parcel())).kind is UNKNOWN
        assert (await session.deliver(parcel(edition_id=13))).kind is SENT
    assert server.connections == 2


# ---------------------------------------------------------------- worn connections


@pytest.mark.parametrize(
    "worn", [["452 4.3.1 too many mails"], ["421 4.4.2 idle for too long"], ["250 ok", "421 bye"]]
)
async def test_a_limit_per_connection_costs_a_new_connection_and_no_mail(
    scripted_server: Any, channel: Channels, parcel: Make, worn: list[str]
) -> None:
    taken = []

    async def script(line: Any) -> None:
        await line.greet()
        for _ in range(2):
            taken.append(await line.accept_message())
        await line.answer(*worn)
        await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        kinds = [(await session.deliver(parcel(edition_id=n))).kind for n in range(6)]
    assert kinds == [SENT] * 6
    assert (len(taken), server.connections) == (6, 3)


@pytest.mark.parametrize("answers", [[], ["250 ok"], ["250 ok", "250 ok"]])
async def test_a_used_connection_that_breaks_before_the_message_is_replaced(
    scripted_server: Any, channel: Channels, parcel: Make, answers: list[str]
) -> None:
    taken = []

    async def script(line: Any) -> None:
        await line.greet()
        taken.append(await line.accept_message())
        await line.answer(*answers)
        await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        kinds = [(await session.deliver(parcel(edition_id=n))).kind for n in range(3)]
    assert kinds == [SENT] * 3
    assert (len(taken), server.connections) == (3, 3)


async def test_a_connection_closed_between_two_mails_is_replaced(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        await line.greet()
        await line.accept_message()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        for n in range(3):
            assert (await session.deliver(parcel(edition_id=n))).kind is SENT
            await asyncio.sleep(0.02)
    assert server.connections == 3


async def test_a_connection_that_cannot_be_reset_is_replaced(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        await line.greet()
        if line.number == 1:
            await line.answer("250 ok", "550 5.1.1 no such user", "500 what?")
        else:
            await line.accept_message()
        await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        assert (await session.deliver(parcel())).kind is FAILED
        assert (await session.deliver(parcel(edition_id=13))).kind is SENT
    assert server.connections == 2


async def test_a_second_refusal_on_a_new_connection_is_believed(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        await line.greet()
        if line.number == 1:
            await line.accept_message()
        await line.answer("450 4.7.1 slow down")
        await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        assert (await session.deliver(parcel())).kind is SENT
        outcome = await session.deliver(parcel(edition_id=13))
    assert (outcome.kind, outcome.code) == (DEFERRED, 450)
    assert server.connections == 2


async def test_a_server_that_goes_away_between_two_mails_is_out_of_order(
    real_server: Any, channel: Channels, parcel: Make
) -> None:
    async with real_server() as box:
        async with channel(box.port, recycle=1).session() as session:
            assert (await session.deliver(parcel())).kind is SENT
            box_port = box.port
        gone = channel(box_port).session()
    async with gone as session:
        with pytest.raises(DeliveryError, match="refused"):
            await session.deliver(parcel())


async def test_a_cancelled_delivery_leaves_no_connection_behind(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    gone = asyncio.Event()

    async def script(line: Any) -> None:
        await line.greet()
        await line.hear()
        await line.hear()
        gone.set()

    async def run(port: int) -> None:
        async with channel(port).session() as session:
            await session.deliver(parcel())

    async with scripted_server(script) as server:
        task = asyncio.create_task(run(server.port))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(gone.wait(), 2)


# ---------------------------------------------------------------- options


def test_the_password_is_not_shown_with_the_options() -> None:
    assert "secret" not in repr(SmtpOptions(username="digest", password="secret"))


def test_options_out_of_range_are_told_when_they_are_made() -> None:
    good = SmtpOptions()
    with pytest.raises(ConfigError, match=r"smtp\.port"):
        replace(good, port=0)
    with pytest.raises(ConfigError, match=r"smtp\.recycle"):
        replace(good, recycle=0)
    with pytest.raises(ConfigError, match=r"smtp\.helo"):
        replace(good, helo="two words")
    with pytest.raises(AddressError, match="bounces"):
        replace(good, envelope_from="bounces+{token}")


def test_certificates_are_always_checked() -> None:
    from digest.delivery.smtp.connection import _tls_context

    context = _tls_context(SmtpOptions())
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname


# ---------------------------------------------------------------- who we are


@pytest.fixture
def identity(tmp_path: Path) -> tuple[Path, Path, ssl.SSLContext]:
    """Our certificate, its key, and a server that lets in only who shows it."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    ours = ca.issue_cert("client.example.org")
    ours.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    ours.private_key_pem.write_to_path(tmp_path / "client.key")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    ca.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return tmp_path / "client.pem", tmp_path / "client.key", context


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
async def test_a_server_that_wants_a_certificate_is_shown_ours(
    real_server: Any, channel: Channels, parcel: Make, identity: Any, tmp_path: Path, tls: Tls
) -> None:
    cert, key, context = identity
    name = "tls_context" if tls is Tls.STARTTLS else "implicit"
    async with real_server(**{name: context}) as box:
        chan = channel(
            box.port, tls=tls, ca_file=tmp_path / "ca.pem", client_cert=cert, client_key=key
        )
        async with chan.session() as session:
            assert (await session.deliver(parcel())).kind is SENT


async def test_a_server_that_wants_a_certificate_and_gets_none_is_told_in_words(
    real_server: Any, channel: Channels, parcel: Make, identity: Any, tmp_path: Path
) -> None:
    *_, context = identity
    async with real_server(implicit=context) as box:
        chan = channel(box.port, tls=Tls.IMPLICIT, ca_file=tmp_path / "ca.pem")
        await assert_out_of_order(chan, parcel(), "smtp.client_cert")


async def test_a_certificate_of_ours_that_cannot_be_used(
    channel: Channels, parcel: Make, identity: Any, tmp_path: Path
) -> None:
    cert, key, _ = identity
    stranger = trustme.CA().issue_cert("x.example.org").private_key_pem
    stranger.write_to_path(tmp_path / "other.key")
    for options, words in (
        ({"client_cert": tmp_path / "none.pem", "client_key": key}, "No such file"),
        ({"client_cert": key, "client_key": key}, "both must be PEM"),
        ({"client_cert": cert, "client_key": tmp_path / "other.key"}, "another certificate"),
    ):
        chan = channel(1, tls=Tls.IMPLICIT, **options)
        await assert_out_of_order(chan, parcel(), "smtp.client_cert", words)
    chan = channel(1, client_cert=cert, client_key=key)
    await assert_out_of_order(chan, parcel(), "only over TLS")
    with pytest.raises(ConfigError, match=r"smtp\.client_key"):
        SmtpOptions(client_key=key)


# ---------------------------------------------------------------- servers that stand in


async def test_another_server_stands_in_when_the_first_does_not_let_us_in(
    real_server: Any, scripted_server: Any, channel: Channels, parcel: Make, mail: MailOptions
) -> None:
    turned_away = scripted_server(lambda line: line.say("421 4.3.2 busy"))
    async with turned_away as first, real_server() as box:
        options = [
            SmtpOptions(host="127.0.0.1", port=port, tls=Tls.NONE, helo="client.example.org")
            for port in (first.port, box.port)
        ]
        chan = SmtpChannel(options[0], mail, options[1:])
        for n in range(2):  # the second session does not ask the first server again
            async with chan.session() as session:
                assert (await session.deliver(parcel(edition_id=n))).kind is SENT
        assert (first.connections, len(box.mails)) == (1, 2)
        with pytest.raises(DeliveryError, match="421"):
            await chan.check()


async def test_a_mail_whose_answer_was_lost_is_given_to_no_other_server(
    real_server: Any, scripted_server: Any, parcel: Make, mail: MailOptions
) -> None:
    async def script(line: Any) -> None:
        await line.greet()
        await line.answer("250 ok", "250 ok", "354 go on")
        await line.take_message()

    async with scripted_server(script) as first, real_server() as box:
        options = [
            SmtpOptions(host="127.0.0.1", port=port, tls=Tls.NONE, helo="client.example.org")
            for port in (first.port, box.port)
        ]
        async with SmtpChannel(options[0], mail, options[1:]).session() as session:
            assert (await session.deliver(parcel())).kind is UNKNOWN
    assert box.mails == []


async def test_when_none_lets_us_in_each_is_told(mail: MailOptions, parcel: Make) -> None:
    options = [SmtpOptions(host="127.0.0.1", port=port, tls=Tls.NONE) for port in (1, 2)]
    async with SmtpChannel(options[0], mail, options[1:]).session() as session:
        with pytest.raises(DeliveryError, match=r"127\.0\.0\.1:1: .*; and 127\.0\.0\.1:2: "):
            await session.deliver(parcel())


# ---------------------------------------------------------------- limits and ends


async def test_rate_limits_are_those_of_the_server_and_of_the_domain(channel: Channels) -> None:
    chan = channel(
        1, rates=["10/second", "2000 / hour"], domain_rates={"gmail.com": ["3/minute"], "*": []}
    )
    told = [(r.name, r.count, r.seconds, r.domain) for r in chan.limits("ada@Gmail.com")]
    assert told == [
        ("smtp", 10, 1, ""),
        ("smtp", 2000, 3600, ""),
        ("smtp:gmail.com", 3, 60, "gmail.com"),
    ]
    assert [r.name for r in chan.limits("ada@example.org")] == ["smtp", "smtp"]


@pytest.mark.parametrize("text", ["10", "0/second", "10/fortnight", "-1/hour", "x/day", "1e3/day"])
def test_a_rate_limit_that_is_none_is_told(text: str) -> None:
    with pytest.raises(ConfigError, match="is no rate limit; write it like 10/second"):
        SmtpOptions(rates=[text])
    with pytest.raises(ConfigError, match="is no rate limit"):
        SmtpOptions(domain_rates={"example.org": [text]})


@pytest.mark.parametrize(
    ("before_the_dot", "kind"), [(True, DEFERRED), (False, UNKNOWN)], ids=["before", "after"]
)
async def test_a_mail_that_is_hurried_comes_back_with_what_is_known_of_it(
    scripted_server: Any, channel: Channels, parcel: Make, before_the_dot: bool, kind: OutcomeKind
) -> None:
    reached = asyncio.Event()

    async def script(line: Any) -> None:
        await line.greet()
        await line.answer("250 ok", "250 ok")
        await line.hear()
        if not before_the_dot:
            await line.say("354 go on")
            await line.take_message()
        reached.set()
        await asyncio.sleep(60)

    async with (
        scripted_server(script) as server,
        channel(server.port, timeout=30, deadline=60).session() as session,
    ):
        sending = asyncio.create_task(session.deliver(parcel()))
        await reached.wait()
        session.hurry(0.1)
        outcome = await asyncio.wait_for(sending, 2)
    assert outcome.kind is kind
    assert "program was stopped" in outcome.detail


async def test_only_a_missing_mailbox_is_gone(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    for answer, gone in (
        ("550 5.1.1 no such user", True),
        ("550 5.1.10 no mail here", True),
        ("550 no such user", False),
        ("552 5.2.2 mailbox full", False),
        ("450 4.1.1 not yet", False),
        ("550 5.7.1 go away", False),
    ):

        async def script(line: Any, answer: str = answer) -> None:
            await line.greet()
            await line.answer("250 ok", answer)
            await line.hear()

        async with scripted_server(script) as server, channel(server.port).session() as session:
            outcome = await session.deliver(parcel())
        assert (outcome.gone, outcome.policy) == (gone, "5.7.1" in answer)
