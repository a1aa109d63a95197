import hmac
import os
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import ConfigError
from digest.tokens import Claim, Purpose, Tokens, _hasher, make_secret, read_secrets

NOW = datetime(2026, 11, 18, 7, tzinfo=UTC)
SECRET = "a secret of enough characters"
tokens = Tokens([SECRET])
numbers = st.integers(0, 2**32 - 1)


@given(st.sampled_from(Purpose), numbers, st.integers(0, 2**16 - 1), st.lists(numbers, max_size=3))
def test_a_token_says_what_it_was_made_of(purpose, subscriber, generation, values):
    token = tokens.make(purpose, subscriber, generation, *values)
    claim = Claim(purpose, subscriber, generation, tuple(values))
    assert tokens.read(token, purpose, NOW) == claim
    assert token.replace("-", "").replace("_", "").isalnum()


def test_a_token_is_short_enough_for_a_header():
    assert len(tokens.make(Purpose.UNSUBSCRIBE, 7, 0)) == 38
    assert len(tokens.make(Purpose.ANSWER, 7, 0, 11, 12)) == 48


@pytest.mark.parametrize("other", [p for p in Purpose if p is not Purpose.UNSUBSCRIBE])
def test_a_token_is_good_for_one_purpose_only(other):
    assert tokens.read(tokens.make(Purpose.UNSUBSCRIBE, 7, 0), other, NOW) is None


@pytest.mark.parametrize("values", [(), (11,), (11, 12)])
@given(data=st.data())
def test_one_changed_character_spoils_a_token(values, data):
    token = tokens.make(Purpose.ANSWER, 7, 0, *values)
    at = data.draw(st.integers(0, len(token) - 1) | st.just(len(token) - 1))
    new = data.draw(st.sampled_from("ABCxyz019-_").filter(lambda c: c != token[at]))
    changed = token[:at] + new + token[at + 1 :]
    assert tokens.read(changed, Purpose.ANSWER, NOW) is None


@given(st.text(max_size=300) | st.binary(max_size=90).map(lambda b: b.hex()))
def test_what_is_no_token_is_not_good(token):
    assert tokens.read(token, Purpose.MANAGE, NOW) is None


def test_a_token_longer_than_any_is_not_looked_at():
    token = tokens.make(Purpose.ANSWER, 7, 0, *range(40))
    assert len(token) > 200
    assert tokens.read(token, Purpose.ANSWER, NOW) is None


def test_a_token_expires():
    token = tokens.make(Purpose.CONFIRM, 7, 0, expires_at=NOW + timedelta(hours=48))
    assert tokens.read(token, Purpose.CONFIRM, NOW + timedelta(hours=47, minutes=59))
    assert tokens.read(token, Purpose.CONFIRM, NOW + timedelta(hours=48)) is None


def test_an_old_secret_still_reads_but_does_not_sign():
    old, both = tokens, Tokens(["a new secret of enough characters", SECRET])
    token = old.make(Purpose.MANAGE, 7, 0)
    assert both.read(token, Purpose.MANAGE, NOW)
    assert old.read(both.make(Purpose.MANAGE, 7, 0), Purpose.MANAGE, NOW) is None


@pytest.mark.parametrize("told", [[], ["short"], [SECRET, ""]])
def test_what_is_no_secret_is_refused(told):
    with pytest.raises(ConfigError, match="16 characters"):
        Tokens(told)


def test_of_two_processes_that_make_a_secret_at_once_one_does_and_neither_finds_half_of_it(
    tmp_path, monkeypatch
):
    path, make, found = tmp_path / "state" / "secret", secrets.token_urlsafe, list[str]()
    processes = iter([17, 18])
    monkeypatch.setattr(os, "getpid", lambda: next(processes))

    def meanwhile(length):
        assert not path.exists()  # it is not there before all of it is
        monkeypatch.setattr(secrets, "token_urlsafe", make)
        make_secret(path)
        found.extend(read_secrets(path))
        return make(length)

    monkeypatch.setattr(secrets, "token_urlsafe", meanwhile)
    make_secret(path)
    assert read_secrets(path) == found
    assert [file.name for file in path.parent.iterdir()] == ["secret"]
    assert path.stat().st_mode & 0o777 == 0o600


@given(secret=st.binary(min_size=16), purpose=st.binary(), body=st.binary())
def test_what_is_hashed_is_what_the_library_hashes(secret, purpose, body):
    key = hmac.digest(secret, purpose, "sha256")
    assert _hasher(secret, purpose)(body) == hmac.digest(key, body, "sha256")
