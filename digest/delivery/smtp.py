"""The channel that hands mails to a mail server; the one place that knows aiosmtplib.

The library raises the same error whether the connection broke before the message or after
its final dot, and the two mean opposite things: safe to send again, or perhaps delivered. So
each command is driven from here, one at a time, and `_Progress` always tells which of the two
holds. Its ``sendmail`` and its automatic STARTTLS are not used; nor are its private parts.
"""

import asyncio
import base64
import contextlib
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Self, cast

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol

from digest.delivery.addresses import validate
from digest.delivery.base import Outcome, OutcomeKind, Parcel
from digest.delivery.message import build
from digest.delivery.options import MailOptions, SmtpOptions, Tls
from digest.delivery.replies import Step, judge, lost, one_line
from digest.delivery.trouble import explain
from digest.errors import AddressError, DeliveryError

# What the library and the sockets under it raise. Timeouts and TLS errors are OSErrors;
# ValueError (with UnicodeError) comes from names and passwords that cannot be sent.
_BROKEN = (OSError, aiosmtplib.SMTPException, ValueError)
_QUIT_SECONDS = 5.0
_DRAIN_PAUSE = 0.01


class SmtpChannel:
    """Hands mails to one mail server."""

    name = "smtp"

    def __init__(self, options: SmtpOptions, mail: MailOptions) -> None:
        self._options = options
        self._mail = mail
        self.connections = options.connections

    async def check(self) -> str:
        """Connect, encrypt, log in and ask for a sign of life, as a session would."""
        options = self._options
        try:
            async with asyncio.timeout(options.deadline):
                client = await _connect(options)
                found = _describe(client, options)
                await client.noop()
                await _hang_up(client)
        except _BROKEN as error:
            raise _out_of_order(error, options) from error
        return found

    def session(self) -> "SmtpSession":
        """Return a session; it connects when its first parcel comes."""
        return SmtpSession(self._options, self._mail)


@dataclass(frozen=True, slots=True)
class _Envelope:
    """One message as it goes over the wire; the body is dot-stuffed, without the final dot."""

    sender: str
    recipient: str
    body: bytes


@dataclass(slots=True)
class _Progress:
    """How far the message in hand has come; written before each step is taken."""

    step: Step = Step.CONNECT


