"""How quickly pages answer while the morning's mails go out, and whether a crawler changes anything.

python benchmarks/web.py [--clients 50] [--subscribers 3000] [--papers 1500] [--apart]
                         [--mails 100] [--seconds 60] [--only run|crawl]

run    `digest serve` on a store of its own: collects nothing, publishes to all subscribers through
       Postfix's `smtp-sink` (an outbox where it is not installed), and serves the pages; with
       --apart, the pages are served by `digest web` beside it. Meanwhile so many clients read
       pages and send forms, each the next one two seconds after the last answer: quick readers.
       It takes a minute and a half until the run begins (the clients have read for a minute then),
       and ends with it, or after --seconds.
crawl  `digest publish` for so many subscribers, then `digest web`; every link in each of their mails
       (text, HTML, headers) is asked by GET and by HEAD, three times. The database is dumped
       before and after.
"""

import argparse
import asyncio
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from digest.app import App
from digest.config import load
from digest.merging import assemble, place
from digest.models import (
    DeliveryState,
    Entry,
    Interest,
    InterestKind,
    Profile,
    Schedule,
    Subscriber,
    SubscriberState,
)

SINK = shutil.which("smtp-sink", path=f"/usr/sbin:{os.defpath}")
WORDS = [f"{a}{b}" for a in "bdfgklmnprst" for b in ("ara", "eno", "ilo", "osu", "uta", "eris")]
PAUSE = 2.0  # seconds between an answer and the next wish of the same client
# Method, address, form; page, code, seconds.
Wish = tuple[str, str, dict[str, str]]
Answer = tuple[str, int, float]
TICK = timedelta(minutes=1)  # how often `digest serve` looks for what is due
ENVIRONMENT = {"PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def made(
    folder: Path,
    channel: str,
    smtp: int,
    subscribers: int,
    papers: int,
    due: datetime,
    length: int = 10,
) -> tuple[App, str]:
    """Make an installation whose subscribers are all due at an instant; return its address too."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    (folder / "sources.toml").write_text("")
    (folder / "digest.toml").write_text(
        f'data_dir = "state"\nsender = "Digest <digest@example.org>"\npublic_url = "{base}"\n'
        f'[delivery]\nchannels = ["{channel}"]\n[collect]\nsources = "sources.toml"\n'
        f"[edition]\npopularity_minutes = 0\n[web]\nport = {port}\npreviews_per_minute = 10000\n"
        f'[smtp]\nhost = "127.0.0.1"\nport = {smtp}\ntls = "none"\n'
    )
    app, now, chance = App(load(folder / "digest.toml", {})), datetime.now(UTC), random.Random(7)
    told = [" ".join(chance.choices(WORDS, k=120)) for _ in range(papers)]
    entries = [
        Entry(
            source="arxiv",
            external_id=f"2611.{number:05}",
            arxiv_id=f"2611.{number:05}",
            title=" ".join(text.split()[:9]),
            abstract=text,
            authors=("Ada Quill", "Tomo Reed"),
            categories=(f"cs.{'ABCDEFG'[number % 7]}I",),
        )
        for number, text in enumerate(told, 1)
    ]
    app.store.papers.save(assemble(place(entries, []), [], now), seen_at=now)
    for number in range(subscribers):
        phrases = (" ".join(chance.sample(WORDS, 2)) for _ in range(3))
        profile = Profile(
            tuple(Interest(InterestKind.PHRASE, phrase) for phrase in phrases),
            papers=length,
            trending=0,
            schedule=Schedule(send_time=due.time().replace(second=0, microsecond=0)),
        )
        app.store.people.add(f"r{number}@example.org", profile, SubscriberState.ACTIVE, now)
    return app, base


@contextmanager
def running(folder: Path, *command: str, **told: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program as long as the context, and end it as an operator would."""
    with (folder / "log").open("ab") as log:
        environment = ENVIRONMENT | told
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def digest(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "digest", "--config", "digest.toml", *arguments)


