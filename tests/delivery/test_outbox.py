from collections.abc import Callable
from pathlib import Path

import pytest

from digest.delivery import (
    CHANNELS,
    MailOptions,
    OutboxChannel,
    Outcome,
    OutcomeKind,
    Parcel,
    build,
)
from digest.errors import DeliveryError

Make = Callable[..., Parcel]


async def deliver(channel: OutboxChannel, parcel: Parcel) -> Outcome:
    async with channel.session() as session:
        return await session.deliver(parcel)


async def test_mails_are_files_with_the_very_bytes(
    tmp_path: Path, mail: MailOptions, parcel: Make
) -> None:
    channel = OutboxChannel(mail, tmp_path / "outbox")
    outcome = await deliver(channel, parcel())
    letter = parcel(edition_id=None)
    await deliver(channel, letter)
    path = tmp_path / "outbox" / "2026-05-04-ada@example.org.eml"
    assert outcome == Outcome(OutcomeKind.SENT, f"written to {path}")
    assert path.read_bytes() == build(parcel(), mail)
    assert b"\r\n=2Ehidden line" in path.read_bytes()
    other = path.with_name("letter-7.20260504T050000-ada@example.org.eml")
    assert other.read_bytes() == build(letter, mail)
    assert channel.messages == []


async def test_without_a_folder_mails_stay_in_memory(mail: MailOptions, parcel: Make) -> None:
    channel = OutboxChannel(mail)
    assert (await deliver(channel, parcel())).kind is OutcomeKind.SENT
    assert channel.messages == [build(parcel(), mail)]
    assert "memory" in await channel.check()


async def test_an_address_that_is_none_fails_alone(mail: MailOptions, parcel: Make) -> None:
    channel = OutboxChannel(mail)
    outcome = await deliver(channel, parcel(address="ada"))
    assert outcome.kind is OutcomeKind.FAILED and "exactly one @" in outcome.detail
    assert channel.messages == []


async def test_a_folder_that_cannot_be_is_told(
    tmp_path: Path, mail: MailOptions, parcel: Make
) -> None:
    (tmp_path / "outbox").write_text("a file")
    channel = OutboxChannel(mail, tmp_path / "outbox")
    with pytest.raises(DeliveryError, match="a file stands"):
        await deliver(channel, parcel())
    with pytest.raises(DeliveryError, match="a file stands"):
        await channel.check()


async def test_check_says_that_no_mail_leaves(tmp_path: Path, mail: MailOptions) -> None:
    assert "no mail leaves this machine" in await OutboxChannel(mail, tmp_path).check()


def test_every_channel_is_registered_under_its_name() -> None:
    assert {name: channel.name for name, channel in CHANNELS.items()} == {
        "smtp": "smtp",
        "directory": "directory",
        "outbox": "outbox",
    }
