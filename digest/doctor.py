"""Doctor: looks at everything a run needs and says what to do about what is wrong.

Trouble with SMTP and TLS is what users of such tools report most, so each channel says in
words what it found.
"""

import asyncio
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from digest import passwords
from digest.app import App
from digest.delivery import Channel
from digest.errors import DigestError
from digest.models import SubscriberState
from digest.pipeline.probe import probe
from digest.scaling import open_queue
from digest.sources.base import Feed
from digest.sources.fetch import Fetcher
from digest.sources.worker import ParserProcess


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what, like ``channel smtp``. ok: whether it will do.
        found: what was found, one line.
        advice: what to do about it; empty when it is well, or where `found` says it.
    """

    name: str
    ok: bool
    found: str
    advice: str = ""


async def examine(app: App, now: datetime) -> list[Check]:
    """Look at settings, data folder, database, clock, time zones, feeds, channels, people."""
    checks = [
        _settings(app),
        _guard("data folder", lambda: _data_folder(app.settings.data_dir)),
        _guard("time zones", _time_zones),
    ]
    if app.settings.web.admin_password_hash.get_secret_value():
        checks.append(_admin(app))
    database = _guard("database", lambda: _database(app))
    checks.append(database)
    if database.ok:
        checks.append(_guard("clock", lambda: _clock(app, now)))
        checks.append(_guard("subscribers", lambda: _subscribers(app)))
        if app.settings.dkim.keys:
            checks.append(_guard("dkim", lambda: _dkim(app)))
        if app.settings.embeddings.model != "off":
            checks.append(_guard("embeddings", lambda: _embeddings(app)))
        if app.settings.engine == "cluster":
            checks.append(await _workers(app))
    return [*checks, *await _feeds(app, now), *await _channels(app)]


def _guard(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except DigestError as error:
        return Check(name, ok=False, found=str(error))


def _settings(app: App) -> Check:
    settings = app.settings
    if settings.sender_address.lower().endswith(("@localhost", ".localhost")):
        return Check(
            "settings", ok=False,
            found=f"{settings.file or 'no settings file'}: the sender is {settings.sender_address}",
            advice="set `sender` to an address of yours, or other servers will refuse the mail",
        )  # fmt: skip
    if settings.file is None:
        return Check(
            "settings", ok=True, found="no settings file; defaults and environment",
            advice="`digest init` writes one",
        )  # fmt: skip
    return Check("settings", ok=True, found=str(settings.file))


def _data_folder(folder: Path) -> Check:
    probe = folder / ".doctor"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return Check(
            "data folder", ok=False, found=f"{folder}: {error.strerror}",
            advice="create the folder or change `data_dir`; this user must be able to write there",
        )  # fmt: skip
    return Check("data folder", ok=True, found=str(folder))


def _time_zones() -> Check:
    try:
        ZoneInfo("Pacific/Chatham")
    except ZoneInfoNotFoundError:
        return Check(
            "time zones", ok=False, found="time zone data are missing",
            advice="install the Python package tzdata, or your system's tzdata",
        )  # fmt: skip
    return Check("time zones", ok=True, found="time zone data are there")


def _database(app: App) -> Check:
    counts = app.store.papers.counts()
    return Check("database", ok=True, found=f"{counts.papers} papers")


async def _workers(app: App) -> Check:
    try:
        async with open_queue(app.settings.database_url) as queue:
            alive = await queue.workers()
    except DigestError as error:
        return Check("workers", ok=False, found=str(error))
    if not alive:
        return Check(
            "workers", ok=False, found="none is running",
            advice="start `digest worker`, or nothing is sent; or set engine = \"inline\"",
        )  # fmt: skip
    return Check("workers", ok=True, found=f"{alive} running")


def _admin(app: App) -> Check:
    """Look at the door to the operator's pages; the form of the hash is checked with the settings."""
    public = urlsplit(app.settings.public_url)
    if not public.netloc:
        return Check(
            "admin pages", ok=False, found="there are none, since there is no `public_url`",
            advice="set `public_url`, or take web.admin_password_hash out",
        )  # fmt: skip
    if public.scheme != "https" and public.hostname not in {"localhost", "127.0.0.1", "::1"}:
        return Check(
            "admin pages", ok=False, found="the password would cross the net in the clear",
            advice="let a web server in front bring https, and set `public_url` to https://...",
        )  # fmt: skip
    weak = passwords.is_weak(app.settings.web.admin_password_hash.get_secret_value())
    advice = "`digest admin password` makes a hash that is harder to try" if weak else ""
    found = f"{app.settings.public_url}/admin asks for a password"
    return Check("admin pages", ok=True, found=found, advice=advice)