def wait_for(base: str) -> None:
    for _ in range(300):
        try:
            if httpx2.get(f"{base}/healthz").status_code == 200:
                return
        except httpx2.HTTPError:
            time.sleep(0.1)
    raise SystemExit("the pages do not answer")


# ---------------------------------------------------------------- pages during a run


def wishes(
    app: App, base: str, people: Sequence[Subscriber], chance: random.Random
) -> Iterator[Wish]:
    """Return what one client asks, on and on: method, address, form."""
    while True:
        person = chance.choice(people)
        phrases = "\n".join(" ".join(chance.sample(WORDS, 2)) for _ in range(3))
        yield "GET", base, {}
        yield "POST", f"{base}/preview", {"phrases": phrases}
        yield "GET", app.linker.manage(person), {}
        paper = app.linker.answer(person, 1, chance.randint(1, 100))
        yield "GET", paper, {}
        yield "POST", paper, {"answer": chance.choice(["more", "less", "save", "forget"])}
        yield "GET", app.linker.archive(person), {}
        yield "GET", app.linker.feed(person), {}
        yield "POST", app.linker.manage(person), {"do": "save", "phrases": phrases}
        yield "GET", app.linker.unsubscribe(person), {}


async def client(asked: Iterator[Wish], pause: Callable[[], float], told: list[Answer]) -> None:
    """Ask one thing after the other until cancelled; no answer at all counts as code 0."""
    await asyncio.sleep(pause())
    async with httpx2.AsyncClient(timeout=30) as asking:
        for method, url, form in asked:
            begun = time.perf_counter()
            try:
                code = (await asking.request(method, url, data=form or None)).status_code
            except httpx2.HTTPError:
                code = 0
            page = urlsplit(url).path[1:].partition("/")[0] or "home"
            told.append((f"{method} {page}", code, time.perf_counter() - begun))
            await asyncio.sleep(pause())


async def during_a_run(
    app: App, base: str, clients: int, most: float
) -> tuple[list[Answer], float]:
    """Let clients read until all mails are out, or so many seconds; return what they met."""
    told: list[Answer] = []
    people, chance = list(app.store.people.all()), random.Random(3)
    reading = [
        asyncio.create_task(
            client(
                wishes(app, base, chance.sample(people, 5), chance),
                lambda: PAUSE * (0.5 + chance.random()),
                told,
            )
        )
        for _ in range(clients)
    ]
    await asyncio.to_thread(wait_until, app, 3 * TICK.total_seconds(), begin=True)
    told.clear()  # what was before the run was quicker
    begun = time.perf_counter()
    await asyncio.to_thread(wait_until, app, most, begin=False)
    for one in reading:
        one.cancel()
    ended = await asyncio.gather(*reading, return_exceptions=True)
    if broken := [one for one in ended if not isinstance(one, asyncio.CancelledError)]:
        raise SystemExit(f"clients broke: {broken[0]!r}")
    return told, time.perf_counter() - begun


def wait_until(app: App, most: float, *, begin: bool) -> None:
    """Wait until mails are planned, or until all of them are out; but only so many seconds."""
    latest = time.perf_counter() + most
    balance = app.store.deliveries.balance()
    while (not balance.planned if begin else balance.open) and time.perf_counter() < latest:
        time.sleep(0.3)
        balance = app.store.deliveries.balance()


