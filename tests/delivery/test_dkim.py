"""DKIM signatures, checked by another implementation and on the wire."""

import re
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery import DkimOptions, MailOptions, Parcel, Signer, SmtpChannel, SmtpOptions, Tls
from digest.delivery.dkim import _relaxed_body
from digest.delivery.message import build
from digest.errors import ConfigError
from digest.models import Format, Rendering
from servers import MailServer

AT = datetime(2026, 11, 16, 8, tzinfo=UTC)
LONG = "https://digest.example.org/" + "a/" * 90 + "unsubscribe/" + "T" * 60
HTML = "<p>. a line that begins with a dot</p>\n.\n" + "<p>text  with   spaces \t </p>\n" * 400


def save(folder: Path, name: str, key) -> Path:
    path = folder / name
    path.write_bytes(
        key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    )
    return path


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    return {
        "r2026": save(folder, "rsa.pem", rsa.generate_private_key(65537, 2048)),
        "e2026": save(folder, "ed.pem", ed25519.Ed25519PrivateKey.generate()),
    }


@pytest.fixture(scope="module")
def signer(keys) -> Signer:
    return Signer(DkimOptions("example.org", keys))


def parcel(html: str = HTML, language: str = "en", **options) -> Parcel:
    values = {
        "delivery_id": 7,
        "edition_id": 3,
        "subscriber_id": 5,
        "address": "ada@example.net",
        "edition_date": date(2026, 11, 16),
        "composed_at": AT,
        "format": Format.HTML,
        "rendering": Rendering.of("Glaciers, naïve and 氷河", html=html, text="text\n"),
        "language": language,
        "unsubscribe_url": LONG,
        "unsubscribe_token": "t0ken",
    }
    return Parcel(**(values | options))


def options(signer: Signer, **more) -> MailOptions:
    return MailOptions(
        "Digest <digest@example.org>",
        reply_to="ops@example.org",
        unsubscribe_mailto="leave@example.org",
        sign=signer.sign,
        **more,
    )


def checked(mail: bytes, signer: Signer) -> list[bool]:
    """Check each signature of a mail, with the records that the signer wants in DNS."""
    records = {
        f"{name}.".encode(): "".join(re.findall('"([^"]*)"', value)).encode()
        for name, value in signer.records().items()
    }
    found = dkim.DKIM(mail)
    count = mail.lower().count(b"dkim-signature:")
    return [holds(found, n, records) for n in range(count)]


def holds(found: dkim.DKIM, number: int, records: dict[bytes, bytes]) -> bool:
    try:
        return found.verify(number, dnsfunc=lambda name, **_: records[name])
    except dkim.ValidationError:  # the hash of the body
        return False


@pytest.mark.parametrize(
    "sent",
    [
        parcel(),
        parcel("<p>氷河の音を聞く</p>\n" * 300, "ja"),
        parcel(format=Format.TEXT),
        parcel(edition_id=None, unsubscribe_url="", unsubscribe_token=""),
    ],
    ids=["edition", "japanese", "text", "letter"],
)
def test_every_kind_of_mail_is_signed_with_each_key(signer, sent) -> None:
    mail = build(sent, options(signer))
    assert checked(mail, signer) == [True, True]
    assert max(map(len, mail.split(b"\r\n"))) <= 998
    read = message_from_bytes(mail, policy=policy.default)
    assert not read.defects
    assert read["Subject"] == "Glaciers, naïve and 氷河"
    assert len(read.get_all("DKIM-Signature")) == 2


def test_the_signature_covers_both_unsubscribe_headers_and_forbids_a_second_from(signer) -> None:
    mail = build(parcel(), options(signer))
    told = message_from_bytes(mail)["DKIM-Signature"]
    named = re.sub(r"\s", "", re.search(r"h=([^;]*);", told)[1]).split(":")
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(named)
    assert named.count("from") == 2
    assert checked(b"From: Somebody <else@example.com>\r\n" + mail, signer) == [False, False]


@pytest.mark.parametrize(
    ("true", "false"),
    [
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click", b"List-Unsubscribe-Post: No"),
        (b"leave@example.org", b"leave@example.com"),
        (b"begins with a dot", b"begins with a dog"),
    ],
)
def test_what_is_changed_on_the_way_is_noticed(signer, true, false) -> None:
    mail = build(parcel(), options(signer))
    assert true in mail
    assert checked(mail.replace(true, false), signer) == [False, False]


def test_spaces_and_folds_that_a_relay_changes_do_no_harm(signer) -> None:
    mail = build(parcel(), options(signer))
    assert checked(mail.replace(b"Subject: ", b"SUBJECT:   "), signer) == [True, True]
    assert checked(mail + b"\r\n\r\n", signer) == [True, True]


def test_the_same_mail_has_the_same_signatures(signer) -> None:
    assert build(parcel(), options(signer)) == build(parcel(), options(signer))


async def test_the_signature_holds_on_the_wire(signer) -> None:
    async with MailServer().running() as server:
        settings = SmtpOptions("127.0.0.1", server.port, Tls.NONE)
        async with SmtpChannel(settings, options(signer)).session() as session:
            await session.deliver(parcel("<p>a</p>\n.\n..\n.x\n" * 50))
    [(_, mail)] = server.mails
    assert checked(mail, signer) == [True, True]


@given(st.text(st.sampled_from("a \t\r\n."), max_size=60))
def test_bodies_have_the_canonical_form_of_another_implementation(text) -> None:
    body = re.sub("\r\n|\r|\n", "\r\n", text + "\n").encode()
    assert _relaxed_body(body) == dkim.canonicalization.Relaxed.canonicalize_body(body)


def test_records_are_strings_of_at_most_255_characters(signer) -> None:
    rsa_record = signer.records()["r2026._domainkey.example.org"]
    parts = re.findall('"([^"]*)"', rsa_record)
    assert parts[0].startswith("v=DKIM1; k=rsa; p=MII")
    assert len(parts) == 2
    assert max(map(len, parts)) <= 255


def locked(folder: Path) -> Path:
    path = folder / "locked.pem"
    key = ed25519.Ed25519PrivateKey.generate()
    locks = form.BestAvailableEncryption(b"x")
    path.write_bytes(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, locks))
    return path


def nonsense(folder: Path) -> Path:
    path = folder / "key.pem"
    path.write_text("hello")
    return path


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda folder: folder / "none.pem", "cannot be read: No such file"),
        (nonsense, "is no private key in PEM form"),
        (locked, "is locked by a passphrase"),
        (lambda f: save(f, "s.pem", rsa.generate_private_key(65537, 1024)), "has 1024 bits"),
        (lambda f: save(f, "c.pem", ec.generate_private_key(ec.SECP256R1())), "neither an RSA nor"),
    ],
)
def test_a_key_that_cannot_be_used_is_told_in_one_line(tmp_path, make, told) -> None:
    path = make(tmp_path)
    with pytest.raises(ConfigError) as caught:
        Signer(DkimOptions("example.org", {"s1": path}))
    assert told in str(caught.value)
    assert f"{path} (selector s1)" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("domain", "selector", "told"),
    [("example org", "s", "no domain"), ("example.org", "s;t", "no selector"), ("", "s", "''")],
)
def test_names_that_cannot_stand_in_dns_are_refused(domain, selector, told) -> None:
    with pytest.raises(ConfigError, match=told):
        DkimOptions(domain, {selector: Path("x")})


def test_without_the_library_it_is_told_what_to_install(keys, monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cryptography.exceptions", None)
    with pytest.raises(ConfigError, match=r"install research-digest\[dkim\]"):
        Signer(DkimOptions("example.org", keys))
