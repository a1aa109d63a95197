"""The whole fault suite: ``make faults``. Prints the tables of docs/benchmarks.md.

    python -m faults.suite [--database URL | --postgresql] [--mails 500] [--kills 30] [--only WORD]

With ``--database`` the URL may hold {name}, for a database of its own for each try.
"""

import argparse
import asyncio
import datetime as dt
import os
import platform
import tempfile
import time
from functools import partial
from pathlib import Path

import structlog

from faults import postfix
from faults.faults import CASES, POSTFIX_CASES, SINK, SINK_CASES
from faults.harness import Verdict
from faults.tries import try_cluster, try_fault, try_kills, try_stops, try_together
from postgres import PostgresServer


def row(name: str, verdict: Verdict, seconds: float) -> str:
    order = ("sent", "unknown", "failed", "expired", "suppressed", "deferred", "queued")
    states = ", ".join(f"{verdict.states[s]} {s}" for s in order if s in verdict.states)
    bad = verdict.lost + verdict.unlisted
    return f"| {name} | {states} | {bad} | {verdict.doubled} | {seconds:.0f} s |"


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default="", help="URL; default: SQLite files")
    parser.add_argument(
        "--postgresql", action="store_true", help="a PostgreSQL server of its own, also stopped"
    )
    parser.add_argument("--mails", type=int, default=500)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--only", default="", help="only tries whose name holds this")
    told = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))

    server = PostgresServer() if told.postgresql else None

    def url(name: str) -> str:
        if server is not None:
            return server.url(server.database())
        return told.database.format(name=name)

    print(f"{dt.date.today()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print(
        "| what | in the ledger at the end | lost or not listed | twice | time |\n|---|---|---|---|---|"
    )
    good = True

    async def one(name: str, key: str, work) -> None:
        nonlocal good
        if told.only not in name:
            return
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            verdict, note = await work(Path(folder), url(key))
        good = good and verdict.good and not note.startswith("!")
        print(row(name + note.removeprefix("!"), verdict, time.monotonic() - started), flush=True)

    async def kills(folder: Path, at: str) -> tuple[Verdict, str]:
        verdict, done = await try_kills(
            folder, mails=6 * told.mails, kills=told.kills, connections=4, url=at
        )
        within = verdict.states.get("unknown", 0) <= done * 4
        return verdict, f"{'' if within else '!'} ({done} kills x 4 connections)"

    await one(f"SIGKILL in a run of {6 * told.mails} mails", "kills", kills)
    if server is not None:

        async def stops(folder: Path, at: str) -> tuple[Verdict, str]:
            verdict, done = await try_stops(
                folder, server.stop, server.start, mails=2 * told.mails, stops=5, url=at
            )
            within = verdict.states.get("unknown", 0) <= done * 4
            return verdict, f"{'' if within else '!'} ({done} stops x 4 connections)"

        async def cluster(folder: Path, at: str, *, count: int, kills: int) -> tuple[Verdict, str]:
            mails = 4 * told.mails
            verdict, done = await try_cluster(
                folder, mails=mails, processes=count, kills=kills, url=at
            )
            within = verdict.states.get("unknown", 0) <= done * 2
            note = f" ({done} kills x 2 connections)" if kills else ""
            return verdict, f"{'' if within else '!'}{note}"

        for count in (2, 4):
            await one(
                f"{count} clocks and {count} workers", f"cluster{count}",
                partial(cluster, count=count, kills=0),
            )  # fmt: skip
        await one(
            f"worker killed and queue table emptied in a run of {4 * told.mails} mails", "emptied",
            partial(cluster, count=2, kills=6),
        )  # fmt: skip
        await one(f"PostgreSQL stopped at once in a run of {2 * told.mails} mails", "stops", stops)
    for count in (2, 4):

        async def together(folder: Path, at: str, count: int = count) -> tuple[Verdict, str]:
            return await try_together(folder, mails=told.mails, processes=count, url=at), ""

        await one(f"{count} processes at once", f"together{count}", together)
    cases = [*CASES, *(SINK_CASES if SINK else ())]
    cases += POSTFIX_CASES if postfix.AVAILABLE else []
    for number, case in enumerate(cases):

        async def fault(folder: Path, at: str, case=case) -> tuple[Verdict, str]:
            verdict = await try_fault(case, folder, told.mails, 50, at)
            fine = set(verdict.states) <= {"sent", *case.expect}
            return verdict, "" if fine else "!"

        await one(case.name, f"fault{number}", fault)
    if server is not None:
        server.remove()
    raise SystemExit(not good)


if __name__ == "__main__":
    asyncio.run(main())
