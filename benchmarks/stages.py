"""Where the time of a mail goes: processor time by stage of `digest publish`, a mail.

Usage: python benchmarks/stages.py [--subscribers 1000] [--papers 500] [--stored 2000]

The papers and readers of benchmarks/sending.py, in this process, into `smtp-sink`. A stage is
what a function takes, counted in its own thread; *sending and all else* is the rest. It needs
Debian's postfix, for smtp-sink.
"""

import argparse
import asyncio
import functools
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from installation import ENVIRONMENT, fill, settings
from mailservers import free_port, sink

from digest.app import App
from digest.config import load
from digest.delivery.smtp import session
from digest.links import Linker
from digest.pipeline.editions import Day
from digest.rendering import Renderer
from digest.store.deliveries import Deliveries

STAGES = [
    ("prepare the day, once", Day, "__init__"),
    ("read who is to receive", Deliveries, "shard_deliveries"),
    ("look at a shard's readers together", Day, "gather"),
    ("rank, choose, explain", Day, "edition"),
    ("store editions", Deliveries, "save_editions"),
    ("links", Linker, "for_edition"),
    ("render", Renderer, "render"),
    ("build the message", session, "build"),
    ("ledger, before and after each mail", Deliveries, "advance"),
]


def watch(spent: dict[str, float], name: str, owner: Any, method: str) -> None:
    """Add up what a function takes."""
    function = getattr(owner, method)

    @functools.wraps(function)
    def watched(*args: Any, **named: Any) -> Any:
        start = time.thread_time()
        try:
            return function(*args, **named)
        finally:
            spent[name] += time.thread_time() - start

    setattr(owner, method, watched)


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--subscribers", type=int, default=1_000)
    options.add_argument("--papers", type=int, default=500)
    options.add_argument("--stored", type=int, default=2_000)
    given = options.parse_args()
    spent: dict[str, float] = defaultdict(float)
    for name, owner, method in STAGES:
        watch(spent, name, owner, method)
    port = free_port()
    with tempfile.TemporaryDirectory() as name, sink(port):
        folder = Path(name)
        settings(folder, smtp=port)
        fill(folder, papers=given.papers, stored=given.stored, readers=given.subscribers)
        app = App(load(folder / "digest.toml", ENVIRONMENT))
        spent.clear()
        begun = time.process_time()
        report = asyncio.run(app.publisher().publish())
        total = time.process_time() - begun
        app.close()
    assert report.sent == given.subscribers, report
    spent["sending and all else"] = total - sum(spent.values())
    print("| stage | ms a mail |\n|---|---|")
    for name, seconds in spent.items():
        print(f"| {name} | {1000 * seconds / report.sent:.2f} |")
    print(f"| in all | {1000 * total / report.sent:.2f} |")


if __name__ == "__main__":
    main()
