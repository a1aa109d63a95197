"""One mail server, and those that stand in for it."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager

from digest.delivery.base import Session
from digest.delivery.message import forms_of
from digest.delivery.options import MailOptions, SmtpOptions
from digest.delivery.smtp.accounts import Accounts
from digest.delivery.smtp.connection import BROKEN, connect, describe, hang_up, out_of_order
from digest.delivery.smtp.session import SmtpSession
from digest.models import Format, Rate


class SmtpChannel:
    """Hands mails to a mail server.

    Args:
        options: how to reach it.
        mail: what stands in every mail.
        fallbacks: servers that stand in when it cannot be reached or does not let us in.
    """

    name = "smtp"
    repeatable = False

    def __init__(
        self, options: SmtpOptions, mail: MailOptions, fallbacks: Sequence[SmtpOptions] = ()
    ) -> None:
        self._options = options
        self._all = (options, *fallbacks)
        self._accounts = Accounts(self._all)
        self._mail = mail

    @property
    def connections(self) -> int:
        """How many sessions may be open at once."""
        return self._options.connections

    async def check(self) -> str:
        """Connect, encrypt, log in and ask for a sign of life, as a session would.

        Servers that stand in are tried as well: nobody else would notice that they do not work.
        """
        return "; else ".join([await _check(options) for options in self._all])

    def forms(self, format_: Format) -> Collection[Format]:
        """Return what a mail carries."""
        return forms_of(format_)

    def limits(self, address: str) -> Sequence[Rate]:
        """Return the rate limits that the server's operator told us."""
        return self._options.limits(self.name, address)

    def session(self) -> AbstractAsyncContextManager[Session]:
        """Return a session; it connects when its first parcel comes."""
        return SmtpSession(self._options, self._mail, self._accounts)


async def _check(options: SmtpOptions) -> str:
    try:
        async with asyncio.timeout(options.deadline):
            client = await connect(options)
            found = describe(client, options)
            await client.noop()
            await hang_up(client)
    except BROKEN as error:
        raise out_of_order(error, options) from error
    return found