class SmtpSession:
    """One connection at a time, opened when needed and replaced when worn."""

    def __init__(self, options: SmtpOptions, mail: MailOptions) -> None:
        self._options = options
        self._mail = mail
        self._client: aiosmtplib.SMTP | None = None
        self._carried = 0  # messages begun on this connection
        self._unfinished = False  # the last message may have left an envelope behind

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            await self._leave()
        else:
            self._drop()

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Send one mail.

        Raises:
            DeliveryError: the server cannot be reached, does not encrypt or refuses the
                login; or our own settings make no valid mail. Nothing was sent.
        """
        try:
            envelope = self._envelope(parcel)
        except AddressError as error:
            return Outcome(OutcomeKind.FAILED, str(error))
        progress = _Progress()
        try:
            async with asyncio.timeout(self._options.deadline):
                return await self._send(envelope, progress)
        except TimeoutError as error:
            self._drop()
            if progress.step is Step.CONNECT:
                raise _out_of_order(error, self._options) from error
            return lost(progress.step, f"no end within {self._options.deadline:g} s")

    def _envelope(self, parcel: Parcel) -> _Envelope:
        recipient = validate(parcel.address)
        token = parcel.bounce_token or str(parcel.delivery_id)
        try:
            sender = self._options.return_path(token, self._mail.sender_address)
        except AddressError as error:
            raise DeliveryError(f"smtp.envelope_from gives no address: {error}") from error
        # A line that begins with a dot gets a second one (RFC 5321 4.5.2).
        body = build(parcel, self._mail).replace(b"\r\n.", b"\r\n..")
        return _Envelope(sender, recipient, body)

    async def _send(self, envelope: _Envelope, progress: _Progress) -> Outcome:
        """Send on the connection at hand; once more on a new one if that one was worn.

        A connection is worn when it breaks, or answers 4xx at the sender, on a later message
        than its first: servers limit messages and time per connection. Nothing was accepted
        then, so a second attempt cannot double the mail.
        """
        reused = await self._ready()
        outcome = await self._attempt(envelope, progress)
        worn = self._client is None or progress.step is Step.SENDER
        safe = outcome.kind is OutcomeKind.DEFERRED and progress.step is not Step.ANSWER
        if reused and worn and safe:
            progress.step = Step.CONNECT
            await self._leave()
            await self._ready()
            outcome = await self._attempt(envelope, progress)
        return outcome

    async def _ready(self) -> bool:
        """Have a connection for a new message; tell whether it has carried one before."""
        if self._carried >= self._options.recycle:
            await self._leave()
        elif self._client is not None and self._unfinished:
            try:
                await self._client.rset()
            except _BROKEN:
                self._drop()
        self._unfinished = False
        if self._client is not None and self._client.is_connected:
            return True
        self._drop()
        try:
            self._client = await _connect(self._options)
        except _BROKEN as error:
            raise _out_of_order(error, self._options) from error
        return False

    async def _attempt(self, envelope: _Envelope, progress: _Progress) -> Outcome:
        """Send once; a connection that broke is dropped."""
        assert self._client is not None
        self._carried += 1
        try:
            outcome = await self._converse(self._client, envelope, progress)
        except aiosmtplib.SMTPResponseException as error:
            self._drop()
            return lost(progress.step, f"an answer that makes no sense ({one_line(error.message)})")
        except _BROKEN as error:
            self._drop()
            timed_out = isinstance(error, TimeoutError)
            seconds = f"no answer within {self._options.timeout:g} s"
            return lost(progress.step, seconds if timed_out else "the connection broke")
        self._unfinished = outcome.kind is not OutcomeKind.SENT
        if self._unfinished and not _is_refusal(outcome):
            self._drop()
        return outcome

    async def _converse(
        self, client: aiosmtplib.SMTP, envelope: _Envelope, progress: _Progress
    ) -> Outcome:
        """Go through the commands of one message."""
        size = f" SIZE={len(envelope.body)}" if client.supports_extension("size") else ""
        for step, command, wanted in (
            (Step.SENDER, f"MAIL FROM:<{envelope.sender}>{size}", 2),
            (Step.RECIPIENT, f"RCPT TO:<{envelope.recipient}>", 2),
            (Step.DATA, "DATA", 3),
        ):
            progress.step = step
            reply = await client.execute_command(command.encode("ascii"))
            if reply.code // 100 != wanted:
                return judge(step, reply.code, reply.message)
        progress.step = Step.BODY
        protocol = await _write_out(client, envelope.body, self._options.timeout)
        # From here on the server may have all of it: only its answer can tell.
        progress.step = Step.ANSWER
        protocol.write(b".\r\n")
        reply = await protocol.read_response(self._options.timeout)
        return judge(Step.ANSWER, reply.code, reply.message)

    async def _leave(self) -> None:
        """Say goodbye and close."""
        if self._client is not None:
            await _hang_up(self._client)
        self._drop()

    def _drop(self) -> None:
        """Close without a word."""
        if self._client is not None:
            _cut_off(self._client)
        self._client = None
        self._carried = 0


def _is_refusal(outcome: Outcome) -> bool:
    """Tell whether the server said no in order, so that its connection can be kept."""
    return outcome.code is not None and outcome.code // 100 in (4, 5) and outcome.code != 421


async def _write_out(client: aiosmtplib.SMTP, body: bytes, seconds: float) -> SMTPProtocol:
    """Write a message without its final dot, and wait until this process has let go of it."""
    protocol = client.protocol
    if protocol is None:
        raise aiosmtplib.SMTPServerDisconnected("Connection lost")
    protocol.write(body)
    transport = cast(asyncio.WriteTransport, protocol.transport)
    async with asyncio.timeout(seconds):
        while protocol.is_connected and transport.get_write_buffer_size():  # noqa: ASYNC110
            await asyncio.sleep(_DRAIN_PAUSE)  # transports offer nothing public to wait for
    if not protocol.is_connected:
        raise aiosmtplib.SMTPServerDisconnected("Connection lost")
    return protocol


async def _connect(options: SmtpOptions) -> aiosmtplib.SMTP:
    """Return a connection that is encrypted and logged in as the options want it.

    Raises:
        DeliveryError: the server will not have us in this way.
    """
    client = aiosmtplib.SMTP(
        hostname=options.host,
        port=options.port,
        local_hostname=options.helo or None,
        timeout=options.timeout,
        use_tls=options.tls is Tls.IMPLICIT,
        start_tls=False,  # the library would go on in clear where the server offers none
        tls_context=await asyncio.to_thread(_tls_context, options),
    )
    try:
        await client.connect()
        await _greet(client)
        if options.tls is Tls.STARTTLS:
            await _upgrade(client, options)
        if options.username:
            await _log_in(client, options)
    except BaseException:
        _cut_off(client)
        raise
    return client


def _tls_context(options: SmtpOptions) -> ssl.SSLContext | None:
    if options.tls is Tls.NONE:
        return None
    context = ssl.create_default_context()
    if options.ca_file is not None:
        try:
            context.load_verify_locations(cafile=options.ca_file)
        except OSError as error:
            raise DeliveryError(
                f"smtp.ca_file {options.ca_file} holds no certificates that can be read "
                f"({error.strerror or error}); it must be a PEM file"
            ) from error
    return context


async def _greet(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        await client.helo()


async def _upgrade(client: aiosmtplib.SMTP, options: SmtpOptions) -> None:
    if not client.supports_extension("starttls"):
        raise DeliveryError(
            f"{options.where}: the server does not offer STARTTLS, and nothing was sent in clear; "
            'set smtp.tls = "implicit" and its port (465), or "none" on a network you trust'
        )
    await client.starttls()
    await _greet(client)


async def _log_in(client: aiosmtplib.SMTP, options: SmtpOptions) -> None:
    if not client.supports_extension("auth"):
        advice = "clear smtp.username if the server wants no login"
        if options.tls is Tls.NONE:
            advice = 'it may want TLS first, so set smtp.tls = "starttls"; else ' + advice
        raise DeliveryError(f"{options.where}: the server offers no login here; {advice}")
    if not client.supported_auth_methods:
        raise DeliveryError(
            f"{options.where}: the server takes none of the logins Digest knows (PLAIN, LOGIN, "
            f"CRAM-MD5), only {', '.join(client.server_auth_methods).upper()}; ask its operator"
        )
    # The causes are not chained: a server may repeat what it was sent.
    try:
        await client.login(options.username, options.password)
    except aiosmtplib.SMTPAuthenticationError as error:
        words = _masked(one_line(f"{error.code} {error.message}"), options)
        advice = "try later" if error.code // 100 == 4 else "check smtp.username and smtp.password"
        raise DeliveryError(
            f"{options.where}: the login of {options.username} was refused ({words}); {advice}"
        ) from None
    except aiosmtplib.SMTPServerDisconnected:
        raise DeliveryError(
            f"{options.where}: the server hung up during the login of {options.username}; "
            "check smtp.username and smtp.password"
        ) from None


def _masked(words: str, options: SmtpOptions) -> str:
    """Return a server's words without the password in any form that was sent."""
    secret = options.password.encode()
    plain = b"\0" + options.username.encode() + b"\0" + secret
    for sent in (base64.b64encode(plain), base64.b64encode(secret), secret):
        if sent:
            words = words.replace(sent.decode(), "***")
    return words


