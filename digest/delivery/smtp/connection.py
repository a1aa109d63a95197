"""Opening a connection as the options want it, or saying in plain words why it did not come about."""

import asyncio
import base64
import contextlib
import ssl
from typing import cast

import aiosmtplib

from digest.delivery.options import SmtpOptions, Tls
from digest.delivery.replies import one_line
from digest.delivery.trouble import explain, is_lasting
from digest.errors import DeliveryError

# What the library and the sockets under it raise. Timeouts and TLS errors are OSErrors;
# ValueError (with UnicodeError) comes from names and passwords that cannot be sent.
BROKEN = (OSError, aiosmtplib.SMTPException, ValueError)
QUIT_SECONDS = 5.0


async def connect(options: SmtpOptions) -> aiosmtplib.SMTP:
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
        cut_off(client)
        raise
    return client


def _tls_context(options: SmtpOptions) -> ssl.SSLContext | None:
    if options.tls is Tls.NONE:
        if options.client_cert is not None:
            raise DeliveryError(
                'smtp.client_cert is shown only over TLS; set smtp.tls = "starttls" or "implicit"',
                lasting=True,
            )
        return None
    context = ssl.create_default_context()
    if options.ca_file is not None:
        try:
            context.load_verify_locations(cafile=options.ca_file)
        except OSError as error:
            raise DeliveryError(
                f"smtp.ca_file {options.ca_file} holds no certificates that can be read "
                f"({error.strerror or error}); it must be a PEM file",
                lasting=True,
            ) from error
    if options.client_cert is not None:
        _show_certificate(context, options)
    return context


def _show_certificate(context: ssl.SSLContext, options: SmtpOptions) -> None:
    """Have a certificate to show to a server that asks for one."""
    assert options.client_cert is not None
    try:
        # Without the callback, a key with a passphrase would be asked for on the terminal.
        context.load_cert_chain(options.client_cert, options.client_key, password=_no_passphrase)
    except (OSError, ValueError) as error:
        files = " with ".join(str(f) for f in (options.client_cert, options.client_key) if f)
        raise DeliveryError(
            f"smtp.client_cert {files}: {_pem_problem(error)}", lasting=True
        ) from error


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase")


def _pem_problem(error: Exception) -> str:
    if isinstance(error, ValueError):
        return "the key is locked by a passphrase; give one without, readable by this user alone"
    reason = getattr(error, "reason", None)
    if reason == "KEY_VALUES_MISMATCH":
        return "the key belongs to another certificate"
    if not isinstance(error, ssl.SSLError):
        return f"it cannot be read ({getattr(error, 'strerror', None) or error})"
    return "it holds no certificate with its key; both must be PEM"


async def _greet(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        await client.helo()


async def _upgrade(client: aiosmtplib.SMTP, options: SmtpOptions) -> None:
    if not client.supports_extension("starttls"):
        raise DeliveryError(
            f"{options.where}: the server does not offer STARTTLS, and nothing was sent in clear; "
            'set smtp.tls = "implicit" and its port (465), or "none" on a network you trust',
            lasting=True,
        )
    await client.starttls()
    await _greet(client)


async def _log_in(client: aiosmtplib.SMTP, options: SmtpOptions) -> None:
    if not client.supports_extension("auth"):
        advice = "clear smtp.username if the server wants no login"
        if options.tls is Tls.NONE:
            advice = 'it may want TLS first, so set smtp.tls = "starttls"; else ' + advice
        raise DeliveryError(
            f"{options.where}: the server offers no login here; {advice}", lasting=True
        )
    if not client.supported_auth_methods:
        raise DeliveryError(
            f"{options.where}: the server takes none of the logins Digest knows (PLAIN, LOGIN, "
            f"CRAM-MD5), only {', '.join(client.server_auth_methods).upper()}; ask its operator",
            lasting=True,
        )
    # The causes are not chained: a server may repeat what it was sent.
    try:
        await client.login(options.username, options.password)
    except aiosmtplib.SMTPAuthenticationError as error:
        words = _masked(one_line(f"{error.code} {error.message}"), options)
        advice = "try later" if error.code // 100 == 4 else "check smtp.username and smtp.password"
        raise DeliveryError(
            f"{options.where}: the login of {options.username} was refused ({words}); {advice}",
            lasting=error.code // 100 != 4,
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


def describe(client: aiosmtplib.SMTP, options: SmtpOptions) -> str:
    """Return one line on how the connection stands."""
    encryption = "not encrypted"
    if options.tls is not Tls.NONE:
        version = client.get_transport_info("ssl_object").version()
        encryption = f"{version} ({options.tls}), certificate trusted"
    login = f"logged in as {options.username}" if options.username else "no login"
    return f"{options.where}: {encryption}, {login}, ready"


def out_of_order(error: BaseException, options: SmtpOptions) -> DeliveryError:
    """Return what to tell of an error met before any message was begun."""
    if not isinstance(error, aiosmtplib.SMTPResponseException):
        return DeliveryError(explain(error, options), lasting=is_lasting(error))
    if error.code <= 0:
        return DeliveryError(
            f"{options.where}: what answers there does not speak SMTP "
            f"({one_line(error.message)}); check smtp.host and smtp.port",
            lasting=True,
        )
    words = one_line(f"{error.code} {error.message}")
    advice = "try later" if error.code // 100 == 4 else "ask the server's operator why"
    return DeliveryError(
        f"{options.where}: the server turned us away ({words}); {advice}",
        lasting=error.code // 100 == 5,
    )


async def hang_up(client: aiosmtplib.SMTP, seconds: float = QUIT_SECONDS) -> None:
    """Say QUIT and close; a server that does not answer changes nothing."""
    with contextlib.suppress(*BROKEN):
        async with asyncio.timeout(seconds):
            await client.execute_command(b"QUIT")
    cut_off(client)


def cut_off(client: aiosmtplib.SMTP) -> None:
    """Close without a word, and without waiting."""
    # Without abort, a transport waits for a silent server to take what is still unsent.
    if client.transport is not None:
        cast(asyncio.WriteTransport, client.transport).abort()
    client.close()
