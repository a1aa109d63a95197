"""The channel that writes each edition into a folder, as HTML, plain text and Markdown."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

from digest.delivery.base import Outcome, OutcomeKind, Parcel, Session
from digest.delivery.files import check_folder, safe_name, write_atomically
from digest.models import Format, Rate


class DirectoryChannel:
    """Writes ``<root>/<address>/<date>.html``, ``.txt`` and ``.md``.

    All three are written whatever format the subscriber reads mails in: a file is opened
    with whatever is at hand. An edition that stands there already is left untouched.
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

    def limits(self, address: str) -> Sequence[Rate]:
        """Return none: a folder takes whatever comes."""
        return ()

    def session(self) -> AbstractAsyncContextManager[Session]:
        """Return a session; it holds nothing open."""
        return nullcontext(self)

    def hurry(self, seconds: float) -> None:
        """Do nothing: writing a file takes no time worth cutting."""

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Write the edition's three files.

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
        verb = "written to" if any(written) else "already in"
        return Outcome(OutcomeKind.SENT, f"{verb} {folder / stem}.{{html,txt,md}}")
