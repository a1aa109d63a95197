"""Delivery: renderings go out by a channel, and each comes back as an outcome."""

from digest.delivery.addresses import validate
from digest.delivery.base import Channel, Outcome, OutcomeKind, Parcel, Session
from digest.delivery.directory import DirectoryChannel
from digest.delivery.dkim import DkimOptions, Signer
from digest.delivery.message import build
from digest.delivery.options import MailOptions, SmtpOptions, Tls
from digest.delivery.outbox import OutboxChannel
from digest.delivery.smtp import SmtpChannel

CHANNELS: dict[str, type[Channel]] = {
    SmtpChannel.name: SmtpChannel,
    DirectoryChannel.name: DirectoryChannel,
    OutboxChannel.name: OutboxChannel,
}

__all__ = [
    "CHANNELS",
    "Channel",
    "DirectoryChannel",
    "DkimOptions",
    "MailOptions",
    "OutboxChannel",
    "Outcome",
    "OutcomeKind",
    "Parcel",
    "Session",
    "Signer",
    "SmtpChannel",
    "SmtpOptions",
    "Tls",
    "build",
    "validate",
]
