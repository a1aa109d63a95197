import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.addresses import parse_mailbox, validate
from digest.errors import AddressError


@pytest.mark.parametrize(
    ("given_", "stored"),
    [
        ("ada@example.org", "ada@example.org"),
        ("  ada@example.org\t", "ada@example.org"),
        ("Ada.Lovelace+papers@Example.ORG", "Ada.Lovelace+papers@example.org"),
        ("o'neil@example.org", "o'neil@example.org"),
        ("a/b=c@example.org", "a/b=c@example.org"),
        ("root@localhost", "root@localhost"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@例え。テスト", "ada@xn--r8jz45g.xn--zckzah"),
        ("x" * 64 + "@example.org", "x" * 64 + "@example.org"),
    ],
)
def test_an_address_is_accepted_in_one_normal_form(given_: str, stored: str) -> None:
    assert validate(given_) == stored
    assert validate(stored) == stored


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("ada", "exactly one @"),
        ("@", "before the @"),
        ("@example.org", "before the @"),
        ("ada@", "after the @"),
        ("a@@b", "exactly one @"),
        ("a@b@example.org", "exactly one @"),
        ("a@b.example, c@d.example", "not a list"),
        ("a@b.example;c@d.example", "not a list"),
        ("ada lovelace@example.org", "space"),
        ("ada@exam\u00a0ple.org", "space"),
        ("ada@example.org\r\nRCPT TO:<eve@example.org>", "line end"),
        ("ada@example.org\n", "line end"),
        ("ada\x00@example.org", "control character"),
        ("ada\u2028@example.org", "line end"),
        ("Ada <ada@example.org>", "angle brackets"),
        ('"ada x"@example.org', "space"),
        ('"ada"@example.org', "quotes"),
        (".ada@example.org", "single dots"),
        ("ada.@example.org", "single dots"),
        ("a..b@example.org", "single dots"),
        ("a(b)@example.org", "single dots"),
        ("x" * 65 + "@example.org", "64"),
        ("ada@" + ".".join(["x" * 60] * 5), "254"),
        ("ada@" + "x" * 64 + ".org", "not a domain"),
        ("ада@example.org", "SMTPUTF8"),
        ("ada@gmail", "no dot"),
        ("ada@example.org.", "not a domain"),
        ("ada@-example.org", "not a domain"),
        ("ada@exam_ple.org", "not a domain"),
        ("ada@[192.0.2.1]", "IP address"),
        ("ada@192.0.2.1", "IP address"),
        ("ada@straße.example", "xn--"),
        ("ada@" + "é" * 70 + ".example", "possible name"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(address: str, problem: str) -> None:
    with pytest.raises(AddressError) as refused:
        validate(address)
    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)


@given(st.text(max_size=40) | st.from_regex(r"\S{1,10}@\S{1,20}", fullmatch=True))
def test_whatever_is_accepted_is_safe_on_a_command_line(text: str) -> None:
    try:
        address = validate(text)
    except AddressError:
        return
    assert address.isascii() and address.isprintable()
    assert not set(address) & set(' <>",;()[]\\')
    assert address.count("@") == 1 and len(address) <= 254


def test_a_mailbox_has_a_name_and_an_address() -> None:
    assert parse_mailbox("Digest <digest@Example.org>") == ("Digest", "digest@example.org")
    assert parse_mailbox('"Papers, daily" <d@example.org>') == ("Papers, daily", "d@example.org")
    assert parse_mailbox("論文 <d@example.org>") == ("論文", "d@example.org")
    assert parse_mailbox("d@example.org") == ("", "d@example.org")


@pytest.mark.parametrize(
    "text", ["Digest", "Digest <>", "A <a@b.org>\r\nBcc: <c@d.org>", "<a@b.org> x"]
)
def test_a_mailbox_without_a_good_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        parse_mailbox(text)
