"""Mails that wait in a maildir, an mbox, a pipe, and a real IMAP conversation over TLS."""

import io
import mailbox
import socket
import ssl
import threading
from pathlib import Path

import pytest
import trustme

from digest.delivery.inbox import ImapOptions, from_imap, from_maildir, from_mbox, from_pipe
from digest.errors import DeliveryError

MAILS = [b"Subject: one\n\nfirst\n", b"Subject: two\n\nsecond\n"]


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    box = mailbox.Maildir(tmp_path / "Maildir")
    for mail in MAILS:
        box.add(mail)
    return tmp_path / "Maildir"


def test_a_maildir_is_read_once(maildir: Path) -> None:
    assert sorted(from_maildir(maildir)) == MAILS
    assert list(from_maildir(maildir)) == []
    assert len(list((maildir / "cur").iterdir())) == len(MAILS)


def test_a_mail_whose_taker_failed_is_given_again(maildir: Path) -> None:
    waiting = from_maildir(maildir)
    first = next(waiting)
    waiting.close()
    assert first in list(from_maildir(maildir))


def test_what_is_no_maildir_is_told(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="is no maildir"):
        list(from_maildir(tmp_path))


def test_an_mbox_is_read_and_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mbox"
    file.write_bytes(b"".join(b"From x Mon Jan 1 00:00:00 2026\n" + mail + b"\n" for mail in MAILS))
    before = file.read_bytes()
    assert [mail.rstrip() for mail in from_mbox(file)] == [mail.rstrip() for mail in MAILS]
    assert file.read_bytes() == before


def test_an_mbox_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="cannot be read"):
        list(from_mbox(tmp_path / "nothing"))


def test_a_pipe_is_read_to_its_end() -> None:
    stream = io.BytesIO(b"x" * 2_000_000)
    (mail,) = from_pipe(stream)
    assert len(mail) == 512 * 1024
    assert stream.read() == b""


class Imap:
    """A server with one mailbox of unread mails, and one password."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(self.context)
        self.unread = dict(enumerate(MAILS, 1))
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        self.options = ImapOptions(
            "localhost",
            "bounces",
            "right",
            self.socket.getsockname()[1],
            "INBOX",
            folder / "ca.pem",
        )

    def _serve(self) -> None:
        while True:
            try:
                raw, _ = self.socket.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(raw, server_side=True) as client:
                    self._talk(client.makefile("rwb"))
            except (OSError, ssl.SSLError):
                raw.close()

    def _talk(self, lines) -> None:
        def say(*told: bytes) -> None:
            lines.write(b"".join(line + b"\r\n" for line in told))
            lines.flush()

        say(b"* OK ready")
        for line in lines:
            tag, command, *rest = line.split()
            if command == b"UID":
                command, *rest = rest
            done = tag + b" OK done"
            match command.upper():
                case b"CAPABILITY":
                    say(b"* CAPABILITY IMAP4rev1", done)
                case b"LOGIN":
                    say(done if b"right" in rest[1] else tag + b" NO wrong password")
                case b"SELECT":
                    good = rest[0] == b'"INBOX"'
                    say(*([b"* 2 EXISTS", done] if good else [tag + b" NO no such mailbox"]))
                case b"SEARCH":
                    say(b"* SEARCH " + b" ".join(b"%d" % n for n in self.unread), done)
                case b"FETCH":
                    number = int(rest[0])
                    mail = self.unread[number]
                    say(b"* %d FETCH (UID %d BODY[]<0> {%d}" % (number, number, len(mail)))
                    lines.write(mail)
                    say(b")", done)
                case b"STORE":
                    self.unread.pop(int(rest[0]))
                    say(done)
                case b"LOGOUT":
                    say(b"* BYE", done)
                    return

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def imap(tmp_path: Path):
    server = Imap(tmp_path)
    yield server
    server.close()


def test_an_imap_mailbox_is_read_once(imap: Imap) -> None:
    assert list(from_imap(imap.options)) == MAILS
    assert imap.unread == {}
    assert list(from_imap(imap.options)) == []


def changed(options: ImapOptions, **told: object) -> ImapOptions:
    from dataclasses import replace

    return replace(options, **told)


def test_a_refused_login_is_told_without_the_password(imap: Imap) -> None:
    with pytest.raises(DeliveryError, match=r"refuses us: .*wrong password") as told:
        list(from_imap(changed(imap.options, password="battery")))
    assert "battery" not in str(told.value)
    assert "battery" not in repr(imap.options)


def test_a_mailbox_that_is_not_there_is_told(imap: Imap) -> None:
    with pytest.raises(DeliveryError, match="cannot be opened: no such mailbox"):
        list(from_imap(changed(imap.options, folder="Other")))


def test_a_certificate_of_nobody_is_not_trusted(imap: Imap) -> None:
    with pytest.raises(DeliveryError, match=r"cannot be reached: .*CERTIFICATE_VERIFY_FAILED"):
        list(from_imap(changed(imap.options, ca_file=None)))
