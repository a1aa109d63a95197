"""The channel that writes each edition into a folder, as HTML, plain text and Markdown."""

import asyncio
import re
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

from digest.delivery.base import Outcome, OutcomeKind, Parcel, Session
from digest.delivery.files import check_folder, safe_name, write_atomically
from digest.errors import DeliveryError
from digest.models import Format, Rate

_LINE = re.compile(r"- \[(\d{4}-\d\d-\d\d)\]")
_MARKS = re.compile(r"[\\`*_\[\]<>#|~!&]")  # what Markdown would take for more than text


class DirectoryChannel:
    """Writes ``<root>/<address>/<date>.html``, ``.txt`` and ``.md``.

    All three are written whatever format the subscriber reads mails in: a file is opened
    with whatever is at hand. An edition that stands there already is left untouched. Beside
    them, ``index.md`` lists the editions, newest first.
    """

    name = "directory"
    connections = 1
    repeatable = True  # the same file again is the same file

    def __init__(self, root: Path) -> None:
        self._root = root

    async def check(self) -> str:
        """Write a probe file and remove it."""
        await asyncio.to_thread(check_folder, self._root)
        return f"{self._root} can be written"

    def forms(self, format_: Format) -> Collection[Format]:
        """Return all, whatever format the subscriber reads."""
        return frozenset(Format)

    def limits(self, address: str) -> Sequence[Rate]:
        """Return none: a folder takes whatever comes."""
        return ()

    def session(self) -> AbstractAsyncContextManager[Session]:
        """Return a session; it holds nothing open."""
        return nullcontext(self)

    def hurry(self, seconds: float) -> None:
        """Do nothing: writing a file takes no time worth cutting."""

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Write the edition's three files, and its line in the list.

        Raises:
            DeliveryError: they cannot be written.
        """
        return await asyncio.to_thread(self._write, parcel)

    def _write(self, parcel: Parcel) -> Outcome:
        rendering = parcel.rendering
        texts = {
            Format.HTML: rendering.html,
            Format.TEXT: rendering.text,
            Format.MARKDOWN: rendering.markdown,
        }
        stem = parcel.reference
        if parcel.edition_id is not None:
            stem = parcel.edition_date.isoformat()
        folder = self._root / safe_name(parcel.address)
        written = [
            write_atomically(folder / f"{stem}.{format_}", text.encode("utf-8", "replace"))
            for format_, text in texts.items()
        ]
        if parcel.edition_id is not None:
            _list(folder / "index.md", stem, rendering.subject)
        verb = "written to" if any(written) else "already in"
        return Outcome(OutcomeKind.SENT, f"{verb} {folder / stem}.{{html,txt,md}}")


def _list(index: Path, day: str, subject: str) -> None:
    """Put an edition's line into the list of editions, which is made anew."""
    try:
        old = index.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        old = []
    except OSError as error:
        raise DeliveryError(f"cannot read {index}: {error.strerror}") from error
    lines = {found[1]: line for line in old if (found := _LINE.match(line))}
    told = _MARKS.sub(lambda mark: f"\\{mark[0]}", " ".join(subject.split()))
    lines[day] = f"- [{day}]({day}.md) ([html]({day}.html), [txt]({day}.txt)): {told}"
    listed = "\n".join(lines[day] for day in sorted(lines, reverse=True))
    write_atomically(index, f"# Digests\n\n{listed}\n".encode("utf-8", "replace"))
