"""Where mails that came back wait: a maildir, an mbox, standard input, or an IMAP mailbox.

Each mail is given once more if the one who takes it fails: it is marked as read only after.
"""

import imaplib
import mailbox
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from digest.delivery.bounces import MAX_BYTES
from digest.errors import DeliveryError

_SECONDS = 30.0
_NUMBER = re.compile(rb"\d+")


@dataclass(frozen=True, slots=True)
class ImapOptions:
    """How to reach an IMAP mailbox; always encrypted, certificates always verified."""

    host: str
    username: str
    password: str = field(default="", repr=False)
    port: int = 993
    folder: str = "INBOX"
    ca_file: Path | None = None


def from_maildir(folder: Path) -> Iterator[bytes]:
    """Give the unread mails of a maildir; each is marked as read after it was taken.

    Raises:
        DeliveryError: it is none, or cannot be read.
    """
    if not (folder / "new").is_dir():
        raise DeliveryError(f"{folder} is no maildir: it has no folder `new`")
    try:
        box = mailbox.Maildir(folder, factory=None, create=False)
        for key in sorted(box.keys()):
            flags = box.get_message(key).get_flags()
            if "S" in flags:
                continue
            with box.get_file(key) as file:
                yield file.read(MAX_BYTES)
            read = box.get_message(key)
            read.set_subdir("cur")
            read.add_flag("S")
            box[key] = read
    except OSError as error:
        raise DeliveryError(f"{folder} cannot be read: {error.strerror or error}") from error


def from_mbox(file: Path) -> Iterator[bytes]:
    """Give all mails of an mbox, which stays as it is.

    Raises:
        DeliveryError: it cannot be read.
    """
    try:
        with file.open("rb"):
            pass
        with closing(mailbox.mbox(file, factory=None, create=False)) as box:
            for key in box.iterkeys():
                with box.get_file(key) as mail:
                    yield mail.read(MAX_BYTES)
    except OSError as error:
        raise DeliveryError(f"{file} cannot be read: {error.strerror or error}") from error


def from_pipe(stream: BinaryIO) -> Iterator[bytes]:
    """Give the one mail that a mail server pipes in; all of it is read, so that none breaks."""
    head = stream.read(MAX_BYTES)
    while stream.read(1 << 16):
        pass
    yield head


def from_imap(options: ImapOptions) -> Iterator[bytes]:
    """Give the unread mails of an IMAP mailbox; each is marked as read after it was taken.

    Raises:
        DeliveryError: it cannot be reached, or refuses the login.
    """
    where = f"the mailbox {options.folder} of {options.username} at {options.host}:{options.port}"
    try:
        context = ssl.create_default_context(cafile=options.ca_file)
        with imaplib.IMAP4_SSL(
            options.host, options.port, ssl_context=context, timeout=_SECONDS
        ) as server:
            server.login(options.username, options.password)
            answer, said = server.select(f'"{options.folder}"')
            if answer != "OK":
                raise DeliveryError(f"{where} cannot be opened: {_words(said)}")
            _, found = server.uid("SEARCH", "UNSEEN")
            for number in _NUMBER.findall(b" ".join(part for part in found if part)):
                uid = number.decode()
                _, fetched = server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{MAX_BYTES}>)")
                bodies = [part[1] for part in fetched if isinstance(part, tuple)]
                if bodies:
                    yield bodies[0]
                    server.uid("STORE", uid, "+FLAGS", "(\\Seen)")
    except imaplib.IMAP4.error as error:
        raise DeliveryError(f"{where} refuses us: {_words([error])}") from error
    except OSError as error:  # TLS errors and timeouts, too
        raise DeliveryError(f"{where} cannot be reached: {error}") from error


def _words(said: Sequence[object]) -> str:
    told = said[0] if said else ""
    text = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
    return " ".join(text.split())[:200]
