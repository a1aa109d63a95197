"""What goes over the wire where the server takes several commands at once, and where not."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from digest.delivery import OutcomeKind, Parcel, SmtpChannel, Tls

Make = Callable[..., Parcel]
Channels = Callable[..., SmtpChannel]

SENT, DEFERRED, FAILED, UNKNOWN = OutcomeKind


async def hear(line: Any, count: int) -> list[str]:
    return [(await line.hear())[:4] for _ in range(count)]


async def accept(line: Any) -> bytes:
    """Take a message whose commands come at once."""
    assert await hear(line, 3) == ["MAIL", "RCPT", "DATA"]
    await line.say("250 ok", "250 ok", "354 go on")
    message: bytes = await line.take_message()
    await line.say("250 2.0.0 queued")
    return message


async def test_commands_go_at_once_where_the_server_offers_it(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        await line.greet("PIPELINING")
        for _ in range(3):
            await accept(line)
        assert await hear(line, 1) == ["QUIT"]
        await line.say("221 bye")

    async with scripted_server(script) as server, channel(server.port).session() as session:
        for number in range(3):
            assert (await session.deliver(parcel(edition_id=number))).kind is SENT
    assert server.connections == 1


async def test_commands_go_one_by_one_where_it_does_not(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    early = []

    async def script(line: Any) -> None:
        await line.greet("SIZE", "8BITMIME")
        for answer in ("250 ok", "250 ok", "354 go on"):
            await line.hear()
            try:
                early.append(await asyncio.wait_for(line.reader.read(1), 0.05))
            except TimeoutError:
                await line.say(answer)
        await line.take_message()
        await line.say("250 2.0.0 queued")
        await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        assert (await session.deliver(parcel())).kind is SENT
    assert early == []


@pytest.mark.parametrize(
    ("answers", "kind", "enhanced"),
    [
        (["450 4.3.2 not now", "503 no sender", "503 no recipient"], DEFERRED, "4.3.2"),
        (["550 5.1.8 bad sender", "550 5.1.8 bad sender", "503 no"], FAILED, "5.1.8"),
        (["250 ok", "550 5.1.1 no such user", "554 no valid recipients"], FAILED, "5.1.1"),
        (["250 ok", "450 4.2.0 greylisted", "354 go on"], DEFERRED, "4.2.0"),
        (["250 ok", "550 5.1.1 no such user", "354 go on"], FAILED, "5.1.1"),
        (["250 ok", "250 ok", "451 4.3.0 later"], DEFERRED, "4.3.0"),
    ],
)
async def test_the_first_refusal_counts_nothing_is_sent_and_the_connection_goes_on(
    scripted_server: Any,
    channel: Channels,
    parcel: Make,
    answers: list[str],
    kind: OutcomeKind,
    enhanced: str,
) -> None:
    async def script(line: Any) -> None:
        await line.greet("PIPELINING")
        await hear(line, 3)
        await line.say(*answers)
        if answers[-1].startswith("354"):
            assert await line.hear() == "."
            await line.say("554 5.5.1 no valid recipients")
        assert await line.hear() == "RSET"
        await line.say("250 reset")
        await accept(line)
        await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        outcome = await session.deliver(parcel())
        assert (await session.deliver(parcel(edition_id=13))).kind is SENT
    assert (outcome.kind, outcome.enhanced) == (kind, enhanced)
    assert server.connections == 1


async def test_a_refusal_counts_even_if_the_connection_breaks_before_the_other_answers(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        await line.greet("PIPELINING")
        await hear(line, 3)
        await line.say("250 ok", "550 5.1.1 no such user")

    async with scripted_server(script) as server, channel(server.port).session() as session:
        outcome = await session.deliver(parcel())
    assert (outcome.kind, outcome.gone, server.connections) == (FAILED, True, 1)


async def test_a_worn_connection_is_replaced_and_the_mail_sent_once(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        await line.greet("PIPELINING")
        await accept(line)
        if line.number == 1:
            await hear(line, 3)
            await line.say("421 4.7.0 too many mails")
        else:
            await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        assert (await session.deliver(parcel())).kind is SENT
        assert (await session.deliver(parcel(edition_id=13))).kind is SENT
    assert server.connections == 2


@pytest.mark.parametrize("answers", [[], ["250 ok"], ["250 ok", "250 ok"]])
async def test_a_drop_before_the_message_is_safe_to_send_again(
    scripted_server: Any, channel: Channels, parcel: Make, answers: list[str]
) -> None:
    async def script(line: Any) -> None:
        await line.greet("PIPELINING")
        await hear(line, 3)
        await line.say(*answers)

    async with scripted_server(script) as server, channel(server.port).session() as session:
        outcome = await session.deliver(parcel())
    assert (outcome.kind, server.connections) == (DEFERRED, 1)
    assert "nothing was accepted" in outcome.detail


async def test_answers_may_come_in_any_pieces(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        await line.greet("PIPELINING")
        await hear(line, 3)
        for piece in (b"25", b"0-one\r\n250 t", b"wo\r\n250 ok\r", b"\n354", b" go on\r\n"):
            line.writer.write(piece)
            await line.writer.drain()
            await asyncio.sleep(0.01)
        await line.take_message()
        await line.say("550-5.6.0 not", "550 like this")
        await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        outcome = await session.deliver(parcel())
    assert (outcome.kind, outcome.detail) == (FAILED, "550 5.6.0 not like this")


async def test_what_is_said_without_being_asked_is_no_answer(
    scripted_server: Any, channel: Channels, parcel: Make
) -> None:
    async def script(line: Any) -> None:
        await line.greet("PIPELINING")
        await hear(line, 3)
        await line.say("250 ok", "250 ok", "354 go on", "250 2.0.0 queued")
        await line.take_message()
        await line.say("554 5.6.0 not like this")
        await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        assert (await session.deliver(parcel())).kind is FAILED


@pytest.mark.parametrize("answer", [b"250-x\r\n" * 10_000, b"2" * 40_000, b"25\r\n", b"\r\n"])
async def test_what_is_no_answer_after_the_final_dot_leaves_the_outcome_unknown(
    scripted_server: Any, channel: Channels, parcel: Make, answer: bytes
) -> None:
    async def script(line: Any) -> None:
        await line.greet("PIPELINING")
        await hear(line, 3)
        await line.say("250 ok", "250 ok", "354 go on")
        await line.take_message()
        line.writer.write(answer)
        await line.hear()

    async with scripted_server(script) as server, channel(server.port).session() as session:
        outcome = await session.deliver(parcel())
    assert outcome.kind is UNKNOWN
    assert "makes no sense" in outcome.detail


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
async def test_a_large_message_leaves_through_tls_whole(
    real_server: Any, channel: Channels, parcel: Make, certificates: Any, tls: Tls
) -> None:
    context = {"tls_context" if tls is Tls.STARTTLS else "implicit": certificates.good}
    large = parcel(html="<p>paper</p>\n" * 60_000)
    async with real_server(**context) as box:
        chan = channel(box.port, tls=tls, ca_file=certificates.ca_file, timeout=10.0)
        async with chan.session() as session:
            for _ in range(2):
                assert (await session.deliver(large)).kind is SENT
    assert [len(mail[2]) > 780_000 for mail in box.mails] == [True, True]
