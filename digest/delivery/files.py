"""Writes files so that a reader sees the old one or the new one, never a half."""

import errno
import hashlib
import os
import re
import secrets
from pathlib import Path

from digest.errors import DeliveryError

_UNSAFE = re.compile(r"[^a-z0-9@._+-]")
_ADVICE = {
    errno.EACCES: "give the user that runs Digest the right to write there",
    errno.EPERM: "give the user that runs Digest the right to write there",
    errno.EROFS: "it is mounted read-only; choose another folder",
    errno.ENOSPC: "the disk is full; make room",
    errno.EFBIG: "it is larger than files may be here; raise that limit",
    errno.EDQUOT: "the disk quota is used up; make room",
    errno.ENOTDIR: "a file stands where a folder is wanted; move it away",
    errno.EEXIST: "a file stands where a folder is wanted; move it away",
}


def safe_name(address: str) -> str:
    """Return a file name that belongs to one address alone and cannot leave its folder.

    A name that had to be changed carries a part of the address's hash, so that two addresses
    never share one; that also holds on file systems that do not tell case.
    """
    name = _UNSAFE.sub("_", address.lower())[:200]
    if name.startswith("."):
        name = "_" + name[1:]
    if name == address and name:
        return name
    return f"{name}-{hashlib.sha256(address.encode('utf-8', 'replace')).hexdigest()[:8]}"


def write_atomically(path: Path, data: bytes) -> bool:
    """Write a file and its folder; return False when it already held just that.

    The bytes are on the disk before the name points to them.

    Raises:
        DeliveryError: the file cannot be written; the message says what to do.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.read_bytes() == data:
            return False
        _replace(path, data)
    except OSError as error:
        reason = error.strerror or str(error)
        advice = _ADVICE.get(error.errno or 0, "check the folder")
        raise DeliveryError(f"cannot write {path}: {reason}; {advice}", lasting=True) from error
    return True


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.part")
    temporary.unlink(missing_ok=True)  # half a file that a killed process left behind
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_folder(folder: Path) -> None:
    """Try to write in a folder, making it where it is missing.

    Raises:
        DeliveryError: files cannot be written there; the message says what to do.
    """
    probe = folder / f".{secrets.token_hex(8)}.probe"
    write_atomically(probe, b"probe\n")
    probe.unlink(missing_ok=True)
