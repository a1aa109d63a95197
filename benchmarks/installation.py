"""An installation with made-up papers and readers, and its programs run and measured.

What the benchmarks of sending, growing and scaling out share. Papers are made up as in
ranking_cost.py. No two readers want the same: each has three phrases and a category, every
fifth three example papers as well, and links of his own.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ranking_cost import SUBJECTS, Writer

from digest.app import App
from digest.config import load
from digest.merging import assemble, place
from digest.models import Entry, Interest, InterestKind, Profile, Schedule, SubscriberState
from digest.store import Store
from digest.store.people import profile_columns
from digest.store.schema import subscribers

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {
    "PATH": os.defpath,
    "PYTHONPATH": str(ROOT),
    "OPENBLAS_NUM_THREADS": "1",  # each process uses one core
    # Sent mails have links: nothing here reads this secret but the programs that are measured.
    "DIGEST_SECRET": "a-secret-that-is-long-enough-for-a-benchmark",
}
_AT_ONCE = 5_000
_LOOK_SECONDS = 0.01


@dataclass(frozen=True)
class Cost:
    """What some processes cost, from start to end.

    Attributes:
        wall: seconds.
        cpu: seconds of processor, of all of them.
        mb: the most memory that one of them took (VmHWM), in MiB.
        out: what they said.
    """

    wall: float
    cpu: float
    mb: float
    out: str = ""


# ---------------------------------------------------------------- papers and readers


def settings(
    folder: Path, *, smtp: int = 25, connections: int = 2, database: str = "", more: str = ""
) -> None:
    """Write the settings: mails to a server on loopback, links, no feeds."""
    (folder / "sources.toml").touch()
    engine = "cluster" if database else "inline"
    (folder / "digest.toml").write_text(
        f'data_dir = "state"\nsender = "Digest <digest@example.org>"\nengine = "{engine}"\n'
        'public_url = "https://digest.example.org"\n'
        f'[database]\nurl = "{database}"\n[edition]\npopularity_minutes = 0\n'
        f'[smtp]\nhost = "127.0.0.1"\nport = {smtp}\ntls = "none"\nhelo = "client.example.org"\n'
        f"connections = {connections}\n{more}"
    )


def fill(folder: Path, *, papers: int, stored: int, readers: int) -> None:
    """Store papers that came an hour ago, older ones, and readers whose send time has come."""
    app, writer, now = App(load(folder / "digest.toml", ENVIRONMENT)), Writer(7), datetime.now(UTC)
    for first, last, seen_at in (
        (0, stored, now - timedelta(days=30)),
        (stored, stored + papers, now - timedelta(hours=1)),
    ):
        for start in range(first, last, _AT_ONCE):
            some = range(start, min(start + _AT_ONCE, last))
            entries = [_entry(writer, number, seen_at) for number in some]
            app.store.papers.save(assemble(place(entries, []), [], seen_at), seen_at=seen_at)
    subscribe(app.store, list(profiles(readers, stored, now)), now)
    app.close()


def _entry(writer: Writer, number: int, seen_at: datetime) -> Entry:
    told, name = writer.paper(number), arxiv_id(number)
    title, abstract = _sentences(told.title), _sentences(told.abstract)
    return Entry(
        source="arxiv", external_id=name, arxiv_id=name, title=title, abstract=abstract, authors=told.authors,
        categories=told.categories, published_at=seen_at - timedelta(hours=30), url=f"https://arxiv.org/abs/{name}",
        pdf_url=f"https://arxiv.org/pdf/{name}",
    )  # fmt: skip


def _sentences(text: str) -> str:
    """Begin sentences as people do, so that an excerpt finds where they end."""
    return re.sub(r"(^|\. )([a-z])", lambda found: found[0].upper(), text)


def arxiv_id(number: int) -> str:
    return f"26{number // 90_000 + 10:02}.{number % 90_000 + 1:05}"


def profiles(readers: int, stored: int, now: datetime) -> Iterator[Profile]:
    """Return what readers want; 20 papers a day, at a time that came two minutes ago."""
    writer = Writer(7)
    due = (now - timedelta(minutes=2)).time().replace(second=0, microsecond=0)
    for reader in range(readers):
        # A subject's pair of words is common, its single words are many: no two want the same.
        subject = reader % SUBJECTS
        wanted = [
            writer.pairs[subject][reader // SUBJECTS % 40],
            writer.subjects[(subject + 11) % SUBJECTS][reader // 7 % 60],
            f"{writer.words[reader % len(writer.words)]} {writer.subjects[subject][reader % 50]}",
        ]
        interests = [Interest(InterestKind.PHRASE, phrase) for phrase in wanted]
        interests.append(Interest(InterestKind.CATEGORY, f"cs.{chr(65 + subject % 12)}X"))
        if reader % 5 == 0 and stored > 3 * SUBJECTS:
            liked = (arxiv_id(subject + SUBJECTS * n) for n in range(3))
            interests += (Interest(InterestKind.EXAMPLE, name) for name in liked)
        yield Profile(
            interests=tuple(interests), papers=20, schedule=Schedule(due, weekdays=range(7))
        )


def subscribe(store: Store, wanted: Sequence[Profile], now: datetime) -> None:
    """Store active readers, many in one transaction."""
    for start in range(0, len(wanted), _AT_ONCE):
        rows = [
            {
                "address": f"r{start + n}@example.org",
                "address_key": f"r{start + n}@example.org",
                "state": SubscriberState.ACTIVE.value,
                "created_at": now,
                "state_at": now,
                **profile_columns(profile),
            }
            for n, profile in enumerate(wanted[start : start + _AT_ONCE])
        ]
        with store._database.writing() as connection:
            connection.execute(subscribers.insert(), rows)


# ---------------------------------------------------------------- programs


def digest(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "digest", "--config", "digest.toml", *arguments]


class Program:
    """A program that runs in an installation's folder; what it says goes into a file there."""

    def __init__(self, folder: Path, *command: str, more: Mapping[str, str] | None = None) -> None:
        self._log = (folder / f"log-{time.monotonic_ns()}").open("w+b")
        self._begun = time.perf_counter()
        self._process = subprocess.Popen(
            command, cwd=folder, env={**ENVIRONMENT, **(more or {})},
            stdout=self._log, stderr=self._log,
        )  # fmt: skip
        self.mb = 0.0
        self.cost: Cost | None = None

    def look(self) -> bool:
        """Note how much memory it has taken; tell whether it runs."""
        if self.cost is not None:
            return False
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
            self.mb = max(self.mb, _field(status, "VmHWM") / 1024)
        except (ProcessLookupError, FileNotFoundError):
            pass
        pid, ended, used = os.wait4(self._process.pid, os.WNOHANG)
        if pid:
            self._process.returncode = os.waitstatus_to_exitcode(ended)
            wall = time.perf_counter() - self._begun
            self._log.seek(0)
            said = self._log.read().decode(errors="replace")
            self._log.close()
            self.cost = Cost(wall, used.ru_utime + used.ru_stime, self.mb, said)
        return not pid

    def cpu(self) -> float:
        """Return the seconds of processor that it has used so far."""
        if self.cost is not None:
            return self.cost.cpu
        told = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """Ask it to end, as an operator would."""
        if self.cost is None:
            self._process.send_signal(signal.SIGTERM)

    def ended(self, *good: int) -> Cost:
        """Wait for its end; an exit code that is not expected ends all."""
        while self.look():
            time.sleep(_LOOK_SECONDS)
        assert self.cost is not None
        if self._process.returncode not in (good or (0,)):
            raise SystemExit(f"it ended with {self._process.returncode}:\n{self.cost.out[-3000:]}")
        return self.cost


def _field(status: str, name: str) -> int:
    found = [line.split()[1] for line in status.splitlines() if line.startswith(f"{name}:")]
    return int(found[0]) if found else 0  # a program that has just ended has no memory


def run(folder: Path, *commands: Sequence[str], good: Sequence[int] = (0,)) -> Cost:
    """Run programs at once; return what all of them cost."""
    begun = time.perf_counter()
    programs = [Program(folder, *command) for command in commands]
    while sum(one.look() for one in programs):  # looks at each of them
        time.sleep(_LOOK_SECONDS)
    costs = [one.ended(*good) for one in programs]
    wall = time.perf_counter() - begun
    said = "".join(cost.out for cost in costs)
    return Cost(wall, sum(c.cpu for c in costs), max(c.mb for c in costs), said)
