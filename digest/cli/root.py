"""The command tree, and what every command shares."""

import os
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from digest import __version__
from digest.errors import UsageError

if TYPE_CHECKING:
    from digest.app import App

T = TypeVar("T")

app = typer.Typer(
    help="Brings each researcher, every morning, the few new papers that matter to them.",
    epilog="A first look, with no set-up and no network:  digest demo",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)

_YEARS = range(1970, 2200)

AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"digest {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="The settings file. Default: DIGEST_CONFIG, ./config/digest.toml, or"
            " digest.toml in your configuration folder.",
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Remember the options that stand before the command."""
    context.obj = config
    want_command(context)


def want_command(context: typer.Context) -> None:
    """Show the help of a group of commands that is called without one: that is wrong use."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(UsageError.exit_code)


def example(command: str) -> str:
    """Return the line under a command's help; the mark in front keeps it from being wrapped."""
    return f"\b\nExample:  {command}"


def load_app(context: typer.Context, *, verbose: bool = False) -> "App":
    """Read the settings and return the parts of this installation; the command's end closes them.

    Args:
        context: of the command.
        verbose: log as the settings say, and not only errors.
    """
    from digest.app import App
    from digest.config import load
    from digest.logs import configure_logging

    settings = load(context.obj, os.environ)
    log = settings.log if verbose else settings.log.model_copy(update={"level": "error"})
    configure_logging(log)
    parts = App(settings)
    context.call_on_close(parts.close)
    return parts


def parse_day(text: str | None, what: str) -> datetime | None:
    """Return midnight UTC of a day written as 2026-11-18, or an instant written in ISO 8601.

    Raises:
        UsageError: it is neither, or of no time in which papers are on the web.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{what} {text!r} is no date; write one like 2026-11-18") from None
    if moment.year not in _YEARS:
        raise UsageError(f"{what} {text} is out of range; write a day like 2026-11-18")
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run what is asynchronous to its end; `asyncio` is imported only by commands that need it."""
    import asyncio

    return asyncio.run(work)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, like ``1 feed`` or ``2 feeds``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def complain(lines: list[str] | tuple[str, ...]) -> None:
    """Name on standard error what was skipped."""
    for line in lines:
        typer.echo(f"digest: {line}", err=True)


def write_text(text: str, out: Path | None) -> None:
    """Write text to a file, or to standard output.

    Raises:
        UsageError: the file cannot be written.
    """
    if out is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}") from error
