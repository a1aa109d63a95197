"""The folders beside the package are found in a checkout and in a wheel alike."""

from pathlib import Path

import pytest

from digest import resources
from digest.errors import DigestError


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("templates", "edition.html.j2"),
        ("config", "digest.example.toml"),
        ("config", "sources.toml"),
        ("config", "profile.example.toml"),
        ("cron", "digest.service"),
    ],
)
def test_a_checkout_has_all_folders(name: str, file: str) -> None:
    assert (resources.folder(name) / file).is_file()


def test_the_samples_are_part_of_the_package() -> None:
    assert (resources.samples() / "profile.toml").is_file()
    assert list((resources.samples() / "feeds").iterdir())


def test_a_wheel_carries_the_folders_inside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "digest"
    (package / "_data" / "cron").mkdir(parents=True)
    (tmp_path / "cron").mkdir()  # of somebody else, beside the installed package
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert resources.folder("cron") == package / "_data" / "cron"


def test_a_damaged_installation_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "digest")
    with pytest.raises(DigestError, match=r"'cron' is missing .* install research-digest again"):
        resources.folder("cron")
