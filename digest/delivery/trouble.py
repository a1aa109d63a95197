"""Says in plain words why a mail server could not be reached, and what to do about it."""

import errno
import socket
import ssl

from digest.delivery.options import SmtpOptions, Tls
from digest.text import collapse, cut

# X509_V_ERR_* of OpenSSL's x509_vfy.h; `ssl` has no names for them.
_EXPIRED = 10
_NOT_YET_VALID = 9
_UNTRUSTED = frozenset({2, 18, 19, 20, 21})
_WRONG_NAME = frozenset({62, 64})
# What OpenSSL, by version, calls an answer that is no TLS at all.
_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"})

# The alerts by which a server says that it does not know us (RFC 8446 6.2).
_WANTS_CERTIFICATE = ("CERTIFICATE_REQUIRED", "ALERT_BAD_CERTIFICATE", "ALERT_UNKNOWN_CA")


def explain(error: BaseException, options: SmtpOptions) -> str:
    """Return one line on an error met while connecting, from whatever caused it first."""
    cause = _root(error)
    if isinstance(cause, ssl.SSLError):
        return f"{options.where}: {_tls_problem(cause, options)}"
    if isinstance(cause, socket.gaierror):
        return f"{options.host}: no such host name; check smtp.host and this machine's DNS"
    if isinstance(cause, TimeoutError):
        return f"{options.where}: {_silence(options)}"
    if isinstance(cause, OSError):
        return f"{options.where}: {_network_problem(cause, options)}"
    return f"{options.where}: {cut(collapse(str(cause)), 200)}; check smtp.host and smtp.port"


def is_lasting(error: BaseException) -> bool:
    """Tell whether somebody has to mend it: trying again in a moment would change nothing."""
    return isinstance(_root(error), ssl.SSLError | ValueError)


def _root(error: BaseException) -> BaseException:
    """Return the error that the chain began with; a timeout begins with a cancellation."""
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    return error


def _tls_problem(error: ssl.SSLError, options: SmtpOptions) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_problem(error, options)
    reason = getattr(error, "reason", None) or "the handshake failed"
    if any(word in reason for word in _WANTS_CERTIFICATE):
        return (
            "the server wants to see a certificate of ours that it knows, or does not like the one"
            " it was shown; check smtp.client_cert with its operator"
        )
    if options.tls is Tls.IMPLICIT and reason in _NOT_TLS:
        return (
            "the server does not speak TLS from the first byte; "
            'set smtp.tls = "starttls", or use the TLS port (465)'
        )
    words = reason.replace("_", " ").lower()
    return f"no TLS connection came about ({words}); check smtp.tls and the server's TLS versions"


def _certificate_problem(error: ssl.SSLCertVerificationError, options: SmtpOptions) -> str:
    if error.verify_code == _EXPIRED:
        return "the server's certificate has expired; it must be renewed there"
    if error.verify_code == _NOT_YET_VALID:
        return "the server's certificate is not valid yet; check this machine's clock"
    if error.verify_code in _WRONG_NAME:
        return (
            f"the server's certificate is for another name than {options.host}; "
            "set smtp.host to the name in the certificate"
        )
    if error.verify_code in _UNTRUSTED:
        return (
            "the server's certificate is not signed by anyone this machine trusts; "
            "name its authority's certificate in smtp.ca_file"
        )
    return f"the server's certificate was refused: {error.verify_message}"


def _silence(options: SmtpOptions) -> str:
    words = "no answer in time; check smtp.host, smtp.port and firewalls"
    if options.tls is Tls.IMPLICIT:
        return words
    return f'{words}; a port that speaks TLS from the first byte (465) needs smtp.tls = "implicit"'


def _network_problem(error: OSError, options: SmtpOptions) -> str:
    # A name with several addresses that all refuse gives one error without a number.
    text = str(error)
    if error.errno == errno.ECONNREFUSED or f"[Errno {errno.ECONNREFUSED}]" in text:
        return "connection refused, nothing listens there; check smtp.host and smtp.port"
    if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return "no way leads there; check smtp.host and this machine's network"
    if isinstance(error, ConnectionError):
        # Over TLS 1.3, a server that misses a certificate of ours may end just like this.
        wants = "" if options.tls is Tls.NONE else ", or wants a certificate (smtp.client_cert)"
        return (
            "the server hung up before it was ready; check smtp.port and smtp.tls, "
            f"and whether the server lets this machine in{wants}"
        )
    return f"{cut(collapse(text), 200)}; check smtp.host and smtp.port"