def report(told: list[Answer], seconds: float, app: App) -> None:
    codes = Counter(code for _, code, _ in told)
    balance = app.store.deliveries.balance()
    sent = balance.states[DeliveryState.SENT]
    print(f"{sent} mails in {seconds:.0f} s ({sent / seconds:.0f} a second), {balance.open} wait")
    print(f"{len(told)} answers, {len(told) / seconds:.0f} a second; codes {dict(codes)}")
    print(f"  {'ms':<17} {'':>5}  {'median':>6} {'p95':>6} {'p99':>6} {'longest':>8}")
    for page in ["all", *sorted({page for page, _, _ in told})]:
        mine = sorted(1000 * took for name, _, took in told if page in ("all", name))
        at = [mine[min(len(mine) - 1, len(mine) * p // 100)] for p in (50, 95, 99)]
        print(
            f"  {page:<17} {len(mine):>5}  {at[0]:>6.0f} {at[1]:>6.0f} {at[2]:>6.0f} {mine[-1]:>8.0f}"
        )


# ---------------------------------------------------------------- a crawler


def follow(folder: Path, base: str) -> None:
    links = set[str]()
    for path in (folder / "state" / "outbox").glob("*.eml"):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        texts = [mail.get_body((kind,)).get_content() for kind in ("plain", "html")]
        for text in (*texts, str(mail["List-Unsubscribe"])):
            links |= set(re.findall(rf"{re.escape(base)}/[\w/.?=&;-]*", text))
    before, codes = dump(folder), Counter[int]()
    with running(folder, *digest("web")):
        wait_for(base)
        with httpx2.Client(timeout=30) as asking:
            for _ in range(3):
                for link in sorted(links):
                    for method in ("GET", "HEAD"):
                        codes[asking.request(method, link.replace("&amp;", "&")).status_code] += 1
    same = dump(folder) == before
    print(
        f"{len(links)} links; codes {dict(codes)}; the database is {'the same' if same else 'CHANGED'}"
    )


def dump(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "state" / "digest.db") as database:
        return list(database.iterdump())


# ---------------------------------------------------------------- all of it


def run(given: argparse.Namespace) -> None:
    """Measure how quickly the pages answer during a run."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, smtp = Path(name), free_port()
        channel = "smtp" if SINK else "outbox"
        due = on_a_minute(datetime.now(UTC) + timedelta(seconds=15 + given.subscribers / 300))
        app, base = made(folder, channel, smtp, given.subscribers, given.papers, due)
        stack.callback(app.close)
        if not SINK:
            print("there is no smtp-sink here (Debian: postfix): mails go into files")
        print(f"{given.clients} clients, {given.subscribers} subscribers, {given.papers} papers")
        if SINK:
            sink = (SINK, "-u", "nobody", f"127.0.0.1:{smtp}", "1000")
            stack.enter_context(running(folder, *sink))
        # The first tick then comes before anything is due, and the second one right after.
        time.sleep(max(0.0, (due - datetime.now(UTC) - TICK * 5 / 6).total_seconds()))
        elsewhere = {"DIGEST_WEB__PORT": str(free_port())} if given.apart else {}
        stack.enter_context(running(folder, *digest("serve"), **elsewhere))
        if given.apart:
            stack.enter_context(running(folder, *digest("web")))
        wait_for(base)
        report(*asyncio.run(during_a_run(app, base, given.clients, given.seconds)), app)


def on_a_minute(instant: datetime) -> datetime:
    """Return the next full minute: send times have no seconds."""
    return instant.replace(second=0, microsecond=0) + timedelta(minutes=1)


def crawl(given: argparse.Namespace) -> None:
    """Follow every link of many mails, and compare the database before and after."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        due = datetime.now(UTC) - timedelta(minutes=1)
        app, base = made(folder, "outbox", 25, given.mails, 200, due, length=2)
        subprocess.run(digest("publish"), cwd=folder, env=ENVIRONMENT, check=True)
        app.close()
        follow(folder, base)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--subscribers", type=int, default=3_000)
    parser.add_argument("--papers", type=int, default=1_500)
    parser.add_argument("--mails", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--apart", action="store_true")
    parser.add_argument("--only", choices=["run", "crawl"])
    given = parser.parse_args()
    if given.only != "crawl":
        run(given)
    if given.only != "run":
        crawl(given)


if __name__ == "__main__":
    main()
