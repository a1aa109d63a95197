"""What a collection of many feeds costs: with new papers, and on a day with nothing new.

Usage: python benchmarks/feeds.py [--feeds 200] [--entries 25]

`digest collect` as an operator runs it, start-up included, on so many arXiv feeds of so many
papers each. Every feed has a host of its own on loopback (127.0.1.1 and on), since one host is
asked once a second. Every second feed has an ETag and answers 304 to it; the others send the same
bytes again. The reference is `feedparser.parse` of the same bodies, one after the other.
"""

import argparse
import asyncio
import io
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import feedparser
from collect import arxiv_feed
from installation import Cost, digest, run, settings


class Feeds:
    """A server with so many hosts; `bodies` are what they answer, `asked` counts by status."""

    def __init__(self, feeds: int, entries: int) -> None:
        self.hosts = [f"127.0.{1 + n // 250}.{1 + n % 250}" for n in range(feeds)]
        self.entries = entries
        self.port = 0
        self.bodies: list[bytes] = []
        self.asked = {200: 0, 304: 0}
        self.renew(0)

    def renew(self, day: int) -> None:
        """Have new papers in every feed."""
        first = 1 + day * len(self.hosts) * self.entries
        self.bodies = [
            arxiv_feed(self.entries, first=first + n * self.entries, seed=n)
            for n in range(len(self.hosts))
        ]
        self.day = day

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = self.hosts.index(writer.get_extra_info("sockname")[0])
        asked = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        tag = f'"{self.day}"'
        known = number % 2 == 0 and f"if-none-match: {tag}" in asked
        status = 304 if known else 200
        self.asked[status] += 1
        head = f"HTTP/1.1 {status} OK\r\nConnection: close\r\nContent-Type: application/rss+xml\r\n"
        if number % 2 == 0:
            head += f"ETag: {tag}\r\n"
        body = b"" if known else self.bodies[number]
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    @contextmanager
    def serving(self) -> Iterator[None]:
        loop = asyncio.new_event_loop()
        ready = threading.Event()

        async def listen() -> None:
            self.port = 0
            for host in self.hosts:  # the first port that was free is free on the others too
                server = await asyncio.start_server(self.answer, host, self.port)
                self.port = server.sockets[0].getsockname()[1]
                kept.append(server)
            ready.set()

        kept: list[asyncio.Server] = []
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        asyncio.run_coroutine_threadsafe(listen(), loop).result()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()


def sources(folder: Path, feeds: Feeds) -> None:
    """Write the list of feeds."""
    lines = [
        f'[[feed]]\nname = "feed-{n:03}"\nsource = "arxiv"\nlocation = "http://{host}:{feeds.port}/rss"\n'
        for n, host in enumerate(feeds.hosts)
    ]
    (folder / "sources.toml").write_text("\n".join(lines))


def collected(folder: Path, new: int) -> Cost:
    """Collect; see that it brought so many papers."""
    cost = run(folder, digest("collect", "--json"))
    report = json.loads(cost.out)
    found = sum(feed["new_papers"] for feed in report)
    if found != new or any(feed["error"] for feed in report):
        raise SystemExit(f"{found} new papers in place of {new}:\n{cost.out[-2000:]}")
    return cost


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--feeds", type=int, default=200)
    options.add_argument("--entries", type=int, default=25)
    given = options.parse_args()
    feeds = Feeds(given.feeds, given.entries)
    papers = given.feeds * given.entries
    with tempfile.TemporaryDirectory() as name, feeds.serving():
        folder = Path(name)
        hosts = ", ".join(f'"{host}:{feeds.port}"' for host in feeds.hosts)
        settings(
            folder, more=f'[collect]\nsources = "sources.toml"\nallow_private_hosts = [{hosts}]\n'
        )
        sources(folder, feeds)
        begun = time.process_time()
        for body in feeds.bodies:
            feedparser.parse(io.BytesIO(body))
        reference = time.process_time() - begun
        print("| what | seconds | processor, s | of feedparser alone | memory, MiB |\n"
              "|---|---|---|---|---|\n"
              f"| `feedparser.parse` of {given.feeds} feeds, {papers:,} papers"
              f" | | {reference:.2f} | 1.00 | |")  # fmt: skip
        row("the first collection: all papers are new", collected(folder, papers), reference)
        row("nothing new: half answers 304, half the same bytes", collected(folder, 0), reference)
        feeds.renew(1)
        row("the next day: all papers are new", collected(folder, papers), reference)


def row(what: str, cost: Cost, reference: float) -> None:
    print(f"| {what} | {cost.wall:.1f} | {cost.cpu:.2f} | {cost.cpu / reference:.2f}"
          f" | {cost.mb:.0f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
