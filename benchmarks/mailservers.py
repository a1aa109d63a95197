"""Mail servers on loopback that take everything, and other ways to send to them.

`smtp-sink`, which throws mails away and counts them; a Postfix that writes them into its queue
first; and `smtp-source`, Postfix's own generator: what can be sent at most.
"""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from installation import ROOT, Cost, run

sys.path.insert(0, str(ROOT / "tests"))
from faults.postfix import AVAILABLE as HAS_POSTFIX
from faults.postfix import Postfix

_PLACES = f"/usr/sbin:{os.defpath}"
_COUNT = re.compile(rb"mesg=([0-9]+)")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str) -> str:
    found = shutil.which(name, path=_PLACES)
    if not found:
        raise SystemExit(f"{name} is not installed (Debian: postfix)")
    return found


class Sink:
    """A running smtp-sink; `mails` is how many it has taken."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mails = 0
        self._process = subprocess.Popen(
            [program("smtp-sink"), "-c", "-u", "nobody", f"127.0.0.1:{port}", "1000"],
            stdout=subprocess.PIPE,
        )
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        assert self._process.stdout is not None
        while told := os.read(self._process.stdout.fileno(), 65_536):
            if found := _COUNT.findall(told):
                self.mails = int(found[-1])
            time.sleep(0.01)  # it need not be woken for each mail

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def sink(port: int) -> Iterator[Sink]:
    """Run smtp-sink on a port."""
    server = Sink(port)
    try:
        answering(port)
        yield server
    finally:
        server.close()


@contextmanager
def postfix(port: int) -> Iterator[None]:
    """Run a Postfix of our own, which puts each mail into its queue on disk, then discards it."""
    server = Postfix(port)
    try:
        asyncio.run(server.start())
        answering(port)
        yield
    finally:
        asyncio.run(server.stop())


def answering(port: int) -> None:
    """Wait until something listens."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def smtp_source(port: int, mails: int, message: bytes, sessions: int, folder: Path) -> Cost:
    """Send one mail again and again by smtp-source over connections that stay open."""
    file = folder / "message"
    file.write_bytes(message.replace(b"\r\n", b"\n"))
    command = [
        program("smtp-source"), "-d", "-s", str(sessions), "-m", str(mails), "-F", str(file),
        "-f", "digest@example.org", "-t", "reader@example.org", f"127.0.0.1:{port}",
    ]  # fmt: skip
    return run(folder, command)


__all__ = ["HAS_POSTFIX", "Sink", "free_port", "postfix", "sink", "smtp_source"]
