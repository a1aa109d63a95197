"""Link tokens: what stands in the links of a mail, so that only its reader can use them.

A token names its purpose, the subscriber and a few numbers, and is signed: HMAC-SHA-256, cut
to 128 bits (RFC 2104 section 5 allows half of the hash), under a key that is derived from the
installation's secret for that purpose alone. So a link to unsubscribe cannot be turned into one
to manage. It carries the subscriber's link generation: raising that revokes all links sent
before. Nothing of it is stored, and every token that is not good is the same `None`.
"""

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import secrets as random_secrets
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from functools import lru_cache
from pathlib import Path

from digest.errors import ConfigError

MIN_SECRET = 16  # bytes
MAX_TOKEN = 200  # characters; a longer one is not looked at
_SIGNATURE = 16  # bytes
_HEAD = struct.Struct(">BBIHI")  # form, purpose, subscriber, generation, expiry in minutes
_NUMBER = struct.Struct(">I")
_FORM = 1
_BLOCK = 64  # bytes that SHA-256 takes at a time
_MINUTE = 60
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Purpose(IntEnum):
    """What a link is for; the numbers stand in mails that were sent and never change."""

    CONFIRM = 1  # the address is the subscriber's
    MANAGE = 2  # see and change the profile
    UNSUBSCRIBE = 3
    ANSWER = 4  # more, less, mute, save; values: edition, paper
    ARCHIVE = 5  # read past editions
    FEED = 6  # the same as Atom or JSON
    READDRESS = 7  # a new address is the subscriber's


@dataclass(frozen=True, slots=True)
class Claim:
    """What a good token says."""

    purpose: Purpose
    subscriber_id: int
    generation: int
    values: tuple[int, ...] = ()


class Tokens:
    """Makes and reads tokens.

    Args:
        secrets: the installation's secret, and before it ones that are still valid for reading
            after a change; the first one signs.

    Raises:
        ConfigError: there is none, or one is too short to be a secret.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        keys = [secret.encode() for secret in secrets]
        if not keys or min(map(len, keys)) < MIN_SECRET:
            raise ConfigError(
                f"`secret` must have {MIN_SECRET} characters or more; make one with"
                " `python3 -c 'import secrets; print(secrets.token_urlsafe(32))'`"
            )
        self._keys = keys

    def pseudonym(self, text: str) -> str:
        """Return what stands for a text (an address of a computer) where it is not to be kept."""
        key = hmac.digest(self._keys[0], b"digest pseudonym", hashlib.sha256)
        return hmac.digest(key, text.encode(), hashlib.sha256)[:_SIGNATURE].hex()

    def make(
        self,
        purpose: Purpose,
        subscriber_id: int,
        generation: int,
        *values: int,
        expires_at: datetime | None = None,
    ) -> str:
        """Return a token of letters, digits, ``-`` and ``_``: 38 characters and 5 or 6 a value.

        Args:
            purpose: what the link is for.
            subscriber_id: whose it is.
            generation: of the subscriber's links.
            values: what it is about, like an edition and a paper; 0 to 2**32 - 1 each.
            expires_at: the instant from which it is not valid any more; None: never.
        """
        expiry = int(expires_at.timestamp()) // _MINUTE if expires_at else 0
        body = _HEAD.pack(_FORM, purpose, subscriber_id, generation, expiry)
        body += b"".join(map(_NUMBER.pack, values))
        signed = body + _sign(self._keys[0], purpose, body)
        return _spell(signed)

    def make_each(
        self,
        purpose: Purpose,
        subscriber_id: int,
        generation: int,
        first: int,
        seconds: Iterable[int],
    ) -> list[str]:
        """Return what `make` does for each second value, like the papers of an edition."""
        head = _HEAD.pack(_FORM, purpose, subscriber_id, generation, 0) + _NUMBER.pack(first)
        bodies = [head + _NUMBER.pack(value) for value in seconds]
        hashed = _hasher(self._keys[0], b"digest link %d" % purpose)
        return [_spell(body + hashed(body)[:_SIGNATURE]) for body in bodies]

    def for_bounce(self, delivery_id: int, address: str) -> str:
        """Return what stands in the return path of a mail: ``17-`` and 16 letters and digits.

        It holds for this address alone, and does not mind in which case a server returns it.
        """
        return f"{delivery_id}-{_bounce_signature(self._keys[0], delivery_id, address)}"

    def is_bounce(self, token: str, address: str) -> bool:
        """Tell whether a return path is one that was made for this address."""
        number, _, signature = token.lower().partition("-")
        good = False
        for key in self._keys:  # all of them, so that time tells nothing
            made = _bounce_signature(key, int(number), address) if number.isascii() else ""
            good |= hmac.compare_digest(made, signature)
        return good

    def read(self, token: str, purpose: Purpose, now: datetime) -> Claim | None:
        """Return what a token says; None: it is not good, for whatever reason.

        Args:
            token: as it stood in the link.
            purpose: what the page is for; a token for another purpose is not good.
            now: tokens that expired before are not good.
        """
        body, signature = _split(token)
        good = False
        for key in self._keys:  # all of them, so that time tells nothing
            good |= hmac.compare_digest(_sign(key, purpose, body), signature)
        if not good:
            return None
        form, told, subscriber_id, generation, expiry = _HEAD.unpack_from(body)
        expired = expiry and now >= datetime.fromtimestamp(expiry * _MINUTE, UTC)
        if form != _FORM or told != purpose or expired:
            return None
        values = tuple(value for (value,) in _NUMBER.iter_unpack(body[_HEAD.size :]))
        return Claim(purpose, subscriber_id, generation, values)


def make_secret(path: Path) -> None:
    """Write a new secret that only its owner can read; one that is there stays.

    Raises:
        ConfigError: the file cannot be written.
    """
    if path.exists():
        return
    whole = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(random_secrets.token_urlsafe(32) + "\n")
        # Two processes may begin at once, and neither may find half a secret.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(whole)
        whole.unlink()
    except OSError as error:
        raise ConfigError(
            f"cannot write the secret {path}: {error.strerror}; make the folder writable, or set"
            " `secret`"
        ) from error


def read_secrets(path: Path) -> list[str]:
    """Return the secrets in a file, one on a line: the first one signs, the others still read.

    Raises:
        ConfigError: the file is there, and cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read the secret {path}; let this user read it, or set `secret`"
        ) from error


