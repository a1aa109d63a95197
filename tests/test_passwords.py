"""Passwords: only a slow hash is kept, and what is no hash is told."""

import hashlib

import pytest

from digest import passwords
from digest.errors import UsageError

GOOD = "correct horse battery staple"


@pytest.fixture
def cheap(monkeypatch):
    monkeypatch.setattr(passwords, "_RECOMMENDED", passwords._Cost(4, 1, 1))


def test_a_hash_is_scrypt_as_recommended() -> None:
    kept = passwords.hashed(GOOD)
    kind, log_n, r, p, salt, made = kept.split(":")
    assert (kind, log_n, r, p) == ("scrypt", "15", "8", "3")
    by_hand = hashlib.scrypt(
        GOOD.encode(), salt=passwords._unspelt(salt), n=2**15, r=8, p=3, maxmem=2**26, dklen=32
    )
    assert passwords._unspelt(made) == by_hand
    assert "$" not in kept
    assert passwords.matches(GOOD, kept)
    assert not passwords.is_weak(kept)


def test_the_same_password_is_never_kept_alike(cheap) -> None:
    assert passwords.hashed(GOOD) != passwords.hashed(GOOD)


@pytest.mark.parametrize(
    "wrong", ["", " ", GOOD[:-1], GOOD.upper(), GOOD + " ", "\ud800", "x" * 100_000]
)
def test_another_password_does_not_match(cheap, wrong) -> None:
    assert not passwords.matches(wrong, passwords.hashed(GOOD))


def test_a_long_password_counts_to_its_end(cheap) -> None:
    longest = "a" * passwords.LONGEST
    kept = passwords.hashed(longest)
    assert passwords.matches(longest, kept)
    assert not passwords.matches(longest + "a", kept)
    assert not passwords.matches(longest[:-1], kept)


def test_keyboards_may_spell_a_letter_differently(cheap) -> None:
    assert passwords.matches("cafe\u0301 au lait noir", passwords.hashed("caf\u00e9 au lait noir"))


@pytest.mark.parametrize("wrong", ["", "short", "x" * 11, "x" * 257])
def test_a_password_that_is_too_short_or_too_long_is_refused(wrong) -> None:
    with pytest.raises(UsageError, match="12 to 256 characters"):
        passwords.hashed(wrong)


def test_what_is_no_hash_is_told_without_quoting_it(cheap) -> None:
    good = passwords.hashed(GOOD)
    assert passwords.trouble(good) is None
    salt, made = good.split(":")[4:]
    for wrong in (
        GOOD, "scrypt", "scrypt:::::", good[:-1], good + "AA", good.replace("scrypt", "bcrypt"),
        f"scrypt:30:8:1:{salt}:{made}", f"scrypt:15:99:1:{salt}:{made}", f"scrypt:0:8:1:{salt}:{made}",
        f"scrypt:15:8:999:{salt}:{made}", f"scrypt:-1:8:1:{salt}:{made}", f"scrypt:4:1:1:AA:{made}",
        f"scrypt:4:1:1:{salt}:äöü", f"scrypt:٣:1:1:{salt}:{made}",
    ):  # fmt: skip
        told = passwords.trouble(wrong)
        assert told is not None
        assert wrong not in told


def test_a_hash_made_with_less_work_is_weak(cheap, monkeypatch) -> None:
    kept = passwords.hashed(GOOD)
    monkeypatch.undo()
    assert passwords.is_weak(kept)
    assert passwords.matches(GOOD, kept)
