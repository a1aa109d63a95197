"""Owners: names of workers that tell whether their process still lives on this machine.

A lease protects what a worker is doing until it runs out. Where the worker was killed, waiting
for that is waiting for nothing: a process on the same machine can see that it is gone.
"""

import hashlib
import os
import secrets
import socket
from pathlib import Path

_PROC = Path("/proc")
_STARTED = 19  # of the fields after the name, see proc(5): when the process started


def new_owner() -> str:
    """Return a name for a worker of this process, which no other worker ever has."""
    pid = os.getpid()
    parts = (socket.gethostname(), _machine(), str(pid), _started(pid), secrets.token_hex(4))
    return ":".join(parts)


def is_gone(owner: str) -> bool:
    """Tell whether a worker is certain to be dead; False where that cannot be known."""
    _, _, rest = owner.partition(":")
    machine, *process = rest.split(":")
    if not machine or machine != _machine() or len(process) != 3 or not process[0].isdecimal():
        return False
    pid, started, _ = process
    return _started(int(pid)) != started


def _machine() -> str:
    """Return what tells this run of this machine, and this container on it, from all others.

    Process numbers mean something only there. Empty where the system does not tell.
    """
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = (_PROC / "self/ns/pid").readlink()
    except OSError:
        return ""
    return hashlib.sha256(f"{boot} {space}".encode()).hexdigest()[:12]


def _started(pid: int) -> str:
    """Return when a process started, in the clock ticks of this machine; empty: there is none.

    A process that ended and was not waited for yet is none either.
    """
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()  # the name before may hold anything
    return "" if fields[0] in ("Z", "X") else fields[_STARTED]
