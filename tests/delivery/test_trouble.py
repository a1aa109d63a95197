"""What cannot be provoked on loopback; the rest is met with real servers in test_smtp."""

import errno
import os
import ssl

import pytest

from digest.delivery import SmtpOptions, Tls
from digest.delivery.trouble import explain

OPTIONS = SmtpOptions(host="mail.example.org")


def tls_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] of a kind")
    error.reason = reason
    return error


def certificate_error(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    error.verify_message = "certificate revoked"
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (certificate_error(9), "not valid yet; check this machine's clock"),
        (certificate_error(23), "refused: certificate revoked"),
        (tls_error("UNSUPPORTED_PROTOCOL"), "(unsupported protocol); check smtp.tls"),
        (ssl.SSLError(1, "odd"), "(the handshake failed)"),
        (OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH)), "no way leads there"),
        (OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH)), "no way leads there"),
        (
            OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 111] again"),
            "connection refused",
        ),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "hung up before it was ready"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files; check smtp.host"),
        (ValueError("odd\nname"), "odd name; check smtp.host"),
    ],
)
def test_each_trouble_is_one_line_with_the_server_and_what_to_do(
    error: Exception, words: str
) -> None:
    wrapped = ConnectionError("could not connect")
    wrapped.__cause__ = error
    for met in (error, wrapped):
        line = explain(met, OPTIONS)
        assert line.startswith("mail.example.org:587: ")
        assert words in line
        assert "\n" not in line


def test_silence_on_a_tls_port_does_not_suggest_what_is_set() -> None:
    line = explain(TimeoutError(), SmtpOptions(host="mail.example.org", port=465, tls=Tls.IMPLICIT))
    assert "no answer in time" in line and "implicit" not in line
