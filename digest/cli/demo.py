"""The command demo: the whole way in one go, told stage by stage."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.root import app, example, run_async
from digest.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from digest.demo import DemoReport

# The usual blue of links can hardly be read on a dark ground.
_STYLES = {
    "markdown.h2": "bold magenta",
    "markdown.h3": "bold",
    "markdown.link": "cyan",
    "markdown.link_url": "cyan",
}


@app.command(epilog=example("digest demo --out my-first-digest"))
def demo(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder for the digest.")] = Path(
        "digest-demo"
    ),
) -> int:
    """Do the main job on sample feeds: no network, no set-up."""
    from rich.console import Console
    from rich.theme import Theme

    from digest.config import LogSettings
    from digest.demo import run
    from digest.logs import configure_logging

    configure_logging(LogSettings(level="error"))
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {out}: {error.strerror}; try another --out") from error
    report = run_async(run(out))
    console = Console(
        file=sys.stdout,
        highlight=False,
        emoji=False,
        # In a pipe, lines would be broken at 80 columns; the Markdown should stay as it is.
        soft_wrap=not sys.stdout.isatty(),
        theme=Theme(_STYLES),
    )
    _print_papers(console, report)
    _print_digest(console, report)
    _print_files(console, report)
    return 0


def _print_papers(console: "Console", report: "DemoReport") -> None:
    """Tell how entries were collected and merged."""
    from digest.sources import source

    feeds, entries = report.collected.feeds, report.collected.total("entries")
    _stage(console, "Collected", f"{entries} entries from {len(feeds)} sample feeds; no network")
    console.print(f"{'':34}entries   new papers   known already", style="dim")
    for feed in feeds:
        counts = (
            f"{feed.entries:>7}{feed.new_papers:>13}{feed.entries - feed.new_papers or '–':>16}"
        )
        console.print(f"  {feed.feed:<32}{counts}", markup=False)
    for problem in report.collected.problems:
        console.print(f"  {problem}", markup=False, style="dim")
    several = [paper for paper in report.papers if len(paper.sources) > 1]
    _stage(
        console,
        "Merged",
        f"{entries} entries into {len(report.papers)} papers;"
        f" {len(several)} were seen by several sources, like",
    )
    for paper in several[:3]:
        sources = ", ".join(source(name).title for name in paper.sources)
        console.print(f"  {paper.title}", markup=False)
        console.print(f"    seen by {sources}", markup=False, style="dim")


def _print_digest(console: "Console", report: "DemoReport") -> None:
    """Show what was chosen, set for a terminal or as the plain Markdown."""
    from rich.markdown import Markdown
    from rich.padding import Padding

    edition, profile = report.edition, report.subscriber.profile
    _stage(
        console,
        "Chosen",
        f"{len(edition.papers)} of {edition.candidates} new papers for"
        f" {report.subscriber.address}, who has {len(profile.wanted)} interests and"
        f" {len(profile.muted)} mutes",
    )
    console.print()
    if console.is_terminal:
        console.print(Padding(Markdown(report.markdown), (0, 2)))
    else:
        console.print(report.markdown, markup=False)


def _print_files(console: "Console", report: "DemoReport") -> None:
    """Tell what was written, and what to do next."""
    again = report.again.planned or "nothing"
    _stage(
        console,
        "Delivered",
        f"into files and as a mail; publishing once more on the same day sent {again}",
    )
    width = max(len(str(file)) for file in report.files)
    for file, what in report.files.items():
        console.print(f"  {file!s:<{width}}  {what}", markup=False)
    _stage(console, "Next", "`digest init` makes it yours: your feeds, your interests, your mail")


def _stage(console: "Console", name: str, told: str) -> None:
    """Begin to tell of a stage."""
    console.print(f"\n[bold green]{name}[/]  {told}")
