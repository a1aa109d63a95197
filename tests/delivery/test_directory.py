import errno
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from digest.delivery import DirectoryChannel, Outcome, OutcomeKind, Parcel
from digest.delivery.files import safe_name, write_atomically
from digest.errors import DeliveryError

Make = Callable[..., Parcel]


async def deliver(channel: DirectoryChannel, parcel: Parcel) -> Outcome:
    async with channel.session() as session:
        return await session.deliver(parcel)


async def test_an_edition_is_written_in_every_format(tmp_path: Path, parcel: Make) -> None:
    outcome = await deliver(DirectoryChannel(tmp_path), parcel(html="<p>今日</p>\n"))
    folder = tmp_path / "ada@example.org"
    assert outcome == Outcome(
        OutcomeKind.SENT, f"written to {folder / '2026-05-04'}.{{html,txt,md}}"
    )
    assert {path.name: path.read_text("utf-8") for path in folder.iterdir()} == {
        "2026-05-04.html": "<p>今日</p>\n",
        "2026-05-04.txt": "Two papers today.\n.\n.hidden line\n",
        "2026-05-04.md": "# Two papers\n\n- one\n- two\n",
        "index.md": "# Digests\n\n"
        "- [2026-05-04](2026-05-04.md) ([html](2026-05-04.html), [txt](2026-05-04.txt)): "
        f"{parcel().rendering.subject}\n",
    }


async def test_the_list_of_editions_is_newest_first_and_holds_each_once(
    tmp_path: Path, parcel: Make
) -> None:
    channel = DirectoryChannel(tmp_path)
    for day in (4, 6, 5, 6):
        subject = f"<b>Papers</b> of [{day}](x)\nand *more*"
        await deliver(channel, parcel(edition_date=date(2026, 5, day), subject=subject))
    lines = (tmp_path / "ada@example.org" / "index.md").read_text().splitlines()[2:]
    assert [line[3:13] for line in lines] == ["2026-05-06", "2026-05-05", "2026-05-04"]
    assert lines[0].endswith(r": \<b\>Papers\</b\> of \[6\](x) and \*more\*")


async def test_the_same_edition_again_is_not_written_again(tmp_path: Path, parcel: Make) -> None:
    channel = DirectoryChannel(tmp_path)
    await deliver(channel, parcel())
    page = tmp_path / "ada@example.org" / "2026-05-04.html"
    os.utime(page, (1, 1))
    outcome = await deliver(channel, parcel())
    assert outcome.kind is OutcomeKind.SENT and outcome.detail.startswith("already in")
    assert page.stat().st_mtime == 1
    await deliver(channel, parcel(html="<p>other</p>\n"))
    assert page.read_text() == "<p>other</p>\n"


async def test_a_letter_does_not_stand_where_the_edition_will(tmp_path: Path, parcel: Make) -> None:
    await deliver(DirectoryChannel(tmp_path), parcel(edition_id=None))
    assert (tmp_path / "ada@example.org" / "letter-7.20260504T050000.html").is_file()


@pytest.mark.parametrize(
    "address",
    ["../../etc/passwd@x.org", "/etc/passwd", "..", ".", "", "a/b@x.org", "a\0b@x.org", "x" * 400, "\ud800"],
)  # fmt: skip
async def test_no_address_leads_out_of_the_folder(
    tmp_path: Path, parcel: Make, address: str
) -> None:
    root = tmp_path / "editions"
    await deliver(DirectoryChannel(root), parcel(address=address))
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 4
    assert all(path.parent.parent == root for path in written)


def test_two_addresses_never_share_a_name() -> None:
    names = {
        safe_name(a) for a in ("a/b@x.org", "a?b@x.org", "a_b@x.org", "A_b@x.org", "a_B@x.org")
    }
    assert len({name.lower() for name in names}) == 5
    assert safe_name("ada+papers@x.org") == "ada+papers@x.org"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "page.html"
    assert write_atomically(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DeliveryError, match="disk is full; make room"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


async def test_a_file_in_the_way_of_the_folder_is_told(tmp_path: Path, parcel: Make) -> None:
    (tmp_path / "editions").write_text("a file")
    channel = DirectoryChannel(tmp_path / "editions")
    with pytest.raises(DeliveryError, match="a file stands where a folder is wanted"):
        await deliver(channel, parcel())
    with pytest.raises(DeliveryError, match="a file stands"):
        await channel.check()


async def test_a_folder_without_the_right_to_write_is_told(
    tmp_path: Path, parcel: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", refuse)  # root may write anywhere, so chmod proves nothing
    with pytest.raises(DeliveryError, match="Permission denied; give the user"):
        await deliver(DirectoryChannel(tmp_path / "editions"), parcel())


async def test_check_makes_the_folder_and_leaves_it_empty(tmp_path: Path) -> None:
    found = await DirectoryChannel(tmp_path / "a" / "b").check()
    assert found == f"{tmp_path / 'a' / 'b'} can be written"
    assert list((tmp_path / "a" / "b").iterdir()) == []