def _sign(secret: bytes, purpose: Purpose, body: bytes) -> bytes:
    return _hasher(secret, b"digest link %d" % purpose)(body)[:_SIGNATURE]


@lru_cache(maxsize=64)  # an edition holds some fifty tokens, and a run a million
def _hasher(secret: bytes, purpose: bytes) -> Callable[[bytes], bytes]:
    """Return HMAC-SHA-256 under the key for a purpose.

    It begins each time from the two hashes as they are once they have seen the key (RFC 2104
    section 4), which takes a quarter of the time of `hmac.digest`.
    """
    key = hmac.digest(secret, purpose, "sha256").ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]))
    outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in key]))

    def hashed(body: bytes) -> bytes:
        within, around = inner.copy(), outer.copy()
        within.update(body)
        around.update(within.digest())
        return around.digest()

    return hashed


def _bounce_signature(secret: bytes, delivery_id: int, address: str) -> str:
    body = b"%d %s" % (delivery_id, address.casefold().encode("utf-8", "replace"))
    return base64.b32encode(_hasher(secret, b"digest bounce")(body)[:10]).decode().lower()


def _split(token: str) -> tuple[bytes, bytes]:
    """Return the signed bytes and the signature; of what is no token, bytes that fail alike."""
    try:
        raw = base64.b64decode(
            token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True
        )
    except (ValueError, binascii.Error):
        raw = b""
    size = len(raw) - _SIGNATURE - _HEAD.size
    if len(token) > MAX_TOKEN or size < 0 or size % _NUMBER.size or _spell(raw) != token:
        return b"", bytes(_SIGNATURE)
    return raw[:-_SIGNATURE], raw[-_SIGNATURE:]


def _spell(signed: bytes) -> str:
    # What base64.urlsafe_b64encode does, in half of the time.
    return binascii.b2a_base64(signed, newline=False).translate(_URL_SAFE).rstrip(b"=").decode()
