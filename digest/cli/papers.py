"""Commands on papers: collect, parse, import, papers."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.root import AsJson, app, complain, example, load_app, parse_day
from digest.errors import UsageError

if TYPE_CHECKING:
    from digest.models import Entry, Paper
    from digest.pipeline import CollectReport, FeedReport

CapturedAt = Annotated[
    str | None,
    typer.Option(
        "--captured-at",
        metavar="DATE",
        help="The day on which the capture was made, like 2025-11-05. Decides what dates"
        " without a year mean.",
    ),
]
SourceName = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="huggingface, aitopics, arxivjp, arxiv, biorxiv or generic.",
    ),
]


@app.command(epilog=example("digest collect --feed arxiv-learning"))
def collect(
    context: typer.Context,
    feed: Annotated[
        list[str] | None,
        typer.Option(
            "--feed",
            metavar="NAME",
            help="Only this feed of the list, even if it is off. Repeatable.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Read the feeds once and store their papers."""
    parts = load_app(context)
    known = {f.name: f for f in parts.feeds}
    unknown = [name for name in feed or () if name not in known]
    if unknown:
        raise UsageError(
            f"no feed is called {', '.join(unknown)}; known are {', '.join(known) or 'none'}"
        )
    feeds = [known[name] for name in feed] if feed else parts.enabled_feeds
    if not feeds:
        raise UsageError(f"no feed is on in {parts.settings.collect.sources}")

    async def work() -> "CollectReport":
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("reading feeds", total=len(feeds))

            def advance(report: "FeedReport") -> None:
                progress.update(task, advance=1, description=f"read {report.feed}")

            async with parts.collector() as collector:
                return await collector.collect(feeds, on_feed=advance)

    return print_report(asyncio.run(work()), as_json)


@app.command(epilog=example("digest parse huggingface saved.txt --captured-at 2025-11-05 --json"))
def parse(
    source: SourceName,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A capture or a feed file, or a folder of them.")
    ],
    captured_at: CapturedAt = None,
    as_json: AsJson = False,
) -> int:
    """Show the entries of a capture or feed file; nothing is stored."""
    pages = asyncio.run(_parse(source, file, captured_at))
    for page in pages:
        for entry in page.entries:
            if as_json:
                typer.echo(json.dumps(entry_json(entry), ensure_ascii=False))
            else:
                typer.echo(_one_line(entry))
    problems = [problem for page in pages for problem in page.problems]
    complain(problems)
    if not as_json:
        typer.echo(f"{sum(len(page.entries) for page in pages)} entries", err=True)
    return 0


@app.command("import", epilog=example("digest import aitopics saved/*.txt"))
def import_(
    context: typer.Context,
    source: SourceName,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Captures, feed files or folders.")
    ],
    captured_at: CapturedAt = None,
    as_json: AsJson = False,
) -> int:
    """Store the papers of captures or feed files."""
    from digest.app import utc_now
    from digest.sources import source as find_source
    from digest.sources.base import Feed
    from digest.sources.local import read

    find_source(source)
    parts = load_app(context)
    when = parse_day(captured_at, "--captured-at")
    responses = [r for file in files for r in read(str(file), utc_now(), when)]

    async def work() -> "CollectReport":
        async with parts.collector() as collector:
            return await collector.import_captures(responses, Feed(f"import:{source}", source))

    return print_report(asyncio.run(work()), as_json)


@app.command(epilog=example("digest papers --query unlearning --since 2026-11-01"))
def papers(
    context: typer.Context,
    query: Annotated[
        str | None, typer.Option(metavar="WORDS", help="Words that title or abstract must hold.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Only papers first seen on or after this day."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 50,
    as_json: AsJson = False,
) -> int:
    """List the known papers, with the sources that saw them."""
    parts = load_app(context)
    found = parts.store.papers.search(query=query, since=parse_day(since, "--since"), limit=limit)
    for paper in found:
        if as_json:
            provenance = parts.store.papers.provenance(paper.paper_id)
            typer.echo(json.dumps(paper_json(paper, provenance), ensure_ascii=False))
        else:
            typer.echo(f"{paper.ref:<24} {'+'.join(paper.sources):<28} {paper.title}")
    return 0


async def _parse(source: str, file: Path, captured_at: str | None) -> list[Any]:
    from digest.app import utc_now
    from digest.sources import source as find_source
    from digest.sources.base import Feed
    from digest.sources.local import read
    from digest.sources.worker import ParserProcess

    find_source(source)
    responses = read(str(file), utc_now(), parse_day(captured_at, "--captured-at"))
    async with ParserProcess() as parser:
        return [await parser.parse(source, r, Feed(str(file), source)) for r in responses]


def entry_json(entry: "Entry") -> dict[str, Any]:
    """Return an entry as `digest parse --json` prints it: its fields, with authors counted."""
    listed = 0 if "authors_ambiguous" in entry.flags else len(entry.authors)
    return entry.to_dict() | {"n_authors": entry.n_authors or listed or None}


def paper_json(paper: "Paper", provenance: Any) -> dict[str, Any]:
    """Return a paper as `digest papers --json` prints it, with what each source said."""
    plain = asdict(paper)
    plain["topics"] = [[list(t.path), t.confidence] for t in paper.topics]
    plain["ref"] = paper.ref
    plain["seen_by"] = [
        {
            "source": p.sighting.entry.source,
            "external_id": p.sighting.entry.external_id,
            "version": p.sighting.entry.arxiv_version,
            "first_seen_at": p.sighting.first_seen_at,
            "rule": p.rule,
            "detail": p.detail,
        }
        for p in provenance
    ]
    return json.loads(json.dumps(plain, default=lambda value: value.isoformat()))  # type: ignore[no-any-return]


def print_report(report: "CollectReport", as_json: bool) -> int:
    """Print what a collection brought; return the exit code."""
    if as_json:
        typer.echo(json.dumps([asdict(feed) for feed in report.feeds], ensure_ascii=False))
    else:
        for feed in report.feeds:
            typer.echo(f"{feed.feed:<36} {describe_feed(feed)}")
        typer.echo(
            f"{report.total('entries')} entries: {report.total('new_papers')} new papers,"
            f" {report.total('merged')} merged, {report.total('updated_papers')} updated,"
            f" {len(report.problems)} refused or doubtful, {len(report.failed)} feeds failed"
        )
    complain([f"{feed.feed}: {feed.error}" for feed in report.failed])
    complain(report.problems)
    if report.failed:
        return 1 if len(report.failed) == len(report.feeds) else 3
    return 0


def describe_feed(feed: "FeedReport") -> str:
    """Return in words what one feed brought."""
    if feed.error:
        return "failed"
    if feed.unchanged:
        return "unchanged"
    return (
        f"{feed.entries} entries: {feed.new_papers} new papers, {feed.merged} merged,"
        f" {feed.updated_papers} updated"
    )


def _one_line(entry: "Entry") -> str:
    day = entry.published_at or entry.listed_date
    return f"{day:%Y-%m-%d}  {entry.title}" if day else f"{'':10}  {entry.title}"
