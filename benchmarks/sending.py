"""What a morning costs: rank, compose, render, send and keep the ledger, beside other ways to send.

Usage: python benchmarks/sending.py [--subscribers 10000] [--papers 500] [--stored 2000]
                                    [--processes 1 2] [--only sink|postfix]

`digest publish` as an operator runs it, so many processes at once on one SQLite file, from its
start to its end, for subscribers with profiles and links of their own and 20 papers a digest.
Into `smtp-sink`, which throws mails away, and into a Postfix that puts each into its queue on
disk and then discards it. Processor time is that of our processes, not of the mail server. In
the same run, with one of the mails that came out:

smtp-source  Postfix's own generator over as many connections, which stay open: the limit
ready        aiosmtplib's sendmail with that mail ready made, over as many connections, which
             stay open, by as many processes
naive        each mail by itself: a jinja2 template is filled from an edition, an EmailMessage
             is built, and sent over a connection of its own; nothing is ranked or written down

The number behind a rate is ours divided by that rate; the one behind a time, that time divided
by ours. It needs Debian's postfix.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import aiosmtplib
import jinja2
from installation import ENVIRONMENT, Cost, digest, fill, run, settings
from mailservers import HAS_POSTFIX, free_port, postfix, sink, smtp_source

from digest.app import App
from digest.config import load

SAMPLE, LIMIT_MAILS, READY_MAILS, NAIVE_MAILS = 50, 5_000, 2_000, 200  # mails of each


@dataclass(frozen=True)
class Rate:
    """Mails a second, milliseconds of processor a mail, and the most memory in MiB."""

    mails: float
    ms: float
    mb: float


def rate(mails: int, cost: Cost) -> Rate:
    return Rate(mails / cost.wall, 1000 * cost.cpu / mails, cost.mb)


# ---------------------------------------------------------------- Digest


def publish(folder: Path, mails: int, processes: int) -> Rate:
    """Publish by so many processes; see that every mail went out."""
    # 3: the process that ends first leaves some mails to the others.
    good = (0, 3) if processes > 1 else (0,)
    cost = run(folder, *[digest("publish", "--json")] * processes, good=good)
    app = App(load(folder / "digest.toml", ENVIRONMENT))
    states = {s.value: n for s, n in app.store.deliveries.balance().states.items() if n}
    app.close()
    if states != {"sent": mails}:
        raise SystemExit(f"not all mails were sent: {states}\n{cost.out[-2000:]}")
    return rate(mails, cost)


def sample(folder: Path, papers: int, stored: int) -> bytes:
    """Return a mail of middling size, by the channel that writes files."""
    settings(folder, more='[delivery]\nchannels = ["outbox"]\n')
    fill(folder, papers=papers, stored=stored, readers=SAMPLE)
    run(folder, digest("publish"))
    mails = sorted((path.read_bytes() for path in folder.rglob("*.eml")), key=len)
    return mails[len(mails) // 2]


# ---------------------------------------------------------------- other ways


async def ready(port: int, mails: int, connections: int, message: bytes) -> None:
    """Send a mail that is ready made again and again."""

    async def lane(count: int) -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for _ in range(count):
                await client.sendmail("a@example.org", ["b@example.org"], message)

    each = mails // connections
    await asyncio.gather(*(lane(each) for _ in range(connections)))


PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{{ subject }}</title></head>
<body style="margin:0;background-color:#f4f6f6;font-family:Helvetica,Arial,sans-serif"><h1>{{ subject }}</h1>
{% for section in edition.sections %}<h2 style="margin:48px 0 16px;font-size:17px">{{ section.title }}</h2>
{% for found in section.papers %}{% set paper = found.paper %}
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 18px;background-color:#ffffff;border:1px solid #dfe4e4;border-radius:12px;border-collapse:separate"><tr><td style="padding:28px 32px 26px">
<h3 style="margin:0;font-family:Georgia,serif;font-size:22px;line-height:29px;color:#14191b"><a style="color:#14191b;text-decoration:none" href="{{ paper.url }}">{{ paper.title }}</a></h3>
<p style="margin:8px 0 0;font-size:14px;line-height:21px;color:#586266">{{ paper.authors | join(", ") }}</p>
<p style="margin:14px 0 0;font-size:16px;line-height:26px;color:#2b3336">{{ paper.abstract }}</p>
<ul style="margin:20px 0 0;font-size:14px;line-height:22px;color:#3a4448">{% for reason in found.reasons %}<li>{{ reason.kind }}: {{ reason.value }}</li>{% endfor %}</ul>
<p style="margin:14px 0 0;font-size:13px;line-height:20px;color:#5f696d">{% for name in ("more", "less", "save", "mute") %}<a href="https://digest.example.org/feedback/{{ token }}{{ paper.paper_id }}?answer={{ name }}" style="color:#586266;text-decoration:underline;white-space:nowrap">{{ name }}</a> · {% endfor %}</p>
</td></tr></table>{% endfor %}{% endfor %}</body></html>"""

TEXT = """{{ subject }}
{% for section in edition.sections %}
{{ section.title }}
{% for found in section.papers %}{% set paper = found.paper %}
* {{ paper.title }}
{{ paper.authors | join(", ") }}
{{ paper.abstract | wordwrap(72) }}
{{ paper.url }}
https://digest.example.org/feedback/{{ token }}{{ paper.paper_id }}
{% endfor %}{% endfor %}"""


