"""What documents, units and the container file name is there: commands, options, settings, files."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from digest.cli import app
from digest.config import load
from digest.models import DeliveryState

ROOT = Path(__file__).parent.parent
OPERATING = ROOT / "docs" / "operating.md"
CONTAINER = (ROOT / "Containerfile").read_text(encoding="utf-8")
NAMING = (ROOT / "README.md", OPERATING, *sorted((ROOT / "cron").glob("digest*[!h]")))

# A command after the beginning of a line, a cron job's times, another command, or "Exec..=".
_COMMAND = re.compile(
    r"(?:^(?:[\d*/]+ +){5}|^|\"\||&& |[;|] |=-?)(?:/usr/local/bin/)?digest (?!-m\b)([^&|>;`]+)"
)


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```(?:{language})\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(file: Path) -> Iterator[str]:
    """The commands that a file shows, in its code blocks and between backticks."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".md":
        lines = "\n".join(blocks(text, "sh|cron")).splitlines()
        lines += re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    else:
        lines = text.splitlines()
    for line in lines:
        for found in _COMMAND.finditer(line.strip()):
            yield found[1].partition(" #")[0].strip(' "')


SHOWN = sorted({(file.name, told) for file in NAMING for told in commands(file)})


def test_commands_are_found_where_they_are_shown() -> None:
    told = {name: [c for n, c in SHOWN if n == name] for name, _ in SHOWN}
    assert len(SHOWN) > 40
    assert "publish --on-time" in told["digest.crontab"]
    assert "serve" in told["digest.service"]
    assert "backup /var/backups/digest/digest.db" in told["operating.md"]
    assert "status --prometheus" in told["operating.md"]
    assert "preview --profile config/profile.toml" in told["README.md"]
    assert "bounces --stdin" in "\n".join(told["operating.md"])


@pytest.mark.parametrize(("file", "command"), SHOWN)
def test_a_command_that_is_shown_exists_with_its_options(file: str, command: str) -> None:
    group, known = get_command(app), set()
    for word in shlex.split(command.replace("..", "")):
        known |= {option for parameter in group.params for option in parameter.opts}
        if word.startswith("--"):
            assert word in known, f"{file}: digest {command}"
        elif hasattr(group, "commands") and re.fullmatch("[a-z]+", word):
            assert word in group.commands, f"{file}: digest {command}"
            group = group.commands[word]
    assert not hasattr(group, "commands") or "--help" in command, f"{file}: digest {command}"


@pytest.mark.parametrize("block", blocks(OPERATING.read_text(encoding="utf-8"), "toml"))
def test_settings_that_are_shown_can_be_used(block: str, tmp_path: Path) -> None:
    assert tomllib.loads(block)
    (tmp_path / "digest.toml").write_text(block, encoding="utf-8")
    load(tmp_path / "digest.toml", {})


def test_each_state_of_a_delivery_is_explained() -> None:
    told = OPERATING.read_text(encoding="utf-8").partition("## What each state means")[2]
    rows = re.findall(r"^\| `(\w+)` \|", told.partition("\n## ")[0], re.MULTILINE)
    assert sorted(rows) == sorted(DeliveryState)


def test_the_container_is_built_from_all_that_the_package_needs() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in ignore if line.startswith("!")}
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = told["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"]}
    needed |= {told["project"]["readme"], *told["project"]["license-files"]}
    needed |= {"pyproject.toml", *re.findall(r"/src/([\w.]+)", CONTAINER)}
    assert kept == needed
    assert all((ROOT / name).exists() for name in kept)
