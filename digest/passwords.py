"""Passwords: kept as a hash that is slow to make, so that whoever reads it cannot try many.

scrypt (RFC 7914) with parameters that OWASP recommends
(https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt): of the
combinations it calls equally strong, the one that takes 32 MiB, since small machines serve pages
too. The parameters stand in the hash: ``scrypt:15:8:3:<salt>:<hash>``. There is no ``$`` in it,
which shells and compose files would take for a variable.
"""

import base64
import binascii
import hashlib
import hmac
import os
import unicodedata
from dataclasses import dataclass

from digest.errors import UsageError

SHORTEST = 12  # characters
LONGEST = 256  # characters; what is longer is not looked at
_SALT = 16  # bytes
_HASH = 32  # bytes
_MEMORY = 256 * 2**20  # bytes that one hash may take


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a hash takes: 2 to the power of `log_n` times `r` times 128 bytes, `p` times over."""

    log_n: int = 15
    r: int = 8
    p: int = 3

    @property
    def memory(self) -> int:
        """How many bytes it takes, with what the library needs besides."""
        return 128 * self.r * ((1 << self.log_n) + self.p + 2) + 2**16

    @property
    def work(self) -> int:
        return (1 << self.log_n) * self.r * self.p


_RECOMMENDED = _Cost()


def hashed(password: str) -> str:
    """Return what is kept of a password.

    Raises:
        UsageError: it is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(
            f"a password has {SHORTEST} to {LONGEST} characters; four or five words make a good one"
        )
    salt, cost = os.urandom(_SALT), _RECOMMENDED
    made = _scrypt(password, salt, cost)
    return f"scrypt:{cost.log_n}:{cost.r}:{cost.p}:{_spelt(salt)}:{_spelt(made)}"


def matches(password: str, kept: str) -> bool:
    """Tell whether this is the password; it takes as long whether it is or not.

    Args:
        password: as it was typed, of any length.
        kept: what `hashed` returned.
    """
    cost, salt, wanted = _read(kept)
    made = _scrypt(password[:LONGEST], salt, cost)
    return hmac.compare_digest(made, wanted) and len(password) <= LONGEST


def trouble(kept: str) -> str | None:
    """Return why this is no hash of a password, without quoting it; None: it is one."""
    try:
        _read(kept)
    except ValueError:
        return "this is no line that `digest admin password` made; it makes one"
    return None


def is_weak(kept: str) -> bool:
    """Tell whether a hash was made with less work than is recommended by now."""
    return _read(kept)[0].work < _RECOMMENDED.work


def _scrypt(password: str, salt: bytes, cost: _Cost) -> bytes:
    # Keyboards differ in how they spell one letter (NIST SP 800-63B asks for this).
    text = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(
        text, salt=salt, n=1 << cost.log_n, r=cost.r, p=cost.p, maxmem=cost.memory, dklen=_HASH
    )


def _read(kept: str) -> tuple[_Cost, bytes, bytes]:
    """Return the parts of a hash.

    Raises:
        ValueError: it is none, or one that takes more than a server should give for it.
    """
    kind, *numbers, salt, wanted = kept.split(":")
    if kind != "scrypt" or len(numbers) != 3 or not all(map(_is_number, numbers)):
        raise ValueError("no hash")
    cost = _Cost(*map(int, numbers))
    if min(cost.log_n, cost.r, cost.p) < 1 or cost.log_n > 24 or cost.p > 16:
        raise ValueError("no sensible cost")
    if cost.memory > _MEMORY:
        raise ValueError("too costly")
    parts = _unspelt(salt), _unspelt(wanted)
    if len(parts[0]) < _SALT or len(parts[1]) != _HASH:
        raise ValueError("cut off")
    return cost, *parts


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 4


def _spelt(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unspelt(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not spelt as base64") from error
