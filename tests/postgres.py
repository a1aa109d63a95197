"""A PostgreSQL server of one's own, on a socket in a temporary folder and a loopback port."""

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg

PASSWORD = "correct horse"
# Nothing here has to outlive a power cut.
QUICK = ("fsync=off", "full_page_writes=off", "shared_buffers=32MB")


def binaries() -> Path | None:
    """The folder with the newest server's programs, if there is one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    on_path = shutil.which("postgres")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def missing() -> str:
    """Why no server can be started; empty: it can."""
    if binaries() is None:
        return "no PostgreSQL server is installed (Debian: postgresql)"
    if os.geteuid() == 0 and not _postgres_user():
        return "PostgreSQL does not run as root, and there is no user postgres"
    return ""


class PostgresServer:
    """A running server; `database` makes databases, `url` tells how to reach them."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="digest-pg-"))
        self.data = self.folder / "data"
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            self.user = "postgres"
            os.chown(self.folder, *_postgres_user())
            # Not in every PATH of root's.
            runuser = shutil.which("runuser") or "/usr/sbin/runuser"
            self._as_user = [runuser, "-u", "postgres", "--"]
        self.folder.chmod(0o755)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._names = itertools.count(1)
        self._run("initdb", "-D", str(self.data), "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
                  "-A", "trust", "--auth-host=scram-sha-256")  # fmt: skip
        self.start()
        with psycopg.connect(self._place("postgres")) as connection:
            self.version = connection.info.server_version
        self.sql(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")

    def start(self) -> None:
        told = [f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"]
        told += [f"-c {setting}" for setting in QUICK]
        self._run("pg_ctl", "-D", str(self.data), "-w", "-l", str(self.folder / "log"),
                  "-o", " ".join(told), "start")  # fmt: skip

    def stop(self, how: str = "immediate") -> None:
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", how, "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def sql(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self._place(database), autocommit=True) as connection:
            connection.execute(statement)

    def _place(self, database: str) -> str:
        return f"host={self.folder} port={self.port} user={self.user} dbname={database}"

    def database(self, template: str = "template0") -> str:
        """Make a database; return its name."""
        name = f"d{next(self._names)}"
        # By files, as before version 15: five times as quick as through the write-ahead log.
        how = "STRATEGY file_copy" if self.version >= 150_000 else ""
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template} {how}")
        return name

    def url(self, name: str) -> str:
        """The database's URL, over the socket, which asks for no password."""
        return f"postgresql+psycopg://{self.user}@/{name}?host={self.folder}&port={self.port}"

    def url_with_password(self, name: str, password: str = PASSWORD, user: str = "reader") -> str:
        """The same over loopback, with a password."""
        return (
            f"postgresql+psycopg://{user}:{password.replace(' ', '%20')}@127.0.0.1:{self.port}"
            f"/{name}"
        )

    def tool(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's own programs on this server."""
        self._run(program, "--host", str(self.folder), "--port", str(self.port), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        folder = binaries()
        assert folder is not None
        done = subprocess.run(
            [*self._as_user, str(folder / program), *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, check=False, cwd=self.folder,
        )  # fmt: skip
        assert done.returncode == 0, f"{program}: {done.stderr}"


def rows(url: str) -> list[str]:
    """All rows of all tables of a database, as text."""
    told = []
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        asked = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        for (table,) in connection.execute(asked).fetchall():
            found = connection.execute(f'SELECT t::text FROM "{table}" t ORDER BY 1')
            told += [f"{table} {row}" for (row,) in found.fetchall()]
    return told


def _postgres_user() -> tuple[int, int] | None:
    try:
        found = pwd.getpwnam("postgres")
    except KeyError:
        return None
    return found.pw_uid, found.pw_gid
