"""DKIM: signs our mails, so that receivers know which domain vouches for them (RFC 6376).

Off by default: most relays sign. The only cryptography. Each key signs each mail, so that an
Ed25519 key (RFC 8463), which some receivers cannot check yet, stands beside an RSA key, which
all can. Both canonicalizations are "relaxed"; what a relay does to spaces on the way does no
harm then. A signature covers the whole body (there is no ``l=``) and does not expire (no
``x=``): a mail that was held up is still ours.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from digest.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

# The headers of a signature are named in this order. Those of which there must be one only are
# named once more than they stand there, so that nobody can add a second one (RFC 6376 8.15).
_ONCE = ("from", "to", "subject", "date", "message-id", "reply-to")
_OTHERS = (
    "auto-submitted",
    "list-id",
    "list-unsubscribe",  # RFC 8058 wants both of these covered
    "list-unsubscribe-post",
    "content-language",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
)
_MIN_RSA = 2048  # bits; RFC 8301 allows 1024 and tells signers to use 2048
_LINE = 72  # characters of our own header lines
_RECORD = 255  # characters of one string of a TXT record (RFC 1035 3.3.14)

_FOLDS = re.compile(rb"\r\n(?=[ \t])")
_RUNS = re.compile(rb"[ \t]+")
_LABELS = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")


@dataclass(frozen=True, slots=True)
class DkimOptions:
    """Who signs, and with what.

    Attributes:
        domain: the domain that vouches; the sender's, or one above it.
        keys: files of private keys (PEM) by their selectors.

    Raises:
        ConfigError: the domain or a selector cannot stand in DNS.
    """

    domain: str
    keys: Mapping[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for what, name in (("domain", self.domain), *(("selector", key) for key in self.keys)):
            if not _LABELS.fullmatch(name) or len(name) > 200:
                raise ConfigError(f"dkim: {name[:80]!r} is no {what}; write it as it stands in DNS")


class _Key(Protocol):
    algorithm: str

    def sign(self, data: bytes) -> bytes: ...

    def record(self) -> str: ...


class Signer:
    """Signs mails for one domain; safe to use from several threads.

    Raises:
        ConfigError: the library is not installed, or a key cannot be used.
    """

    def __init__(self, options: DkimOptions) -> None:
        self._domain = options.domain
        self._keys = {name: _load(name, path) for name, path in options.keys.items()}

    @property
    def domain(self) -> str:
        """The domain that vouches."""
        return self._domain

    def sign(self, message: bytes, at: datetime) -> bytes:
        """Return a mail with a signature of each key before its other headers.

        Args:
            message: with CRLF line ends, and not dot-stuffed.
            at: when it was made; the same mail gets the same signatures each time it is sent.
        """
        head, _, body = message.partition(b"\r\n\r\n")
        headers = _headers(head)
        covered, named = _covered(headers)
        body_hash = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode()
        tags = (f"t={int(at.timestamp())};", *_lines(f"h={named};", ":"), f"bh={body_hash};", "b=")
        signed = [self._header(name, key, covered, tags) for name, key in self._keys.items()]
        return b"".join(signed) + message

    def records(self) -> dict[str, str]:
        """Return the TXT records that DNS must have, by name, as a zone file writes them."""
        return {
            f"{selector}._domainkey.{self._domain}": _quoted(f"v=DKIM1; {key.record()}")
            for selector, key in self._keys.items()
        }

    def _header(self, selector: str, key: _Key, covered: bytes, tags: Sequence[str]) -> bytes:
        """Return the header of one signature, with its line end (RFC 6376 3.5 and 3.7)."""
        first = f"v=1; a={key.algorithm}; c=relaxed/relaxed; d={self._domain};"
        value = "\r\n ".join((first, f"s={selector};", *tags))
        unsigned = _relaxed_header("dkim-signature", value.encode("ascii")).removesuffix(b"\r\n")
        signature = base64.b64encode(key.sign(covered + unsigned)).decode("ascii")
        return f"DKIM-Signature: {value}{_folded(signature)}\r\n".encode("ascii")


class _Rsa:
    algorithm = "rsa-sha256"

    def __init__(self, key: "PrivateKeyTypes") -> None:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding, rsa

        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key
        self._how = padding.PKCS1v15(), hashes.SHA256()

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, *self._how)

    def record(self) -> str:
        from cryptography.hazmat.primitives import serialization as form

        public = self._key.public_key().public_bytes(
            form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo
        )
        return f"k=rsa; p={base64.b64encode(public).decode()}"


class _Ed25519:
    algorithm = "ed25519-sha256"

    def __init__(self, key: "PrivateKeyTypes") -> None:
        from cryptography.hazmat.primitives.asymmetric import ed25519

        assert isinstance(key, ed25519.Ed25519PrivateKey)
        self._key = key

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(hashlib.sha256(data).digest())  # of the hash: RFC 8463 3

    def record(self) -> str:
        public = self._key.public_key().public_bytes_raw()
        return f"k=ed25519; p={base64.b64encode(public).decode()}"


def _load(selector: str, path: Path) -> _Key:
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError as error:
        raise ConfigError(
            "the settings want DKIM signatures, and the library for them is not installed;"
            " install research-digest[dkim]"
        ) from error
    where = f"the DKIM key {path} (selector {selector})"
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise ConfigError(f"{where} cannot be read: {error.strerror or error}") from error
    except TypeError as error:
        raise ConfigError(f"{where} is locked by a passphrase; give one without") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{where} is no private key in PEM form") from error
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return _Ed25519(key)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ConfigError(f"{where} is neither an RSA nor an Ed25519 key")
    if key.key_size < _MIN_RSA:
        raise ConfigError(f"{where} has {key.key_size} bits; make one with {_MIN_RSA} (RFC 8301)")
    return _Rsa(key)


def _headers(head: bytes) -> list[tuple[str, bytes]]:
    """Return names, in lower case, and values of the headers, in order."""
    found = []
    for line in _FOLDS.sub(b"", head).split(b"\r\n"):
        name, _, value = line.partition(b":")
        found.append((name.decode("ascii").strip().lower(), value))
    return found


def _covered(headers: list[tuple[str, bytes]]) -> tuple[bytes, str]:
    """Return the canonical headers that are signed, and their names joined by colons."""
    values = dict(headers)  # each of ours stands once in a mail
    named = [name for name in (*_ONCE, *_OTHERS) if name in values]
    lines = b"".join(_relaxed_header(name, values[name]) for name in named)
    return lines, ":".join((*named, *_ONCE))


def _relaxed_header(name: str, value: bytes) -> bytes:
    """RFC 6376 3.4.2."""
    flat = _RUNS.sub(b" ", _FOLDS.sub(b"", value)).strip(b" ")
    return name.encode("ascii") + b":" + flat + b"\r\n"


def _relaxed_body(body: bytes) -> bytes:
    """RFC 6376 3.4.4: runs of spaces are one, none at line ends, no empty lines at the end.

    The body ends with a line end, as all of ours do.
    """
    flat = body.replace(b"\t", b" ")
    while b"  " in flat:  # a tenth of the time of a regular expression
        flat = flat.replace(b"  ", b" ")
    flat = flat.replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return flat + b"\r\n" if flat else b""


def _lines(text: str, at: str) -> list[str]:
    """Return text in lines of a header, broken after a character."""
    lines = [""]
    for part in re.findall(f"[^{at}]+{at}?", text):
        if len(lines[-1]) + len(part) > _LINE:
            lines.append("")
        lines[-1] += part
    return lines


def _folded(text: str) -> str:
    return "\r\n ".join(["", *(text[i : i + _LINE] for i in range(0, len(text), _LINE))])


def _quoted(text: str) -> str:
    """Return text as the strings of one TXT record."""
    parts = (text[i : i + _RECORD] for i in range(0, len(text), _RECORD))
    return " ".join(f'"{part}"' for part in parts)
