"""The tries: a fault at the other end, kills at this one, and several at once."""

import asyncio
import contextlib
import inspect
import random
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psycopg

from digest.app import App
from digest.config import load
from digest.scaling import schema_name
from digest.working import open_engine
from faults.faults import Case
from faults.harness import OPEN, MovedClock, Verdict, drive, environment, fill, judge, settings
from faults.smtpd import Fault, Smtpd

ROOT = Path(__file__).parent.parent.parent


async def try_fault(case: Case, folder: Path, mails: int, every: int, url: str = "") -> Verdict:
    """Send so many mails to a server that goes wrong, and on when it is mended."""
    async with case.serve(folder, every) as server:
        smtp = dict(case.smtp)
        if "ca_file" in smtp:
            smtp["ca_file"] = folder / smtp["ca_file"]
        clock = MovedClock()
        app = App(settings(folder, url, port=server.port, **smtp), clock=clock)
        fill(app, mails)

        async def lift() -> None:
            done = server.lift()
            if inspect.isawaitable(done):
                await done

        rounds, told = await drive(app, clock, lift)
        verdict = judge(app, mails, server.accepted, rounds=rounds, told=told)
        app.close()
    return verdict


# ---------------------------------------------------------------- processes of their own


def installation(
    folder: Path, port: int, mails: int, connections: int, url: str, engine: str = "inline"
) -> Path:
    """Write settings, store papers and readers; return the settings file."""
    (folder / "sources.toml").write_text("")
    file = folder / "digest.toml"
    file.write_text(
        f'data_dir = "state"\nsender = "Digest <digest@example.org>"\nengine = "{engine}"\n'
        f'[database]\nurl = "{url}"\n[edition]\npopularity_minutes = 0\n'
        f'[smtp]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\n'
        f"connections = {connections}\n"
    )
    app = App(load(file, {}))
    fill(app, mails)
    app.close()
    return file


async def publish(file: Path, log: Path, command: str = "publish") -> asyncio.subprocess.Process:
    """Start ``digest publish``, or another command, as a process of its own."""
    with log.open("ab") as said:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "digest", "--config", str(file), command,
            cwd=file.parent, env={**environment(), "PYTHONPATH": str(ROOT)},
            stdout=said, stderr=said,
        )  # fmt: skip


async def try_kills(
    folder: Path, *, mails: int, kills: int, connections: int, url: str = ""
) -> tuple[Verdict, int]:
    """Kill ``digest publish`` at random instants while it sends, and start it again at once."""
    chance = random.Random(7)
    done = 0
    async with counting_server() as server:
        file = installation(folder, server.port, mails, connections, url)
        log = folder / "log"
        for number in range(1, kills + 1):
            child = await publish(file, log)
            # Somewhere in the next part of the run, at any step of a mail.
            goal = min(server.mails + 1 + chance.randrange(2 * mails // (3 * kills)), mails - 1)
            while server.mails < goal and child.returncode is None:
                await asyncio.sleep(0.001)
            await asyncio.sleep(chance.random() * 0.05)
            if child.returncode is None:
                child.kill()
                done = number
            await child.wait()
        child = await publish(file, log)
        await child.wait()
        told = log.read_text(errors="replace")
        app = App(load(file, {}))
        left = sum(app.store.deliveries.balance().states[state] for state in OPEN)
        assert not left, told[-2000:]
        verdict = judge(app, mails, server.accepted, rounds=done + 1, told="")
        app.close()
    return verdict, done


async def try_stops(
    folder: Path,
    stop: Callable[[], object],
    start: Callable[[], object],
    *,
    mails: int,
    stops: int,
    url: str,
) -> tuple[Verdict, int]:
    """Take the database away in the middle of a run, again and again, and publish on."""
    done = 0
    async with counting_server() as server:
        file = installation(folder, server.port, mails, 4, url)
        log = folder / "log"
        for number in range(1, stops + 1):
            child = await publish(file, log)
            goal = min(server.mails + mails // (stops + 2), mails - 1)
            while server.mails < goal and child.returncode is None:
                await asyncio.sleep(0.001)
            if child.returncode is None:
                await asyncio.to_thread(stop)
                done = number
                await asyncio.sleep(1)
                await asyncio.to_thread(start)
            await child.wait()
        child = await publish(file, log)
        await child.wait()
        said = log.read_text(errors="replace")
        app = App(load(file, {}))
        left = sum(app.store.deliveries.balance().states[state] for state in OPEN)
        assert not left, said[-2000:]
        verdict = judge(app, mails, server.accepted, rounds=done + 1, told=said[-300:])
        app.close()
    return verdict, done


async def try_together(folder: Path, *, mails: int, processes: int, url: str = "") -> Verdict:
    """Start ``digest publish`` several times at once on one database."""
    async with counting_server() as server:
        file = installation(folder, server.port, mails, 2, url)
        children = [await publish(file, folder / f"log{n}") for n in range(processes)]
        await asyncio.gather(*(child.wait() for child in children))
        app = App(load(file, {}))
        verdict = judge(app, mails, server.accepted, rounds=1, told="")
        app.close()
    return verdict


async def try_cluster(
    folder: Path, *, mails: int, processes: int, kills: int = 0, url: str
) -> tuple[Verdict, int]:
    """Have so many clocks hand out and workers deliver; kill workers, and empty the queue."""
    chance = random.Random(7)
    done = 0
    async with counting_server() as server:
        file = installation(folder, server.port, mails, 2, url, "cluster")
        app, log = App(load(file, {})), folder / "log"
        app.publisher(collect=False).plan()
        workers = [await publish(file, log, "worker") for _ in range(processes)]
        goal = mails // (kills + 1)
        async with contextlib.AsyncExitStack() as stack:
            clocks = [await stack.enter_async_context(open_engine(app)) for _ in range(processes)]
            while any(app.store.deliveries.balance().states[state] for state in OPEN):
                await asyncio.gather(*(clock.tick() for clock in clocks))
                if done < kills and server.mails >= goal:
                    victim = workers.pop(chance.randrange(processes))
                    victim.kill()
                    await victim.wait()
                    empty_queue(url)
                    done += 1
                    goal = server.mails + mails // (kills + 2)
                    workers.append(await publish(file, log, "worker"))
                await asyncio.sleep(chance.random() * 0.4)
        for worker in workers:
            worker.terminate()
        codes = [await worker.wait() for worker in workers]
        assert not any(codes), log.read_text(errors="replace")[-2000:]
        verdict = judge(app, mails, server.accepted, rounds=done + 1, told="")
        app.close()
    return verdict, done


def empty_queue(url: str) -> None:
    """Forget all that workers were told, and what they are working on."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(f"SET search_path TO {schema_name()}")
        connection.execute("DELETE FROM procrastinate_jobs")


@contextlib.asynccontextmanager
async def counting_server() -> AsyncIterator[Smtpd]:
    async with Smtpd(Fault(extensions=("PIPELINING",))).running() as server:
        yield server
