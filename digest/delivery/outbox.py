"""The channel that sends nothing: it keeps the real bytes of each mail, for trying and tests."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

from digest.delivery.base import Outcome, OutcomeKind, Parcel, Session
from digest.delivery.files import check_folder, safe_name, write_atomically
from digest.delivery.message import build, forms_of
from digest.delivery.options import MailOptions
from digest.errors import AddressError
from digest.models import Format, Rate


class OutboxChannel:
    """Writes one ``.eml`` file a mail into a folder; without a folder, keeps them in memory.

    Attributes:
        messages: the mails kept in memory, in order.
    """

    name = "outbox"
    connections = 1
    repeatable = True  # the same file again is the same file

    def __init__(self, mail: MailOptions, folder: Path | None = None) -> None:
        self._mail = mail
        self._folder = folder
        self.messages: list[bytes] = []

    async def check(self) -> str:
        """Write a probe file and remove it."""
        if self._folder is None:
            return "mails are kept in memory"
        await asyncio.to_thread(check_folder, self._folder)
        return f"{self._folder} can be written; no mail leaves this machine"

    def forms(self, format_: Format) -> Collection[Format]:
        """Return what a mail carries."""
        return forms_of(format_)

    def limits(self, address: str) -> Sequence[Rate]:
        """Return none: a folder takes whatever comes."""
        return ()

    def session(self) -> AbstractAsyncContextManager[Session]:
        """Return a session; it holds nothing open."""
        return nullcontext(self)

    def hurry(self, seconds: float) -> None:
        """Do nothing: writing a file takes no time worth cutting."""

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Keep the mail as it would have been sent.

        Raises:
            DeliveryError: the file cannot be written.
        """
        try:
            message = build(parcel, self._mail)
        except AddressError as error:
            return Outcome(OutcomeKind.FAILED, str(error))
        if self._folder is None:
            self.messages.append(message)
            return Outcome(OutcomeKind.SENT, "kept in memory")
        path = self._folder / _file_name(parcel)
        await asyncio.to_thread(write_atomically, path, message)
        return Outcome(OutcomeKind.SENT, f"written to {path}")


def _file_name(parcel: Parcel) -> str:
    who = safe_name(parcel.address)
    if parcel.edition_id is None:
        return f"{parcel.reference}-{who}.eml"
    return f"{parcel.edition_date}-{who}.eml"
