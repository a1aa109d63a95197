"""The wheel: what is inside, and that it works alone, far from the checkout."""

import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from digest import resources
from digest.config import load

ROOT = Path(__file__).parent.parent
BESIDE = ("templates", "config", "cron")
INSIDE = ("digest/samples", "digest/store/migrations")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of a fresh environment that holds the wheel; libraries are those of the tests.

    A wheel is an archive that is unpacked; the command is what its entry point says. So no
    installer is needed, nor a network.
    """
    folder = tmp_path_factory.mktemp("installed") / "env"
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    libraries = Path(pytest.__file__).parent.parent
    (packages / "libraries.pth").write_text(f"{libraries}\n")
    (entry_points,) = packages.glob("research_digest-*.dist-info/entry_points.txt")
    assert "digest = digest.__main__:main" in entry_points.read_text()
    return folder / "bin" / "python"


def run(python: Path, cwd: Path, *arguments: str) -> str:
    """Run the installed command in an empty environment."""
    told = subprocess.run(
        [python, "-P", "-c", "from digest.__main__ import main; main()", *arguments],
        cwd=cwd,
        env={"HOME": str(cwd), "PATH": os.defpath},
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stderr == ""
    return told.stdout


def files(folder: Path) -> set[str]:
    """The files that git would keep."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_all_that_stands_beside_the_package(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in BESIDE:
        assert {f"digest/_data/{folder}/{file}" for file in files(ROOT / folder)} <= names
    for folder in INSIDE:
        assert {f"{folder}/{file}" for file in files(ROOT / folder)} <= names
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]
    assert [name for name in names if name.endswith("licenses/LICENSE")]


def test_an_installed_digest_is_that_of_the_wheel_and_finds_its_folders(
    installed: Path, tmp_path: Path
) -> None:
    code = "import digest.resources as r; print(r.folder('templates'), r.folder('cron'))"
    told = subprocess.run(
        [installed, "-P", "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    found = [Path(word) for word in told.stdout.split()]
    assert [path.name for path in found] == ["templates", "cron"]
    assert all(path.is_relative_to(installed.parent.parent) for path in found)


def test_the_demo_of_an_installed_digest_is_that_of_the_checkout(
    installed: Path, tmp_path: Path
) -> None:
    run(installed, tmp_path, "demo", "--out", "theirs")
    subprocess.run(
        [sys.executable, "-m", "digest", "demo", "--out", tmp_path / "ours"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    written = files(tmp_path / "ours")
    assert {Path(name).suffix for name in written} == {".md", ".html", ".txt", ".eml"}
    assert files(tmp_path / "theirs") == written
    for name in written:
        assert (tmp_path / "theirs" / name).read_bytes() == (tmp_path / "ours" / name).read_bytes()


def test_init_of_an_installed_digest_writes_the_examples(installed: Path, tmp_path: Path) -> None:
    run(installed, tmp_path, "init")
    examples = resources.folder("config")
    for name, example in (
        ("digest.toml", "digest.example.toml"),
        ("sources.toml", "sources.toml"),
        ("profile.toml", "profile.example.toml"),
    ):
        assert (tmp_path / "config" / name).read_bytes() == (examples / example).read_bytes()
    assert (tmp_path / "state" / "digest.db").is_file()


def test_the_container_file_names_what_there_is(monkeypatch) -> None:
    text = (ROOT / "Containerfile").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (extras,) = re.findall(r"/src\[([\w,-]+)\]", text)
    assert set(extras.split(",")) == set(project["optional-dependencies"])
    told = dict(re.findall(r"(DIGEST_\w+)=(\S+)", text))
    assert told.pop("DIGEST_CONFIG") == "/config/digest.toml"
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    settings = load(None, told)  # an unknown name is an error
    assert str(settings.data_dir) == "/data"
