"""Files and folders of captures, read as if they had been fetched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from digest.errors import SourceError
from digest.sources.base import Response

MAX_BYTES = 16 * 1024 * 1024  # as much as is fetched of a feed


@dataclass(frozen=True, slots=True)
class Captures:
    """What a file or folder holds.

    Attributes:
        responses: the files that could be read, in the order of their names.
        unread: of a folder's other files, path -> why, one line each.
    """

    responses: tuple[Response, ...]
    unread: Mapping[str, str] = field(default_factory=dict)


def read(location: str, now: datetime, captured_at: datetime | None) -> Captures:
    """Return a file, or the files of a folder in the order of their names.

    Hidden files and sub-folders are left out. A file of a folder that cannot be read costs
    only itself.

    Args:
        location: path of the file or folder; ``~`` is the home folder.
        now: the present instant.
        captured_at: when the captures were made; None if that is not known.

    Raises:
        SourceError: there is no such file, it cannot be read, is larger than `MAX_BYTES`, or
            the folder holds no file that can be read.
    """
    place = Path(location).expanduser()
    try:
        if not place.is_dir():
            return Captures((_response(place, now, captured_at),))
        files = sorted(f for f in place.iterdir() if f.is_file() and not f.name.startswith("."))
    except OSError as error:
        raise SourceError(f"{location} cannot be read: {error.strerror or error}") from error
    if not files:
        raise SourceError(f"the folder {location} holds no file; save the captures into it")
    responses: list[Response] = []
    unread: dict[str, str] = {}
    for file in files:
        try:
            responses.append(_response(file, now, captured_at))
        except SourceError as error:
            unread[str(file)] = str(error)
    if not responses:
        raise SourceError(f"no file of the folder can be read: {next(iter(unread.values()))}")
    return Captures(tuple(responses), unread)


def _response(file: Path, now: datetime, captured_at: datetime | None) -> Response:
    if not file.exists():
        raise SourceError(f"there is no file {file}; check the path")
    if not file.is_file():
        raise SourceError(f"{file} is no regular file; give the path of a file or a folder")
    try:
        with file.open("rb") as opened:
            body = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror or error}") from error
    if len(body) > MAX_BYTES:
        raise SourceError(f"{file} is larger than {MAX_BYTES // 2**20} MB; split it")
    return Response(
        url=str(file),
        body=body,
        received_at=captured_at or now,
        captured_at_known=captured_at is not None,
    )