def _embeddings(app: App) -> Check:
    embedder = app.embedder
    assert embedder is not None, "it is on"
    embedder.embed(["a paper on glacier acoustics"])
    known, made = app.store.papers.counts().papers, app.store.vectors.count(embedder.name)
    return Check("embeddings", ok=True, found=f"{embedder.name}; {made} of {known} papers have one")


def _dkim(app: App) -> Check:
    signer, sender = app.signer, app.settings.sender_address.rpartition("@")[2].lower()
    assert signer is not None, "there are keys"
    vouching = signer.domain.lower()
    if sender != vouching and not sender.endswith(f".{vouching}"):
        return Check(
            "dkim", ok=False, found=f"{vouching} would vouch for mails from {sender}",
            advice="set dkim.domain to the sender's domain or one above it; DMARC wants them to agree",
        )  # fmt: skip
    open_to_all = [path.name for path in app.settings.dkim.keys.values() if _is_open(path)]
    if open_to_all:
        return Check(
            "dkim", ok=False, found=f"everybody on this machine can read {', '.join(open_to_all)}",
            advice="chmod 640 the keys, and chgrp them to the group that runs Digest",
        )  # fmt: skip
    records = "; ".join(f"{name}. IN TXT {value}" for name, value in signer.records().items())
    return Check("dkim", ok=True, found=f"mails are signed; DNS must have: {records}")


def _is_open(path: Path) -> bool:
    return os.name == "posix" and bool(path.stat().st_mode & stat.S_IROTH)


def _clock(app: App, now: datetime) -> Check:
    """Compare the clock with what was written before: it should not run backwards."""
    stamps = [s.checked_at for s in app.store.feeds.states() if s.checked_at]
    latest = max(stamps, default=datetime.min.replace(tzinfo=UTC))
    if latest > now + timedelta(minutes=5):
        return Check(
            "clock", ok=False, found=f"it is {now:%Y-%m-%d %H:%M} UTC, but feeds were read"
            f" at {latest:%Y-%m-%d %H:%M} UTC",
            advice="set the clock of this machine, best by NTP",
        )  # fmt: skip
    return Check("clock", ok=True, found=f"{now:%Y-%m-%d %H:%M} UTC")


def _subscribers(app: App) -> Check:
    people = app.subscriptions.all()
    active = sum(person.state is SubscriberState.ACTIVE for person in people)
    advice = "" if active else "`digest subscriber add ADDRESS --profile FILE` adds one"
    return Check("subscribers", ok=True, found=f"{active} active of {len(people)}", advice=advice)


async def _feeds(app: App, now: datetime) -> list[Check]:
    try:
        feeds = app.enabled_feeds
    except DigestError as error:
        return [Check("feeds", ok=False, found=str(error), advice="mend the list of feeds")]
    if not feeds:
        return [
            Check("feeds", ok=False, found="none is on", advice="turn one on in the list of feeds")
        ]
    async with Fetcher(app.fetch_options) as fetcher, ParserProcess() as parser:
        return await asyncio.gather(*(_feed(feed, fetcher, parser, now) for feed in feeds))


async def _feed(feed: Feed, fetcher: Fetcher, parser: ParserProcess, now: datetime) -> Check:
    name = f"feed {feed.name}"
    try:
        found = await probe(feed, fetcher, parser, now)
    except DigestError as error:
        return Check(
            name, ok=False, found=str(error),
            advice="the others go on; turn this one off in the list of feeds if it stays so",
        )  # fmt: skip
    entries = f"{len(found.page.entries)} entries"
    return Check(name, ok=True, found=entries, advice=found.moved or "")


async def _channels(app: App) -> list[Check]:
    try:
        channels = app.channels
    except DigestError as error:
        return [Check("channels", ok=False, found=str(error))]
    return await asyncio.gather(*(_channel(channel) for channel in channels.values()))


async def _channel(channel: Channel) -> Check:
    check = Check(f"channel {channel.name}", ok=True, found="")
    try:
        return replace(check, found=await channel.check())
    except DigestError as error:
        return replace(check, ok=False, found=str(error), advice="no edition goes out this way")
