"""Commands on the list of feeds."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from digest.cli.root import (
    AsJson,
    app,
    counted,
    example,
    load_app,
    run_async,
    want_command,
    write_text,
)
from digest.errors import UsageError

if TYPE_CHECKING:
    from digest.pipeline.probe import Probed
    from digest.sources.base import Feed

feeds = typer.Typer(
    invoke_without_command=True,
    callback=want_command,
    help="List, add, remove and check feeds; carry them by OPML.",
)
app.add_typer(feeds, name="feeds", epilog=example("digest feeds list"))

Location = Annotated[
    str, typer.Argument(metavar="URL", help="An http(s) address, a file or a folder.")
]
SourceOption = Annotated[
    str | None,
    typer.Option("--source", help="How to read it. Default: told by the address."),
]
_SHOWN = 3


@feeds.command("list", epilog=example("digest feeds list"))
def list_(context: typer.Context, as_json: AsJson = False) -> int:
    """List the feeds, on or off."""
    from digest.models import FeedState
    from digest.pipeline.patience import moved_line

    parts = load_app(context)
    states = {state.feed: state for state in parts.store.feeds.states()}
    for feed in parts.feeds:
        moved = moved_line(feed, states.get(feed.name, FeedState(feed.name)))
        if as_json:
            typer.echo(json.dumps(asdict(feed) | {"moved": moved}, ensure_ascii=False))
            continue
        what = feed.location or " ".join(feed.options.values())
        state = "on " if feed.enabled else "off"
        typer.echo(f"{state}  {feed.name:<28} {feed.source:<12} {what}")
        if moved:
            typer.echo(f"     {moved}")
    return 0


@feeds.command(epilog=example("digest feeds add https://rss.arxiv.org/rss/cs.LG"))
def add(
    context: typer.Context,
    location: Location,
    name: Annotated[
        str | None, typer.Option(help="What to call it. Default: told by the address.")
    ] = None,
    source: SourceOption = None,
) -> int:
    """Add a feed to the list; `check` tries it first."""
    from digest import feedlist

    parts = load_app(context)
    feed = _feed(location, name, source)
    added = feedlist.add(parts.settings.collect.sources, [feed])
    if not added:
        raise UsageError(f"{location} is in the list already; see `digest feeds list`")
    typer.echo(f"{added[0].name} is read as {added[0].source} from now on")
    return 0


@feeds.command(epilog=example("digest feeds remove arxiv-physics"))
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The feed's name in the list.")],
) -> int:
    """Take a feed out of the list; the papers it brought stay."""
    from digest import feedlist

    feedlist.remove(load_app(context).settings.collect.sources, name)
    typer.echo(f"{name} is removed")
    return 0


@feeds.command(epilog=example("digest feeds check https://rss.arxiv.org/rss/cs.LG"))
def check(context: typer.Context, location: Location, source: SourceOption = None) -> int:
    """Say what a feed is, how many entries it has, and show three."""
    parts = load_app(context)
    feed = _feed(location, None, source)

    async def work() -> "Probed":
        from digest.app import utc_now
        from digest.pipeline.probe import probe
        from digest.sources.fetch import Fetcher
        from digest.sources.worker import ParserProcess

        async with Fetcher(parts.fetch_options) as fetcher, ParserProcess() as parser:
            return await probe(feed, fetcher, parser, utc_now())

    found = run_async(work())
    page = found.page
    typer.echo(f"read as {feed.source}: {counted(len(page.entries), 'entry', 'entries')}")
    if found.moved:
        typer.echo(found.moved)
    for entry in page.entries[:_SHOWN]:
        authors = ", ".join(entry.authors[:3]) or "authors not told"
        typer.echo(f"  {entry.title}\n    {authors}")
    for problem in page.problems:
        typer.echo(f"digest: {problem}", err=True)
    return 0


@feeds.command("import", epilog=example("digest feeds import my-reader.opml"))
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An OPML file.")],
) -> int:
    """Add the feeds of an OPML file that are not in the list yet."""
    from digest import feedlist

    try:
        found = feedlist.from_opml(file.read_bytes(), str(file))
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    added = feedlist.add(load_app(context).settings.collect.sources, found)
    for feed in added:
        typer.echo(f"added  {feed.name} ({feed.source})")
    typer.echo(f"{counted(len(added), 'feed')} added, {len(found) - len(added)} known already")
    return 0


@feeds.command(epilog=example("digest feeds export --out feeds.opml"))
def export(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write to this file.")] = None,
) -> int:
    """Print the feeds that have an address as OPML, for a feed reader."""
    from digest import feedlist

    write_text(feedlist.to_opml(load_app(context).feeds), out)
    return 0


def _feed(location: str, name: str | None, source: str | None) -> "Feed":
    """Return the feed that a command line names."""
    from digest.sources import recognise
    from digest.sources import source as find_source
    from digest.sources.base import Feed

    if "://" in location:
        found = source or recognise(location)
        called = name or urlsplit(location).hostname or location
    else:
        if not source:
            raise UsageError(f"say how to read {location}: --source aitopics, for example")
        path = Path(location).expanduser().resolve()
        found, called, location = source, name or path.stem, str(path)
    return Feed(called, find_source(found).name, location)
