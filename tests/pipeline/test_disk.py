"""Full disks and folders that cannot be written: told in a line, no half file, nothing twice."""

import os
import subprocess
from email import message_from_bytes
from pathlib import Path

import pytest

from digest.delivery import DirectoryChannel, MailOptions, OutboxChannel
from digest.errors import StoreError
from digest.models import DeliveryState
from digest.pipeline import EditionOptions, Publisher, PublishOptions
from digest.store import open_store
from fakes import ScriptedChannel, accept

SENT, QUEUED = DeliveryState.SENT, DeliveryState.QUEUED
READERS = 12


def states(report):
    return {state: count for state, count in report.states.items() if count}


@pytest.fixture
def small_disk(tmp_path: Path):
    """A disk of 48 KiB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a disk can be mounted by root alone")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def grow(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)


def channel_of(name: str, folder: Path):
    if name == "directory":
        return DirectoryChannel(folder)
    return OutboxChannel(MailOptions("Digest <digest@example.org>"), folder)


def whole_files(folder: Path) -> list[Path]:
    """The files, none of which is a half: each ends as it should, and nothing else is there."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in files if path.name.startswith(".")]
    for path in files:
        if path.suffix == ".html":
            assert path.read_text("utf-8").rstrip().endswith("</html>")
        elif path.suffix == ".eml":
            assert not message_from_bytes(path.read_bytes()).defects
    return files


@pytest.mark.parametrize(("name", "files"), [("directory", 4), ("outbox", 1)])
async def test_a_full_disk_stops_the_channel_and_the_rest_goes_when_there_is_room(
    publisher, add_papers, subscribe, store, small_disk, name, files
) -> None:
    add_papers()
    for number in range(READERS):
        subscribe(f"reader{number}")
    channel = channel_of(name, small_disk)
    report = await publisher(channel).publish()
    assert report.states[QUEUED] > 0
    assert report.states[QUEUED] + report.states[SENT] == READERS
    assert "the disk is full; make room" in report.problems[-1]
    assert {d.attempts for d, _ in store.deliveries.list_deliveries(QUEUED)} == {0}
    before = {path: path.stat().st_mtime_ns for path in whole_files(small_disk)}
    grow(small_disk)
    report = await publisher(channel).publish()
    assert report.states[SENT] == READERS
    written = whole_files(small_disk)
    assert len(written) == files * READERS
    assert {path: path.stat().st_mtime_ns for path in before} == before  # none was written again


@pytest.mark.parametrize("name", ["directory", "outbox"])
async def test_a_folder_that_cannot_be_written_is_told_and_mended(
    publisher, add_papers, subscribe, tmp_path, name
) -> None:
    add_papers()
    subscribe()
    place = tmp_path / "out"
    place.write_text("a file stands where the folder should be")
    channel = channel_of(name, place)
    report = await publisher(channel).publish()
    assert states(report) == {QUEUED: 1}
    assert str(place) in report.problems[-1]
    assert "move it away" in report.problems[-1]
    place.unlink()
    assert states(await publisher(channel).publish()) == {SENT: 1}


async def test_a_disk_mounted_read_only_is_told(
    publisher, add_papers, subscribe, small_disk
) -> None:
    add_papers()
    subscribe()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    report = await publisher(DirectoryChannel(small_disk)).publish()
    assert "mounted read-only" in report.problems[-1]


@pytest.mark.parametrize("name", ["directory", "outbox"])
async def test_a_kill_while_a_file_is_written_leaves_no_doubt_and_no_half_file(
    publisher, add_papers, subscribe, store, clock, tmp_path, name
) -> None:
    add_papers()
    subscribe()
    folder = tmp_path / "out"
    channel = channel_of(name, folder)
    engine = publisher(channel)
    engine.plan()
    shard = store.deliveries.claim("a worker that dies", clock(), PublishOptions().lease)
    store.deliveries.advance(
        shard, "a worker that dies", starting=[1], now=clock(), lease=PublishOptions().lease
    )
    target = folder / "ada@example.org" if name == "directory" else folder
    target.mkdir(parents=True)
    ending = "2026-11-16.html" if name == "directory" else "2026-11-16-ada@example.org.eml"
    (target / f".{ending}.part").write_bytes(b"<html>half of i")
    clock.move(minutes=3)
    report = await publisher(channel).publish()
    assert (states(report), report.unknown) == ({SENT: 1}, 0)
    assert target / ending in whole_files(folder)


async def test_a_full_disk_under_the_database_is_told_and_nothing_is_sent_twice(
    renderer, clock, small_disk, tmp_path
) -> None:
    """The store grows until its disk is full; the ledger then takes neither starts nor answers."""
    from digest.models import Interest, InterestKind, Profile, Schedule, SubscriberState

    grow(small_disk)
    channel = ScriptedChannel(accept)

    def publisher(store) -> Publisher:
        return Publisher(
            store,
            renderer=renderer,
            channels={"scripted": channel},
            feeds=[],
            options=PublishOptions(),
            edition_options=EditionOptions(),
            clock=clock,
        )

    profile = Profile((Interest(InterestKind.PHRASE, "x"),), send_empty=True, schedule=Schedule())
    with open_store(f"sqlite:///{small_disk}/digest.db") as store:
        for number in range(READERS):
            store.people.add(f"r{number}@example.org", profile, SubscriberState.ACTIVE, clock())
        engine = publisher(store)
        engine.plan()
        filler = small_disk / "filler"

        def fill_up(parcel):
            if len(channel.parcels) == 3:
                with filler.open("wb") as file:
                    try:
                        while file.write(b"x" * 4096):
                            file.flush()
                    except OSError:
                        pass
            return accept(parcel)

        channel.answer = fill_up
        try:
            report = await engine.publish()
            told = " ".join(report.mistakes)
        except StoreError as error:  # the report cannot be written down either
            told = str(error)
        assert "the disk is full; make room" in told
        assert 3 <= len(channel.parcels) < READERS
        filler.unlink()
        clock.move(minutes=3)
        report = await publisher(store).publish()
    counts = store.deliveries.balance().states
    assert counts[SENT] + counts[DeliveryState.UNKNOWN] == READERS
    assert counts[DeliveryState.UNKNOWN] <= 1
    addresses = [parcel.address for parcel in channel.parcels]
    assert len(addresses) == len(set(addresses)) == READERS
