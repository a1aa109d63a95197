"""Commands run in an empty working folder and an environment of their own."""

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from digest import resources
from digest.cli import run

FEEDS = resources.samples() / "feeds"
OURS = re.compile("DIGEST_").match


@dataclass(frozen=True)
class Result:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def json_lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def trouble(self) -> str:
        """The one line of an error."""
        (line,) = self.err.splitlines()
        return line


Cli = Callable[..., Result]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command; what it says on standard error is lines that begin with its name."""
    monkeypatch.chdir(tmp_path)
    for name in filter(OURS, os.environ):
        monkeypatch.delenv(name)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):  # rich takes any output for a terminal then
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))

    def call(*arguments: str | Path) -> Result:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        if not said.err.startswith("Usage:"):
            assert all(line.startswith("digest: ") for line in said.err.splitlines())
        return Result(code, said.out, said.err)

    return call


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders after `digest init` and after `digest collect`, to be copied."""
    new, collected = tmp_path_factory.mktemp("new"), tmp_path_factory.mktemp("collected")
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(OURS, os.environ):
            patch.delenv(name)
        assert run(["init", "--folder", str(new)]) == 0
        _set_up(new / "config")
        shutil.copytree(new, collected, dirs_exist_ok=True)
        assert run(["--config", str(collected / "config" / "digest.toml"), "collect"]) == 0
    return {"new": new, "collected": collected}


def _set_up(config: Path) -> None:
    """Write a list of sample feeds, and take the outbox as the channel."""
    (config / "sources.toml").write_text(
        "\n".join(
            f'[[feed]]\nname = "{name}"\nsource = "{source}"\nlocation = "{FEEDS / file}"\n'
            for name, source, file in (
                ("arxiv", "arxiv", "arxiv-rss-cs.xml"),
                ("hf", "huggingface", "huggingface-daily-2026-11-17.json"),
                ("jp", "arxivjp", "arxivjp-rss.xml"),
            )
        )
    )
    settings = config / "digest.toml"
    text = settings.read_text().replace("digest@localhost", "digest@example.org")
    settings.write_text(text.replace('channels = ["smtp"]', 'channels = ["outbox"]'))


@pytest.fixture
def home(cli: Cli, tmp_path: Path, templates: dict[str, Path]) -> Path:
    """A working folder after `digest init`, with some sample feeds."""
    shutil.copytree(templates["new"], tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def collected(cli: Cli, tmp_path: Path, templates: dict[str, Path]) -> Path:
    """The same, after `digest collect`."""
    shutil.copytree(templates["collected"], tmp_path, dirs_exist_ok=True)
    return tmp_path