def _describe(client: aiosmtplib.SMTP, options: SmtpOptions) -> str:
    encryption = "not encrypted"
    if options.tls is not Tls.NONE:
        version = client.get_transport_info("ssl_object").version()
        encryption = f"{version} ({options.tls}), certificate trusted"
    login = f"logged in as {options.username}" if options.username else "no login"
    return f"{options.where}: {encryption}, {login}, ready"


def _out_of_order(error: BaseException, options: SmtpOptions) -> DeliveryError:
    """Return what to tell of an error met before any message was begun."""
    if not isinstance(error, aiosmtplib.SMTPResponseException):
        return DeliveryError(explain(error, options))
    if error.code <= 0:
        return DeliveryError(
            f"{options.where}: what answers there does not speak SMTP "
            f"({one_line(error.message)}); check smtp.host and smtp.port"
        )
    words = one_line(f"{error.code} {error.message}")
    advice = "try later" if error.code // 100 == 4 else "ask the server's operator why"
    return DeliveryError(f"{options.where}: the server turned us away ({words}); {advice}")


async def _hang_up(client: aiosmtplib.SMTP) -> None:
    """Say QUIT and close; a server that does not answer changes nothing."""
    with contextlib.suppress(*_BROKEN):
        async with asyncio.timeout(_QUIT_SECONDS):
            await client.execute_command(b"QUIT")
    _cut_off(client)


def _cut_off(client: aiosmtplib.SMTP) -> None:
    # Without abort, a transport waits for a silent server to take what is still unsent.
    if client.transport is not None:
        cast(asyncio.WriteTransport, client.transport).abort()
    client.close()
