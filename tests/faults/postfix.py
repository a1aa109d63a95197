"""A real Postfix of the tests' own, on a port of loopback, that throws away what it takes."""

import asyncio
import contextlib
import os
import pwd
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

_DAEMONS = Path("/usr/lib/postfix/sbin")
_TAKEN = re.compile(r"cleanup\[\d+\]: [0-9A-Za-z]+: message-id=(<[^>]+>)")
AVAILABLE = _DAEMONS.is_dir() and not os.geteuid()

_MAIN = """compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
daemon_directory = {daemons}
command_directory = /usr/sbin
maillog_file = {home}/maillog
maillog_file_prefixes = {home}
myhostname = mail.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
default_transport = discard
relay_transport = discard
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = {policy}permit_mynetworks, reject
smtpd_client_event_limit_exceptions =
smtpd_client_message_rate_limit = {rate}
anvil_rate_time_unit = 20s
alias_maps =
alias_database =
"""
_MASTER = """127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """The server; `rate` mails in 20 s from one client, or with a policy service."""

    def __init__(self, port: int, rate: int = 0, policy: int | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="postfix-"))
        self.port = port
        self.rate = rate
        self.policy = f"check_policy_service inet:127.0.0.1:{policy}, " if policy else ""

    def write(self) -> None:
        (self.home / "conf").mkdir(exist_ok=True)
        main = _MAIN.format(home=self.home, daemons=_DAEMONS, policy=self.policy, rate=self.rate)
        (self.home / "conf" / "main.cf").write_text(main)
        (self.home / "conf" / "master.cf").write_text(_MASTER.format(port=self.port))

    async def start(self) -> None:
        self.home.chmod(0o755)
        for name in ("queue", "data"):
            (self.home / name).mkdir()
        owner = pwd.getpwnam("postfix")
        os.chown(self.home / "data", owner.pw_uid, owner.pw_gid)
        self.write()
        await self.tell("start")

    async def tell(self, what: str) -> None:
        child = await asyncio.create_subprocess_exec(
            "/usr/sbin/postfix", "-c", str(self.home / "conf"), what,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await child.communicate()
        assert child.returncode == 0, said.decode()

    async def lift(self) -> None:
        self.rate, self.policy = 0, ""
        self.write()
        await self.tell("reload")
        await asyncio.sleep(1)

    async def stop(self) -> None:
        with contextlib.suppress(AssertionError):
            await self.tell("abort")
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def accepted(self) -> Counter[str]:
        """What it gave a place in its queue, by its own log."""
        return Counter(_TAKEN.findall((self.home / "maillog").read_text(errors="replace")))


@contextlib.asynccontextmanager
async def rate_limited(folder: Path, every: int) -> AsyncIterator[Postfix]:
    from servers import free_port

    server = Postfix(free_port(), rate=2 * every)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


@contextlib.asynccontextmanager
async def greylisting(folder: Path, every: int) -> AsyncIterator[Postfix]:
    """Each recipient is put off once, by a policy service as greylisting daemons are."""
    from servers import free_port

    seen: set[str] = set()

    async def decide(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while asked := await _asked(reader):
                known = asked["recipient"] in seen
                seen.add(asked["recipient"])
                action = "DUNNO" if known else "DEFER_IF_PERMIT 4.2.0 greylisted, try again"
                writer.write(f"action={action}\n\n".encode())
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    service = await asyncio.start_server(decide, "127.0.0.1", 0)
    server = Postfix(free_port(), policy=service.sockets[0].getsockname()[1])
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
        service.close()


async def _asked(reader: asyncio.StreamReader) -> dict[str, str]:
    """Return what Postfix tells of a mail, as lines up to an empty one; empty: it has left."""
    told: dict[str, str] = {}
    while line := (await reader.readline()).decode().strip("\n"):
        name, _, value = line.partition("=")
        told[name] = value
    return told