def naive(folder: Path, port: int, mails: int) -> int:
    """Send each edition of an installation by itself, over and over; return a mail's size."""
    app, parts = App(load(folder / "digest.toml", ENVIRONMENT)), jinja2.Environment(autoescape=True)
    page, text = parts.from_string(PAGE), parts.from_string(TEXT)
    rows = app.store.deliveries.list_deliveries(limit=SAMPLE)
    editions = app.store.editions.by_ids(d.edition_id for d, _ in rows if d.edition_id)
    size = 0
    for number in range(mails):
        delivery, person = rows[number % len(rows)]
        assert delivery.edition_id is not None
        told = {
            "edition": editions[delivery.edition_id],
            "subject": f"Digest, {delivery.edition_date:%d %b}",
            "token": "AQQAAAABAAAAAAAAAAAAAQAAB9zxZqtGnfz8b1xuLsmlHv0k",
        }
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = "digest@example.org", person.address, "Digest"
        mail.set_content(text.render(told))
        mail.add_alternative(page.render(told), subtype="html")
        size += len(mail.as_bytes())
        sending = aiosmtplib.send(mail, hostname="127.0.0.1", port=port, start_tls=False)
        asyncio.run(sending)
    app.close()
    return size // mails


def other(folder: Path, mails: int, processes: int, **told: object) -> tuple[Rate, str]:
    """Run another way in processes of its own."""
    command = [sys.executable, __file__, "--other", json.dumps({**told, "mails": mails})]
    # What a program takes to start is a matter of a second, and not of mails.
    idle = run(folder, [sys.executable, __file__, "--other", json.dumps({**told, "mails": 0})])
    cost = run(folder, *[command] * processes)
    net = Cost(cost.wall - idle.wall, cost.cpu - processes * idle.cpu, cost.mb)
    return rate(mails * processes, net), cost.out


def perform(told: dict[str, object]) -> None:
    """Do what `other` asked for, in this process."""
    mails, port = int(str(told["mails"])), int(str(told["port"]))
    if told["way"] == "ready":
        message = Path("message").read_bytes()
        asyncio.run(ready(port, mails, int(str(told["connections"])), message))
    elif mails:
        print(naive(Path(), port, mails))


# ---------------------------------------------------------------- the door


def row(what: str, found: Rate, ours: Rate | None = None) -> None:
    against = (
        (f" ({ours.mails / found.mails:.2f})", f" ({found.ms / ours.ms:.2f})") if ours else ("", "")
    )
    memory = "" if ours else f"{found.mb:.0f}"
    print(
        f"| {what} | {found.mails:,.0f}{against[0]} | {found.ms:.2f}{against[1]} | {memory} |",
        flush=True,
    )


def into_sink(given: argparse.Namespace, folder: Path, small: Path, message: bytes) -> None:
    """Print what it costs into a server that throws mails away."""
    port = free_port()
    with sink(port):
        for processes in given.processes:
            installed(folder, port, connections=2)
            ours = publish(folder, given.subscribers, processes)
            row(f"Digest into smtp-sink, {processes} processes", ours)
            lanes = 2 * processes
            limit = rate(LIMIT_MAILS, smtp_source(port, LIMIT_MAILS, message, lanes, folder))
            row(f"- reference: smtp-source -d -s {lanes}", limit, ours)
            (folder / "message").write_bytes(message)
            bare, _ = other(folder, READY_MAILS, processes, way="ready", port=port, connections=2)
            row(f"- reference: aiosmtplib, ready mails, {processes} processes", bare, ours)
        settings(small, smtp=port)
        one, size = other(small, NAIVE_MAILS, 1, way="naive", port=port)
        row(f"- reference: naive, {int(size) / 1e3:.0f} KB, 1 process", one, ours)


def into_postfix(given: argparse.Namespace, folder: Path, message: bytes) -> None:
    """Print what it costs into a server with a queue on disk, over ten connections in all."""
    port = free_port()
    processes = max(given.processes)
    for turn in ("ours", "limit"):  # each finds an empty queue
        with postfix(port):
            if turn == "ours":
                installed(folder, port, connections=10 // processes)
                ours = publish(folder, given.subscribers, processes)
                row(f"Digest into Postfix, {processes} processes", ours)
            else:
                limit = rate(LIMIT_MAILS, smtp_source(port, LIMIT_MAILS, message, 10, folder))
                row("- reference: smtp-source -d -s 10", limit, ours)


def installed(folder: Path, port: int, connections: int) -> None:
    """Put the installation back to what it was before any mail."""
    settings(folder, smtp=port, connections=connections)
    for file in (folder / "state").glob("digest.db*"):
        file.unlink()
    shutil.copy(folder / "before.db", folder / "state" / "digest.db")


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--subscribers", type=int, default=10_000)
    options.add_argument("--papers", type=int, default=500)
    options.add_argument("--stored", type=int, default=2_000, help="older papers")
    options.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    options.add_argument("--only", choices=["sink", "postfix"])
    options.add_argument("--other", type=json.loads, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.other:
        perform(given.other)
        return
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as other_name:
        folder, small = Path(name), Path(other_name)
        settings(folder)
        fill(folder, papers=given.papers, stored=given.stored, readers=given.subscribers)
        (folder / "state" / "digest.db").rename(folder / "before.db")
        message = sample(small, given.papers, given.stored)
        print(
            f"{given.subscribers:,} subscribers, {given.papers} papers, {len(message) / 1e3:.0f} KB a mail\n"
        )
        print(
            "| what | mails a second | processor, ms a mail | memory at most, MiB |\n|---|---|---|---|"
        )
        if given.only != "postfix":
            into_sink(given, folder, small, message)
        if given.only != "sink" and HAS_POSTFIX:
            into_postfix(given, folder, message)


if __name__ == "__main__":
    main()
