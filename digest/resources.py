"""Finds the folders that stand beside the package: templates, config, cron."""

from pathlib import Path

from digest.errors import DigestError

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """Return the folder ``templates``, ``config`` or ``cron``, in a wheel or a checkout.

    Raises:
        DigestError: the installation is damaged and the folder is not there.
    """
    for place in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise DigestError(
        f"the folder {name!r} is missing from this installation; install research-digest again"
    )


def samples() -> Path:
    """Return the folder of the bundled sample feeds."""
    return _PACKAGE / "samples"
