"""Commands on papers: collect, parse, import, papers."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.root import AsJson, app, complain, counted, example, load_app, parse_day, run_async
from digest.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.models import Entry, Paper
    from digest.pipeline import CollectReport, FeedReport
    from digest.sources.base import Page, Response

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
        help="huggingface, aitopics, arxivjp, arxiv, biorxiv, openreview, semanticscholar or"
        " generic.",
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

        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("reading feeds", total=len(feeds))

            def advance(report: "FeedReport") -> None:
                progress.update(task, advance=1, description=f"read {report.feed}")

            async with parts.collector() as collector:
                return await collector.collect(feeds, on_feed=advance)

    code = print_report(run_async(work()), as_json)
    parts.learn_likes()
    made = parts.embed()
    if made and not as_json:
        typer.echo(f"{counted(made.embedded, 'paper')} embedded, {made.left} left for next time")
    told = parts.summarise()
    if told and not as_json:
        typer.echo(f"{counted(told.summarised, 'paper')} summarised by the language model")
    failed = [
        f"{what}: {report.problem}"
        for what, report in (("embeddings", made), ("summaries", told))
        if report and report.problem
    ]
    if failed:
        complain(failed)
        return code or 3
    return code


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
    responses, failures = _read([file], captured_at)
    pages = run_async(_parse(source, responses, failures))
    for page in pages:
        for entry in page.entries:
            if as_json:
                typer.echo(json.dumps(entry_json(entry), ensure_ascii=False))
            else:
                typer.echo(_one_line(entry))
    complain([problem for page in pages for problem in page.problems])
    if not as_json and pages:
        entries = sum(len(page.entries) for page in pages)
        typer.echo(counted(entries, "entry", "entries"))
    complain(list(failures.values()))
    return _exit_code(len(failures), len(pages) + len(failures))


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
    from digest.pipeline import CollectReport, FeedReport
    from digest.sources import source as find_source
    from digest.sources.base import Feed

    find_source(source)
    parts = load_app(context)
    responses, failures = _read(files, captured_at)

    async def work() -> "CollectReport":
        async with parts.collector() as collector:
            return await collector.import_captures(responses, Feed(f"import:{source}", source))

    unread = (FeedReport(name, source, error=error) for name, error in failures.items())
    return print_report(CollectReport((*run_async(work()).feeds, *unread)), as_json)


papers = typer.Typer(invoke_without_command=True)
app.add_typer(papers, name="papers")

PaperRef = Annotated[
    str, typer.Argument(metavar="PAPER", help="arXiv id, DOI, link, title, or a number like #17.")
]


@papers.callback(epilog=example("digest papers --query unlearning --since 2026-11-01"))
def list_papers(
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
    if context.invoked_subcommand is not None:
        return 0
    parts = load_app(context)
    found = parts.store.papers.search(query=query, since=parse_day(since, "--since"), limit=limit)
    for paper in found:
        if as_json:
            provenance = parts.store.papers.provenance(paper.paper_id)
            typer.echo(json.dumps(paper_json(paper, provenance), ensure_ascii=False))
        else:
            typer.echo(f"{paper.ref:<24} {'+'.join(paper.sources):<28} {paper.title}")
    return 0


@papers.command(epilog=example("digest papers show 2611.90123"))
def show(context: typer.Context, paper: PaperRef, as_json: AsJson = False) -> int:
    """Show a paper: what each source said, and why it was merged."""
    from digest.pipeline.curate import find_paper

    parts = load_app(context)
    found = find_paper(parts.store, paper)
    provenance = parts.store.papers.provenance(found.paper_id)
    if as_json:
        typer.echo(json.dumps(paper_json(found, provenance), ensure_ascii=False))
        return 0
    typer.echo(f"#{found.paper_id}  {found.title}\n{', '.join(found.authors[:10])}")
    for name, source in found.provenance.items():
        typer.echo(f"  {name:<16} from {source}")
    for seen in provenance:
        entry = seen.sighting.entry
        version = f" v{entry.arxiv_version}" if entry.arxiv_version else ""
        typer.echo(
            f"{seen.sighting.first_seen_at:%Y-%m-%d %H:%M}  {entry.source} {entry.external_id}"
            f"{version}: {seen.rule} ({seen.detail})"
        )
        if entry.ai_summary:
            typer.echo(f"  by {entry.source}'s language model: {entry.ai_summary}")
        if entry.ai_keywords:
            typer.echo(f"  keywords by {entry.source}'s model: {', '.join(entry.ai_keywords)}")
    return 0


@papers.command(epilog=example("digest papers split 2611.90123 --source aitopics"))
def split(
    context: typer.Context,
    paper: PaperRef,
    source: Annotated[str, typer.Option(help="Whose entries are about another work.")],
) -> int:
    """Take what one source said out of a paper, for good."""
    from digest.app import utc_now
    from digest.pipeline.curate import split_paper

    parts = load_app(context)
    taken_out = split_paper(parts.store, paper, source, utc_now())
    typer.echo(f"what {source} said is now #{taken_out.paper_id}: {taken_out.title}")
    return 0


def _read(files: list[Path], captured_at: str | None) -> tuple[list["Response"], dict[str, str]]:
    """Return what the files hold, and what is wrong with those that cannot be read."""
    from digest.app import utc_now
    from digest.errors import SourceError
    from digest.sources.local import read

    when = parse_day(captured_at, "--captured-at")
    responses: list[Response] = []
    failures: dict[str, str] = {}
    for file in files:
        try:
            found = read(str(file), utc_now(), when)
            responses += found.responses
            failures |= found.unread
        except SourceError as error:
            failures[str(file)] = str(error)
    return responses, failures


async def _parse(
    source: str, responses: list["Response"], failures: dict[str, str]
) -> list["Page"]:
    """Return the pages of all responses that are what the source says; note the others."""
    from digest.errors import SourceError
    from digest.sources import source as find_source
    from digest.sources.base import Feed
    from digest.sources.worker import ParserProcess

    find_source(source)
    pages = []
    async with ParserProcess() as parser:
        for response in responses:
            try:
                page = await parser.parse(source, response, Feed(response.url, source))
            except SourceError as error:
                failures[response.url] = str(error)
                continue
            where = f"{Path(response.url).name}: " if len(responses) > 1 else ""
            pages.append(replace(page, problems=tuple(f"{where}{p}" for p in page.problems)))
    return pages


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
        problems, failed = len(report.problems), len(report.failed)
        typer.echo(
            f"{_gains(report.total)}, {problems} refused or doubtful,"
            f" {counted(failed, 'feed')} failed"
        )
    complain([f"{feed.feed}: {feed.error}" for feed in report.failed])
    complain(report.problems)
    return _exit_code(len(report.failed), len(report.feeds))


def describe_feed(feed: "FeedReport") -> str:
    """Return in words what one feed brought."""
    if feed.error:
        return "failed"
    if feed.unchanged:
        return "unchanged"
    return _gains(lambda name: getattr(feed, name))


def _gains(number: "Callable[[str], int]") -> str:
    """Return in words what entries brought; `number` gives a number of the report by its name."""
    return (
        f"{counted(number('entries'), 'entry', 'entries')}:"
        f" {counted(number('new_papers'), 'new paper')},"
        f" {number('merged')} merged, {number('updated_papers')} updated"
    )


def _exit_code(failed: int, of: int) -> int:
    """Return 0 when all went well, 1 when nothing did, 3 for what lies between."""
    if not failed:
        return 0
    return 1 if failed == of else 3


def _one_line(entry: "Entry") -> str:
    day = entry.published_at or entry.listed_date
    return f"{day:%Y-%m-%d}  {entry.title}" if day else f"{'':10}  {entry.title}"
